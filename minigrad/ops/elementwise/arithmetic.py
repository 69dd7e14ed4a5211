"""Operations on each element by itself, with broadcasting."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from minigrad.engine.apply import scalar_if_0d
from minigrad.engine.examples import positives, reals
from minigrad.engine.registry import overrides
from minigrad.engine.table import Table
from minigrad.kernels.masked import zeroed

table = Table(__name__)

_UNARY = [reals(2, 3)]
_BINARY = [(reals(2, 3), reals(2, 3)), (reals(2, 3), reals(3)), (reals(2, 1), reals(3)), (reals(), reals(2))]

# Arithmetic.

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


def _power_by_base(g: Any, out: Any, x: Any, y: Any) -> Any:
    if isinstance(y, (int, float)):
        return g * (y * x ** (y - 1)) if y else np.zeros_like(out)
    # Where the exponent is 0, so is the derivative; a base of 1 keeps 0 ** -1 out of it.
    base = np.where(np.logical_and(np.equal(x, 0), np.equal(y, 0)), 1.0, x)
    return g * y * base ** (y - 1.0)


def _power_by_exponent(g: Any, out: Any, x: Any, y: Any) -> Any:
    if isinstance(x, (int, float)) and x > 0:
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
negative = table.elementwise(np.negative, lambda g, out, x: -g, reads=("",), examples=_UNARY, doc="Minus x.")
positive = table.elementwise(np.positive, lambda g, out, x: g, reads=("",), examples=_UNARY, doc="A copy of x.")
square = table.elementwise(np.square, lambda g, out, x: g * 2.0 * x, reads=("x",), examples=_UNARY, doc="x times x.")
sqrt = table.elementwise(
    np.sqrt, lambda g, out, x: g * 0.5 / out, reads=("out",), examples=[positives(2, 3)], doc="Square root of x."
)
abs = table.elementwise(  # noqa: A001  # NumPy's name
    np.absolute,
    lambda g, out, x: g * np.sign(x),
    reads=("x",),
    examples=_UNARY,
    doc="|x|; the derivative at 0 is 0.",
    name="abs",
)

# Exponentials, logarithms and trigonometry.

exp = table.elementwise(np.exp, lambda g, out, x: g * out, reads=("out",), examples=_UNARY, doc="e to the power x.")
expm1 = table.elementwise(
    np.expm1,
    lambda g, out, x: g * (out + 1.0),
    reads=("out",),
    examples=_UNARY,
    doc="exp(x) - 1, exact near 0.",
    also=[special.expm1],
)
log = table.elementwise(
    np.log, lambda g, out, x: g / x, reads=("x",), examples=[positives(2, 3)], doc="Natural logarithm of x."
)
log1p = table.elementwise(
    np.log1p,
    lambda g, out, x: g / (1.0 + x),
    reads=("x",),
    examples=[positives(2, 3)],
    doc="log(1 + x), exact near 0.",
    also=[special.log1p],
)
sin = table.elementwise(
    np.sin, lambda g, out, x: g * np.cos(x), reads=("x",), examples=_UNARY, doc="Sine of x, in radians."
)
cos = table.elementwise(
    np.cos, lambda g, out, x: -g * np.sin(x), reads=("x",), examples=_UNARY, doc="Cosine of x, in radians."
)
tanh = table.elementwise(
    np.tanh, lambda g, out, x: g * (1.0 - out * out), reads=("out",), examples=_UNARY, doc="Hyperbolic tangent of x."
)

# Choosing between values.

maximum = table.elementwise(
    np.maximum,
    lambda g, out, x, y: np.where(x > y, g, np.where(np.equal(x, y), 0.5 * g, 0.0)),
    lambda g, out, x, y: np.where(y > x, g, np.where(np.equal(x, y), 0.5 * g, 0.0)),
    reads=("x y", "x y"),
    examples=_BINARY,
    doc="The larger of x and y; equal values share the gradient equally.",
)
minimum = table.elementwise(
    np.minimum,
    lambda g, out, x, y: np.where(x < y, g, np.where(np.equal(x, y), 0.5 * g, 0.0)),
    lambda g, out, x, y: np.where(y < x, g, np.where(np.equal(x, y), 0.5 * g, 0.0)),
    reads=("x y", "x y"),
    examples=_BINARY,
    doc="The smaller of x and y; equal values share the gradient equally.",
)


@table.primitive(
    lambda g, out, x, mask: keep_where(g, mask),
    None,
    reads=("mask", ""),
    examples=[
        (reals(2, 3), np.array([[True, False, True], [False, False, True]])),
        (reals(3), np.array([[True], [False]])),
        (reals(), np.array([True, False])),
        (reals(0), np.zeros(0, bool)),
    ],
    broadcasts=True,
    public=False,
)
def keep_where(x: Any, mask: Any) -> Any:
    """x where `mask` is true and 0 elsewhere, elementwise with broadcasting: ``where(mask, x, 0.0)``, but faster.

    Unlike a product with the mask it gives 0 for an infinity or NaN where the mask is false.
    """
    return zeroed(np.asarray(x), np.asarray(mask, bool))


@table.primitive(
    None,
    lambda g, out, condition, x, y: keep_where(g, condition),
    lambda g, out, condition, x, y: keep_where(g, np.logical_not(condition)),
    reads=("", "condition", "condition"),
    overrides=[np.where],
    examples=[
        (np.array([True, False, True]), reals(2, 3), reals(3)),
        (np.array([[True], [False]]), reals(2, 1), 0.5),
        (True, reals(), reals(2)),
        (np.zeros(0, bool), reals(0), reals()),
    ],
    broadcasts=True,
)
def where(condition: Any, x: Any, y: Any) -> Any:
    """x where `condition` is true and y elsewhere, elementwise with broadcasting.

    Both are computed everywhere, and 0 times a NaN or an infinity of the branch not taken is NaN in the gradient:
    replace the argument of that branch too, as in ``where(x > 0, log(where(x > 0, x, 1.0)), 0.0)``.
    """
    return np.where(condition, x, y)


@table.composite(
    overrides=[np.clip],
    examples=[
        (reals(2, 3), -0.8, 0.6),
        (reals(2, 3), None, 0.6),
        (reals(2, 3), np.array([-1.2, -0.8, -0.4]), np.array([[0.2], [0.6]])),
        (reals(), -0.8, 0.6),
        (reals(0), -0.8, 0.6),
    ],
)
def clip(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """x limited to the interval from `a_min` to `a_max`; at the bounds themselves the gradient passes to x.

    As in NumPy, the bounds can be given as `min` and `max` instead, and the result is NaN where a bound is.

    Raises:
        ValueError: for bounds that are given in both ways.
    """
    if (a_min is not None or a_max is not None) and (min is not None or max is not None):
        raise ValueError("clip takes its bounds as a_min and a_max, or as min and max")
    low, high = min if a_min is None else a_min, max if a_max is None else a_max
    if low is None and high is None:
        return positive(x)
    raised = x if low is None else where(np.logical_or(np.less(x, low), np.isnan(low)), low, x)
    result = raised if high is None else where(np.logical_or(np.greater(raised, high), np.isnan(high)), high, raised)
    # Of 0-d arrays `where` gives arrays, and np.clip gives scalars.
    return scalar_if_0d(result)


# What ``array.clip(tensor, tensor)`` calls.
overrides[np._core.umath.clip] = clip  # type: ignore[attr-defined]


if not TYPE_CHECKING:
    __all__ = table.names
