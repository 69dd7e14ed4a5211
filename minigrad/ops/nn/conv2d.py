"""Correlation of batches of images (N, C, H, W) with banks of kernels, and the two gradients of it.

The correlation is linear in the images and in the kernels. So are its two gradients in what they are given, and the
rules of each of the three are the other two: derivatives of every order need nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.kernels.conv2d import correlation
from minigrad.ops.linalg.products import sum_of_rows
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


def _sum_of_maps(x: Any) -> Any:
    """``np.sum(x, axis=(0, 2, 3))`` of images."""
    if type(x) is not np.ndarray or x.dtype.char not in "fd":
        return np.sum(x, axis=(0, 2, 3))
    samples, channels, rows, columns = x.shape
    sums = np.dot(x.reshape(samples * channels, rows * columns), np.ones(rows * columns, x.dtype))
    return sum_of_rows(sums.reshape(samples, channels))


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
    check_ranks(np.shape(x), np.shape(kernels), "kernels (K, C, h, w)")
    geometry = checked_geometry(x.shape[2:], kernels.shape[2:], stride, padding, dilation, groups)
    check_channels(x.shape[1], kernels.shape, geometry.groups)
    return correlation.correlate(x, kernels, geometry)


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
    if bias.shape != kernels.shape[:1]:
        raise ValueError(f"a bias for {len(kernels)} kernels has shape ({len(kernels)},), not {bias.shape}")
    geometry = checked_geometry(x.shape[2:], kernels.shape[2:], stride, padding, dilation, groups)
    check_channels(x.shape[1], kernels.shape, geometry.groups)
    if not x.dtype == kernels.dtype == bias.dtype:
        return correlation.correlate(x, kernels, geometry) + bias[:, np.newaxis, np.newaxis]
    return correlation.correlate(x, kernels, geometry, bias)


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
    check_ranks(np.shape(x), np.shape(kernels), "kernels (K, C, h, w)")
    size = pair(size, "size")
    geometry = checked_geometry(size, kernels.shape[2:], stride, padding, dilation, groups)
    check_channels(kernels.shape[1] * geometry.groups, kernels.shape, geometry.groups)
    check_maps(x.shape, (len(kernels), *geometry.positions(size, kernels.shape[2:])))
    return correlation.image_gradient(x, kernels, geometry, size)


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
    check_ranks(np.shape(x), np.shape(maps), "maps (N, K, rows, columns)")
    size = pair(size, "size")
    geometry = checked_geometry(x.shape[2:], size, stride, padding, dilation, groups)
    check_channels(x.shape[1], (maps.shape[1], x.shape[1] // geometry.groups), geometry.groups)
    check_maps(maps.shape, (maps.shape[1], *geometry.positions(x.shape[2:], size)))
    if len(x) != len(maps):
        raise ValueError(f"there are {len(x)} images, and {len(maps)} samples of maps")
    return correlation.kernel_gradient(x, maps, geometry, size)


if not TYPE_CHECKING:
    __all__ = table.names
