"""Where is a product or a quotient already there, if factors are taken in another order?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.program.ir import Instruction, Var
from minigrad.program.simplify.sweep import Sweep, instruction_like


def of_a_quotient(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``a * b / c`` becomes ``(a / c) * b`` where ``a / c`` is there."""
    above, below = call.args
    made = sweep.own(above, np.multiply)
    if made is None or not _is_float(call):
        return None
    first, second = made.args
    return _oldest(sweep, call, [(np.divide, first, below, second), (np.divide, second, below, first)])


def of_a_product(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``(a / c) * b`` becomes ``a * (b / c)`` where ``b / c`` is there, and ``(a * b) * c`` becomes ``a * (b * c)``."""
    if not _is_float(call):
        return None
    for product, other in (call.args, call.args[::-1]):
        made = sweep.own(product, np.divide, np.multiply)
        if made is None:
            continue
        first, second = made.args
        if made.function is np.divide:
            found = _oldest(sweep, call, [(np.divide, other, second, first)])
        else:
            found = _oldest(sweep, call, [(np.multiply, first, other, second), (np.multiply, second, other, first)])
        if found is not None:
            return found
    return None


def into_a_sum(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``np.sum(x * y) * c`` becomes ``np.sum(x * (c * y))`` where ``c * y`` is there, and c one number."""
    if not _is_float(call):
        return None
    for total, factor in (call.args, call.args[::-1]):
        summed = sweep.own(total, np.sum)
        if summed is None or type(factor) is not Var or factor.shape != () or len(summed.args) != 1:
            continue
        made = sweep.own(summed.args[0], np.multiply)
        if made is None or made.out.shape is None or set(summed.kwargs) - {"axis", "keepdims"}:
            continue
        products = [
            (_known(sweep, call, np.multiply, taken, factor), left) for taken, left in (made.args, made.args[::-1])
        ]
        there = [(known, left) for known, left in products if known is not None]
        if there:
            known, left = min(there, key=_age)
            sweep.use(known)
            value = sweep.call(np.multiply, left, known, out_shape=made.out.shape, out_dtype=made.out.dtype)
            return instruction_like(call, np.sum, value, **summed.kwargs)
    return None


def _oldest(sweep: Sweep, call: Instruction, choices: Sequence[tuple[Any, Any, Any, Any]]) -> Instruction | None:
    """The product with what was made first, of calls of two arguments with the factor that is left."""
    found = [(_known(sweep, call, *choice[:3]), choice[3]) for choice in choices]
    # What has no line of its own yet is rather computed where it is needed: that reads better than one more name.
    there = [(known, left) for known, left in found if known is not None and sweep.has_a_line(known)]
    if not there:
        return None
    known, left = min(there, key=_age)
    sweep.use(known)
    return instruction_like(call, np.multiply, left, known)


def _age(found: tuple[Var, Any]) -> int:
    return found[0].number


def _known(sweep: Sweep, call: Instruction, function: Any, first: Any, second: Any) -> Var | None:
    """The value of a call that was made before, of two values and in the same dtype."""
    if type(first) is not Var or type(second) is not Var:
        return None
    found = sweep.known(function, first, second)
    return found if found is not None and found.dtype == call.out.dtype else None


def _is_float(call: Instruction) -> bool:
    return call.out.dtype is not None and call.out.dtype.kind == "f"
