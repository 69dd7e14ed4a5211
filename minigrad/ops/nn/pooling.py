"""Pooling: the windows of images (N, C, H, W) reduced to one element each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.engine.values import plain, shape_of
from minigrad.kernels.conv2d import pooling
from minigrad.ops.nn import windows
from minigrad.ops.nn.arguments import Pair, pair

table = Table(__name__)

_POOLED = [
    (reals(2, 2, 4, 6), 2),
    (reals(1, 1, 5, 5), (3, 2), {"stride": (1, 2)}),
    (reals(1, 2, 5, 6), 3, {"stride": 2}),
    (reals(2, 1, 3, 4), (1, 2), {"stride": (2, 3)}),
    (reals(0, 2, 4, 4), 2),
]


@table.composite(examples=_POOLED)
def max_pool2d(x: Any, size: Pair, stride: Pair | None = None) -> Any:
    """The maximum of every window of images (N, C, H, W); tied maxima share the gradient equally.

    Args:
        x: images of shape (N, C, H, W).
        size: of the window, for both axes or (rows, columns).
        stride: the step between windows; by default `size`, so that they do not overlap. Rows and columns at the
            end that do not fill a window are left out.

    Raises:
        ValueError: for an array of another rank, an image smaller than the window, or a size or stride below 1.
    """
    window, steps = _window(x, size, stride, "max_pool2d")
    return window_maxima(x, size=window, stride=steps)


@table.composite(examples=_POOLED)
def avg_pool2d(x: Any, size: Pair, stride: Pair | None = None) -> Any:
    """The mean of every window of images (N, C, H, W); arguments and errors as for `max_pool2d`."""
    window, steps = _window(x, size, stride, "avg_pool2d")
    return window_means(x, size=window, stride=steps)


def _window(x: Any, size: Pair, stride: Pair | None, caller: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Size and stride of the windows, after checking that there are any."""
    shape = shape_of(x)
    if len(shape) != 4:
        raise ValueError(f"{caller}: images are (N, C, H, W); got shape {shape}")
    window = pair(size, f"{caller} size")
    steps = window if stride is None else pair(stride, f"{caller} stride")
    if shape[2] < window[0] or shape[3] < window[1]:
        raise ValueError(f"{caller}: images of shape {shape} are smaller than a window of {window}")
    return window, steps


def _windows_of(x: Any, size: tuple[int, int], stride: tuple[int, int]) -> Any:
    """The windows of images, as an array (N, C, rows, columns, h, w)."""
    return np.lib.stride_tricks.sliding_window_view(x, size, axis=(2, 3))[:, :, :: stride[0], :: stride[1]]


_WINDOWS = [
    (reals(2, 1, 4, 5), {"size": (2, 3), "stride": (1, 1)}),
    (reals(1, 2, 5, 4), {"size": (3, 2), "stride": (2, 1)}),
    (reals(0, 2, 3, 3), {"size": (2, 2), "stride": (1, 1)}),
]
_MAXIMA = np.array([[[[0.5, 2.0, -1.0, 0.25], [1.0, -0.5, 3.0, 3.0], [1.5, 0.75, -2.0, 3.0]]]])
_LARGEST = np.array([[[[2.0, 3.0, 3.0], [1.5, 3.0, 3.0]]]])


@table.primitive(
    # Which element is the largest of its window does not depend on small changes, so that both are constants.
    lambda g, out, x, size, stride: to_maxima(g, plain(x), plain(out), size, stride),
    reads=("x out",),
    examples=_WINDOWS,
    public=False,
    kernel=pooling.maxima,
)
def window_maxima(x: Any, size: tuple[int, int], stride: tuple[int, int]) -> Any:
    """The maximum of every window: what `max_pool2d` computes when its arguments are checked."""
    return np.max(_windows_of(x, size, stride), axis=(-2, -1))


@table.primitive(
    lambda g, out, shares, x, largest, size, stride: from_maxima(g, x, largest, size, stride),
    reads=("",),
    examples=[
        (reals(1, 1, 2, 3), {"x": _MAXIMA, "largest": _LARGEST, "size": (2, 2), "stride": (1, 1)}),
        (reals(0, 1, 2, 3), {"x": _MAXIMA[:0], "largest": _LARGEST[:0], "size": (2, 2), "stride": (1, 1)}),
    ],
    public=False,
    kernel=pooling.to_maxima,
)
def to_maxima(shares: Any, x: Any, largest: Any, size: tuple[int, int], stride: tuple[int, int]) -> Any:
    """Each element of an array (N, C, rows, columns) to the largest of its window of x: the gradient of pooling."""
    return windows.max_pool2d_gradient(shares, x, largest, size, stride)


@table.primitive(
    lambda g, out, values, x, largest, size, stride: to_maxima(g, x, largest, size, stride),
    reads=("",),
    examples=[
        (reals(1, 1, 3, 4), {"x": _MAXIMA, "largest": _LARGEST, "size": (2, 2), "stride": (1, 1)}),
        (reals(0, 1, 3, 4), {"x": _MAXIMA[:0], "largest": _LARGEST[:0], "size": (2, 2), "stride": (1, 1)}),
    ],
    public=False,
    kernel=pooling.from_maxima,
)
def from_maxima(values: Any, x: Any, largest: Any, size: tuple[int, int], stride: tuple[int, int]) -> Any:
    """For each window the mean of the values where x attains the largest of the window."""
    attained = np.equal(_windows_of(x, size, stride), largest[..., np.newaxis, np.newaxis])
    ties = np.maximum(np.sum(attained, axis=(-2, -1)), 1).astype(values.dtype)
    return np.sum(np.where(attained, _windows_of(values, size, stride), 0.0), axis=(-2, -1)) / ties


@table.primitive(
    lambda g, out, x, size, stride: to_windows(g, x.shape[2:], size, stride),
    reads=("",),
    examples=_WINDOWS,
    public=False,
    kernel=pooling.means,
)
def window_means(x: Any, size: tuple[int, int], stride: tuple[int, int]) -> Any:
    """The mean of every window: what `avg_pool2d` computes when its arguments are checked."""
    return np.mean(_windows_of(x, size, stride), axis=(-2, -1))


@table.primitive(
    lambda g, out, shares, image, size, stride: window_means(g, size, stride),
    reads=("",),
    examples=[
        (reals(2, 1, 3, 3), {"image": (4, 5), "size": (2, 3), "stride": (1, 1)}),
        (reals(1, 2, 2, 3), {"image": (6, 4), "size": (3, 2), "stride": (2, 1)}),
        (reals(0, 2, 2, 2), {"image": (3, 3), "size": (2, 2), "stride": (1, 1)}),
    ],
    public=False,
    kernel=pooling.to_windows,
)
def to_windows(shares: Any, image: tuple[int, int], size: tuple[int, int], stride: tuple[int, int]) -> Any:
    """Each element of an array (N, C, rows, columns) in equal shares to its window of images of a size."""
    return windows.avg_pool2d_gradient(shares, image, size, stride)


if not TYPE_CHECKING:
    __all__ = table.names
