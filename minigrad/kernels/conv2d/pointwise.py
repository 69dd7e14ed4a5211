"""Correlation with kernels of one tap: a product of two matrices for each sample, without any copy.

For no padding and no groups.
"""

from __future__ import annotations

import numpy as np

from minigrad.kernels.conv2d.geometry import Array, Geometry, Size


def _matrices(images: Array) -> Array:
    samples, channels, rows, columns = images.shape
    return images.reshape(samples, channels, rows * columns)


def _met(x: Array, geometry: Geometry) -> Array:
    """The elements of images that a tap meets."""
    return x[:, :, :: geometry.stride[0], :: geometry.stride[1]]


def correlate(x: Array, kernels: Array, geometry: Geometry, out: Array) -> None:
    """out[n, k] = sum over c of x[n, c] correlated with kernels[k, c]."""
    np.matmul(kernels[:, :, 0, 0], _matrices(_met(x, geometry)), out=_matrices(out))


def kernel_gradient(x: Array, g: Array, geometry: Geometry, size: Size) -> Array:
    """The gradient of the kernels of `correlate`, for the gradient g of its result."""
    products = np.matmul(_matrices(g), _matrices(_met(x, geometry)).transpose(0, 2, 1))
    total: Array = np.sum(products, axis=0)
    return total[:, :, np.newaxis, np.newaxis]


def image_gradient(g: Array, kernels: Array, geometry: Geometry, out: Array) -> None:
    """The gradient of the images of `correlate`, for the gradient g of its result."""
    product = np.matmul(kernels[:, :, 0, 0].T, _matrices(g)).reshape(len(g), kernels.shape[1], *g.shape[2:])
    if geometry.stride == (1, 1):
        out[...] = product
    else:
        out[...] = 0
        _met(out, geometry)[...] = product
