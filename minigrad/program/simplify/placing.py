"""When is no element put at one place twice, so that nothing has to be added up there?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.ops.manipulation.indexing import placed_at
from minigrad.program.ir import Instruction, Var
from minigrad.program.simplify.sweep import Sweep, instruction_like


def once(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``added_at(x, (np.arange(n), labels), shape)`` becomes ``placed_at``: every row is there once."""
    index = call.args[1] if len(call.args) == 3 and not call.kwargs else None
    if not isinstance(index, tuple):
        return None
    rows = next((part for part in index if _counts(sweep, part)), None)
    if rows is None or not all(_goes_with(part, rows) for part in index):
        return None
    return instruction_like(call, placed_at, *call.args)


def _counts(sweep: Sweep, part: Any) -> bool:
    """Whether a part of an index is 0, 1, 2, and so on."""
    made = sweep.maker(part, np.arange)
    return made is not None and len(made.args) == 1 and made.out.dtype == np.int64


def _goes_with(part: Any, rows: Var) -> bool:
    """Whether a part of an index lets the rows stay as they are: a slice, a position, or one position for each row."""
    if type(part) is Var:
        return part.shape == rows.shape and part.dtype is not None and part.dtype.kind in "iu"
    return type(part) is int or isinstance(part, slice)
