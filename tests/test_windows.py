"""Do the plain forms of convolution and pooling give what their kernels give, whatever the windows are?"""

import itertools

import numpy as np
import pytest
from operation_checks import BUILTIN

TOLERANCE = {np.float64: 1e-12, np.float32: 1e-4, np.float16: 2e-2}
SETTINGS = [
    {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    for stride, padding, dilation, groups in itertools.product(
        [1, (2, 3)], [0, "same", ((2, 0), (1, 3))], [1, (2, 1)], [1, 2]
    )
]
# Kernels of one tap, and such that there are more zeros around an image than they are wide.
SETTINGS += [{"stride": 1, "padding": 5, "dilation": 1, "groups": 1}, {"stride": 2, "padding": "valid", "groups": 1}]


def assert_alike(name, dtype, *arrays, **params):
    """The kernel of an operation gives what its meaning gives."""
    primitive = BUILTIN[name].primitive
    got, expected = primitive.forward(*arrays, **params), primitive.meaning(*arrays, **params)
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype == dtype
    np.testing.assert_allclose(got, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
    return expected


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("taps", [(3, 2), (1, 1)])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_convolution_and_its_gradients(settings, taps, dtype):
    rng = np.random.default_rng(0)
    groups = settings["groups"]
    x, kernels = (rng.normal(size=shape).astype(dtype) for shape in [(2, 4, 7, 8), (6, 4 // groups, *taps)])
    maps = assert_alike("conv2d", dtype, x, kernels, **settings)
    assert_alike("conv2d_with_bias", dtype, x, kernels, kernels[:, 0, 0, 0], **settings)
    assert_alike("conv2d_transpose", dtype, maps, kernels, size=(7, 8), **settings)
    assert_alike("conv2d_kernels", dtype, x, maps, size=taps, **settings)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("size", "stride"), [((2, 2), (2, 2)), ((3, 2), (1, 2)), ((2, 3), (3, 1)), ((1, 1), (2, 1))])
def test_pooling_and_its_gradients(size, stride, dtype):
    rng = np.random.default_rng(0)
    # Few different numbers tie, and a window with NaN has no maximum.
    x = rng.integers(0, 3, (2, 3, 7, 8)).astype(dtype)
    x[1, 2, 3, 4] = np.nan
    windows = {"size": size, "stride": stride}
    largest = assert_alike("window_maxima", dtype, x, **windows)
    assert_alike("window_means", dtype, x, **windows)
    shares = rng.normal(size=largest.shape).astype(dtype)
    assert_alike("to_maxima", dtype, shares, x=x, largest=largest, **windows)
    assert_alike("to_windows", dtype, shares, image=(7, 8), **windows)
    assert_alike("from_maxima", dtype, rng.normal(size=x.shape).astype(dtype), x=x, largest=largest, **windows)


@pytest.mark.parametrize("name", ["window_maxima", "window_means"])
def test_windows_larger_than_images_are_refused(name):
    for compute in (BUILTIN[name].primitive.forward, BUILTIN[name].primitive.meaning):
        with pytest.raises(ValueError, match=r"smaller than|larger than"):
            compute(np.ones((2, 3, 2, 5)), size=(3, 2), stride=(1, 1))
