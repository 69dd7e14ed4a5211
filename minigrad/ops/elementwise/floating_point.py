"""Signs, exponents and real parts of numbers, and what stands for NaN and infinities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.stand_ins import StandIn
from minigrad.engine.table import Table
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain
from minigrad.ops.elementwise.where import keep_where

table = Table(__name__)

_BINARY = [(reals(2, 3), reals(2, 3)), (reals(2, 1), reals(3)), (reals(), reals(2))]


@table.primitive(
    lambda g, out, x, y: keep_where(np.where(np.equal(np.signbit(x), np.signbit(y)), g, -g), np.not_equal(x, 0.0)),
    lambda g, out, x, y: np.zeros(y.shape, y.dtype),
    reads=("x y", ""),
    overrides=[np.copysign],
    examples=[*_BINARY, (reals(2), -2.0), (reals(0), 1.0)],
    broadcasts=True,
    elementwise=True,
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
        (reals(2, 3), reals(3)),
    ],
    broadcasts=True,
)
def heaviside(x: Any, y: Any) -> Any:
    """0 for negative x, 1 for positive x, and y where x is 0, elementwise; the derivative by x is 0."""
    return np.heaviside(x, y)


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
    lambda g, out, x, nan, posinf, neginf: keep_where(g, np.isfinite(x)),
    reads=("x",),
    overrides=[np.nan_to_num],
    examples=[reals(2, 3), (reals(), {"nan": 1.0}), reals(0)],
    elementwise=True,
)
def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """x with NaN and infinities replaced, elementwise, the latter by the largest numbers; their gradient is 0."""
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


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
    """The array itself, because all numbers in it are real, whatever `tol` is."""
    return x if isinstance(plain(x), (np.ndarray, StandIn)) else np.copy(x)


if not TYPE_CHECKING:
    __all__ = table.names
