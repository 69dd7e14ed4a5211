"""Do functions that move, repeat, choose, join and surround elements behave as NumPy's, at the edges too?"""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import minigrad as mg
from minigrad.ops.manipulation.indexing import scatter_add

X = np.arange(1.0, 13.0).reshape(3, 4)


def leaf(values, dtype=float):
    return mg.Tensor(values, requires_grad=True, dtype=dtype)


def flat(result):
    return [result] if not isinstance(result, (list, tuple)) else [part for item in result for part in flat(item)]


def weights_of(parts):
    """A different weight for each element of several results."""
    return [np.cos(np.arange(part.size) + shift).reshape(np.shape(part)) for shift, part in enumerate(parts)]


def check_as_numpy(function, array):
    """The same value as NumPy's, and the gradient of a linear function by its values on unit vectors."""
    expected = flat(function(array))
    x = leaf(array)
    found = flat(function(x))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours.data, theirs, rtol=1e-12)
        assert ours.dtype == theirs.dtype
    weights = weights_of(expected)
    total = sum(np.sum(part * weight) for part, weight in zip(found, weights, strict=True))
    (gradient,) = mg.gradients(total, [x])
    truth = np.zeros(array.size)
    start = flat(function(np.zeros_like(array)))
    for position, unit in enumerate(np.eye(array.size)):
        moved = flat(function(unit.reshape(array.shape)))
        truth[position] = sum(
            np.sum((end - begin) * weight) for end, begin, weight in zip(moved, start, weights, strict=True)
        )
    np.testing.assert_allclose(gradient.data, truth.reshape(array.shape), atol=1e-12)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.ravel(x, order="F"),
        lambda x: np.reshape(x, (2, -1), order="F"),
        lambda x: np.reshape(x, shape=(2, 6), copy=True),
        lambda x: np.rollaxis(x, -1, 0),
        lambda x: np.rollaxis(x, 0, -1),
        lambda x: np.permute_dims(x, (1, 0)),
        lambda x: np.linalg.matrix_transpose(x),
        lambda x: np.broadcast_arrays(x, x[:1], 2.0 * x[:, :1]),
        lambda x: np.atleast_3d(x, x[0], x[0, 0]),
        lambda x: np.copy(x),
        lambda x: np.rot90(x, -3, axes=(1, 0)),
        lambda x: np.roll(x, [1, -2], axis=(0, 0)),
        lambda x: np.roll(x, -50),
        lambda x: np.fft.fftshift(x),
        lambda x: np.fft.ifftshift(x, axes=(0,)),
        lambda x: np.tril(x[0]),
        lambda x: np.triu(x, k=-1),
        lambda x: np.diag(x, 9),
        lambda x: np.diag(x[0], -2),
        lambda x: np.diagflat(x, k=1),
        lambda x: np.diagonal(x, 1, 1, 0),
        lambda x: np.trace(x, offset=-1),
        lambda x: np.tile(x, (2, 0)),
        lambda x: np.tile(x[0, 0], 3),
        lambda x: np.tile(x, reps=(2, 1, 2)),
        lambda x: np.repeat(x, 0),
        lambda x: np.repeat(x, [2, 0, 1], 0),
        lambda x: np.repeat(x[0, 0], 3),
        lambda x: np.resize(x, 30),
        lambda x: sliding_window_view(x, (2, 3)),
        lambda x: np.meshgrid(x[0], x[:, 0]),
        lambda x: np.meshgrid(x, x[0, 0], x[0], sparse=True, indexing="ij"),
        lambda x: np.take(x, [[0, -1], [-1, 5]]),
        lambda x: np.take(x, [True, False, True]),
        lambda x: np.take(x, [9, -9], axis=1, mode="wrap"),
        lambda x: np.take(x, [9, -9], 0, None, "clip"),
        lambda x: np.take_along_axis(x, np.array([[3, 3, 0]]), axis=1),
        lambda x: np.compress([True, False, True], x, axis=0),
        lambda x: np.compress(condition=[0, 1, 0, 1], a=x, axis=-1),
        lambda x: np.extract(X % 3 == 0, x),
        lambda x: np.hstack([x, x[:, :1]]),
        lambda x: np.hstack(x),
        lambda x: np.vstack((x, x[0])),
        lambda x: np.dstack([x, x]),
        lambda x: np.column_stack([x[:, 0], x]),
        lambda x: np.block([[x, x[:, :1]], [x[0], 7.0]]),
        lambda x: np.block([[[x]], [[x]]]),
        lambda x: np.append(x, [1.0, 2.0]),
        lambda x: np.append(x, values=x[:1], axis=0),
        lambda x: np.insert(x, [1, 1, 3], x[:, :3], axis=1),
        lambda x: np.insert(x, 1, x[0, :3], axis=1),
        lambda x: np.insert(x, slice(0, 2), 5.0, axis=0),
        lambda x: np.insert(np.zeros(3), 1, x[0]),
        lambda x: np.delete(x, [0, 0, -1]),
        lambda x: np.delete(x, slice(1, None), axis=1),
        lambda x: np.array_split(x, 3, axis=1),
        lambda x: np.array_split(x, [1, 9]),
        lambda x: np.split(x[:0], 2),
        lambda x: np.hsplit(x, [1, 3]),
        lambda x: np.vsplit(x, 3),
        lambda x: np.dsplit(x[None], 2),
        lambda x: np.unstack(x, axis=-1),
    ],
)
def test_what_is_moved_and_repeated_is_numpys(function):
    check_as_numpy(function, X)


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "edge"},
        {"mode": "reflect"},
        {"mode": "reflect", "reflect_type": "even"},
        {"mode": "symmetric"},
        {"mode": "wrap"},
        {"mode": "mean"},
        {"mode": "mean", "stat_length": ((1, 2), (3, 9))},
        {"mode": "constant", "constant_values": ((1.0, 2.0), (3.0, 4.0))},
        {"mode": "linear_ramp"},
        {"mode": "linear_ramp", "end_values": (2.0, -1.0)},
    ],
    ids=str,
)
@pytest.mark.parametrize("width", [0, 1, (1, 2), ((0, 7), (5, 0))], ids=str)
@pytest.mark.parametrize("shape", [(3, 4), (1, 4)], ids=str)
def test_padding_is_numpys(options, width, shape):
    check_as_numpy(lambda x: np.pad(x, width, **options), X[: shape[0]])


@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
@pytest.mark.parametrize("array", [X, X[:1, :3], X[:, :1]], ids=["full", "row", "column"])
def test_odd_reflections_are_numpys(mode, array):
    check_as_numpy(lambda x: np.pad(x, 1, mode, reflect_type="odd"), array)


@pytest.mark.parametrize("mode", ["maximum", "minimum", "median"])
@pytest.mark.parametrize("length", [None, 1, 2])
def test_padding_by_statistics_is_numpys(mode, length, gradcheck):
    array = np.array([[3.0, -1.0, 0.5], [1.0, 2.0, 4.0], [-2.0, 0.0, 1.5]])
    padded = lambda x: np.pad(x, ((1, 2), (2, 0)), mode, stat_length=length)  # noqa: E731
    np.testing.assert_allclose(padded(leaf(array)).data, padded(array), rtol=1e-12)
    gradcheck(padded, array)


def test_tied_maxima_beside_the_border_share_the_gradient():
    x = leaf([1.0, 3.0, 3.0])
    np.pad(x, (1, 0), "maximum")[0].backward()
    np.testing.assert_array_equal(x.grad.data, [0.0, 0.5, 0.5])


def test_widths_may_be_given_by_axis():
    np.testing.assert_array_equal(mg.pad(leaf(X), {-1: (1, 2)}, "edge").data, np.pad(X, ((0, 0), (1, 2)), "edge"))
    np.testing.assert_array_equal(mg.pad(X, {0: 1}), np.pad(X, ((1, 1), (0, 0))))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: np.pad(x, 1, "empty"), "mode='empty'"),
        (lambda x: np.pad(x, 1, "edge", constant_values=1), "constant_values="),
        (lambda x: np.pad(x[:0], 1, "mean"), "axis 0, which has no elements"),
        (lambda x: np.pad(x, 1, "mean", stat_length=0), "stat_length=0"),
        (lambda x: np.pad(x, 5, "reflect", reflect_type="odd"), "odd reflection"),
        (lambda x: np.ravel(x, order="K"), "order='K'"),
        (lambda x: np.block([[x], x]), "nested equally deep"),
        (lambda x: np.block([[x], []]), "not empty"),
        (lambda x: np.split(x, 2), "equal parts"),
        (lambda x: np.array_split(x, 0), "0 parts"),
        (lambda x: np.dsplit(x, 2), "3 axes"),
        (lambda x: np.hsplit(x[0, 0], 1), "1 axes"),
        (lambda x: np.matrix_transpose(x[0]), "two axes"),
        (lambda x: np.rollaxis(x, 0, 9), "start=9"),
        (lambda x: np.trim_zeros(x[0], "x"), "trim='x'"),
        (lambda x: np.meshgrid(x[0], indexing="yx"), "indexing='yx'"),
        (lambda x: np.take(x, [99]), "out of bounds"),
        (lambda x: mg.set_at(x, 0, np.ones(3)), "broadcast"),
        (lambda x: mg.put_along_axis(x, np.array([0]), 1.0, 1), "1 axes"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises((ValueError, IndexError), match=message):
        call(leaf(X))


def test_tuples_are_no_blocks():
    with pytest.raises(TypeError, match="not tuples"):
        mg.block([(leaf(X), leaf(X))])


@pytest.mark.parametrize("trim", ["fb", "f", "B"])
@pytest.mark.parametrize("values", [[0, 0, 1, 0, 2, 0], [1, 2], [0, 0], []], ids=str)
def test_zeros_at_the_ends_are_trimmed(values, trim):
    values = np.array(values, float)
    trimmed = np.trim_zeros(leaf(values), trim)
    np.testing.assert_array_equal(trimmed.data, np.trim_zeros(values, trim))
    assert trimmed.requires_grad


def test_trimming_cuts_off_parts_without_an_element():
    x = leaf([[0.0, 0.0, 0.0], [0.0, 3.0, 0.0], [2.0, 0.0, 0.0]])
    np.testing.assert_array_equal(mg.trim_zeros(x).data, [[0.0, 3.0], [2.0, 0.0]])
    np.testing.assert_array_equal(mg.trim_zeros(x, "b", axis=1).data, x.data[:, :2])
    assert mg.trim_zeros(leaf(0.0)).shape == ()


def test_powers_at_zero_have_derivatives_of_every_order():
    x = leaf([0.0, 2.0])
    y = np.vander(x, 4)
    np.testing.assert_array_equal(y.data, np.vander([0.0, 2.0], 4))
    found = []
    for _ in range(4):
        (y,) = mg.gradients(y.sum(), [x], create_graph=True)
        found.append(y.data)
    np.testing.assert_array_equal(found, [[1.0, 17.0], [2.0, 14.0], [6.0, 6.0], [0.0, 0.0]])


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_powers_keep_their_precision(dtype):
    assert np.vander(leaf([1.0, 2.0], dtype)).dtype == dtype


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    "other",
    [np.array([[True], [False], [True]]), np.ones((3, 1), np.int8), np.ones((3, 1), int), np.ones((3, 1), np.float32)],
    ids=lambda array: array.dtype.name,
)
@pytest.mark.parametrize("function", [np.hstack, np.column_stack, lambda parts: np.append(*parts, axis=1)])
def test_joined_dtypes_are_promoted_as_numpys(function, other, dtype):
    x = leaf(X, dtype)
    joined = function([x, other])
    assert joined.dtype == function([x.data, other]).dtype
    joined.sum().backward()
    assert x.grad.dtype == dtype
    np.testing.assert_array_equal(x.grad.data, np.ones_like(X))


def test_inserted_values_take_on_the_dtype():
    x, values = leaf([1.0, 2.0], np.float32), leaf([3.0])
    inserted = np.insert(x, 1, values)
    inserted.backward([1.0, 10.0, 100.0])
    assert inserted.dtype == np.float32
    np.testing.assert_array_equal(x.grad.data, [1.0, 100.0])
    assert values.grad.dtype == np.float64
    np.testing.assert_array_equal(values.grad.data, [10.0])


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


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.roll(np.repeat(x**3, [1, 2, 3], axis=0), 2),
        lambda x: np.take(x**3, [0, 0, 5]),
        lambda x: np.pad(x**3, 2, "reflect"),
        lambda x: np.insert(x**3, [1, 1], 2.0 * x[0, 0], axis=0),
        lambda x: np.tile(np.diagonal(x**3), 3),
        lambda x: mg.set_at(x**3, [0, 0, 1], x[:, 0:1] ** 2),
    ],
)
def test_third_derivatives(function, gradcheck):
    first = mg.grad(lambda x: (function(x) * np.cos(np.arange(function(X).size)).reshape(function(X).shape)).sum())
    gradcheck.gradgradcheck(first, X / 10.0)


@pytest.mark.parametrize("shape", [(0,), (0, 2), (2, 0)], ids=str)
@pytest.mark.parametrize(
    "function",
    [
        np.ravel,
        np.triu,
        np.diagflat,
        lambda x: np.roll(x, 1),
        lambda x: np.tile(x, 2),
        lambda x: np.repeat(x, 2),
        lambda x: np.take(x, []),
        lambda x: np.delete(x, []),
        lambda x: np.append(x, x),
        lambda x: np.meshgrid(x, x)[0],
        lambda x: np.pad(x, 0, "mean"),
        lambda x: np.array_split(x, 2)[1],
    ],
)
def test_nothing_can_be_moved_too(function, shape):
    x = leaf(np.ones(shape))
    out, expected = function(x), function(np.ones(shape))
    np.testing.assert_array_equal(out.data, expected)
    assert mg.gradients(out, [x], seed=np.ones(out.shape))[0].shape == shape
