"""Correlation by the columns of every window, channels first: the product of a matrix of kernels with them.

Chellapilla, Puri, Simard (2006), "High performance convolutional neural networks for document processing", section 3.
The columns of a few samples at a time are written into memory that stays in the processor's cache. With a stride of 1
a tap is a shift of the whole image, laid out in one row: copies are long, and the product has a few superfluous
elements where a window runs over the edge.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from minigrad.kernels import buffers
from minigrad.kernels.conv2d.geometry import Array, Geometry, Size, strided

# What the columns of one block and their product may take. Half of it or twice as much makes no difference to a single
# thread; with less, several threads wait for Python's lock more often.
BLOCK_BYTES = 1 << 19


def block_of_samples(samples: int, bytes_of_one: int) -> int:
    """How many samples to work on at a time."""
    return max(1, min(samples, BLOCK_BYTES // max(1, bytes_of_one)))


class Columns:
    """Room for the columns of a block of samples, of shape (channels, height, width, samples, positions).

    Attributes:
        matrix: the columns, one matrix for each group.
        taps: for each tap of a window the elements of the padded block that it meets, in the layout of the columns.
        image: the block without its zeros.
    """

    def __init__(
        self, images: tuple[int, ...], kernels: int, kernel: Size, geometry: Geometry, dtype: np.dtype[Any]
    ) -> None:
        samples, channels, *size = images
        (top, _), (left, _) = geometry.padding
        self.rows, self.columns = geometry.positions((size[0], size[1]), kernel)
        height, width = geometry.padded((size[0], size[1]))
        in_one_row = geometry.stride == (1, 1)
        self.row_length = width if in_one_row else self.columns
        self.positions = self.rows * self.row_length
        elements = channels * kernel[0] * kernel[1]
        self.block = block_of_samples(samples, (elements + kernels) * self.positions * dtype.itemsize)

        overrun = geometry.reach(kernel)[1] - 1 if in_one_row else 0
        self.padded = buffers.zeros((self.block, channels, height * width + overrun), dtype)
        plane = self.padded[:, :, : height * width].reshape(self.block, channels, height, width)
        self.image = plane[:, :, top : top + size[0], left : left + size[1]]
        by_sample, by_channel, step = self.padded.strides
        by_row = width * step
        if in_one_row:
            places, steps = [self.positions], [step]
        else:
            places = [self.rows, self.columns]
            steps = [geometry.stride[0] * by_row, geometry.stride[1] * step]
        shape = (channels, *kernel, self.block, *places)
        by_tap = (geometry.dilation[0] * by_row, geometry.dilation[1] * step)
        self.taps = strided(self.padded, shape, (by_channel, *by_tap, by_sample, *steps))
        self.values = buffers.empty(shape, dtype)
        groups = geometry.groups
        self.matrix = self.values.reshape(groups, elements // groups, self.block * self.positions)

    def fill(self, x: Array) -> None:
        """Write the columns of at most one block of samples."""
        count = len(x)
        self.image[:count] = x
        np.copyto(self.values[:, :, :, :count], self.taps[:, :, :, :count])

    def product(self, kernels: int, groups: int) -> tuple[Array, Array]:
        """Zeros for one row of positions for each kernel, and a view of them as images (samples, kernels, ...)."""
        matrix = buffers.zeros((groups, kernels // groups, self.block * self.positions), self.values.dtype)
        planes = matrix.reshape(kernels, self.block, self.rows, self.row_length)
        return matrix, planes[..., : self.columns].transpose(1, 0, 2, 3)

    def blocks(self, samples: int) -> Iterator[slice]:
        """The samples of one block after the other."""
        for start in range(0, samples, self.block):
            yield slice(start, min(start + self.block, samples))


def _by_group(kernels: Array, groups: int) -> Array:
    """One matrix of kernels for each group."""
    return kernels.reshape(groups, len(kernels) // groups, math.prod(kernels.shape[1:]))


def correlate(x: Array, kernels: Array, geometry: Geometry, out: Array) -> None:
    """out[n, k] = sum over c of x[n, c] correlated with kernels[k, c]."""
    columns = Columns(x.shape, len(kernels), (kernels.shape[2], kernels.shape[3]), geometry, x.dtype)
    matrix = _by_group(kernels, geometry.groups)
    product, images = columns.product(len(kernels), geometry.groups)
    for block in columns.blocks(len(x)):
        columns.fill(x[block])
        np.matmul(matrix, columns.matrix, out=product)
        out[block] = images[: len(out[block])]


def kernel_gradient(x: Array, g: Array, geometry: Geometry, size: Size) -> Array:
    """The gradient of the kernels of `correlate`, of a size, for the gradient g of its result."""
    count, groups = g.shape[1], geometry.groups
    columns = Columns(x.shape, count, size, geometry, x.dtype)
    gradient, images = columns.product(count, groups)
    across = gradient.transpose(0, 2, 1)
    total = np.zeros((groups, columns.matrix.shape[1], count // groups), x.dtype)
    for block in columns.blocks(len(x)):
        part = g[block]
        columns.fill(x[block])
        images[: len(part)] = part
        # The columns of an earlier block are still there.
        images[len(part) :] = 0
        # Up to twice as fast as the product of the gradient with the columns transposed.
        total += np.matmul(columns.matrix, across)
    return total.transpose(0, 2, 1).reshape(count, x.shape[1] // groups, *size)


def image_gradient(g: Array, kernels: Array, geometry: Geometry, out: Array) -> None:
    """The gradient of the images of `correlate`, for the gradient g of its result: columns added up where they lay."""
    columns = Columns(out.shape, len(kernels), (kernels.shape[2], kernels.shape[3]), geometry, g.dtype)
    gradient, images = columns.product(len(kernels), geometry.groups)
    matrix = _by_group(kernels, geometry.groups).transpose(0, 2, 1)
    for block in columns.blocks(len(g)):
        part = g[block]
        images[: len(part)] = part
        np.matmul(matrix, gradient, out=columns.matrix)
        columns.padded[...] = 0
        for row in range(kernels.shape[2]):
            for column in range(kernels.shape[3]):
                met = columns.taps[:, row, column]
                np.add(met, columns.values[:, row, column], out=met)
        out[block] = columns.image[: len(part)]
