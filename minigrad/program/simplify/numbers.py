"""How do numbers that stand beside each other become one, and where do they stand?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.program.ir import Instruction, Size, Var
from minigrad.program.simplify.arguments import filled_with, number_of_sizes
from minigrad.program.simplify.identities import is_exactly
from minigrad.program.simplify.shapes import is_fraction, is_number, is_plain
from minigrad.program.simplify.sweep import Sweep, instruction_like

# Beyond these, a product of two numbers may overflow where the values themselves would not.
_LARGEST = 1e6


def number_first(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``x * 2`` becomes ``2 * x``."""
    first, second = call.args
    if is_number(second) and not is_number(first):
        return instruction_like(call, np.multiply, second, first)
    return None


def numbers_joined(sweep: Sweep, call: Instruction) -> Instruction | Var | None:
    """``2 * (3 * x)`` becomes ``6 * x``, and ``2 * (3 * x / y)`` becomes ``6 * x / y``."""
    number, value = call.args
    if not is_plain(number) or not _is_float(call):
        return None
    inner = sweep.maker(value, np.multiply)
    if inner is not None and is_plain(inner.args[0]):
        joined = times(number, inner.args[0])
        if joined is not None and (not sweep.is_shared(value) or is_exactly(joined, 1)):
            return _scaled(call, joined, inner.args[1])
    quotient = sweep.own(value, np.divide)
    if quotient is not None and not is_number(quotient.args[0]):
        top = sweep.own(quotient.args[0], np.multiply)
        joined = times(number, top.args[0]) if top is not None and is_plain(top.args[0]) else None
        if top is not None and joined is not None and top.args[1].dtype == top.out.dtype:
            return instruction_like(call, np.divide, _multiplied(sweep, top, joined), quotient.args[1])
    return None


def _multiplied(sweep: Sweep, product: Instruction, number: Any) -> Any:
    """A product with another number."""
    value = product.args[1]
    if is_exactly(number, 1):
        return value
    assert product.out.shape is not None
    if is_exactly(number, -1):
        return sweep.call(np.negative, value, out_shape=product.out.shape, out_dtype=product.out.dtype)
    return sweep.call(np.multiply, number, value, out_shape=product.out.shape, out_dtype=product.out.dtype)


def _scaled(call: Instruction, number: Any, value: Any) -> Instruction:
    return instruction_like(call, np.multiply, number, value)


def negative_one(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``-1 * x`` becomes ``-x``."""
    number, value = call.args
    if is_exactly(number, -1) and type(value) is Var and value.dtype == call.out.dtype:
        return instruction_like(call, np.negative, value)
    return None


def filled_negative(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``-np.full(shape, 2.0)`` becomes ``np.full(shape, -2.0)``."""
    made = sweep.own(call.args[0], np.full)
    number = None if made is None else filled_with(made)
    negative = None if number is None or type(number) is Var else times(-1.0, number)
    return (
        None
        if made is None or negative is None
        else instruction_like(call, np.full, made.args[0], negative, **made.kwargs)
    )


def filled(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``np.broadcast_to(1.0 / x.size, shape)`` becomes ``np.full(shape, 1.0 / x.size)``."""
    made = sweep.maker(call.args[0])
    number = None if made is None else number_of_sizes(made)
    if number is None or len(call.args) != 2 or call.out.dtype != np.float64:
        return None
    if type(number) is int or (type(number) is Size and not is_fraction(number)):
        return None
    return instruction_like(call, np.full, call.args[1], number)


def square(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``x * x`` becomes ``x**2``."""
    first, second = call.args
    return instruction_like(call, np.power, first, 2) if first is second and _is_float(call) else None


def squared(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``np.square(x)`` becomes ``x**2``."""
    return instruction_like(call, np.power, call.args[0], 2) if _is_float(call) else None


def whole_power(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``x**2.0`` becomes ``x**2``."""
    value, power = call.args
    if type(power) is float and power == 2.0 and _is_float(call) and type(value) is Var:
        return instruction_like(call, np.power, value, 2)
    return None


def doubled(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``x + x`` becomes ``2.0 * x``."""
    first, second = call.args
    return instruction_like(call, np.multiply, 2.0, first) if first is second and _is_float(call) else None


def _is_float(call: Instruction) -> bool:
    return call.out.dtype is not None and call.out.dtype.kind == "f"


def times(number: Any, other: Any) -> Any:
    """The product of two numbers, one of which may depend on sizes; None where it is better not computed."""
    if type(number) is not Size and type(other) is not Size:
        if not (_is_moderate(number) and _is_moderate(other)):
            return None
        return number * other
    if type(number) is Size and type(other) is Size:
        return None
    size, plain = (number, other) if type(number) is Size else (other, number)
    if not _is_moderate(plain) or not is_fraction(size):
        return None
    if size.operator in ("*", "/") and type(size.parts[0]) is not Size:
        joined = times(plain, size.parts[0])
        return None if joined is None else Size(size.operator, (joined, *size.parts[1:]))
    return Size("*", (plain, size))


def _is_moderate(number: complex) -> bool:
    return 1 / _LARGEST <= abs(number) <= _LARGEST
