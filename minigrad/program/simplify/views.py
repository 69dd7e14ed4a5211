"""Which reshapes, transposes and indices undo each other, or are one?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.program import ir
from minigrad.program.ir import Instruction, Shape, Size, Var
from minigrad.program.simplify.arguments import REDUCTIONS, only_adds_axes
from minigrad.program.simplify.identities import is_full
from minigrad.program.simplify.shapes import axes_of, is_same_size
from minigrad.program.simplify.sweep import Sweep, instruction_like

_FULL = slice(None)


def reshaped_twice(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``np.reshape(np.reshape(x, ...), shape)`` becomes ``np.reshape(x, shape)``."""
    if call.kwargs or len(call.args) != 2:
        return None
    inner = sweep.maker(call.args[0], np.reshape, np.ravel)
    # More arguments are another order of the elements.
    if inner is None or inner.kwargs or len(inner.args) != (2 if inner.function is np.reshape else 1):
        return None
    return instruction_like(call, np.reshape, inner.args[0], call.args[1])


def axis_added(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``np.expand_dims(x, 1)`` becomes ``x[:, None]``."""
    axis = call.args[1] if len(call.args) == 2 else call.kwargs.get("axis")
    shape = call.out.shape
    if type(axis) is not int or shape is None:
        return None
    axis %= len(shape)
    if axis <= 1:
        index: Any = (*[_FULL] * axis, None)
    elif axis == len(shape) - 1:
        index = (..., None)
    else:
        return None
    return instruction_like(call, ir.item, call.args[0], index)


def axes_put_in(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``np.reshape(x, (x.shape[0], 1))`` becomes ``x[:, None]``."""
    value, shape = call.args[0], call.out.shape
    if call.kwargs or type(value) is not Var or value.shape is None or shape is None:
        return None
    if len(shape) != len(value.shape) + 1 or not value.shape:
        return None
    axis = next((axis for axis, size in enumerate(value.shape) if shape[axis] != size), len(value.shape))
    if type(shape[axis]) is Size or shape[axis] != 1 or shape[axis + 1 :] != value.shape[axis:]:
        return None
    return axis_added(sweep, instruction_like(call, np.expand_dims, value, axis))


def axes_kept(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``np.sum(x, axis=1)[:, None]`` becomes ``np.sum(x, axis=1, keepdims=True)``."""
    value, index = call.args
    made = sweep.own(value, *REDUCTIONS)
    if made is None or len(made.args) != 1 or "keepdims" in made.kwargs or type(made.args[0]) is not Var:
        return None
    whole = made.args[0].shape
    if value.shape is None or whole is None or "axis" not in made.kwargs:
        return None
    if axes_added(index, len(value.shape)) != axes_of(made.kwargs["axis"], len(whole)):
        return None
    return instruction_like(call, made.function, *made.args, **made.kwargs, keepdims=True)


def index_named(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``x[(0,)]`` becomes ``x[0]``, ``x[0:n, :]`` becomes ``x[:n]``, and ``x[..., 0]`` of a matrix ``x[:, 0]``."""
    value, index = call.args
    if type(value) is not Var or value.shape is None:
        return None
    parts = plain_parts(index, value.shape)
    if parts is None:
        return None
    found = parts[0] if len(parts) == 1 else parts
    is_there = type(found) is type(index) and found == index
    return None if is_there else instruction_like(call, ir.item, value, found)


def plain_parts(index: Any, shape: Shape) -> tuple[Any, ...] | None:
    """An index of slices, integers and arrays of integers as people write it; None where it has other parts."""
    parts = list(index) if type(index) is tuple else [index]
    if not all(part is None or part is ... or type(part) in (int, slice) or are_integers(part) for part in parts):
        return None
    missing = len(shape) - sum(part is not None and part is not ... for part in parts)
    dots = [place for place, part in enumerate(parts) if part is ...]
    if dots and missing == 0 and 0 < dots[0] < len(parts) - 1 and any(are_integers(part) for part in parts):
        # Dots move the axes of integer arrays to the front, also where they stand for no axis.
        return None
    if dots and (missing <= 1 or dots[0] == len(parts) - 1):
        parts[dots[0] : dots[0] + 1] = [_FULL] * missing
        dots, missing = [], 0
    axis = 0
    for place, part in enumerate(parts):
        if part is ...:
            axis += missing
        elif part is not None:
            if type(part) is slice:
                parts[place] = _plain_slice(part, shape[axis])
            axis += 1
    while len(parts) > 1 and is_full(parts[-1]) and not dots:
        parts.pop()
    return tuple(parts)


def are_integers(part: Any) -> bool:
    """Whether a part of an index is an array of integers, which takes one axis, as no mask does for sure."""
    return type(part) is Var and part.dtype is not None and part.dtype.kind in "iu"


def _plain_slice(part: slice, size: int | Size) -> slice:
    """A slice without the bounds that change nothing."""
    step = None if type(part.step) is int and part.step == 1 else part.step
    if step is not None:
        return part
    start = None if type(part.start) is int and part.start == 0 else part.start
    return slice(start, None if part.stop is not None and is_same_size(part.stop, size) else part.stop)


def axes_added(index: Any, ndim: int) -> tuple[int, ...] | None:
    """Which axes of the result an index adds to a value, if it does nothing else."""
    if not only_adds_axes(index):
        return None
    parts = index if type(index) is tuple else (index,)
    taken = sum(type(part) is slice for part in parts)
    rest = [_FULL] * (ndim - taken)
    if any(part is ... for part in parts):
        position = next(place for place, part in enumerate(parts) if part is ...)
        parts = (*parts[:position], *rest, *parts[position + 1 :])
    else:
        parts = (*parts, *rest)
    return tuple(axis for axis, part in enumerate(parts) if part is None)


def _first_taken(index: Any, ndim: int) -> int | None:
    """The one axis of which an index takes the first element, if it takes everything of the others."""
    parts = index if type(index) is tuple else (index,)
    zeros = [place for place, part in enumerate(parts) if type(part) is int and part == 0]
    if len(zeros) != 1:
        return None
    others = [part for place, part in enumerate(parts) if place != zeros[0]]
    if not all(part is ... or (is_full(part)) for part in others):
        return None
    dots = [place for place, part in enumerate(parts) if part is ...]
    if dots and dots[0] < zeros[0]:
        return ndim - (len(parts) - zeros[0])
    return zeros[0]


def axis_taken_away(sweep: Sweep, call: Instruction) -> Var | None:
    """``x[:, None][:, 0]`` becomes ``x``."""
    value, index = call.args
    inner = sweep.maker(value, ir.item)
    if inner is None or type(inner.args[0]) is not Var or value.shape is None:
        return None
    within = inner.args[0]
    if within.shape is None:
        return None
    added, taken = axes_added(inner.args[1], len(within.shape)), _first_taken(index, len(value.shape))
    found: Var = within
    return found if added is not None and len(added) == 1 and taken == added[0] else None


def part_of_a_stack(sweep: Sweep, call: Instruction) -> Var | None:
    """``np.stack([x, y])[0]`` becomes ``x``."""
    value, index = call.args
    made = sweep.maker(value, np.stack)
    if made is None or len(made.args) != 1 or set(made.kwargs) - {"axis"} or value.shape is None:
        return None
    axis = made.kwargs.get("axis", 0) % len(value.shape)
    parts = index if type(index) is tuple else (index,)
    whole = [place for place, part in enumerate(parts) if type(part) is int]
    if len(whole) != 1:
        return None
    zeroed = tuple(0 if place == whole[0] else part for place, part in enumerate(parts))
    if _first_taken(zeroed, len(value.shape)) != axis:
        return None
    found = made.args[0][parts[whole[0]]]
    is_same = type(found) is Var and found.shape == call.out.shape and found.dtype == call.out.dtype
    return found if is_same else None


def axis_later(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``2 * x[:, None]`` becomes ``(2 * x)[:, None]``, where the axis may be found to be of no use."""
    values = [part for part in call.args if type(part) is Var]
    if len(values) != 1 or any(isinstance(part, np.ndarray) for part in call.args):
        return None
    inner = sweep.own(values[0], ir.item)
    if inner is None or type(inner.args[0]) is not Var or not only_adds_axes(inner.args[1]):
        return None
    within = inner.args[0]
    assert within.shape is not None
    args = [within if part is values[0] else part for part in call.args]
    value = sweep.call(call.function, *args, out_shape=within.shape, out_dtype=call.out.dtype)
    return instruction_like(call, ir.item, value, inner.args[1])
