"""May what NumPy takes for indices change between the call of an operation and the pass back?"""

from array import array

import numpy as np
import pytest

import minigrad as mg


@pytest.mark.parametrize(
    "take",
    [
        lambda x, i, j: x[i:j],
        lambda x, i, j: x[i:],
        lambda x, i, j: x[:j],
        lambda x, i, j: x[::j],
        lambda x, i, j: x[i:j, i],
        lambda x, i, j: x[None, i:j],
        lambda x, i, j: mg.add_at(x, slice(i, j), 1.0) ** 2,
        lambda x, i, j: mg.set_at(x, (slice(i, None), j), 0.0),
    ],
)
@pytest.mark.parametrize("tensors", [False, True])
def test_bounds_of_slices_that_are_written_to_later(take, tensors):
    i, j = np.array(0), np.array(1)
    given = (mg.Tensor(i), mg.Tensor(j)) if tensors else (i, j)
    array = np.arange(9.0).reshape(3, 3)
    (expected,) = mg.vjp(lambda x: take(x, 0, 1), array)[1](take(array, 0, 1) + 1.0)
    w = mg.Tensor(array, requires_grad=True)
    out = take(w, *given)
    for bound in given:
        (bound.data if tensors else bound)[...] += 1
    out.backward(out.data + 1.0)
    np.testing.assert_array_equal(w.grad.data, expected)


class Indices:
    """What NumPy takes for an array, because it has a method for that, and may change."""

    def __init__(self, values):
        self.values = list(values)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype)

    def __setitem__(self, position, value):
        self.values[position] = value


class Index:
    """What Python takes for an integer, and may change."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


@pytest.mark.parametrize("kind", [Indices, lambda values: array("q", values), lambda v: memoryview(np.array(v))])
@pytest.mark.parametrize(
    "take",
    [
        lambda x, i: x[i],
        lambda x, i: x[:, i],
        lambda x, i: np.take(x, i, axis=0),
        lambda x, i: np.repeat(x, i, axis=0),
        lambda x, i: mg.add_at(x, i, 1.0) ** 2,
        lambda x, i: mg.set_at(x, (i, 0), 1.0),
        lambda x, i: np.delete(x, i, axis=0),
    ],
)
def test_what_numpy_takes_for_an_array_may_change(take, kind):
    values = np.arange(6.0).reshape(2, 3)
    expected = mg.vjp(lambda x: take(x, np.array([0, 1])), values)[1](np.ones_like(take(values, np.array([0, 1]))))[0]
    w = mg.Tensor(values, requires_grad=True)
    index = kind([0, 1])
    out = take(w, index)
    index[0], index[1] = 1, 1
    out.backward(np.ones(out.shape))
    np.testing.assert_array_equal(w.grad.data, expected)


@pytest.mark.parametrize("take", [lambda x, i: x[i], lambda x, i: x[i,], lambda x, i: x[..., i], lambda x, i: x[i:]])
def test_what_python_takes_for_an_integer_may_change(take):
    w = mg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    index = Index(1)
    out = take(w, index)
    index.value = 0
    (out**2).sum().backward()
    np.testing.assert_array_equal(w.grad.data, [0.0, 4.0, 6.0 if np.ndim(out) else 0.0])
