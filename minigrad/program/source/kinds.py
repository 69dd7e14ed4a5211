"""Where does it matter whether a number is NumPy's or Python's, and what may be written as a plain number?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from minigrad.program.ir import Instruction, Size, Var
from minigrad.program.simplify.shapes import is_elementwise

_FLOAT = np.dtype(np.float64)
_ARITHMETIC = {np.add, np.subtract, np.multiply, np.divide, np.floor_divide, np.negative}


def weak_values(code: Sequence[Instruction], outputs: Collection[Var]) -> set[Var]:
    """The values that are computed from numbers of Python and may be such, because nothing sees the difference.

    NumPy makes scalars of float64 of them, which turn arrays of float32 into float64, as numbers of Python do not.
    """
    candidates: set[Var] = set()
    users: dict[Var, list[Instruction]] = {}
    for instruction in code:
        if (
            instruction.function in _ARITHMETIC
            and not instruction.kwargs
            and all(
                type(part) in (int, float, Size) or part in candidates for part in instruction.args if _hashable(part)
            )
            and all(_hashable(part) for part in instruction.args)
        ):
            candidates.add(instruction.out)
        for var in instruction.uses():
            if var in candidates:
                users.setdefault(var, []).append(instruction)
    found: set[Var] = set()
    for instruction in reversed(code):
        var = instruction.out
        if var in candidates and var not in outputs and all(_is_blind(each, var, found) for each in users.get(var, ())):
            found.add(var)
    return found


def _hashable(part: Any) -> bool:
    return type(part) in (int, float, Size, Var)


def _is_blind(user: Instruction, var: Var, weak: set[Var]) -> bool:
    if user.out in weak:
        return True
    others = [part for part in user.args if type(part) is Var and part is not var]
    return (
        is_elementwise(user)
        and isinstance(user.function, np.ufunc)
        and user.out.dtype == _FLOAT
        and any(part.dtype == _FLOAT and part not in weak and part.shape != () for part in others)
    )


def plain_numbers(instruction: Instruction) -> tuple[Any, ...]:
    """The arguments, with numbers of Python for NumPy's where an array beside them has the same dtype."""
    args = instruction.args
    if not is_elementwise(instruction):
        return args
    kinds = {part.dtype for part in args if type(part) is Var}
    return tuple(
        [
            part.item() if isinstance(part, np.generic) and part.dtype in kinds and part.dtype.kind in "fib" else part
            for part in args
        ]
    )
