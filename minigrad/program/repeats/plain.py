"""How are copies made more alike before they are compared?

Calls that give what they are given are there in some copies and missing in others: an engine makes a gradient as large
as its value where it may not be, and hands results out as copies. Zeros that a recurrence starts with are constants,
which NumPy transposes before anything is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import numpy as np

from minigrad.program import ir
from minigrad.program.ir import Instruction, Var, mapped_atoms
from minigrad.program.simplify.keys import constant_key
from minigrad.program.simplify.shapes import has_own_axis

_SAME: set[Callable[..., Any]] = {np.positive, np.copy, np.reshape, np.broadcast_to, ir.astype}


def plain(code: Sequence[Instruction], inputs: Iterable[Var]) -> tuple[list[Instruction], dict[Var, Var]]:
    """Instructions that do the same, and for values that they do not give any more those that are the same."""
    alias: dict[Var, Var] = {}
    kept: list[Instruction] = []
    given = set(inputs)
    zeros: dict[Hashable, Var] = {}

    def own(part: Any) -> Any:
        return alias.get(part, part) if type(part) is Var else part

    for each in code:
        function, out = each.function, each.out
        args, kwargs = mapped_atoms((each.args, each.kwargs), own)
        if function in _SAME and args and type(args[0]) is Var and args[0] not in given and _alike(args[0], out):
            alias[out] = args[0]
            continue
        if function is np.zeros:
            shape = tuple(out.shape or ())
            known, turned = (
                zeros.get(constant_key((shape, out.dtype))),
                zeros.get(constant_key((shape[::-1], out.dtype))),
            )
            if known is not None:
                alias[out] = known
                continue
            if turned is not None:
                function, args, kwargs = np.transpose, (turned,), {}
            else:
                zeros[constant_key((shape, out.dtype))] = out
        kept.append(Instruction(function, args, kwargs, out, each.where, each.phase, each.scope))
    return kept, alias


def _alike(value: Var, out: Var) -> bool:
    return value.shape == out.shape and value.dtype == out.dtype and not has_own_axis(out)
