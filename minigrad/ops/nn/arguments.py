"""What may convolution and pooling be given, and where do their windows lie then?"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from minigrad.kernels.conv2d.geometry import Geometry, Margins, Size

Pair = int | tuple[int, int]
Padding = str | int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]


def check_ranks(images: tuple[int, ...], other: tuple[int, ...], form: str) -> None:
    """Raise ValueError for anything but two arrays of four dimensions, the second of some form."""
    if len(images) != 4 or len(other) != 4:
        raise ValueError(f"images are (N, C, H, W) and {form}; got {images} and {other}")


def check_channels(channels: int, kernels: Sequence[int], groups: int) -> None:
    """Raise ValueError for channels that kernels of a shape do not take."""
    if channels % groups or kernels[0] % groups:
        raise ValueError(f"{channels} channels and {kernels[0]} kernels are not divisible into {groups} groups")
    if channels != kernels[1] * groups:
        expected = f"{kernels[1]}" if groups == 1 else f"{groups} groups of {kernels[1]}"
        raise ValueError(f"images have {channels} channels, kernels of shape {tuple(kernels)} expect {expected}")


def check_maps(found: Sequence[int], expected: Sequence[int]) -> None:
    """Raise ValueError for maps whose shape, but for the samples, is not the expected one."""
    if tuple(found[1:]) != tuple(expected):
        raise ValueError(f"maps have shape (N, {', '.join(map(str, expected))}) here, not {tuple(found)}")


def checked_geometry(
    image: Sequence[int], kernel: Sequence[int], stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Geometry:
    """Where the windows lie.

    Raises:
        ValueError: for arguments that do not say so, or if there are no windows.
    """
    # The cache tells 1 from 1.0 and from True, but not in a tuple, and cannot look for lists.
    if type(stride) is not int:
        stride = pair(stride, "stride")
    if type(dilation) is not int:
        dilation = pair(dilation, "dilation")
    if type(padding) not in (int, str):
        padding = checked_padding(padding, "padding")
    return _geometry(tuple(image), tuple(kernel), stride, padding, dilation, groups)


# A network asks for the same few again and again.
@functools.lru_cache(maxsize=256, typed=True)
def _geometry(
    image: tuple[int, ...], kernel: tuple[int, ...], stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Geometry:
    if not is_integer(groups) or groups < 1:
        raise ValueError(f"groups must be an integer of at least 1; got {groups!r}")
    size, taps = (image[0], image[1]), (kernel[0], kernel[1])
    unpadded = Geometry(pair(stride, "stride"), ((0, 0), (0, 0)), pair(dilation, "dilation"), int(groups))
    reach = unpadded.reach(taps)
    geometry = replace(unpadded, padding=margins(size, reach, unpadded.stride, padding))
    if min(taps) < 1:
        raise ValueError(f"a window of {taps} has no elements")
    if min(geometry.positions(size, taps)) < 1:
        with_zeros = f" padded to {geometry.padded(size)}" if geometry.padded(size) != size else ""
        spread = "" if reach == taps else f" spread over {reach}"
        raise ValueError(f"images of {size}{with_zeros} are smaller than a window of {taps}{spread}")
    return geometry


def margins(image: Size, reach: Size, stride: Size, padding: Padding) -> Margins:
    """How much goes before and after the rows and the columns of an image, for windows that reach so far."""
    checked = checked_padding(padding, "padding")
    if not isinstance(checked, str):
        return checked
    if checked == "valid":
        return (0, 0), (0, 0)
    rows, columns = (
        max((-(-size // step) - 1) * step + length - size, 0)
        for size, step, length in zip(image, stride, reach, strict=True)
    )
    return (rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2)


def checked_padding(padding: Padding, what: str) -> str | Margins:
    """ "valid", "same", or zeros above and below, left and right.

    Raises:
        ValueError: for anything that does not say so.
    """
    if isinstance(padding, str):
        if padding not in ("valid", "same"):
            forms = "'valid', 'same', a number, (rows, columns) or ((above, below), (left, right))"
            raise ValueError(f"{what} is {forms}, not {padding!r}")
        return padding
    if isinstance(padding, (tuple, list)) and len(padding) == 2 and any(isinstance(p, (tuple, list)) for p in padding):
        down, across = padding
        return pair(down, f"{what} above and below", least=0), pair(across, f"{what} left and right", least=0)
    above, left = pair(padding, what, least=0)  # type: ignore[arg-type]  # only a number or two are left
    return (above, above), (left, left)


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
