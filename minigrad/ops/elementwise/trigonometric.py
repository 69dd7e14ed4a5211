"""The trigonometric, hyperbolic and exponential functions that NumPy has for each element."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from minigrad.engine.examples import positives, reals
from minigrad.engine.table import Table
from minigrad.ops.elementwise.activations import sigmoid
from minigrad.ops.elementwise.arithmetic import keep_where
from minigrad.ops.special.bessel import spherical_jn

table = Table(__name__)

_UNARY = [reals(2, 3)]
_BINARY = [(reals(2, 3), reals(2, 3)), (reals(2, 1), reals(3)), (reals(), reals(2))]
_INSIDE = [reals(2, 3, low=-0.9, high=0.9)]


def _over_square(g: Any, x: Any) -> Any:
    """g / x^2, where x * x may overflow."""
    return g / x / x


tan = table.elementwise(
    np.tan,
    lambda g, out, x: g * (1.0 + out * out),
    reads=("out",),
    examples=[reals(2, 3, low=-1.4, high=1.4)],
    doc="Tangent of x in radians.",
)
arcsin = table.elementwise(
    np.arcsin,
    lambda g, out, x: g / np.sqrt((1.0 - x) * (1.0 + x)),
    reads=("x",),
    examples=_INSIDE,
    doc="Inverse sine of x, in radians.",
)
arccos = table.elementwise(
    np.arccos,
    lambda g, out, x: -g / np.sqrt((1.0 - x) * (1.0 + x)),
    reads=("x",),
    examples=_INSIDE,
    doc="Inverse cosine of x, in radians.",
)
arctan = table.elementwise(
    np.arctan,
    lambda g, out, x: _over_square(g, np.hypot(x, 1.0)),
    reads=("x",),
    examples=_UNARY,
    doc="Inverse tangent of x, in radians.",
)
sinh = table.elementwise(
    np.sinh, lambda g, out, x: g * np.cosh(x), reads=("x",), examples=_UNARY, doc="Hyperbolic sine of x."
)
cosh = table.elementwise(
    np.cosh, lambda g, out, x: g * np.sinh(x), reads=("x",), examples=_UNARY, doc="Hyperbolic cosine of x."
)
arcsinh = table.elementwise(
    np.arcsinh,
    lambda g, out, x: g / np.hypot(x, 1.0),
    reads=("x",),
    examples=_UNARY,
    doc="Inverse hyperbolic sine of x.",
)
arccosh = table.elementwise(
    np.arccosh,
    lambda g, out, x: g / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0)),
    reads=("x",),
    examples=[reals(2, 3, low=1.1, high=3.0)],
    doc="Inverse hyperbolic cosine of x.",
)
arctanh = table.elementwise(
    np.arctanh,
    lambda g, out, x: g / ((1.0 - x) * (1.0 + x)),
    reads=("x",),
    examples=_INSIDE,
    doc="Inverse hyperbolic tangent of x.",
)
exp2 = table.elementwise(
    np.exp2,
    lambda g, out, x: g * out * math.log(2.0),
    reads=("out",),
    examples=_UNARY,
    doc="2 to the power of x.",
    also=[special.exp2],
)
log2 = table.elementwise(
    np.log2,
    lambda g, out, x: g / x * (1.0 / math.log(2.0)),
    reads=("x",),
    examples=[positives(2, 3)],
    doc="Logarithm to base 2.",
)
log10 = table.elementwise(
    np.log10,
    lambda g, out, x: g / x * (1.0 / math.log(10.0)),
    reads=("x",),
    examples=[positives(2, 3)],
    doc="Logarithm to base 10.",
)
cbrt = table.elementwise(
    np.cbrt,
    lambda g, out, x: g / (3.0 * out * out),
    reads=("out",),
    examples=_UNARY,
    doc="Cube root of x.",
    also=[special.cbrt],
)
reciprocal = table.elementwise(
    np.reciprocal, lambda g, out, x: -g * out * out, reads=("out",), examples=[positives(2, 3)], doc="1 / x."
)

# Angles.


def _scaling(ufunc: np.ufunc, factor: float, doc: str) -> Any:
    return table.elementwise(ufunc, lambda g, out, x: g * factor, reads=("",), examples=_UNARY, doc=doc)


deg2rad = _scaling(np.deg2rad, math.pi / 180.0, "An angle of x degrees, in radians.")
radians = _scaling(np.radians, math.pi / 180.0, "An angle of x degrees, in radians.")
rad2deg = _scaling(np.rad2deg, 180.0 / math.pi, "An angle of x radians, in degrees.")
degrees = _scaling(np.degrees, 180.0 / math.pi, "An angle of x radians, in degrees.")


def _by_length(g: Any, length: Any, other: Any) -> Any:
    """g * other / length^2, where squares would overflow or vanish; 0 where the length is 0 or infinite."""
    usable = np.logical_and(np.not_equal(length, 0.0), np.logical_not(np.isinf(length)))
    safe = np.where(usable, length, 1.0)
    return keep_where(g * (other / safe) / safe, usable)


arctan2 = table.elementwise(
    np.arctan2,
    lambda g, out, x, y: _by_length(g, np.hypot(x, y), y),
    lambda g, out, x, y: _by_length(-g, np.hypot(x, y), x),
    reads=("x y", "x y"),
    examples=_BINARY,
    doc="Angle of the point with ordinate x and abscissa y, in radians; the derivatives at (0, 0) are 0.",
)


def _cathetus(g: Any, out: Any, side: Any) -> Any:
    there = np.logical_and(np.not_equal(out, 0.0), np.isfinite(out))
    return keep_where(g * (side / np.where(there, out, 1.0)), there)


hypot = table.elementwise(
    np.hypot,
    lambda g, out, x, y: _cathetus(g, out, x),
    lambda g, out, x, y: _cathetus(g, out, y),
    reads=("out x", "out y"),
    examples=_BINARY,
    doc="sqrt(x^2 + y^2) without overflow; the derivatives at (0, 0) are 0.",
)

# Sums of powers, and what is a limit at 0.


def _difference(x: Any, y: Any) -> Any:
    """x - y, and 0 for equal infinities, so that they share a gradient equally."""
    with np.errstate(invalid="ignore"):
        return keep_where(x - y, np.logical_not(np.logical_and(np.equal(x, y), np.isinf(x))))


logaddexp = table.elementwise(
    np.logaddexp,
    lambda g, out, x, y: g * sigmoid(_difference(x, y)),
    lambda g, out, x, y: g * sigmoid(_difference(y, x)),
    reads=("x y", "x y"),
    examples=_BINARY,
    doc="log(exp(x) + exp(y)) without overflow; equal infinities share the gradient equally.",
)
logaddexp2 = table.elementwise(
    np.logaddexp2,
    lambda g, out, x, y: g * sigmoid(_difference(x, y) * math.log(2.0)),
    lambda g, out, x, y: g * sigmoid(_difference(y, x) * math.log(2.0)),
    reads=("x y", "x y"),
    examples=_BINARY,
    doc="log2(2^x + 2^y) without overflow; equal infinities share the gradient equally.",
)


@table.primitive(
    # sin(z) / z is the spherical Bessel function of order 0, whose derivative is minus that of order 1.
    lambda g, out, x: g * spherical_jn(1, x * math.pi) * -math.pi,
    reads=("x",),
    overrides=[np.sinc],
    examples=_UNARY,
    elementwise=True,
)
def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x), elementwise, and 1 at 0; its derivatives are right near 0 and at 0 itself."""
    return np.sinc(x)


@table.composite(
    overrides=[np.float_power],
    examples=[(positives(2, 3), reals(3)), (reals(2, 3), 3), (2.0, reals(2)), (positives(), 0.5), (reals(0), 2.0)],
)
def float_power(x: Any, y: Any) -> Any:
    """x to the power y in float64, whatever the dtypes of x and y; see `power`."""
    return np.power(_double(x), y if isinstance(y, (int, float)) else _double(y))


def _double(x: Any) -> Any:
    return x.astype(np.result_type(x.dtype, np.float64)) if hasattr(x, "dtype") else np.asarray(x, np.float64)


if not TYPE_CHECKING:
    __all__ = table.names
