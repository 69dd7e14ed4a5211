"""Does a function that only moves elements give the value that NumPy gives, and the gradient that follows from it?"""

import numpy as np

import minigrad as mg

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
