"""Until when is a value needed, and which values may lie in the same memory?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.engine.stand_ins import is_self_contained
from minigrad.program import ir
from minigrad.program.ir import Instruction, Var
from minigrad.program.simplify.keys import values_in

# What gives an array of its own, whatever it is given.
_FRESH = {
    np.sum, np.mean, np.prod, np.max, np.min, np.any, np.all, np.argmax, np.argmin, np.argsort, np.sort, np.where,
    np.concatenate, np.stack, np.outer, np.dot, np.cumsum, np.cumprod, np.copy, np.take_along_axis, ir.draw, ir.guard,
    ir.look, np.linalg.solve, np.linalg.inv, np.linalg.cholesky, np.linalg.det,
}  # fmt: skip
# What shares the memory of its first argument.
_VIEWS = {np.transpose, np.swapaxes, np.moveaxis, np.reshape, np.ravel, np.squeeze, np.expand_dims, np.broadcast_to}


class Lifetimes:
    """For the values of some code, the last instruction that needs the memory that each lies in.

    Args:
        code: the instructions.
        kept: values that are needed after all of them.
    """

    def __init__(self, code: Sequence[Instruction], kept: Sequence[Any]) -> None:
        # The values in whose memory a value may lie: itself, or those that it is a view of.
        self._roots: dict[Var, frozenset[Var]] = {}
        self.last: dict[Var, int] = {}
        for number, instruction in enumerate(code):
            used = values_in(instruction)
            for var in used:
                self._note(var, number)
            out = instruction.out
            if gives_own_memory(instruction):
                self._roots[out] = frozenset([out])
            else:
                self._roots[out] = frozenset([out]).union(*[self.roots(var) for var in used])
        for var in kept:
            if type(var) is Var:
                self._note(var, len(code))

    def _note(self, var: Var, number: int) -> None:
        for root in self.roots(var):
            self.last[root] = number

    def roots(self, var: Var) -> frozenset[Var]:
        """The values in whose memory this one may lie."""
        return self._roots.get(var, frozenset([var]))

    def ends(self, var: Var, number: int) -> bool:
        """Whether nobody needs the memory of a value after an instruction."""
        return self.last.get(var, -1) <= number


def gives_own_memory(instruction: Instruction) -> bool:
    """Whether the result of a call surely shares no memory with its arguments."""
    function = instruction.function
    if isinstance(function, np.ufunc) or function in _FRESH:
        return True
    if getattr(function, "__name__", "") in ("reduce", "accumulate", "outer") and isinstance(
        getattr(function, "__self__", None), np.ufunc
    ):
        return True
    if function is ir.item:
        return not is_view(instruction)
    return is_self_contained(function) or getattr(function, "is_in_place", False)


def is_view(instruction: Instruction) -> bool:
    """Whether the result of a call lies in the memory of its first argument, or may do so."""
    if instruction.function is ir.item:
        index = instruction.args[1]
        parts = index if isinstance(index, tuple) else (index,)
        return not any(isinstance(part, (Var, np.ndarray, list)) for part in parts)
    return instruction.function in _VIEWS
