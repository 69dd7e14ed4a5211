"""Functions for each element that are put together from pieces: remainders, signs, steps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.apply import plain
from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.engine.tensor import Tensor
from minigrad.ops.elementwise.arithmetic import keep_where

table = Table(__name__)

_UNARY = [reals(2, 3)]
_BINARY = [(reals(2, 3), reals(2, 3)), (reals(2, 1), reals(3)), (reals(), reals(2))]

# Remainders. Between the values of these examples, no quotient is an integer, where remainders jump.

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


@table.primitive(
    lambda g, out, x, y: ldexp(g, y),
    None,
    reads=("y", ""),
    overrides=[np.ldexp],
    examples=[
        (reals(2, 3), np.array([1, -2, 0])),
        (reals(), np.array([[3], [1]])),
        (reals(2), -1),
        (reals(0), 2),
    ],
    broadcasts=True,
)
def ldexp(x: Any, y: Any) -> Any:
    """x * 2^y for integers y, elementwise."""
    return np.ldexp(x, y)


@table.composite(overrides=[np.frexp], examples=[reals(2, 3, low=1.1, high=1.9), reals(low=-0.9, high=-0.6), reals(0)])
def frexp(x: Any) -> tuple[Any, Any]:
    """The mantissa of x, between 0.5 and 1, and the exponent of 2, elementwise.

    The exponent is constant, a plain array of integers; the derivative of the mantissa is 2^-exponent.
    """
    exponent = np.frexp(plain(x))[1]
    return ldexp(x, -exponent), exponent


@table.primitive(
    lambda g, out, x, discont, axis, period: g,
    reads=("",),
    overrides=[np.unwrap],
    examples=[
        (reals(5, 2, low=-9.0, high=9.0), {"axis": 0, "period": 2.0, "discont": 1.5}),
        reals(2, 5, low=-9.0, high=9.0),
        reals(0),
    ],
)
def unwrap(x: Any, discont: float | None = None, axis: int = -1, *, period: float = 2.0 * math.pi) -> Any:
    """x with multiples of `period` added, so that neighbours along an axis differ by at most half of one.

    Jumps smaller than `discont` stay.
    """
    return np.unwrap(x, discont, axis, period=period)


# The larger, the smaller, and signs.

fmax = table.elementwise(
    np.fmax,
    lambda g, out, x, y: _share(g, x, y, np.greater(x, y)),
    lambda g, out, x, y: _share(g, y, x, np.greater(y, x)),
    reads=("x y", "x y"),
    examples=_BINARY,
    doc="The larger of x and y, or the one that is not NaN; equal values share the gradient equally.",
)
fmin = table.elementwise(
    np.fmin,
    lambda g, out, x, y: _share(g, x, y, np.less(x, y)),
    lambda g, out, x, y: _share(g, y, x, np.less(y, x)),
    reads=("x y", "x y"),
    examples=_BINARY,
    doc="The smaller of x and y, or the one that is not NaN; equal values share the gradient equally.",
)


def _share(g: Any, own: Any, other: Any, wins: Any) -> Any:
    alone = np.logical_and(np.isnan(other), np.logical_not(np.isnan(own)))
    return np.where(np.logical_or(wins, alone), g, np.where(np.equal(own, other), 0.5 * g, 0.0))


fabs = table.elementwise(
    np.fabs, lambda g, out, x: g * np.sign(x), reads=("x",), examples=_UNARY, doc="|x|; the derivative at 0 is 0."
)


@table.primitive(
    lambda g, out, x, y: keep_where(np.where(np.equal(np.signbit(x), np.signbit(y)), g, -g), np.not_equal(x, 0.0)),
    lambda g, out, x, y: np.zeros(y.shape, y.dtype),
    reads=("x y", ""),
    overrides=[np.copysign],
    examples=[*_BINARY, (reals(2), -2.0), (reals(0), 1.0)],
    broadcasts=True,
)
def copysign(x: Any, y: Any) -> Any:
    """|x| with the sign of y, elementwise; the derivative at x = 0 is 0, as it is by y everywhere."""
    return np.copysign(x, y)


@table.primitive(
    lambda g, out, x, y: np.zeros(x.shape, x.dtype),
    lambda g, out, x, y: keep_where(g, np.equal(x, 0.0)),
    reads=("", "x"),
    overrides=[np.heaviside],
    examples=[
        (np.array([-1, 0, 2], np.int8), reals(2, 3)),
        (np.array([[0], [1]], np.int8), reals()),
        (np.zeros(0, np.int8), reals(0)),
    ],
    broadcasts=True,
)
def heaviside(x: Any, y: Any) -> Any:
    """0 for negative x, 1 for positive x, and y where x is 0, elementwise; there is no derivative by x."""
    return np.heaviside(x, y)


@table.primitive(
    lambda g, out, x, nan, posinf, neginf: keep_where(g, np.isfinite(x)),
    reads=("x",),
    overrides=[np.nan_to_num],
    examples=[reals(2, 3), (reals(), {"nan": 1.0}), reals(0)],
    elementwise=True,
)
def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """x with NaN and infinities replaced, elementwise, the latter by the largest numbers; their gradient is 0."""
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


# Complex numbers, of which real ones are a part.


@table.composite(overrides=[np.conjugate], examples=[reals(2, 3), reals(), reals(0)])
def conjugate(x: Any) -> Any:
    """The same numbers in an array of their own, because all are real."""
    return np.positive(x)


@table.composite(overrides=[np.real], examples=[reals(2, 3), reals(), reals(0)])
def real(x: Any) -> Any:
    """The array itself, because all numbers in it are real."""
    return x if isinstance(x, Tensor) else np.real(x)


@table.composite(overrides=[np.real_if_close], examples=[reals(2, 3), reals(), reals(0)])
def real_if_close(x: Any, tol: float = 100) -> Any:
    """A view of the array, because all numbers in it are real, whatever `tol` is."""
    return np.reshape(x, np.shape(x)) if np.ndim(x) else np.copy(x)


if not TYPE_CHECKING:
    __all__ = table.names
