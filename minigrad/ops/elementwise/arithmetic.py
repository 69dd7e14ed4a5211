"""Sums, products, powers and roots of each element."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from minigrad.engine.examples import positives, reals
from minigrad.engine.stand_ins import is_number
from minigrad.engine.table import Table
from minigrad.engine.values import as_array

table = Table(__name__)

_BINARY = [(reals(2, 3), reals(2, 3)), (reals(2, 3), reals(3)), (reals(2, 1), reals(3)), (reals(), reals(2))]
_UNARY = [reals(2, 3)]

add = table.elementwise(
    np.add, lambda g, out, x, y: g, lambda g, out, x, y: g, reads=("", ""), examples=_BINARY, doc="Sum of x and y."
)
subtract = table.elementwise(
    np.subtract,
    lambda g, out, x, y: g,
    lambda g, out, x, y: -g,
    reads=("", ""),
    examples=_BINARY,
    doc="Difference x - y.",
)
multiply = table.elementwise(
    np.multiply,
    lambda g, out, x, y: g * y,
    lambda g, out, x, y: g * x,
    reads=("y", "x"),
    examples=_BINARY,
    doc="Product of x and y.",
)
divide = table.elementwise(
    np.divide,
    lambda g, out, x, y: g / y,
    lambda g, out, x, y: -g * out / y,
    reads=("y", "out y"),
    examples=[(reals(2, 3), positives(2, 3)), (reals(3), positives(2, 1)), (reals(), positives())],
    doc="Quotient x / y.",
)
reciprocal = table.elementwise(
    np.reciprocal, lambda g, out, x: -g * out * out, reads=("out",), examples=[positives(2, 3)], doc="1 / x."
)
negative = table.elementwise(np.negative, lambda g, out, x: -g, reads=("",), examples=_UNARY, doc="Minus x.")
positive = table.elementwise(np.positive, lambda g, out, x: g, reads=("",), examples=_UNARY, doc="A copy of x.")
abs = table.elementwise(  # noqa: A001  # NumPy's name
    np.absolute,
    lambda g, out, x: g * np.sign(x),
    reads=("x",),
    examples=_UNARY,
    doc="|x|; the derivative at 0 is 0.",
    name="abs",
)
fabs = table.elementwise(
    np.fabs, lambda g, out, x: g * np.sign(x), reads=("x",), examples=_UNARY, doc="|x|; the derivative at 0 is 0."
)
square = table.elementwise(np.square, lambda g, out, x: g * 2.0 * x, reads=("x",), examples=_UNARY, doc="x times x.")
sqrt = table.elementwise(
    np.sqrt, lambda g, out, x: g * 0.5 / out, reads=("out",), examples=[positives(2, 3)], doc="Square root of x."
)
cbrt = table.elementwise(
    np.cbrt,
    lambda g, out, x: g / (3.0 * out * out),
    reads=("out",),
    examples=_UNARY,
    doc="Cube root of x.",
    also=[special.cbrt],
)


def _power_by_base(g: Any, out: Any, x: Any, y: Any) -> Any:
    if is_number(y):
        return g * (y * x ** (y - 1)) if y else np.zeros_like(out)
    # Where the exponent is 0, so is the derivative; a base of 1 keeps 0 ** -1 out of it.
    base = np.where(np.logical_and(np.equal(x, 0), np.equal(y, 0)), 1.0, x)
    return g * y * base ** (y - 1.0)


def _power_by_exponent(g: Any, out: Any, x: Any, y: Any) -> Any:
    if is_number(x) and x > 0:
        return g * (out * math.log(x))
    return g * out * np.log(np.where(np.equal(x, 0), 1.0, x))


power = table.elementwise(
    np.power,
    _power_by_base,
    _power_by_exponent,
    reads=("x y", "out x"),
    examples=[
        (positives(2, 3), reals(2, 3)),
        (positives(3), reals(2, 1)),
        (reals(2, 3), 3),
        (reals(2, 3, low=-3.0, high=-1.0), -2),
        (reals(2, 3), 2.0),
        (2.0, reals(2, 3)),
    ],
    doc="x to the power y. The derivative with respect to y is taken as 0 where x is 0.",
)


@table.composite(
    overrides=[np.float_power],
    examples=[(positives(2, 3), reals(3)), (reals(2, 3), 3), (2.0, reals(2)), (positives(), 0.5), (reals(0), 2.0)],
)
def float_power(x: Any, y: Any) -> Any:
    """x to the power y in float64, whatever the dtypes of x and y; see `power`."""
    return np.power(_double(x), y if is_number(y) else _double(y))


def _double(x: Any) -> Any:
    x = as_array(x)
    return x.astype(np.result_type(x.dtype, np.float64))


if not TYPE_CHECKING:
    __all__ = table.names
