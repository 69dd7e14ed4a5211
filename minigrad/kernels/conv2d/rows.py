"""Correlation by the columns of the windows of one row: for each row of the kernels one product, on a shifted view.

The images need to be copied as often as a kernel is wide, not as often as it has taps. For a stride of 1 and no groups.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.kernels import buffers
from minigrad.kernels.conv2d.geometry import Array, Geometry, Size, strided


class _Rows:
    """Room for the shifted rows of one sample, of shape (width, channels, rows, columns), the last two as one."""

    def __init__(self, images: tuple[int, ...], kernel: Size, geometry: Geometry, dtype: np.dtype[Any]) -> None:
        _, channels, *size = images
        (top, _), (left, _) = geometry.padding
        self.rows, self.columns = geometry.positions((size[0], size[1]), kernel)
        height, self.width = geometry.padded((size[0], size[1]))
        length = height * self.width
        padded = buffers.zeros((channels, length + geometry.reach(kernel)[1] - 1), dtype)
        plane = padded[:, :length].reshape(channels, height, self.width)
        self._image = plane[:, top : top + size[0], left : left + size[1]]
        by_channel, step = padded.strides
        shape = (kernel[1], channels, length)
        self._taps = strided(padded, shape, (geometry.dilation[1] * step, by_channel, step))
        self._values = buffers.empty(shape, dtype)
        matrix = self._values.reshape(kernel[1] * channels, length)
        self.positions = self.rows * self.width
        starts = [row * geometry.dilation[0] * self.width for row in range(kernel[0])]
        self.matrices = [matrix[:, start : start + self.positions] for start in starts]

    def fill(self, x: Array) -> None:
        """Write the shifted rows of one sample."""
        self._image[...] = x
        np.copyto(self._values, self._taps)

    def product(self, kernels: int) -> tuple[Array, Array]:
        """Zeros for one row of positions for each kernel, and a view of them as maps."""
        matrix = buffers.zeros((kernels, self.positions), self._values.dtype)
        return matrix, matrix.reshape(kernels, self.rows, self.width)[..., : self.columns]


def correlate(x: Array, kernels: Array, geometry: Geometry, out: Array) -> None:
    """out[n, k] = sum over c of x[n, c] correlated with kernels[k, c]."""
    count, channels, height, width = kernels.shape
    rows = _Rows(x.shape, (height, width), geometry, x.dtype)
    by_row = np.ascontiguousarray(kernels.transpose(2, 0, 3, 1)).reshape(height, count, width * channels)
    total, maps = rows.product(count)
    part = buffers.empty(total.shape, total.dtype)
    for sample, result in zip(x, out, strict=True):
        rows.fill(sample)
        np.matmul(by_row[0], rows.matrices[0], out=total)
        for row in range(1, height):
            np.matmul(by_row[row], rows.matrices[row], out=part)
            np.add(total, part, out=total)
        result[...] = maps


def kernel_gradient(x: Array, g: Array, geometry: Geometry, size: Size) -> Array:
    """The gradient of the kernels of `correlate`, of a size, for the gradient g of its result."""
    (height, width), count, channels = size, g.shape[1], x.shape[1]
    rows = _Rows(x.shape, size, geometry, x.dtype)
    gradient, maps = rows.product(count)
    total = np.zeros((height, width * channels, count), x.dtype)
    for sample, part in zip(x, g, strict=True):
        rows.fill(sample)
        maps[...] = part
        for row, matrix in enumerate(rows.matrices):
            # Up to twice as fast as the product of the gradient with the matrix transposed.
            total[row] += np.matmul(matrix, gradient.T)
    return total.reshape(height, width, channels, count).transpose(3, 2, 0, 1)
