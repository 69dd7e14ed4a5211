"""Where do minus signs go, so that few are left?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.program.ir import Instruction, Var
from minigrad.program.simplify.shapes import is_plain
from minigrad.program.simplify.sweep import Sweep, instruction_like


def of_a_product(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``(-x) * y`` becomes ``-(x * y)``, and ``(-x) * (-y)`` becomes ``x * y``; also quotients and matrix products."""
    if len(call.args) != 2 or call.kwargs:
        return None
    first, second = call.args
    left, right = sweep.maker(first, np.negative), sweep.maker(second, np.negative)
    if left is not None and right is not None:
        return instruction_like(call, call.function, left.args[0], right.args[0])
    if left is not None and not sweep.is_shared(first):
        if is_plain(second) and call.function is np.multiply:
            return instruction_like(call, np.multiply, -second, left.args[0]) if _is_number(second) else None
        return _negated(sweep, call, left.args[0], second)
    if right is not None and not sweep.is_shared(second):
        if _is_number(first):
            return instruction_like(call, call.function, -first, right.args[0])
        return _negated(sweep, call, first, right.args[0])
    return None


def of_one(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``np.sum(-x)`` becomes ``-np.sum(x)``; also for functions that move elements."""
    inner = sweep.own(call.args[0], np.negative)
    if inner is None or "initial" in call.kwargs or call.out.dtype is None or call.out.dtype.kind != "f":
        return None
    return _negated(sweep, call, inner.args[0], *call.args[1:])


def _negated(sweep: Sweep, call: Instruction, *args: Any) -> Instruction:
    assert call.out.shape is not None
    value = sweep.call(call.function, *args, out_shape=call.out.shape, out_dtype=call.out.dtype, **call.kwargs)
    return instruction_like(call, np.negative, value)


def of_a_negative(sweep: Sweep, call: Instruction) -> Instruction | Var | None:
    """``-(-x)`` becomes ``x``, and ``-(2 * x)`` becomes ``-2 * x``."""
    inner = sweep.maker(call.args[0], np.negative)
    if inner is not None:
        found: Var = inner.args[0]
        return found
    product = sweep.own(call.args[0], np.multiply)
    if product is not None and _is_number(product.args[0]):
        return instruction_like(call, np.multiply, -product.args[0], product.args[1])
    quotient = sweep.own(call.args[0], np.divide)
    top = None if quotient is None else sweep.own(quotient.args[0], np.multiply)
    if quotient is not None and top is not None and _is_number(top.args[0]):
        value = _times(sweep, top, -top.args[0])
        return instruction_like(call, np.divide, value, quotient.args[1])
    return None


def of_a_sum(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``x + (-y)`` becomes ``x - y``, and ``x + -2 * y`` becomes ``x - 2 * y``."""
    first, second = call.args
    for kept, other in ((first, second), (second, first)):
        taken = _taken(sweep, other)
        if taken is not None:
            return instruction_like(call, np.subtract, kept, taken)
    return None


def of_a_difference(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``x - (-y)`` becomes ``x + y``, ``x - -2 * y`` is ``x + 2 * y``, and ``-x - 2 * y`` is ``-2 * y - x``."""
    first, second = call.args
    taken = _taken(sweep, second)
    if taken is not None:
        return instruction_like(call, np.add, first, taken)
    negative, product = sweep.own(first, np.negative), sweep.own(second, np.multiply)
    if negative is not None and product is not None and _is_number(product.args[0]):
        return instruction_like(call, np.subtract, _times(sweep, product, -product.args[0]), negative.args[0])
    return None


def _taken(sweep: Sweep, value: Any) -> Any:
    """What is subtracted where a value is added; None if it has no minus sign."""
    negative = sweep.maker(value, np.negative)
    if negative is not None:
        return negative.args[0]
    product = sweep.own(value, np.multiply)
    if product is not None and _is_number(product.args[0]) and product.args[0] < 0:
        return _times(sweep, product, -product.args[0])
    quotient = sweep.own(value, np.divide)
    top = None if quotient is None else sweep.own(quotient.args[0], np.multiply)
    if quotient is not None and top is not None and _is_number(top.args[0]) and top.args[0] < 0:
        assert quotient.out.shape is not None
        above = _times(sweep, top, -top.args[0])
        return sweep.call(
            np.divide, above, quotient.args[1], out_shape=quotient.out.shape, out_dtype=quotient.out.dtype
        )
    return None


def _times(sweep: Sweep, product: Instruction, number: Any) -> Any:
    """The product with another number."""
    value = product.args[1]
    if number == 1 and type(value) is Var and value.shape == product.out.shape and value.dtype == product.out.dtype:
        return value
    assert product.out.shape is not None
    return sweep.call(np.multiply, number, value, out_shape=product.out.shape, out_dtype=product.out.dtype)


def _is_number(part: Any) -> bool:
    return type(part) in (int, float)
