"""Do indices of every kind choose, set and add elements as they do in NumPy?"""

import numpy as np
import pytest
from as_numpy import X, leaf

import minigrad as mg
from minigrad.ops.manipulation.indexing import scatter_add

INDICES = [
    np.int64(1),
    (..., None, 0),
    (slice(None, None, -1), slice(3, None, -2)),
    [True, False, True],
    X > 5,
    np.ix_([0, 2, 2], [1, 1]),
    (X[:, 0] > 2, [1]),
    (np.array([[0, 1], [1, 1]]), slice(None), None),
    (slice(None), np.array([0, 0, 3])),
    ([0, 1, 0], None, [0, 0, 0]),
    True,
    np.array([], int),
    np.argmax(X),
    (np.uint8(2), np.array(1)),
]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_indices_of_every_kind(index):
    if isinstance(index, np.int64) and index > 2:
        index = np.unravel_index(index, X.shape)
    x = leaf(X)
    chosen = x[index]
    np.testing.assert_array_equal(chosen.data, X[index])
    (gradient,) = mg.gradients((chosen**3).sum(), [x], create_graph=True)
    times = np.zeros_like(X)
    np.add.at(times, index, 1.0)
    np.testing.assert_allclose(gradient.data, 3.0 * times * X**2)
    (second,) = mg.gradients(gradient.sum(), [x])
    np.testing.assert_allclose(second.data, 6.0 * times * X)


@pytest.mark.parametrize("index", [[0, 0, 2], 1, [True, False, True]], ids=str)
def test_tensors_are_indices(index):
    x = leaf(X)
    for chosen in (x[mg.Tensor(index)], np.take(x, mg.Tensor(np.asarray(index, int)), axis=0)):
        (gradient,) = mg.gradients((chosen**2).sum(), [x], create_graph=True)
        (second,) = mg.gradients((gradient**2).sum(), [x])
        assert second.shape == X.shape
    np.testing.assert_array_equal(x[mg.Tensor(index)].data, X[np.array(index)])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    "index",
    [
        np.arange(600) % 7,
        np.arange(600).reshape(30, 20) % 13 - 6,
        (np.arange(600) % 7,),
        (np.arange(600) % 7, np.arange(600) % 2),
        (slice(None), np.arange(600) % 5),
        np.ix_(np.arange(60) % 7, np.arange(60) % 10),
        ([6] * 500, ..., [0]),
    ],
    ids=range(7),
)
def test_many_repetitions_add_up(index, dtype):
    x = leaf(np.zeros((7, 10, 8)), dtype)
    chosen = x[index]
    weights = (np.arange(chosen.size) % 3).reshape(chosen.shape).astype(dtype)
    expected = np.zeros(x.shape, np.float64)
    np.add.at(expected, index, weights)
    (gradient,) = mg.gradients(chosen, [x], seed=weights)
    assert gradient.dtype == dtype
    np.testing.assert_array_equal(gradient.data, expected.astype(dtype))


def test_a_large_index_out_of_bounds_is_refused():
    with pytest.raises(IndexError):
        scatter_add(np.ones((600, 10)), np.full(600, 7), (7, 10))


def test_values_are_broadcast_to_an_index_of_more_axes():
    found = scatter_add(np.array([1.0, 10.0]), np.array([[0, 1], [1, 1], [0, 0]]), (2,))
    np.testing.assert_array_equal(found, [12.0, 21.0])


SPOTS = [1, (slice(None), [0, 0, 2]), X > 5, np.ix_([2, 0, 2], [1, 1]), (..., 3), ([1, 1], [2, 2])]


@pytest.mark.parametrize("index", SPOTS, ids=str)
def test_a_new_array_with_values_set(index):
    shape = X[index].shape
    values = np.arange(100.0, 100.0 + np.prod(shape, dtype=int)).reshape(shape)
    expected = X.copy()
    expected[index] = values
    x, y = leaf(X), leaf(values)
    out = mg.set_at(x, index, y)
    np.testing.assert_array_equal(out.data, expected)
    weights = np.cos(X)
    by_x, by_y = mg.gradients((out * weights).sum(), [x, y])
    np.testing.assert_array_equal(by_x.data, np.where(expected == X, weights, 0.0))
    stayed = np.isin(values, expected)
    np.testing.assert_array_equal(by_y.data, np.where(stayed, weights[index], 0.0))


@pytest.mark.parametrize("index", SPOTS, ids=str)
def test_a_new_array_with_values_added(index):
    values = np.cos(np.arange(X[index].size, dtype=float)).reshape(X[index].shape)
    expected = X.copy()
    np.add.at(expected, index, values)
    x, y = leaf(X), leaf(values)
    out = mg.add_at(x, index, y)
    np.testing.assert_allclose(out.data, expected, rtol=1e-14)
    by_x, by_y = mg.gradients((out * out).sum(), [x, y])
    np.testing.assert_allclose(by_x.data, 2.0 * expected)
    np.testing.assert_allclose(by_y.data, 2.0 * expected[index])


@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_a_new_array_with_values_put_along_an_axis(axis):
    array = X if axis is not None else X.ravel()
    order = np.argsort(np.cos(array), axis=axis)
    x, y = leaf(X), leaf(array * 10.0)
    out = mg.put_along_axis(x, order, y, axis)
    expected = X.copy()
    np.put_along_axis(expected, order, array * 10.0, axis)
    np.testing.assert_array_equal(out.data, expected)
    by_x, by_y = mg.gradients((out * np.sin(X)).sum(), [x, y])
    np.testing.assert_array_equal(by_x.data, np.zeros_like(X))
    np.testing.assert_array_equal(by_y.data, np.take_along_axis(np.sin(X), order, axis))


@pytest.mark.parametrize("values", [2.0, 3, True, np.float64(2.0), [1.0, 2.0, 3.0, 4.0], np.ones((1, 1, 4))])
def test_values_become_what_the_array_holds(values):
    x = leaf(X, np.float32)
    expected = x.data.copy()
    expected[0] = values
    np.testing.assert_array_equal(mg.set_at(x, 0, values).data, expected)
    assert mg.set_at(x, 0, values).dtype == mg.add_at(x, [0, 0], values).dtype == np.float32


@pytest.mark.parametrize("function", [mg.set_at, mg.add_at])
def test_values_that_an_array_cannot_hold_are_refused(function):
    with pytest.raises(TypeError, match="float64 do not fit into an array of int64"):
        function(np.arange(4), 0, leaf(1.5))


def test_values_of_tensors_can_be_set_in_arrays():
    y = leaf(2.0)
    out = mg.set_at(np.zeros(3), 1, y * y)
    out.sum().backward()
    np.testing.assert_array_equal(out.data, [0.0, 4.0, 0.0])
    assert y.grad.item() == 4.0


def test_what_was_set_does_not_change_the_original():
    x = leaf(X)
    mg.set_at(x, 0, 9.0)
    np.testing.assert_array_equal(x.data, X)
