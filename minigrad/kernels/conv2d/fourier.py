"""Correlation by the convolution theorem: a product for every frequency.

Mathieu, Henaff, LeCun (2014), "Fast training of convolutional networks through FFTs", arXiv:1312.5851, section 2. The
cost hardly depends on the size of the kernels. For a stride and dilation of 1 and no groups. Rounding errors are those
of the largest elements of an image, everywhere in it.
"""

from __future__ import annotations

import numpy as np
import scipy

from minigrad.kernels.conv2d.geometry import Array, Geometry, Size, padded


def _lengths(image: Size, geometry: Geometry) -> Size:
    """The size of the transforms: that of padded images, or a little more where that has large prime factors."""
    height, width = geometry.padded(image)
    return scipy.fft.next_fast_len(height), scipy.fft.next_fast_len(width, real=True)


def _spectra(images: Array, lengths: Size, *, transposed: bool = False) -> Array:
    """The transforms of (A, B, H, W), by frequency: (rows, columns, A, B), or (rows, columns, B, A)."""
    by_column = scipy.fft.rfft(images, lengths[1], axis=3)
    # The second transform is faster along the first axis, where it can work on many lines at once.
    by_frequency = np.ascontiguousarray(
        by_column.transpose(2, 3, 1, 0) if transposed else by_column.transpose(2, 3, 0, 1)
    )
    return scipy.fft.fft(by_frequency, lengths[0], axis=0, overwrite_x=True)  # type: ignore[no-any-return]


def _images(spectra: Array, lengths: Size, start: Size, size: Size) -> Array:
    """The part of some size, from a start on, of the images that have these spectra."""
    rows = scipy.fft.ifft(spectra, axis=0, overwrite_x=True)[start[0] : start[0] + size[0]]
    by_column = np.ascontiguousarray(rows.transpose(2, 3, 0, 1))
    return scipy.fft.irfft(by_column, lengths[1], axis=3)[..., start[1] : start[1] + size[1]]  # type: ignore[no-any-return]


def correlate(x: Array, kernels: Array, geometry: Geometry, out: Array) -> None:
    """out[n, k] = sum over c of x[n, c] correlated with kernels[k, c]."""
    lengths = _lengths((x.shape[2], x.shape[3]), geometry)
    of_kernels = _spectra(kernels, lengths, transposed=True)
    np.conjugate(of_kernels, out=of_kernels)
    product = np.matmul(_spectra(padded(x, geometry), lengths), of_kernels)
    out[...] = _images(product, lengths, (0, 0), (out.shape[2], out.shape[3]))


def kernel_gradient(x: Array, g: Array, geometry: Geometry, size: Size) -> Array:
    """The gradient of the kernels of `correlate`, of a size, for the gradient g of its result."""
    lengths = _lengths((x.shape[2], x.shape[3]), geometry)
    of_gradient = _spectra(g, lengths, transposed=True)
    np.conjugate(of_gradient, out=of_gradient)
    return _images(np.matmul(of_gradient, _spectra(padded(x, geometry), lengths)), lengths, (0, 0), size)


def image_gradient(g: Array, kernels: Array, geometry: Geometry, out: Array) -> None:
    """The gradient of the images of `correlate`, for the gradient g of its result."""
    lengths = _lengths((out.shape[2], out.shape[3]), geometry)
    (top, _), (left, _) = geometry.padding
    product = np.matmul(_spectra(g, lengths), _spectra(kernels, lengths))
    out[...] = _images(product, lengths, (top, left), (out.shape[2], out.shape[3]))
