"""How is an index written at which values are put, and when is nothing put there twice?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.ops.manipulation.indexing import placed_at
from minigrad.program.ir import Instruction, Var
from minigrad.program.simplify.sweep import Sweep, instruction_like
from minigrad.program.simplify.views import are_integers, plain_parts


def once(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``added_at(x, (np.arange(n), labels), shape)`` becomes ``placed_at``: every row is there once."""
    index = call.args[1] if len(call.args) == 3 and not call.kwargs else None
    if not isinstance(index, tuple):
        return None
    rows = next((part for part in index if _counts(sweep, part)), None)
    if rows is None or not all(_goes_with(part, rows) for part in index):
        return None
    return instruction_like(call, placed_at, *call.args)


def index_named(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``placed_at(x, (..., rows, 0), shape)`` becomes ``placed_at(x, (rows, 0), shape)`` for a matrix."""
    value, index, shape = call.args
    parts = None if call.out.shape is None else plain_parts(index, call.out.shape)
    if parts is None:
        return None
    found = parts[0] if len(parts) == 1 else parts
    is_there = type(found) is type(index) and found == index
    return None if is_there else instruction_like(call, call.function, value, found, shape)


def _counts(sweep: Sweep, part: Any) -> bool:
    """Whether a part of an index is 0, 1, 2, and so on."""
    made = sweep.maker(part, np.arange)
    return made is not None and len(made.args) == 1 and made.out.dtype == np.int64


def _goes_with(part: Any, rows: Var) -> bool:
    """Whether a part of an index lets the rows stay as they are: a slice, a position, or one position for each row."""
    if type(part) is Var:
        return part.shape == rows.shape and are_integers(part)
    return type(part) is int or isinstance(part, slice)
