"""What has to hold for a simplified program: it is written with certain calls, and gives the same numbers."""

import numpy as np

RNG = np.random.default_rng(0)


def reals(*shape):
    return RNG.uniform(0.5, 1.5, shape)


def names(program):
    """What is left of a program, in the order in which it is computed."""
    return " ".join(each.function.__name__ for each in program.code)


def resized(array, sizes):
    """Fresh values of the same dtype, with other sizes."""
    array = np.asarray(array)
    fresh = RNG.uniform(0.5, 1.5, [sizes.get(size, size) for size in array.shape])
    return fresh.astype(array.dtype)[()]


def assert_same(program, other, *arguments):
    with np.errstate(all="ignore"):
        expected, got = program(*arguments), other(*arguments)
    expected = expected if isinstance(expected, tuple) else (expected,)
    got = got if isinstance(got, tuple) else (got,)
    assert len(got) == len(expected)
    for value, wanted in zip(got, expected, strict=True):
        assert np.shape(value) == np.shape(wanted)
        assert np.asarray(value).dtype == np.asarray(wanted).dtype
        finite = np.where(np.isfinite(wanted), wanted, 0)
        within = 1e-12 if np.asarray(wanted).dtype == np.float64 else 1e-5
        np.testing.assert_allclose(value, wanted, rtol=within, atol=within * max(1, np.max(np.abs(finite), initial=0)))
