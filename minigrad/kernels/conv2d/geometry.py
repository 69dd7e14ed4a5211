"""Where do the windows of a correlation lie on an image?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.kernels import buffers

Array = NDArray[Any]
Size = tuple[int, int]
Margins = tuple[Size, Size]


@dataclass(frozen=True)
class Geometry:
    """Windows on an image of any size.

    Attributes:
        stride: the steps between windows, down and across.
        padding: rows of zeros above and below the image, columns of zeros left and right of it.
        dilation: the steps between the taps of a window, down and across.
        groups: so many parts, in order, of the channels of images and kernels that have nothing to do with each other.
    """

    stride: Size = (1, 1)
    padding: Margins = ((0, 0), (0, 0))
    dilation: Size = (1, 1)
    groups: int = 1

    def padded(self, image: Size) -> Size:
        """The size of an image with its zeros."""
        (top, bottom), (left, right) = self.padding
        return top + image[0] + bottom, left + image[1] + right

    def reach(self, kernel: Size) -> Size:
        """The size of a window from its first to its last tap."""
        return self.dilation[0] * (kernel[0] - 1) + 1, self.dilation[1] * (kernel[1] - 1) + 1

    def positions(self, image: Size, kernel: Size) -> Size:
        """How many windows there are, down and across; below 1 where none fits."""
        (rows, columns), (height, width) = self.padded(image), self.reach(kernel)
        return (rows - height) // self.stride[0] + 1, (columns - width) // self.stride[1] + 1

    def transposed(self, kernel: Size) -> Geometry:
        """The windows, for a stride of 1, on the gradient of the result, whose sums are the gradient of the image."""
        height, width = (size - 1 for size in self.reach(kernel))
        (top, bottom), (left, right) = self.padding
        margins = ((height - top, height - bottom), (width - left, width - right))
        return Geometry((1, 1), margins, self.dilation, self.groups)


def strided(array: Array, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """A view of a contiguous array from its first element on, in a twentieth of the time of ``as_strided``."""
    view: Array = np.ndarray(shape, array.dtype, array if array.size else None, 0, strides if array.size else None)
    return view


def padded(x: Array, geometry: Geometry) -> Array:
    """Images with their zeros."""
    (top, bottom), (left, right) = geometry.padding
    rows, columns = geometry.padded((x.shape[2], x.shape[3]))
    result = buffers.zeros((*x.shape[:2], rows, columns), x.dtype)
    result[:, :, top : rows - bottom, left : columns - right] = x
    return result
