"""Is every algorithm of convolution right, does each serve the shapes it is chosen for, and is pooling right?"""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import correlate2d

import minigrad as mg
from minigrad.kernels.conv2d import channels_last, columns, correlation, fourier, pointwise, rows
from minigrad.kernels.conv2d.geometry import Geometry
from minigrad.ops.nn.conv2d import conv2d_kernels
from minigrad.testing import gradcheck


def by_planes(x, kernels, geometry):
    """The correlation as a sum of SciPy's planes: zeros around, taps apart, every so many results."""
    (top, bottom), (left, right) = geometry.padding
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    spread = np.zeros((*kernels.shape[:2], *geometry.reach(kernels.shape[2:])), kernels.dtype)
    spread[:, :, :: geometry.dilation[0], :: geometry.dilation[1]] = kernels
    of_group, kernels_of_group = kernels.shape[1], len(kernels) // geometry.groups
    out = []
    for sample, (k, bank) in product(padded, enumerate(spread)):
        first = k // kernels_of_group * of_group
        planes = zip(sample[first : first + of_group], bank, strict=True)
        out.append(sum(correlate2d(plane, kernel, "valid") for plane, kernel in planes))
    maps = np.reshape(out, (len(x), len(kernels), *np.shape(out)[1:]))
    return maps[:, :, :: geometry.stride[0], :: geometry.stride[1]]


PLAIN = Geometry()
PADDED = Geometry(padding=((1, 2), (0, 3)))
STRIDED = Geometry(stride=(2, 3), padding=((1, 0), (2, 1)))
SPREAD = Geometry(stride=(1, 2), padding=((2, 2), (2, 2)), dilation=(2, 3))
WIDE = Geometry(padding=((2, 2), (2, 2)), dilation=(2, 3))
GROUPED = Geometry(stride=(2, 1), padding=((1, 1), (1, 1)), groups=2)
DEEP = Geometry(padding=((1, 1), (1, 1)), groups=4)
EVERY = {
    columns: [PLAIN, PADDED, STRIDED, SPREAD, WIDE, GROUPED, DEEP],
    rows: [PLAIN, PADDED, WIDE],
    channels_last: [PLAIN, PADDED, STRIDED, SPREAD, WIDE],
    fourier: [PLAIN, PADDED],
    pointwise: [PLAIN, Geometry(stride=(2, 3))],
}
CASES = [
    pytest.param(algorithm, geometry, size, id=f"{algorithm.__name__.split('.')[-1]}-{number}-{size}")
    for algorithm, geometries in EVERY.items()
    for number, geometry in enumerate(geometries)
    for size in ([(1, 1)] if algorithm is pointwise else [(3, 2), (1, 1), (2, 3)])
]


def drawn(geometry, size, samples=3):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((samples, 4, 9, 8))
    kernels = rng.standard_normal((8, 4 // geometry.groups, *size))
    g = rng.standard_normal((samples, 8, *geometry.positions((9, 8), size)))
    return x, kernels, g


@pytest.mark.parametrize(("algorithm", "geometry", "size"), CASES)
@pytest.mark.parametrize("block", [1, 1 << 30])
def test_every_algorithm_gives_the_sums_of_scipys_planes(algorithm, geometry, size, block, monkeypatch):
    """Forward, and the gradients by what makes them gradients: sum(g * y) is linear in images and kernels."""
    monkeypatch.setattr(columns, "BLOCK_BYTES", block)
    x, kernels, g = drawn(geometry, size)
    expected = by_planes(x, kernels, geometry)
    out = np.full_like(expected, np.nan)
    algorithm.correlate(x, kernels, geometry, out)
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-12)

    found = algorithm.kernel_gradient(x, g, geometry, size)
    assert found.shape == kernels.shape
    for index in [(0, 0, 0, 0), (7, -1, -1, -1), (3, 0, size[0] // 2, 0)]:
        tap = np.zeros_like(kernels)
        tap[index] = 1.0
        assert found[index] == pytest.approx(np.sum(g * by_planes(x, tap, geometry)), rel=1e-11, abs=1e-11)

    if hasattr(algorithm, "image_gradient"):
        images = np.full_like(x, np.nan)
        algorithm.image_gradient(g, kernels, geometry, images)
        for index in [(0, 0, 0, 0), (2, 3, 8, 7), (1, 2, 4, 3)]:
            pixel = np.zeros_like(x)
            pixel[index] = 1.0
            expected = np.sum(g * by_planes(pixel, kernels, geometry))
            assert images[index] == pytest.approx(expected, rel=1e-11, abs=1e-11)


# For each algorithm a convolution that it is chosen for: images, kernels, arguments.
CHOSEN = {
    pointwise: ((2, 3, 6, 5), (4, 3, 1, 1), {"stride": 2}),
    fourier: ((2, 3, 24, 25), (2, 3, 9, 10), {"padding": 1}),
    channels_last: ((3, 16, 9, 8), (16, 16, 3, 3), {"padding": "same"}),
    rows: ((2, 8, 24, 23), (3, 8, 3, 3), {"padding": ((2, 0), (1, 3))}),
    columns: ((4, 2, 7, 9), (5, 2, 3, 2), {"stride": (2, 1)}),
}


@pytest.mark.parametrize("algorithm", CHOSEN, ids=lambda module: module.__name__.split(".")[-1])
def test_the_algorithm_that_is_chosen_gives_right_gradients(algorithm, monkeypatch):
    images, taps, arguments = CHOSEN[algorithm]
    used = []
    compute = algorithm.correlate
    monkeypatch.setattr(algorithm, "correlate", lambda *args: used.append(algorithm) or compute(*args))
    rng = np.random.default_rng(1)
    x, kernels = rng.standard_normal(images), rng.standard_normal(taps)
    result = gradcheck(lambda x, k: mg.conv2d(x, k, **arguments), (x, kernels), rng=0)
    assert result.verdict == "pass"
    assert used


def test_grouped_and_dilated_convolutions_are_those_of_their_parts():
    rng = np.random.default_rng(2)
    x, kernels = rng.standard_normal((2, 6, 11, 10)), rng.standard_normal((4, 3, 3, 2))
    arguments = {"stride": (1, 2), "padding": 2, "dilation": (2, 3)}
    parts = [mg.conv2d(x[:, c : c + 3], kernels[k : k + 2], **arguments) for c, k in [(0, 0), (3, 2)]]
    grouped = mg.conv2d(x, kernels, groups=2, **arguments)
    np.testing.assert_allclose(grouped, np.concatenate(parts, axis=1), rtol=1e-12, atol=1e-12)
    geometry = Geometry((1, 2), ((2, 2), (2, 2)), (2, 3), 2)
    np.testing.assert_allclose(grouped, by_planes(x, kernels, geometry), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtypes", [(np.float32, np.float32), (np.float16, np.float16), (np.float32, np.float64)])
def test_dtypes_are_those_of_numpys_products(dtypes):
    x, kernels = np.ones((2, 3, 12, 12), dtypes[0]), np.ones((2, 3, 9, 9), dtypes[1])
    out = mg.conv2d(x, kernels)
    assert out.dtype == np.result_type(*dtypes)
    np.testing.assert_allclose(out, 243.0, rtol=1e-3)
    x, kernels = mg.Tensor(x, requires_grad=True), mg.Tensor(kernels, requires_grad=True)
    mg.conv2d(x, kernels).sum().backward()
    assert (x.grad.dtype, kernels.grad.dtype) == dtypes


def test_integers_are_convolved_as_integers():
    out = mg.conv2d(np.arange(16).reshape(1, 1, 4, 4), np.ones((1, 1, 2, 2), int))
    assert out.dtype == int
    np.testing.assert_array_equal(out[0, 0], [[10, 14, 18], [26, 30, 34], [42, 46, 50]])


def test_no_channels_and_no_samples():
    assert mg.conv2d(np.ones((0, 2, 5, 5)), np.ones((3, 2, 2, 2))).shape == (0, 3, 4, 4)
    np.testing.assert_array_equal(mg.conv2d(np.ones((2, 0, 5, 5)), np.ones((3, 0, 2, 2))), np.zeros((2, 3, 4, 4)))


@pytest.mark.parametrize("size", [1, 2])
def test_nothing_to_convolve(size):
    for images, kernels in [((0, 2), (3, 2)), ((2, 2), (0, 2)), ((2, 0), (3, 0))]:
        x = mg.Tensor(np.ones((*images, 4, 4)), requires_grad=True)
        w = mg.Tensor(np.ones((*kernels, size, size)), requires_grad=True)
        y = mg.conv2d(x, w)
        np.testing.assert_array_equal(y.data, np.zeros((images[0], kernels[0], 5 - size, 5 - size)))
        y.backward(np.ones(y.shape))
        np.testing.assert_array_equal(w.grad.data, np.zeros(w.shape))
        np.testing.assert_array_equal(x.grad.data, np.zeros(x.shape))


@pytest.mark.parametrize("stride", [(1.0, 1.0), (True, True), [1, 1.0]])
def test_what_was_seen_before_does_not_make_wrong_arguments_right(stride):
    x, kernels = np.zeros((1, 1, 5, 7)), np.zeros((1, 1, 2, 2))
    mg.conv2d(x, kernels, stride=(1, 1), dilation=[1, 1], padding=[[0, 0], [0, 0]])
    with pytest.raises(ValueError, match="stride must be an integer"):
        mg.conv2d(x, kernels, stride=stride)


def test_padding_wider_than_the_kernel():
    x = mg.Tensor(np.ones((1, 1, 2, 2)), requires_grad=True)
    kernel = mg.Tensor(np.full((1, 1, 1, 1), 3.0), requires_grad=True)
    out = mg.conv2d(x, kernel, padding=2)
    assert out.shape == (1, 1, 6, 6)
    out.sum().backward()
    np.testing.assert_array_equal(x.grad.data, np.full((1, 1, 2, 2), 3.0))
    np.testing.assert_array_equal(kernel.grad.data, np.full((1, 1, 1, 1), 4.0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"stride": 0}, "stride must be an integer of at least 1"),
        ({"dilation": 0}, "dilation must be an integer of at least 1"),
        ({"groups": 0}, "groups must be an integer of at least 1"),
        ({"groups": 3}, "2 channels and 4 kernels are not divisible into 3 groups"),
        ({"groups": 2}, r"images have 2 channels, kernels of shape \(4, 2, 3, 3\) expect 2 groups of 2"),
        ({"padding": -1}, "padding must be an integer of at least 0"),
        ({"padding": "full"}, "padding is 'valid', 'same', .* not 'full'"),
        ({"padding": ((1, -1), (0, 0))}, "padding above and below must be"),
        ({"dilation": 3}, r"images of \(6, 6\) are smaller than a window of \(3, 3\) spread over \(7, 7\)"),
        ({"padding": [1, 1], "dilation": 4}, r"padded to \(8, 8\) are smaller"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(arguments, message):
    with pytest.raises(ValueError, match=rf"conv2d\(.*\): .*{message}"):
        mg.conv2d(np.ones((1, 2, 6, 6)), np.ones((4, 2, 3, 3)), **arguments)


def test_transposed_convolution_says_which_shape_it_takes():
    with pytest.raises(ValueError, match=r"maps have shape \(N, 3, 4, 4\) here, not \(1, 3, 5, 4\)"):
        mg.conv2d_transpose(np.ones((1, 3, 5, 4)), np.ones((3, 2, 2, 2)), size=(5, 5))
    with pytest.raises(ValueError, match="1 images, and 2 samples of maps"):
        conv2d_kernels(np.ones((1, 2, 5, 5)), np.ones((2, 3, 4, 4)), size=(2, 2))


def windows_of(x, size, stride):
    views = np.lib.stride_tricks.sliding_window_view(x, size, axis=(2, 3))
    return views[:, :, :: stride[0], :: stride[1]]


@st.composite
def pooled(draw):
    """Images with many ties, and windows that overlap, touch or leave gaps."""
    size, stride = draw(st.tuples(*[st.integers(1, 4)] * 2)), draw(st.tuples(*[st.integers(1, 5)] * 2))
    side = [draw(st.integers(length, length + 7)) for length in size]
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 2)), *side)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    return rng.integers(0, draw(st.sampled_from([2, 4, 1000])), shape).astype(float), size, stride


@given(pooled())
def test_pooling_shares_gradients_equally_among_ties(drawn):
    images, size, stride = drawn
    windows = windows_of(images, size, stride)
    x = mg.Tensor(images, requires_grad=True)
    out = mg.max_pool2d(x, size, stride)
    largest = windows.max(axis=(-2, -1))
    np.testing.assert_array_equal(out.data, largest)
    g = np.cos(np.arange(out.size)).reshape(out.shape)
    attained = windows == largest[..., np.newaxis, np.newaxis]
    shares = attained * (g / attained.sum(axis=(-2, -1)))[..., np.newaxis, np.newaxis]
    expected = np.zeros_like(images)
    rows_, columns_ = out.shape[2:]
    for i, j in np.ndindex(*size):
        reached = np.s_[:, :, i : i + stride[0] * rows_ : stride[0], j : j + stride[1] * columns_ : stride[1]]
        expected[reached] += shares[..., i, j]
    (found,) = mg.gradients(out, [x], seed=g)
    np.testing.assert_allclose(found.data, expected, rtol=1e-13, atol=1e-15)


@given(pooled())
def test_means_of_windows(drawn):
    images, size, stride = drawn
    np.testing.assert_allclose(
        mg.avg_pool2d(images, size, stride), windows_of(images, size, stride).mean(axis=(-2, -1)), rtol=1e-14
    )


@pytest.mark.parametrize("dtype", [int, bool, np.float16, np.float32])
def test_means_have_numpys_dtypes_and_do_not_overflow(dtype):
    images = np.full((1, 2, 64, 64), 1000 if dtype is not bool else True, dtype)
    found = mg.avg_pool2d(images, 32)
    assert found.dtype == np.mean(images, axis=0).dtype
    np.testing.assert_array_equal(found, images[:, :, ::32, ::32])


def test_maxima_of_integers():
    found = mg.max_pool2d(np.arange(16).reshape(1, 1, 4, 4), (3, 2), (1, 2))
    assert found.dtype == int
    np.testing.assert_array_equal(found[0, 0], [[9, 11], [13, 15]])


def test_large_windows_have_more_ties_than_a_byte_can_count():
    x = mg.Tensor(np.zeros((1, 1, 20, 20)), requires_grad=True)
    mg.max_pool2d(x, 20).sum().backward()
    np.testing.assert_allclose(x.grad.data, np.full((1, 1, 20, 20), 1 / 400))


def test_infinite_gradients_stay_where_they_belong():
    images = np.zeros((1, 1, 64, 64))
    images[..., ::2, ::2] = 1.0
    x = mg.Tensor(images, requires_grad=True)
    (found,) = mg.gradients(mg.max_pool2d(x, 2), [x], seed=np.full((1, 1, 32, 32), np.inf))
    np.testing.assert_array_equal(found.data, np.where(images == 1.0, np.inf, 0.0))


def test_a_window_that_holds_a_nan_is_nan():
    images = np.arange(16.0).reshape(1, 1, 4, 4)
    images[..., 0, 0] = np.nan
    x = mg.Tensor(images, requires_grad=True)
    out = mg.max_pool2d(x, 2)
    np.testing.assert_array_equal(out.data[0, 0], [[np.nan, 7.0], [13.0, 15.0]])
    out.backward(np.ones((1, 1, 2, 2)))
    assert x.grad.data[..., 1, 3] == 1.0


def test_the_choice_covers_every_geometry():
    """Whatever is asked for, the algorithm that is chosen can do it."""
    sizes, geometries = [(1, 1), (3, 3), (5, 5), (10, 9)], [PLAIN, PADDED, STRIDED, SPREAD, WIDE, GROUPED]
    for channels, kernels, size, geometry in product([2, 8, 16, 32], [2, 16, 32], sizes, geometries):
        algorithm = correlation._algorithm(channels, kernels, size, (30, 30), geometry, np.dtype(np.float32))
        assert geometry.groups == 1 or algorithm is columns
        assert geometry.dilation == (1, 1) or algorithm is not fourier
        assert geometry.stride == (1, 1) or algorithm not in (fourier, rows)
        assert geometry.padding == PLAIN.padding or algorithm is not pointwise
