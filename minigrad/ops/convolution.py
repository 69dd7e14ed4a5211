"""Correlation and pooling: single planes by SciPy, and batches of images by patches and one matrix product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

# Its parts are imported when they are used; scipy.signal takes most of a second.
import scipy

from minigrad.ops.define import composite, declared_in, primitive
from minigrad.ops.samples import reals

Pair = int | tuple[int, int]
Padding = str | int | tuple[int, int]

# Single planes. Every mode is the full correlation, cropped; so the rules put a gradient back where it lies in the
# full result, and know only that case.


def _uncropped(g: Any, x: Any, kernel: Any, mode: str, *, flipped: bool) -> Any:
    """The gradient of the full correlation (or, `flipped`, convolution), from that of the part a mode keeps."""
    if mode == "full":
        return g
    starts = []
    for size, taps in zip(x.shape, kernel.shape, strict=True):
        # SciPy centres an even kernel one element later in a correlation than in a convolution.
        starts.append(min(size, taps) - 1 if mode == "valid" else (taps - 1) // 2 if flipped else taps // 2)
    full = [size + taps - 1 for size, taps in zip(x.shape, kernel.shape, strict=True)]
    return np.pad(g, [(start, total - start - kept) for start, total, kept in zip(starts, full, g.shape, strict=True)])


_PLANES = [(reals(4, 5), reals(3, 2), {"mode": mode}) for mode in ("full", "same", "valid")] + [
    (reals(4, 4), reals(4, 2), {"mode": "same"}),
    (reals(2, 3), reals(3, 5), {"mode": "valid"}),
]


@primitive(
    lambda g, out, x, kernel, mode: convolve2d(_uncropped(g, x, kernel, mode, flipped=False), kernel, "valid"),
    lambda g, out, x, kernel, mode: np.flip(correlate2d(_uncropped(g, x, kernel, mode, flipped=False), x, "valid")),
    reads=("kernel", "x"),
    examples=_PLANES,
)
def correlate2d(x: Any, kernel: Any, mode: str = "valid") -> Any:
    """Cross-correlation of two planes by ``scipy.signal.correlate2d``: the kernel slides over x without being flipped.

    Args:
        x: shape (H, W).
        kernel: shape (h, w).
        mode: "valid" (H - h + 1, W - w + 1), "same" (H, W) or "full" (H + h - 1, W + w - 1).
    """
    return scipy.signal.correlate2d(x, kernel, mode)


@primitive(
    lambda g, out, x, kernel, mode: correlate2d(_uncropped(g, x, kernel, mode, flipped=True), kernel, "valid"),
    lambda g, out, x, kernel, mode: correlate2d(_uncropped(g, x, kernel, mode, flipped=True), x, "valid"),
    reads=("kernel", "x"),
    examples=_PLANES,
)
def convolve2d(x: Any, kernel: Any, mode: str = "full") -> Any:
    """Convolution of two planes by ``scipy.signal.convolve2d``: `correlate2d` with the kernel flipped.

    Args:
        x: shape (H, W).
        kernel: shape (h, w).
        mode: "full" (H + h - 1, W + w - 1), "same" (H, W) or "valid" (H - h + 1, W - w + 1).
    """
    return scipy.signal.convolve2d(x, kernel, mode)


# Batches of images (N, C, H, W).


@primitive(
    lambda g, out, x, size, stride: fold2d(g, x.shape, stride),
    reads=("",),
    examples=[
        (reals(2, 1, 4, 5), {"size": (2, 3), "stride": (1, 1)}),
        (reals(1, 2, 5, 4), {"size": (3, 2), "stride": (2, 1)}),
        (reals(0, 2, 3, 3), {"size": (2, 2), "stride": (1, 1)}),
    ],
)
def unfold2d(x: Any, size: tuple[int, int], stride: tuple[int, int]) -> Any:
    """Every patch of an image, as a view: (N, C, H, W) gives (N, C, rows, columns, h, w)."""
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=(2, 3))
    return windows[:, :, :: stride[0], :: stride[1]]


@primitive(
    lambda g, out, x, shape, stride: unfold2d(g, x.shape[-2:], stride),
    reads=("",),
    examples=[
        (reals(2, 1, 3, 3, 2, 3), {"shape": (2, 1, 4, 5), "stride": (1, 1)}),
        (reals(1, 2, 2, 3, 3, 2), {"shape": (1, 2, 6, 4), "stride": (2, 1)}),
        (reals(0, 1, 2, 2, 2, 2), {"shape": (0, 1, 3, 3), "stride": (1, 1)}),
    ],
)
def fold2d(x: Any, shape: tuple[int, int, int, int], stride: tuple[int, int]) -> Any:
    """Patches (N, C, rows, columns, h, w) added up where they came from, in images of `shape`."""
    images = np.zeros(shape, dtype=x.dtype)
    rows, columns, height, width = x.shape[2:]
    for i in range(height):
        for j in range(width):
            bottom, right = i + stride[0] * rows, j + stride[1] * columns
            images[:, :, i : bottom : stride[0], j : right : stride[1]] += x[..., i, j]
    return images


@composite(
    examples=[
        (reals(2, 2, 4, 5), reals(3, 2, 3, 2)),
        (reals(1, 2, 5, 4), reals(2, 2, 2, 2), {"stride": (2, 1), "padding": 1}),
        (reals(1, 1, 4, 5), reals(1, 1, 2, 3), {"stride": 2, "padding": "same"}),
        (reals(0, 2, 4, 4), reals(3, 2, 2, 2)),
    ],
)
def conv2d(x: Any, kernels: Any, stride: Pair = 1, padding: Padding = 0) -> Any:
    """Cross-correlation of a batch of images with a bank of kernels: sums of `correlate2d` planes over channels.

    Args:
        x: images of shape (N, C, H, W).
        kernels: shape (K, C, h, w).
        stride: the step between patches, for both axes or (rows, columns).
        padding: zeros around the image: a number for all sides, (rows, columns), "valid" for none, or "same" for so
            many that the result has ceil(H / stride) rows and ceil(W / stride) columns.

    Returns:
        Shape (N, K, rows, columns) with ``rows = (H + padding - h) // stride + 1``, and columns alike.

    Raises:
        ValueError: for arrays of other ranks, channel counts that differ, an image smaller than the kernel, or a
            stride below 1.
    """
    if np.ndim(x) != 4 or np.ndim(kernels) != 4:
        raise ValueError(
            f"conv2d: images are (N, C, H, W) and kernels (K, C, h, w); got {np.shape(x)} and {np.shape(kernels)}"
        )
    if np.shape(x)[1] != np.shape(kernels)[1]:
        raise ValueError(
            f"conv2d: images of shape {np.shape(x)} have {np.shape(x)[1]} channels, kernels of shape "
            f"{np.shape(kernels)} expect {np.shape(kernels)[1]}"
        )
    count, channels, *size = np.shape(kernels)
    patches = _patches(x, (size[0], size[1]), stride, padding, "conv2d")
    samples, _, rows, columns, *_ = np.shape(patches)
    matrix = np.reshape(
        np.transpose(patches, (0, 2, 3, 1, 4, 5)), (samples * rows * columns, channels * size[0] * size[1])
    )
    product = np.matmul(matrix, np.transpose(np.reshape(kernels, (count, channels * size[0] * size[1]))))
    return np.transpose(np.reshape(product, (samples, rows, columns, count)), (0, 3, 1, 2))


@composite(
    examples=[
        (reals(2, 2, 4, 6), 2),
        (reals(1, 1, 5, 5), (3, 2), {"stride": (1, 2)}),
        (reals(0, 2, 4, 4), 2),
    ]
)
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
    return np.max(_windows(x, size, stride, "max_pool2d"), axis=(-2, -1))


@composite(
    examples=[
        (reals(2, 2, 4, 6), 2),
        (reals(1, 1, 5, 5), (3, 2), {"stride": (1, 2)}),
        (reals(0, 2, 4, 4), 2),
    ]
)
def avg_pool2d(x: Any, size: Pair, stride: Pair | None = None) -> Any:
    """The mean of every window of images (N, C, H, W); arguments and errors as for `max_pool2d`."""
    return np.mean(_windows(x, size, stride, "avg_pool2d"), axis=(-2, -1))


def _windows(x: Any, size: Pair, stride: Pair | None, caller: str) -> Any:
    if np.ndim(x) != 4:
        raise ValueError(f"{caller}: images are (N, C, H, W); got shape {np.shape(x)}")
    return _patches(x, pair(size, f"{caller} size"), size if stride is None else stride, 0, caller)


def _patches(x: Any, size: tuple[int, int], stride: Pair, padding: Padding, caller: str) -> Any:
    """The patches of padded images, after checking that there are any."""
    steps = pair(stride, f"{caller} stride")
    around = _zeros_around(np.shape(x)[2:], size, steps, padding, caller)
    padded = np.pad(x, ((0, 0), (0, 0), *around)) if any(map(any, around)) else x
    if np.shape(padded)[2] < size[0] or np.shape(padded)[3] < size[1]:
        extra = f" padded to {np.shape(padded)[2:]}" if padded is not x else ""
        raise ValueError(f"{caller}: images of shape {np.shape(x)}{extra} are smaller than a window of {size}")
    return unfold2d(padded, size=size, stride=steps)


def _zeros_around(
    image: Sequence[int], size: tuple[int, int], stride: tuple[int, int], padding: Padding, caller: str
) -> list[tuple[int, int]]:
    """How many zeros go before and after the rows and the columns of an image."""
    if padding == "valid":
        return [(0, 0), (0, 0)]
    if padding == "same":
        missing = [max((-(-n // step) - 1) * step + k - n, 0) for n, k, step in zip(image, size, stride, strict=True)]
        return [(total // 2, total - total // 2) for total in missing]
    if isinstance(padding, str):
        raise ValueError(f"{caller}: padding is 'valid', 'same', a number or a pair of numbers, not {padding!r}")
    rows, columns = pair(padding, f"{caller} padding", least=0)
    return [(rows, rows), (columns, columns)]


def is_integer(value: object) -> bool:
    """Whether a value is an integer of Python's or NumPy's, and not a boolean."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def pair(value: Pair, what: str, least: int = 1) -> tuple[int, int]:
    """One number for rows and columns, or one for each, checked.

    Raises:
        ValueError: for anything but one or two integers of at least `least`.
    """
    both = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(both) != 2 or not all(is_integer(each) and each >= least for each in both):
        raise ValueError(f"{what} must be an integer of at least {least}, or a pair of them; got {value!r}")
    return int(both[0]), int(both[1])


if not TYPE_CHECKING:
    __all__ = declared_in(__name__)
