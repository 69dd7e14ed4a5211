"""Which instructions could be the same step of two copies?

Two instructions have one label if they call the same function in the same phase and give arrays of the same dtype and
number of axes, with constants that are the same. Values are left out, and so are numbers that may count: indices,
floats, and constant arrays of one shape.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from minigrad.engine.stand_ins import is_self_contained
from minigrad.program import ir
from minigrad.program.ir import Instruction, Size, Var
from minigrad.program.repeats.loop import Loop


def label(instruction: Instruction) -> Hashable:
    """What is equal for the same step of two copies."""
    out = instruction.out
    if isinstance(instruction.function, Loop):
        # What is a loop already stays outside.
        return instruction.out
    may_count = instruction.function is ir.item or is_self_contained(instruction.function)
    counts = may_count or isinstance(instruction.function, np.ufunc)
    return (
        instruction.function,
        instruction.phase,
        out.dtype,
        None if out.shape is None else len(out.shape),
        tuple([_of(part, counts) for part in instruction.args])
        if not isinstance(instruction.function, np.ufunc)
        # In the first copy, a number may stand where others have what the copy before gives.
        else len(instruction.args),
        tuple([(name, _of(instruction.kwargs[name], may_count)) for name in sorted(instruction.kwargs)]),
    )


class Labels:
    """Numbers that stand for labels."""

    def __init__(self) -> None:
        self._known: dict[Instruction, int] = {}
        self._numbers: dict[Hashable, int] = {}

    def __call__(self, instruction: Instruction) -> int:
        """The number of the label of an instruction."""
        found = self._known.get(instruction)
        if found is None:
            found = self._known[instruction] = self._numbers.setdefault(label(instruction), len(self._numbers))
        return found


def _of(part: Any, counts: bool) -> Hashable:
    kind = type(part)
    if kind is Var:
        return (Var, part.dtype, None if part.shape is None else len(part.shape))
    if kind is Size or (kind is int and counts):
        return int
    if kind is int or kind is str or kind is bool or part is None or part is Ellipsis:
        return (kind, part)
    if kind is tuple or kind is list:
        return (kind, tuple([_of(each, counts) for each in part]))
    if kind is dict:
        return tuple([(name, _of(part[name], counts)) for name in sorted(part)])
    if kind is slice:
        return (slice, _of(part.start, counts), _of(part.stop, counts), _of(part.step, counts))
    if kind is float or kind is complex or isinstance(part, np.generic):
        return (kind,)
    if kind is np.ndarray:
        return (part.dtype, part.shape)
    return (kind, part) if isinstance(part, Hashable) else (kind, id(part))
