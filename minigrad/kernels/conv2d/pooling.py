"""How are the windows of images reduced to one element each: down the rows first, and then across the columns?

A window of h by w elements takes h + w steps that way, not h * w, each on whole arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from minigrad.kernels import buffers
from minigrad.kernels.conv2d.geometry import Array, Size
from minigrad.kernels.masked import zeroed
from minigrad.kernels.threads import for_each_part

# A step of pooling takes about as long for an element as so many multiplications in a product of matrices.
_STEPS = 30
_BLOCK_BYTES = 1 << 20


def counts(image: tuple[int, ...], size: Size, stride: Size) -> Size:
    """How many windows there are, down and across."""
    return (image[0] - size[0]) // stride[0] + 1, (image[1] - size[1]) // stride[1] + 1


def _down(x: Array, size: Size, stride: Size) -> Iterator[Array]:
    """For each row of a window, the rows of images that it meets."""
    reach = stride[0] * (counts(x.shape[2:], size, stride)[0] - 1) + 1
    return (x[:, :, row : row + reach : stride[0]] for row in range(size[0]))


def _across(x: Array, size: Size, stride: Size) -> Iterator[Array]:
    """For each column of a window, the columns of images that it meets."""
    reach = stride[1] * ((x.shape[3] - size[1]) // stride[1]) + 1
    return (x[..., column : column + reach : stride[1]] for column in range(size[1]))


def _combined(combine: np.ufunc, parts: Iterator[Array]) -> Array:
    total: Array = next(parts)
    for position, part in enumerate(parts):
        total = combine(total, part) if position == 0 else combine(total, part, out=total)
    return total


def _clear(whole: Array, size: int, stride: int, count: int, length: int) -> bool:
    """Set an array to zero unless windows of a size will meet every element once; tell whether they do."""
    once = size == stride and size * count == length
    if not once:
        whole[...] = 0
    return once


def _add_attained(targets: Iterator[Array], shares: Array, attained: list[Array], once: bool) -> None:
    """Add shares to the elements that attained the maximum, in arrays that are still to be written to if `once`."""
    for target, mask in zip(targets, attained, strict=True):
        if once:
            zeroed(shares, mask, out=target)
        else:
            np.add(target, zeroed(shares, mask), out=target)


def _in_blocks(result: Callable[[slice, Array], None], x: Array, out: Array) -> Array:
    """`out`, filled in by ``result(samples, out[samples])`` for all samples, which several threads may do."""
    # What is made on the way should stay in the cache, and does not return to the system each time.
    block = max(1, _BLOCK_BYTES // max(1, x[:1].nbytes))

    def part(samples: slice) -> None:
        for start in range(samples.start, samples.stop, block):
            chosen = slice(start, min(start + block, samples.stop))
            result(chosen, out[chosen])

    for_each_part(part, len(x), _STEPS * x.size)
    return out


def _reduced(x: Array, size: Size, stride: Size) -> Array:
    """Room for one element for each window."""
    positions = counts(x.shape[2:], size, stride)
    if min(positions) < 1:
        raise ValueError(f"images of {x.shape[2:]} are smaller than a window of {size}")
    return buffers.empty((*x.shape[:2], *positions), x.dtype)


def maxima(x: Array, size: Size, stride: Size) -> Array:
    """The maximum of every window of images (N, C, H, W)."""

    def block(samples: slice, result: Array) -> None:
        rows = _combined(np.maximum, _down(x[samples], size, stride))
        result[...] = _combined(np.maximum, _across(rows, size, stride))

    return _in_blocks(block, x, _reduced(x, size, stride))


def to_maxima(shares: Array, x: Array, largest: Array, size: Size, stride: Size) -> Array:
    """Each share to the `largest` of its window of x; in equal parts to all elements that attain it."""

    def block(samples: slice, result: Array) -> None:
        images = x[samples]
        rows = _combined(np.maximum, _down(images, size, stride))
        attained_down = [part == rows for part in _down(images, size, stride)]
        attained_across = [part == largest[samples] for part in _across(rows, size, stride)]
        parts = shares[samples] / _ties(attained_down, attained_across, size, stride).astype(shares.dtype)
        by_row = buffers.empty(rows.shape, shares.dtype)
        once = _clear(by_row, size[1], stride[1], parts.shape[3], x.shape[3])
        _add_attained(_across(by_row, size, stride), parts, attained_across, once)
        once = _clear(result, size[0], stride[0], parts.shape[2], x.shape[2])
        _add_attained(_down(result, size, stride), by_row, attained_down, once)

    return _in_blocks(block, x, buffers.empty(x.shape, shares.dtype))


def from_maxima(values: Array, x: Array, largest: Array, size: Size, stride: Size) -> Array:
    """For each window the mean of the values where x attains the `largest` of the window."""
    rows = _combined(np.maximum, _down(x, size, stride))
    attained_down = [part == rows for part in _down(x, size, stride)]
    attained_across = [part == largest for part in _across(rows, size, stride)]
    down = _combined(np.add, (zeroed(p, a) for p, a in zip(_down(values, size, stride), attained_down, strict=True)))
    across = (zeroed(p, a) for p, a in zip(_across(down, size, stride), attained_across, strict=True))
    total = _combined(np.add, across)
    ties = _ties(attained_down, attained_across, size, stride)
    return total / ties.astype(values.dtype)  # type: ignore[no-any-return]


def _ties(attained_down: list[Array], attained_across: list[Array], size: Size, stride: Size) -> Array:
    """How many elements attain the maximum of each window; 1 where it is NaN, which nothing equals."""
    if size[0] * size[1] < 256:
        attained_down = [each.view(np.uint8) for each in attained_down]
        attained_across = [each.view(np.uint8) for each in attained_across]
    else:
        attained_down = [each.astype(np.int32) for each in attained_down]
    down = _combined(np.add, iter(attained_down))
    across = zip(_across(down, size, stride), attained_across, strict=True)
    ties = _combined(np.add, (part * attained for part, attained in across))
    np.maximum(ties, ties.dtype.type(1), out=ties)
    return ties


def means(x: Array, size: Size, stride: Size) -> Array:
    """The mean of every window of images (N, C, H, W), in their dtype; that of integers is a float."""
    if x.dtype.kind != "f":
        x = x.astype(float)
    # float16 cannot hold the sums of large windows.
    wide = np.result_type(x, np.float32)

    def block(samples: slice, result: Array) -> None:
        rows = _combined(np.add, _down(x[samples].astype(wide, copy=False), size, stride))
        result[...] = _combined(np.add, _across(rows, size, stride)) / (size[0] * size[1])

    return _in_blocks(block, x, _reduced(x, size, stride))


def to_windows(g: Array, image: Size, size: Size, stride: Size) -> Array:
    """Each element of g in equal shares to all elements of its window of images of a size."""

    def block(samples: slice, result: Array) -> None:
        shares = g[samples] / (size[0] * size[1])
        by_row = buffers.zeros((*shares.shape[:3], image[1]), g.dtype)
        for target in _across(by_row, size, stride):
            np.add(target, shares, out=target)
        result[...] = 0
        for target in _down(result, size, stride):
            np.add(target, by_row, out=target)

    return _in_blocks(block, g, buffers.empty((*g.shape[:2], *image), g.dtype))
