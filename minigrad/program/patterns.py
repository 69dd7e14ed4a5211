"""Which call of NumPy gives this constant array, whose shape differs from recording to recording?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

# A function, its arguments, and its keyword arguments.
Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
Infer = Callable[..., Any]


class _Previous:
    def __repr__(self) -> str:
        return "PREVIOUS"


# Stands among the arguments of a call for what the call before it gave.
PREVIOUS: Any = _Previous()


def array_by_sizes(arrays: Sequence[Any], infer: Infer) -> list[Call] | None:
    """The calls that give the arrays of all recordings, each a call on what the one before it gave; None if unknown."""
    if len({array.dtype for array in arrays}) > 1 or len({array.ndim for array in arrays}) > 1:
        return None
    for attempt in (_filled, _counting, _two_valued, _evenly_spaced):
        found = attempt(arrays, infer)
        if found is not None:
            return found
    return None


def _number(numbers: Sequence[Any], infer: Infer) -> Any:
    """A number that all recordings share, or that depends on sizes; None if it does neither."""
    plain = [number.item() if isinstance(number, np.generic) else number for number in numbers]
    if all(number == plain[0] or (number != number and plain[0] != plain[0]) for number in plain):
        return plain[0]
    return infer(plain, rounding_of(numbers[0]))


def rounding_of(number: Any) -> float:
    """How far apart numbers may be that would be equal without rounding, as a share of them."""
    is_float = isinstance(number, np.floating) and number.dtype.itemsize < 8
    return 4.0 * float(np.finfo(number.dtype).eps) if is_float else 1e-13


def _shape(arrays: Sequence[Any], infer: Infer) -> tuple[Any, ...] | None:
    sizes = [_number(each, infer) for each in zip(*[array.shape for array in arrays], strict=True)]
    return None if None in sizes else tuple(sizes)


def _dtype(array: Any) -> dict[str, Any]:
    return {} if array.dtype == np.float64 else {"dtype": array.dtype}


def _filled(arrays: Sequence[Any], infer: Infer) -> list[Call] | None:
    if any(array.size == 0 or not _all_equal(array) for array in arrays):
        return None
    shape, value = _shape(arrays, infer), _number([array.flat[0] for array in arrays], infer)
    if shape is None or value is None:
        return None
    words = _dtype(arrays[0])
    given = shape[0] if len(shape) == 1 else shape
    if value == 0 and not isinstance(value, bool):
        return [(np.zeros, (given,), words)]
    if value == 1 and not isinstance(value, bool):
        return [(np.ones, (given,), words)]
    return [(np.full, (given, value), {} if isinstance(value, float) and not words else {"dtype": arrays[0].dtype})]


def _all_equal(array: Any) -> bool:
    first = array.flat[0]
    return bool(np.all(array == first) or (first != first and np.isnan(array).all()))


def _counting(arrays: Sequence[Any], infer: Infer) -> list[Call] | None:
    """``np.arange``, in one dimension or in more."""
    if arrays[0].dtype.kind not in "iuf" or any(array.size < 2 for array in arrays):
        return None
    starts: list[int] = []
    steps: list[int] = []
    for array in arrays:
        flat = array.reshape(-1)
        if not np.all(np.isfinite(flat[:2])) or flat[0] % 1 or flat[1] % 1:
            return None
        start, step = int(flat[0]), int(flat[1]) - int(flat[0])
        if not step or not np.array_equal(start + step * np.arange(flat.size), flat):
            return None
        starts.append(start)
        steps.append(step)
    start, step = _number(starts, infer), _number(steps, infer)
    ends = [start + step * array.size for start, step, array in zip(starts, steps, arrays, strict=True)]
    shape, end = _shape(arrays, infer), _number(ends, infer)
    if None in (start, step, end, shape):
        return None
    assert shape is not None
    words = {} if arrays[0].dtype == np.int64 else {"dtype": arrays[0].dtype}
    bounds = (end,) if start == 0 and step == 1 else (start, end) if step == 1 else (start, end, step)
    calls: list[Call] = [(np.arange, bounds, words)]
    if arrays[0].ndim != 1:
        calls.append((np.reshape, (PREVIOUS, shape), {}))
    return calls


def _two_valued(arrays: Sequence[Any], infer: Infer) -> list[Call] | None:
    """The identity, triangles, and arrays of two values arranged like these."""
    if arrays[0].ndim != 2 or arrays[0].dtype.kind not in "biuf":
        return None
    shape = _shape(arrays, infer)
    if shape is None:
        return None
    dtype = arrays[0].dtype
    inside, outside = [], []
    for mark, offsets in ((_diagonal, (0,)), (_lower, range(-2, 3))):
        for offset in offsets:
            masks = [mark(array.shape, offset) for array in arrays]
            if not all(_two(array, mask) for array, mask in zip(arrays, masks, strict=True)):
                continue
            inside = [array[mask][0] for array, mask in zip(arrays, masks, strict=True)]
            outside = [array[~mask][0] for array, mask in zip(arrays, masks, strict=True)]
            first, second = _number(inside, infer), _number(outside, infer)
            if first is None or second is None:
                continue
            function = np.eye if mark is _diagonal else np.tri
            args: tuple[Any, ...] = shape if shape[0] != shape[1] else shape[:1]
            words = {"k": offset} if offset else {}
            if first == 1 and second == 0:
                return [(function, args, words | _dtype(arrays[0]))]
            made: Call = (function, args, words | {"dtype": np.dtype(bool)})
            if dtype.kind == "b":
                return [made, (np.logical_not, (PREVIOUS,), {})]
            values = (first, second) if dtype == np.float64 else (dtype.type(first), dtype.type(second))
            return [made, (np.where, (PREVIOUS, *values), {})]
    return None


def _diagonal(shape: tuple[int, int], offset: int) -> Any:
    return np.eye(*shape, k=offset, dtype=bool)


def _lower(shape: tuple[int, int], offset: int) -> Any:
    return np.tri(*shape, k=offset, dtype=bool)


def _two(array: Any, mask: Any) -> bool:
    """Whether an array has one value where a mask is true, and one where it is false."""
    return bool(mask.any() and not mask.all() and _all_equal(array[mask]) and _all_equal(array[~mask]))


def _evenly_spaced(arrays: Sequence[Any], infer: Infer) -> list[Call] | None:
    """``np.linspace``."""
    if arrays[0].ndim != 1 or arrays[0].dtype != np.float64 or any(array.size < 3 for array in arrays):
        return None
    first, last = _number([a[0] for a in arrays], infer), _number([a[-1] for a in arrays], infer)
    count = _number([array.size for array in arrays], infer)
    if None in (first, last, count):
        return None
    if not all(np.array_equal(np.linspace(array[0], array[-1], array.size), array) for array in arrays):
        return None
    return [(np.linspace, (first, last, count), {})]
