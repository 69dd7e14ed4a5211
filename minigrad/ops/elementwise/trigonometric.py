"""Trigonometric functions of each element, their inverses, and angles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.ops.elementwise.where import keep_where
from minigrad.ops.special.bessel import spherical_jn

table = Table(__name__)

_BINARY = [(reals(2, 3), reals(2, 3)), (reals(2, 1), reals(3)), (reals(), reals(2))]
_INSIDE = [reals(2, 3, low=-0.9, high=0.9)]
_UNARY = [reals(2, 3)]

sin = table.elementwise(
    np.sin, lambda g, out, x: g * np.cos(x), reads=("x",), examples=_UNARY, doc="Sine of x, in radians."
)
cos = table.elementwise(
    np.cos, lambda g, out, x: -g * np.sin(x), reads=("x",), examples=_UNARY, doc="Cosine of x, in radians."
)
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


def _over_square(g: Any, x: Any) -> Any:
    """g / x^2, where x * x may overflow."""
    return g / x / x


arctan = table.elementwise(
    np.arctan,
    lambda g, out, x: _over_square(g, np.hypot(x, 1.0)),
    reads=("x",),
    examples=_UNARY,
    doc="Inverse tangent of x, in radians.",
)


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


def _scaling(ufunc: np.ufunc, factor: float, doc: str) -> Any:
    return table.elementwise(ufunc, lambda g, out, x: g * factor, reads=("",), examples=_UNARY, doc=doc)


deg2rad = _scaling(np.deg2rad, math.pi / 180.0, "An angle of x degrees, in radians.")
radians = _scaling(np.radians, math.pi / 180.0, "An angle of x degrees, in radians.")
rad2deg = _scaling(np.rad2deg, 180.0 / math.pi, "An angle of x radians, in degrees.")
degrees = _scaling(np.degrees, 180.0 / math.pi, "An angle of x radians, in degrees.")


if not TYPE_CHECKING:
    __all__ = table.names
