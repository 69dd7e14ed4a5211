"""Which calls give what they are given?"""

from __future__ import annotations

from minigrad.program import ir
from minigrad.program.ir import Instruction, Var
from minigrad.program.simplify.shapes import is_number
from minigrad.program.simplify.sweep import Sweep


def same(sweep: Sweep, call: Instruction) -> Var | None:
    """``+x``, ``np.copy(x)``, a reshape to the shape that is there, a conversion to the dtype that is there."""
    return _if_same(call, call.args[0])


def real(sweep: Sweep, call: Instruction) -> Var | None:
    """The conjugate, or the real part, of real numbers."""
    value = call.args[0]
    return _if_same(call, value) if type(value) is Var and value.dtype is not None and value.dtype.kind == "f" else None


def whole(sweep: Sweep, call: Instruction) -> Var | None:
    """``x[...]``, ``x[:, :]`` and ``x[()]``."""
    index = call.args[1]
    parts = index if type(index) is tuple else (index,)
    return _if_same(call, call.args[0]) if all(part is ... or is_full(part) for part in parts) else None


def plus_zero(sweep: Sweep, call: Instruction) -> Var | None:
    """``x + 0``."""
    first, second = call.args
    if is_exactly(second, 0):
        return _if_same(call, first)
    return _if_same(call, second) if is_exactly(first, 0) else None


def minus_zero(sweep: Sweep, call: Instruction) -> Var | None:
    """``x - 0``."""
    return _if_same(call, call.args[0]) if is_exactly(call.args[1], 0) else None


def times_one(sweep: Sweep, call: Instruction) -> Var | None:
    """``1 * x`` and ``x * 1``."""
    first, second = call.args
    if is_exactly(first, 1):
        return _if_same(call, second)
    return _if_same(call, first) if is_exactly(second, 1) else None


def over_one(sweep: Sweep, call: Instruction) -> Var | None:
    """``x / 1`` and ``x ** 1``."""
    return _if_same(call, call.args[0]) if is_exactly(call.args[1], 1) else None


def is_exactly(part: object, number: float) -> bool:
    """Whether an argument is this number."""
    return is_number(part) and type(part) is not ir.Size and bool(part == number)


def is_full(part: object) -> bool:
    """Whether a part of an index is ``:``."""
    return type(part) is slice and part == slice(None)


def _if_same(call: Instruction, value: object) -> Var | None:
    if type(value) is not Var:
        return None
    return value if value.shape == call.out.shape and value.dtype == call.out.dtype else None
