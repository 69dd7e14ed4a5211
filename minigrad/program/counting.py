"""Which functions give as many elements as values say, such as x[x > 0]?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from minigrad.program import ir
from minigrad.program.ir import Instruction, Var

# Along their first axis.
_COUNTING = {
    np.flatnonzero,
    np.argwhere,
    np.unique,
    np.extract,
    np.trim_zeros,
    np.union1d,
    np.intersect1d,
    np.setdiff1d,
    np.setxor1d,
    np.unique_values,
}


def chosen_by_values(instruction: Instruction, made: Mapping[Var, Instruction]) -> int | None:
    """The axis of the result whose size depends on values; None without one.

    Args:
        instruction: what gives the result.
        made: the instruction that makes each value, of those before.
    """
    function, args = instruction.function, instruction.args
    if function is ir.pick:
        whole = made.get(args[0])
        # Where an array is not 0, and what is different in it, with positions and counts.
        return 0 if whole is not None and whole.function in (np.nonzero, np.where, np.unique) else None
    if not any(isinstance(arg, Var) for arg in args[:1]) and function is not ir.item:
        # A constant condition counts the same every time.
        return None
    if function in _COUNTING:
        return 0
    if function is np.compress:
        axis = instruction.kwargs.get("axis", args[2] if len(args) > 2 else None)
        return 0 if axis is None else int(axis)
    return _masked(args[1]) if function is ir.item else None


# Where a shape stands among the arguments of what repeats, arranges or places elements.
_SHAPES = {np.broadcast_to: 1, np.reshape: 1, np.zeros: 0, np.ones: 0, np.full: 0, "placed_at": 2, "added_at": 2}


def takes_for_granted(instruction: Instruction, counts: Collection[int]) -> int | None:
    """A number in a shape that may be one of these counts, which were the same in all recordings; None without one.

    Counts depend on values, and others would give others.
    """
    function = instruction.function
    position = _SHAPES.get(function, _SHAPES.get(getattr(function, "__name__", "")))
    if position is None or position >= len(instruction.args):
        return None
    shape = instruction.args[position]
    numbers = shape if isinstance(shape, tuple) else (shape,)
    return next((number for number in numbers if type(number) is int and number in counts), None)


def _masked(index: Any) -> int | None:
    """The axis along which the elements are that a mask chooses."""
    parts = index if isinstance(index, tuple) else (index,)
    if not any(isinstance(part, Var) and part.dtype == np.bool_ for part in parts):
        return None
    axis = 0
    for part in parts:
        if isinstance(part, (Var, np.ndarray)):
            return axis
        axis += not isinstance(part, int)
    return axis
