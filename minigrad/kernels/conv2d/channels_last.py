"""Correlation by the columns of every window, channels last: taps beside each other are beside each other in memory.

With many channels the copies are long and nothing superfluous is multiplied; images are transposed on the way in and
out. For any stride and dilation, and no groups.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.kernels import buffers
from minigrad.kernels.conv2d.columns import block_of_samples
from minigrad.kernels.conv2d.geometry import Array, Geometry, Size, strided


class _Windows:
    """Room for the windows of a block of samples, of shape (samples, rows, columns, height, width, channels)."""

    def __init__(
        self, images: tuple[int, ...], kernels: int, kernel: Size, geometry: Geometry, dtype: np.dtype[Any]
    ) -> None:
        samples, channels, *size = images
        (top, _), (left, _) = geometry.padding
        self._positions = geometry.positions((size[0], size[1]), kernel)
        elements = kernel[0] * kernel[1] * channels
        positions = self._positions[0] * self._positions[1]
        self.block = block_of_samples(samples, (elements + kernels) * positions * dtype.itemsize)
        padded = buffers.zeros((self.block, *geometry.padded((size[0], size[1])), channels), dtype)
        self._images = padded[:, top : top + size[0], left : left + size[1]].transpose(0, 3, 1, 2)
        by_sample, by_row, by_column, step = padded.strides
        steps = (by_sample, geometry.stride[0] * by_row, geometry.stride[1] * by_column, geometry.dilation[0] * by_row)
        places = (self.block, *self._positions, kernel[0])
        if geometry.dilation[1] == 1:
            # The taps of a row are beside each other, so that they can be copied as one.
            self._taps = strided(padded, (*places, kernel[1] * channels), (*steps, step))
        else:
            by_tap = geometry.dilation[1] * by_column
            self._taps = strided(padded, (*places, kernel[1], channels), (*steps, by_tap, step))
        self._values = buffers.empty(self._taps.shape, dtype)
        self.matrix = self._values.reshape(self.block * positions, elements)

    def fill(self, x: Array) -> None:
        """Write the windows of at most one block of samples."""
        self._images[: len(x)] = x
        np.copyto(self._values[: len(x)], self._taps[: len(x)])

    def product(self, kernels: int) -> tuple[Array, Array]:
        """Zeros for one column of positions for each kernel, and a view of them as images (samples, kernels, ...)."""
        matrix = buffers.zeros((len(self.matrix), kernels), self.matrix.dtype)
        return matrix, matrix.reshape(self.block, *self._positions, kernels).transpose(0, 3, 1, 2)


def correlate(x: Array, kernels: Array, geometry: Geometry, out: Array) -> None:
    """out[n, k] = sum over c of x[n, c] correlated with kernels[k, c]."""
    count, _, height, width = kernels.shape
    windows = _Windows(x.shape, count, (height, width), geometry, x.dtype)
    matrix = np.ascontiguousarray(kernels.transpose(2, 3, 1, 0)).reshape(-1, count)
    product, images = windows.product(count)
    for start in range(0, len(x), windows.block):
        block = x[start : start + windows.block]
        windows.fill(block)
        np.matmul(windows.matrix, matrix, out=product)
        out[start : start + windows.block] = images[: len(block)]


def kernel_gradient(x: Array, g: Array, geometry: Geometry, size: Size) -> Array:
    """The gradient of the kernels of `correlate`, of a size, for the gradient g of its result."""
    windows = _Windows(x.shape, g.shape[1], size, geometry, x.dtype)
    gradient, images = windows.product(g.shape[1])
    total = np.zeros((windows.matrix.shape[1], g.shape[1]), x.dtype)
    for start in range(0, len(x), windows.block):
        part = g[start : start + windows.block]
        windows.fill(x[start : start + windows.block])
        images[: len(part)] = part
        # The windows of an earlier block are still there.
        images[len(part) :] = 0
        total += np.matmul(windows.matrix.T, gradient)
    return total.reshape(*size, x.shape[1], g.shape[1]).transpose(3, 2, 0, 1)
