"""Remainders of divisions, and the fractional parts of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.ops.elementwise.where import keep_where

table = Table(__name__)

# Between the values of these examples, no quotient is an integer, where remainders jump.
_DIVISIONS = [
    (reals(2, 3, low=3.3, high=3.7), reals(2, 3, low=1.0, high=1.08)),
    (reals(2, 1, low=-3.7, high=-3.3), reals(3, low=1.0, high=1.08)),
    (reals(3, low=3.3, high=3.7), -1.0),
    (-3.5, reals(low=1.0, high=1.08)),
]

fmod = table.elementwise(
    np.fmod,
    lambda g, out, x, y: g,
    # The quotient itself may round to the next integer.
    lambda g, out, x, y: g * -np.rint((plain(x) - plain(out)) / plain(y)),
    reads=("", "out x y"),
    examples=_DIVISIONS,
    doc="Remainder of x / y with the sign of x.",
)
remainder = table.elementwise(
    np.remainder,
    lambda g, out, x, y: g,
    lambda g, out, x, y: g * -np.floor_divide(x, y),
    reads=("", "x y"),
    examples=_DIVISIONS,
    doc="Remainder of x / y with the sign of y, also called mod.",
)


@table.composite(overrides=[np.divmod], examples=[*_DIVISIONS, (reals(0), 1.5)])
def divmod(x: Any, y: Any) -> tuple[Any, Any]:  # noqa: A001  # NumPy's name
    """``(floor_divide(x, y), remainder(x, y))``, elementwise; the first is constant, a plain array."""
    return np.floor_divide(x, y), remainder(x, y)


@table.composite(overrides=[np.modf], examples=[reals(2, 3), reals(), reals(0)])
def modf(x: Any) -> tuple[Any, Any]:
    """The fractional and the integral part of x, elementwise; the second is constant, a plain array."""
    # An infinity has the fractional part 0, but no remainder.
    return np.fmod(keep_where(x, np.logical_not(np.isinf(x))), 1.0), np.modf(plain(x))[1]


if not TYPE_CHECKING:
    __all__ = table.names
