"""Correlation of batches of images (N, C, H, W) with banks of kernels, and the two gradients of it.

The correlation is linear in the images and in the kernels. So are its two gradients in what they are given, and the
rules of each of the three are the other two: derivatives of every order need nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.stand_ins import with_kernel
from minigrad.engine.table import Table
from minigrad.kernels.conv2d import correlation
from minigrad.kernels.conv2d.geometry import Geometry
from minigrad.ops.linalg.products import sum_of_rows
from minigrad.ops.nn import windows
from minigrad.ops.nn.arguments import (
    Padding,
    Pair,
    check_channels,
    check_maps,
    check_ranks,
    checked_geometry,
    pair,
)

table = Table(__name__)


def _as_windows_take_it(geometry: Geometry, padding: Padding) -> dict[str, Any]:
    """The arguments of the functions of `windows` that are not what they are by default."""
    given = {"stride": geometry.stride, "dilation": geometry.dilation, "groups": geometry.groups}
    # "same" stays a word, because the zeros that it means depend on the size of the images.
    given["padding"] = padding if padding == "same" else geometry.padding
    plain = Geometry()
    return {name: value for name, value in given.items() if value != getattr(plain, name)}


def _in_single(function: Callable[..., Any], x: Any, y: Any, *args: Any, **settings: Any) -> Any:
    """What a function of two arrays gives, where float16 would lose digits in its sums."""
    if np.result_type(x.dtype, y.dtype) != np.float16:
        return function(x, y, *args, **settings)
    return function(x.astype(np.float32), y.astype(np.float32), *args, **settings).astype(np.float16)


def _fast_sum_of_maps(x: Any) -> Any:
    if type(x) is not np.ndarray or x.dtype.char not in "fd":
        return np.sum(x, axis=(0, 2, 3))
    samples, channels, rows, columns = x.shape
    sums = np.dot(x.reshape(samples * channels, rows * columns), np.ones(rows * columns, x.dtype))
    return sum_of_rows(sums.reshape(samples, channels))


_sum_of_maps = with_kernel(lambda x: np.sum(x, axis=(0, 2, 3)), _fast_sum_of_maps)


def _conv2d_geometry(x: Any, kernels: Any, stride: Pair, padding: Padding, dilation: Pair, groups: int) -> Geometry:
    check_ranks(np.shape(x), np.shape(kernels), "kernels (K, C, h, w)")
    geometry = checked_geometry(x.shape[2:], kernels.shape[2:], stride, padding, dilation, groups)
    check_channels(x.shape[1], kernels.shape, geometry.groups)
    return geometry


def _fast_conv2d(
    x: Any, kernels: Any, stride: Pair = 1, padding: Padding = 0, dilation: Pair = 1, groups: int = 1
) -> Any:
    return correlation.correlate(x, kernels, _conv2d_geometry(x, kernels, stride, padding, dilation, groups))


@table.primitive(
    lambda g, out, x, kernels, stride, padding, dilation, groups: conv2d_transpose(
        g, kernels, x.shape[2:], stride, padding, dilation, groups
    ),
    lambda g, out, x, kernels, stride, padding, dilation, groups: conv2d_kernels(
        x, g, kernels.shape[2:], stride, padding, dilation, groups
    ),
    reads=("kernels", "x"),
    examples=[
        (reals(2, 2, 4, 5), reals(3, 2, 3, 2)),
        (reals(1, 2, 5, 4), reals(2, 2, 2, 2), {"stride": (2, 1), "padding": 1}),
        (reals(1, 1, 4, 5), reals(1, 1, 2, 3), {"stride": 2, "padding": "same"}),
        (reals(1, 1, 3, 4), reals(2, 1, 2, 2), {"padding": ((2, 0), (1, 3)), "dilation": (1, 2)}),
        (reals(2, 4, 3, 3), reals(2, 2, 2, 2), {"groups": 2}),
        (reals(2, 2, 3, 3), reals(4, 1, 3, 3), {"groups": 2, "padding": 1}),
        (reals(1, 2, 3, 3), reals(2, 2, 1, 1), {"stride": 2}),
        (reals(0, 2, 4, 4), reals(3, 2, 2, 2)),
    ],
    kernel=_fast_conv2d,
)
def conv2d(x: Any, kernels: Any, stride: Pair = 1, padding: Padding = 0, dilation: Pair = 1, groups: int = 1) -> Any:
    """Cross-correlation of a batch of images with a bank of kernels: sums of `correlate2d` planes over channels.

    The algorithm is chosen by the shapes. Large kernels are applied by Fourier transforms, whose rounding errors are
    those of the largest elements of an image everywhere in it, and which spread an infinity or NaN over all of it.

    Args:
        x: images of shape (N, C, H, W).
        kernels: shape (K, C / groups, h, w).
        stride: the step between windows, for both axes or (rows, columns).
        padding: zeros around the image: a number for all sides, (rows, columns), ((above, below), (left, right)),
            "valid" for none, or "same" for so many that the result has ceil(H / stride) rows and ceil(W / stride)
            columns.
        dilation: the step between the taps of a kernel, for both axes or (rows, columns).
        groups: so many equal parts of the channels, and as many of the kernels; those of one part see the channels of
            that part only. With ``groups=C`` every channel has kernels of its own ("depthwise").

    Returns:
        Shape (N, K, rows, columns) with ``rows = (H + padding - dilation * (h - 1) - 1) // stride + 1``, where padding
        is that above and below together, and columns alike.

    Raises:
        ValueError: for arrays of other ranks, channels or kernels that do not fit the groups, an image smaller than
            the kernel, a stride, dilation or number of groups below 1, or negative padding.
    """
    geometry = _conv2d_geometry(x, kernels, stride, padding, dilation, groups)
    return _in_single(windows.conv2d, x, kernels, **_as_windows_take_it(geometry, padding))


def _check_bias(kernels: Any, bias: Any) -> None:
    if bias.shape != kernels.shape[:1]:
        raise ValueError(f"a bias for {len(kernels)} kernels has shape ({len(kernels)},), not {bias.shape}")


def _fast_conv2d_with_bias(
    x: Any, kernels: Any, bias: Any, stride: Pair = 1, padding: Padding = 0, dilation: Pair = 1, groups: int = 1
) -> Any:
    check_ranks(np.shape(x), np.shape(kernels), "kernels (K, C, h, w)")
    _check_bias(kernels, bias)
    geometry = _conv2d_geometry(x, kernels, stride, padding, dilation, groups)
    if not x.dtype == kernels.dtype == bias.dtype:
        return correlation.correlate(x, kernels, geometry) + bias[:, np.newaxis, np.newaxis]
    return correlation.correlate(x, kernels, geometry, bias)


@table.primitive(
    lambda g, out, x, kernels, bias, stride, padding, dilation, groups: conv2d_transpose(
        g, kernels, x.shape[2:], stride, padding, dilation, groups
    ),
    lambda g, out, x, kernels, bias, stride, padding, dilation, groups: conv2d_kernels(
        x, g, kernels.shape[2:], stride, padding, dilation, groups
    ),
    lambda g, out, x, kernels, bias, stride, padding, dilation, groups: _sum_of_maps(g),
    reads=("kernels", "x", ""),
    examples=[
        (reals(2, 2, 4, 5), reals(3, 2, 3, 2), reals(3)),
        (reals(1, 4, 3, 3), reals(2, 2, 2, 2), reals(2), {"stride": 2, "padding": 1, "groups": 2}),
        (reals(0, 2, 4, 4), reals(3, 2, 2, 2), reals(3)),
    ],
    public=False,
    kernel=_fast_conv2d_with_bias,
)
def conv2d_with_bias(
    x: Any,
    kernels: Any,
    bias: Any,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Any:
    """`conv2d` plus a bias of shape (K,), one number for each map, without an array for the convolution alone.

    Raises:
        ValueError: as `conv2d`, and for another shape of the bias.
    """
    check_ranks(np.shape(x), np.shape(kernels), "kernels (K, C, h, w)")
    _check_bias(kernels, bias)
    geometry = _conv2d_geometry(x, kernels, stride, padding, dilation, groups)
    correlated = _in_single(windows.conv2d, x, kernels, **_as_windows_take_it(geometry, padding))
    return correlated + bias[:, np.newaxis, np.newaxis]


def _transpose_geometry(
    x: Any, kernels: Any, size: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Geometry:
    check_ranks(np.shape(x), np.shape(kernels), "kernels (K, C, h, w)")
    image = pair(size, "size")
    geometry = checked_geometry(image, kernels.shape[2:], stride, padding, dilation, groups)
    check_channels(kernels.shape[1] * geometry.groups, kernels.shape, geometry.groups)
    check_maps(x.shape, (len(kernels), *geometry.positions(image, kernels.shape[2:])))
    return geometry


def _fast_conv2d_transpose(
    x: Any, kernels: Any, size: Pair, stride: Pair = 1, padding: Padding = 0, dilation: Pair = 1, groups: int = 1
) -> Any:
    geometry = _transpose_geometry(x, kernels, size, stride, padding, dilation, groups)
    return correlation.image_gradient(x, kernels, geometry, pair(size, "size"))


@table.primitive(
    lambda g, out, x, kernels, size, stride, padding, dilation, groups: conv2d(
        g, kernels, stride, padding, dilation, groups
    ),
    lambda g, out, x, kernels, size, stride, padding, dilation, groups: conv2d_kernels(
        g, x, kernels.shape[2:], stride, padding, dilation, groups
    ),
    reads=("kernels", "x"),
    examples=[
        (reals(2, 3, 2, 4), reals(3, 2, 3, 2), {"size": (4, 5)}),
        (reals(1, 2, 3, 5), reals(2, 2, 2, 2), {"size": (5, 4), "stride": (2, 1), "padding": 1}),
        (reals(2, 4, 3, 3), reals(4, 1, 3, 3), {"size": (3, 3), "groups": 2, "padding": "same"}),
        (reals(1, 1, 2, 2), reals(1, 1, 1, 1), {"size": (3, 4), "stride": 2}),
        (reals(0, 3, 3, 3), reals(3, 2, 2, 2), {"size": (4, 4)}),
    ],
    kernel=_fast_conv2d_transpose,
)
def conv2d_transpose(
    x: Any,
    kernels: Any,
    size: tuple[int, int],
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Any:
    """Transposed convolution: every element of x adds a kernel to a larger image. The gradient of `conv2d` by images.

    Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep learning", arXiv:1603.07285, section 4.

    Args:
        x: shape (N, K, rows, columns), as `conv2d` would give for images of shape (N, C, *size).
        kernels: shape (K, C / groups, h, w).
        size: of the images to give, without zeros around them.
        stride, padding, dilation, groups: of that `conv2d`.

    Returns:
        Shape (N, C, *size).

    Raises:
        ValueError: as `conv2d`, and for a shape of x that it would not give.
    """
    geometry = _transpose_geometry(x, kernels, size, stride, padding, dilation, groups)
    settings = _as_windows_take_it(geometry, padding)
    return _in_single(windows.conv2d_transpose, x, kernels, pair(size, "size"), **settings)


def _kernels_geometry(
    x: Any, maps: Any, size: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Geometry:
    check_ranks(np.shape(x), np.shape(maps), "maps (N, K, rows, columns)")
    taps = pair(size, "size")
    geometry = checked_geometry(x.shape[2:], taps, stride, padding, dilation, groups)
    check_channels(x.shape[1], (maps.shape[1], x.shape[1] // geometry.groups), geometry.groups)
    check_maps(maps.shape, (maps.shape[1], *geometry.positions(x.shape[2:], taps)))
    if len(x) != len(maps):
        raise ValueError(f"there are {len(x)} images, and {len(maps)} samples of maps")
    return geometry


def _fast_conv2d_kernels(
    x: Any, maps: Any, size: Pair, stride: Pair = 1, padding: Padding = 0, dilation: Pair = 1, groups: int = 1
) -> Any:
    geometry = _kernels_geometry(x, maps, size, stride, padding, dilation, groups)
    return correlation.kernel_gradient(x, maps, geometry, pair(size, "size"))


@table.primitive(
    lambda g, out, x, maps, size, stride, padding, dilation, groups: conv2d_transpose(
        maps, g, x.shape[2:], stride, padding, dilation, groups
    ),
    lambda g, out, x, maps, size, stride, padding, dilation, groups: conv2d(x, g, stride, padding, dilation, groups),
    reads=("maps", "x"),
    examples=[
        (reals(2, 2, 4, 5), reals(2, 3, 2, 4), {"size": (3, 2)}),
        (reals(1, 2, 5, 4), reals(1, 2, 3, 5), {"size": (2, 2), "stride": (2, 1), "padding": 1}),
        (reals(2, 4, 3, 3), reals(2, 2, 3, 3), {"size": (2, 2), "groups": 2, "padding": "same"}),
        (reals(1, 1, 3, 4), reals(1, 1, 2, 2), {"size": (1, 1), "stride": 2}),
        (reals(0, 2, 4, 4), reals(0, 3, 3, 3), {"size": (2, 2)}),
    ],
    public=False,
    kernel=_fast_conv2d_kernels,
)
def conv2d_kernels(
    x: Any,
    maps: Any,
    size: tuple[int, int],
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Any:
    """Correlations of images with maps of the size of `conv2d`'s result, summed over samples: its gradient by kernels.

    Args:
        x: images of shape (N, C, H, W).
        maps: shape (N, K, rows, columns), as `conv2d` would give for kernels of shape (K, C / groups, *size).
        size: of the kernels to give.
        stride, padding, dilation, groups: of that `conv2d`.

    Returns:
        Shape (K, C / groups, *size).

    Raises:
        ValueError: as `conv2d`, and for a shape of the maps that it would not give.
    """
    geometry = _kernels_geometry(x, maps, size, stride, padding, dilation, groups)
    settings = _as_windows_take_it(geometry, padding)
    return _in_single(windows.conv2d_kernels, x, maps, pair(size, "size"), **settings)


if not TYPE_CHECKING:
    __all__ = table.names
