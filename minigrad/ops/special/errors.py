"""The error functions of scipy.special, element by element."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from minigrad.engine.examples import Sample, reals
from minigrad.engine.table import Table

table = Table(__name__)

_UNARY = [reals(2, 3)]


def _bell(x: Any) -> Any:
    """exp(-x^2); beyond the limits that and all its derivatives are 0, but the square may overflow."""
    limited = np.clip(x, -28.0, 28.0)
    return np.exp(-limited * limited)


erf = table.elementwise(
    special.erf,
    lambda g, out, x: g * _bell(x) * (2.0 / math.sqrt(math.pi)),
    reads=("x",),
    examples=_UNARY,
    doc="Error function of x.",
)
erfc = table.elementwise(
    special.erfc,
    lambda g, out, x: g * _bell(x) * (-2.0 / math.sqrt(math.pi)),
    reads=("x",),
    examples=_UNARY,
    doc="1 - erf(x), exact where that would round to 0.",
)
erfcx = table.elementwise(
    special.erfcx,
    lambda g, out, x: g * (2.0 * x * out - 2.0 / math.sqrt(math.pi)),
    reads=("out x",),
    examples=_UNARY,
    doc="""exp(x^2) erfc(x).

The first derivative has an absolute error of 1e-16, though it goes to 0 for large x; the error of each further
derivative is 2 x times as large.""",
)
erfi = table.elementwise(
    special.erfi,
    lambda g, out, x: g * np.exp(x * x) * (2.0 / math.sqrt(math.pi)),
    reads=("x",),
    examples=_UNARY,
    doc="Imaginary error function, -i erf(ix).",
)
dawsn = table.elementwise(
    special.dawsn,
    lambda g, out, x: g * (1.0 - 2.0 * x * out),
    reads=("out x",),
    examples=_UNARY,
    doc="""Dawson's integral.

The first derivative has an absolute error of 1e-16, though it goes to 0 for large |x|; the error of each further
derivative is 2 |x| times as large.""",
)
erfinv = table.elementwise(
    special.erfinv,
    lambda g, out, x: g * np.exp(out * out) * (0.5 * math.sqrt(math.pi)),
    reads=("out",),
    examples=[reals(2, 3, low=-0.9, high=0.9)],
    doc="Inverse of erf.",
)
erfcinv = table.elementwise(
    special.erfcinv,
    lambda g, out, x: g * np.exp(out * out) * (-0.5 * math.sqrt(math.pi)),
    reads=("out",),
    examples=[Sample((2, 3), 0.1, 1.9)],
    doc="Inverse of erfc.",
)


if not TYPE_CHECKING:
    __all__ = table.names
