"""Hyperbolic functions of each element, and their inverses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.table import Table

table = Table(__name__)

_INSIDE = [reals(2, 3, low=-0.9, high=0.9)]
_UNARY = [reals(2, 3)]

sinh = table.elementwise(
    np.sinh, lambda g, out, x: g * np.cosh(x), reads=("x",), examples=_UNARY, doc="Hyperbolic sine of x."
)
cosh = table.elementwise(
    np.cosh, lambda g, out, x: g * np.sinh(x), reads=("x",), examples=_UNARY, doc="Hyperbolic cosine of x."
)
tanh = table.elementwise(
    np.tanh, lambda g, out, x: g * (1.0 - out * out), reads=("out",), examples=_UNARY, doc="Hyperbolic tangent of x."
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


if not TYPE_CHECKING:
    __all__ = table.names
