"""By which algorithm is a batch of images correlated with kernels?

The rule was fitted to two thirds of the shapes of `python -m benchmarks --only conv2d`, and tested on the others.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from minigrad.kernels import buffers
from minigrad.kernels.conv2d import channels_last, columns, fourier, pointwise, rows
from minigrad.kernels.conv2d.geometry import Array, Geometry, Size
from minigrad.kernels.threads import for_each_part


def correlate(x: Array, kernels: Array, geometry: Geometry, bias: Array | None = None) -> Array:
    """The sums over channels of the correlations of images and kernels.

    Args:
        x: images (N, C, H, W).
        kernels: shape (K, C / groups, h, w); those of a group meet the channels of that group.
        geometry: where the windows lie.
        bias: shape (K,), added to every element of a map; of the dtype of images and kernels.

    Returns:
        Shape (N, K, rows, columns).
    """
    x, kernels, narrowed = _computable(x, kernels)
    size = (kernels.shape[2], kernels.shape[3])
    positions = geometry.positions((x.shape[2], x.shape[3]), size)
    out = buffers.empty((len(x), len(kernels), *positions), x.dtype)
    algorithm = _algorithm(x.shape[1], len(kernels), size, positions, geometry, x.dtype)

    def part(samples: slice) -> None:
        algorithm.correlate(x[samples], kernels, geometry, out[samples])
        if bias is not None:
            out[samples] += bias[:, np.newaxis, np.newaxis]

    for_each_part(part, len(x), _operations(kernels, out))
    return out.astype(narrowed, copy=False)


def image_gradient(g: Array, kernels: Array, geometry: Geometry, size: Size) -> Array:
    """The gradient of images of a size, (N, C, H, W), for the gradient g of their correlation with kernels."""
    channels = kernels.shape[1] * geometry.groups
    taps = (kernels.shape[2], kernels.shape[3])
    positions = (g.shape[2], g.shape[3])
    g, kernels, narrowed = _computable(g, kernels)
    algorithm = _algorithm(channels, len(kernels), taps, positions, geometry, g.dtype)
    direct = algorithm in (fourier, pointwise)
    if not direct and geometry.stride == (1, 1) and 4 * channels >= len(kernels):
        # The gradient of a correlation is one itself, faster unless that makes the number of columns much larger.
        return _transposed(g, kernels, geometry, taps).astype(narrowed, copy=False)
    out = buffers.empty((len(g), channels, *size), g.dtype)

    def part(samples: slice) -> None:
        (algorithm if direct else columns).image_gradient(g[samples], kernels, geometry, out[samples])

    for_each_part(part, len(g), _operations(kernels, g))
    return out.astype(narrowed, copy=False)


def kernel_gradient(x: Array, g: Array, geometry: Geometry, size: Size) -> Array:
    """The gradient of kernels of a size, (K, C / groups, h, w), for the gradient g of their correlation with images."""
    x, g, narrowed = _computable(x, g)
    algorithm = _algorithm(x.shape[1], g.shape[1], size, (g.shape[2], g.shape[3]), geometry, x.dtype)

    def part(samples: slice) -> Array:
        return algorithm.kernel_gradient(x[samples], g[samples], geometry, size)  # type: ignore[no-any-return]

    operations = g.size * (x.shape[1] // geometry.groups) * size[0] * size[1]
    first, *others = for_each_part(part, len(x), operations)
    for other in others:
        first = first + other
    return np.ascontiguousarray(first.astype(narrowed, copy=False))


def _algorithm(
    channels: int,
    kernels: int,
    size: Size,
    positions: Size,
    geometry: Geometry,
    dtype: np.dtype[Any],
) -> ModuleType:
    """The fastest for so many channels, kernels of a size, and positions of the windows."""
    taps, places = size[0] * size[1], positions[0] * positions[1]
    unit_steps = geometry.stride == geometry.dilation == (1, 1)
    if geometry.groups > 1:
        return columns
    if taps == 1 and geometry.padding == ((0, 0), (0, 0)):
        return pointwise
    if unit_steps and taps >= 81 and places >= taps and dtype.char in "fd":
        return fourier
    small = places <= (1024 if taps >= 25 else 256)
    if channels >= 16 and kernels >= 16 and (small or geometry.stride != (1, 1)):
        return channels_last
    return rows if geometry.stride == (1, 1) and channels >= 8 and places >= 400 else columns


def _transposed(g: Array, kernels: Array, geometry: Geometry, size: Size) -> Array:
    """The gradient of the images for a stride of 1, as a correlation with the kernels turned around."""
    groups, (_, channels, *_) = geometry.groups, kernels.shape
    by_group = kernels.reshape(groups, -1, channels, *size)[:, :, :, ::-1, ::-1]
    turned = by_group.swapaxes(1, 2).reshape(groups * channels, -1, *size)
    (top, bottom), (left, right) = geometry.transposed(size).padding
    # Where there are more zeros around an image than a kernel is wide, some of the gradient belongs to zeros alone.
    height, width = g.shape[2:]
    inside = g[:, :, max(-top, 0) : height - max(-bottom, 0), max(-left, 0) : width - max(-right, 0)]
    margins = ((max(top, 0), max(bottom, 0)), (max(left, 0), max(right, 0)))
    return correlate(inside, turned, Geometry((1, 1), margins, geometry.dilation, groups))


def _computable(x: Array, y: Array) -> tuple[Array, Array, np.dtype[Any]]:
    """Both in the dtype to compute in, and the dtype that the result is to have."""
    dtype = x.dtype if x.dtype == y.dtype else np.result_type(x, y)
    # There is no product of float16 matrices in BLAS, and its sums would lose digits.
    wide = np.dtype(np.float32) if dtype == np.float16 else dtype
    return x.astype(wide, copy=False), y.astype(wide, copy=False), dtype


def _operations(kernels: Array, maps: Array) -> float:
    """Multiplications in a correlation with these kernels to these maps."""
    return maps.size * kernels[0].size if len(kernels) else 0
