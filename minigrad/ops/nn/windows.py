"""What do convolution and pooling compute? The windows of images, in plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.engine.stand_ins import self_contained


@self_contained
def windows_of(x: Any, size: Any, stride: Any = (1, 1), dilation: Any = (1, 1)) -> Any:
    """The windows of images (N, C, H, W), as an array (N, C, rows, columns, h, w)."""
    (h, w), (down, across) = size, dilation
    reach = (down * (h - 1) + 1, across * (w - 1) + 1)
    windows = np.lib.stride_tricks.sliding_window_view(x, reach, axis=(2, 3))
    return windows[:, :, :: stride[0], :: stride[1], ::down, ::across]


@self_contained
def margins_of(image: Any, size: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    """How many zeros go before and after the rows and the columns of an image."""
    if padding != "same":
        return padding
    margins = []
    for length, taps, step, spread in zip(image, size, stride, dilation, strict=True):
        count = -(-length // step)
        zeros = max((count - 1) * step + spread * (taps - 1) + 1 - length, 0)
        margins.append((zeros // 2, zeros - zeros // 2))
    return margins


@self_contained
def conv2d(
    x: Any, kernels: Any, stride: Any = (1, 1), padding: Any = ((0, 0), (0, 0)), dilation: Any = (1, 1), groups: int = 1
) -> Any:
    """The correlation of images (N, C, H, W) with kernels (K, C / groups, h, w)."""
    size = kernels.shape[2:]
    margins = margins_of(x.shape[2:], size, stride, padding, dilation)
    windows = windows_of(np.pad(x, ((0, 0), (0, 0), *margins)), size, stride, dilation)
    parts = zip(np.split(windows, groups, axis=1), np.split(kernels, groups), strict=True)
    maps = [np.einsum("ncijhw,kchw->nkij", each, own, optimize=True) for each, own in parts]
    return np.concatenate(maps, axis=1)


@self_contained
def conv2d_transpose(
    x: Any,
    kernels: Any,
    size: Any,
    stride: Any = (1, 1),
    padding: Any = ((0, 0), (0, 0)),
    dilation: Any = (1, 1),
    groups: int = 1,
) -> Any:
    """Images (N, C, *size) to which every element of the maps x (N, K, rows, columns) adds its kernel."""
    (top, bottom), (left, right) = margins_of(size, kernels.shape[2:], stride, padding, dilation)
    parts = list(zip(np.split(x, groups, axis=1), np.split(kernels, groups), strict=True))
    height, width = top + size[0] + bottom, left + size[1] + right
    images = np.zeros((len(x), kernels.shape[1] * groups, height, width), np.result_type(x, kernels))
    for i, j in np.ndindex(kernels.shape[2:]):
        shares = [np.einsum("nkij,kc->ncij", each, own[:, :, i, j], optimize=True) for each, own in parts]
        rows = slice(i * dilation[0], i * dilation[0] + stride[0] * (x.shape[2] - 1) + 1, stride[0])
        columns = slice(j * dilation[1], j * dilation[1] + stride[1] * (x.shape[3] - 1) + 1, stride[1])
        images[:, :, rows, columns] += np.concatenate(shares, axis=1)
    return images[:, :, top : height - bottom, left : width - right]


@self_contained
def conv2d_kernels(
    x: Any,
    maps: Any,
    size: Any,
    stride: Any = (1, 1),
    padding: Any = ((0, 0), (0, 0)),
    dilation: Any = (1, 1),
    groups: int = 1,
) -> Any:
    """The windows of images x (N, C, H, W), each times its element of the maps (N, K, rows, columns), added up."""
    margins = margins_of(x.shape[2:], size, stride, padding, dilation)
    windows = windows_of(np.pad(x, ((0, 0), (0, 0), *margins)), size, stride, dilation)
    parts = zip(np.split(windows, groups, axis=1), np.split(maps, groups, axis=1), strict=True)
    return np.concatenate([np.einsum("ncijhw,nkij->kchw", each, own, optimize=True) for each, own in parts])


@self_contained
def max_pool2d_gradient(shares: Any, x: Any, maxima: Any, size: Any, stride: Any) -> Any:
    """Each share to the maximum of its window of x; tied maxima get equal parts."""
    attained = windows_of(x, size, stride) == maxima[..., np.newaxis, np.newaxis]
    ties = np.maximum(attained.sum(axis=(-2, -1)), 1).astype(shares.dtype)
    images = np.zeros(x.shape, shares.dtype)
    for i, j in np.ndindex(*size):
        rows = slice(i, i + stride[0] * (shares.shape[2] - 1) + 1, stride[0])
        columns = slice(j, j + stride[1] * (shares.shape[3] - 1) + 1, stride[1])
        images[:, :, rows, columns] += np.where(attained[..., i, j], shares / ties, 0.0)
    return images


@self_contained
def avg_pool2d_gradient(shares: Any, image: Any, size: Any, stride: Any) -> Any:
    """Each share in equal parts to the elements of its window of images (N, C, *image)."""
    images = np.zeros((*shares.shape[:2], *image), shares.dtype)
    for i, j in np.ndindex(*size):
        rows = slice(i, i + stride[0] * (shares.shape[2] - 1) + 1, stride[0])
        columns = slice(j, j + stride[1] * (shares.shape[3] - 1) + 1, stride[1])
        images[:, :, rows, columns] += shares / (size[0] * size[1])
    return images
