"""Do functions that move, repeat, choose and join elements behave as NumPy's, at the edges too?"""

import numpy as np
import pytest
from as_numpy import X, check_as_numpy, leaf
from numpy.lib.stride_tricks import sliding_window_view

import minigrad as mg


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
