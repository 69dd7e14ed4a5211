"""The trigonometric, hyperbolic, exponential and error functions that NumPy and SciPy have for each element."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from minigrad.ops.define import declared_in, elementwise
from minigrad.ops.samples import positives, reals

_UNARY = [reals(2, 3)]
_INSIDE = [reals(2, 3, low=-0.9, high=0.9)]

tan = elementwise(
    np.tan,
    lambda g, out, x: g * (1.0 + out * out),
    reads=("out",),
    examples=[reals(2, 3, low=-1.4, high=1.4)],
    doc="Tangent of x in radians.",
)
arcsin = elementwise(
    np.arcsin,
    lambda g, out, x: g / np.sqrt(1.0 - x * x),
    reads=("x",),
    examples=_INSIDE,
    doc="Inverse sine of x, in radians.",
)
arccos = elementwise(
    np.arccos,
    lambda g, out, x: -g / np.sqrt(1.0 - x * x),
    reads=("x",),
    examples=_INSIDE,
    doc="Inverse cosine of x, in radians.",
)
arctan = elementwise(
    np.arctan,
    lambda g, out, x: g / (1.0 + x * x),
    reads=("x",),
    examples=_UNARY,
    doc="Inverse tangent of x, in radians.",
)
sinh = elementwise(
    np.sinh, lambda g, out, x: g * np.cosh(x), reads=("x",), examples=_UNARY, doc="Hyperbolic sine of x."
)
cosh = elementwise(
    np.cosh, lambda g, out, x: g * np.sinh(x), reads=("x",), examples=_UNARY, doc="Hyperbolic cosine of x."
)
arcsinh = elementwise(
    np.arcsinh,
    lambda g, out, x: g / np.sqrt(x * x + 1.0),
    reads=("x",),
    examples=_UNARY,
    doc="Inverse hyperbolic sine of x.",
)
arccosh = elementwise(
    np.arccosh,
    lambda g, out, x: g / np.sqrt((x - 1.0) * (x + 1.0)),
    reads=("x",),
    examples=[reals(2, 3, low=1.1, high=3.0)],
    doc="Inverse hyperbolic cosine of x.",
)
arctanh = elementwise(
    np.arctanh,
    lambda g, out, x: g / (1.0 - x * x),
    reads=("x",),
    examples=_INSIDE,
    doc="Inverse hyperbolic tangent of x.",
)
exp2 = elementwise(
    np.exp2, lambda g, out, x: g * out * math.log(2.0), reads=("out",), examples=_UNARY, doc="2 to the power of x."
)
log2 = elementwise(
    np.log2,
    lambda g, out, x: g / x * (1.0 / math.log(2.0)),
    reads=("x",),
    examples=[positives(2, 3)],
    doc="Logarithm to base 2.",
)
log10 = elementwise(
    np.log10,
    lambda g, out, x: g / x * (1.0 / math.log(10.0)),
    reads=("x",),
    examples=[positives(2, 3)],
    doc="Logarithm to base 10.",
)
cbrt = elementwise(
    np.cbrt, lambda g, out, x: g / (3.0 * out * out), reads=("out",), examples=_UNARY, doc="Cube root of x."
)
reciprocal = elementwise(
    np.reciprocal, lambda g, out, x: -g * out * out, reads=("out",), examples=[positives(2, 3)], doc="1 / x."
)
erf = elementwise(
    special.erf,
    lambda g, out, x: g * np.exp(-x * x) * (2.0 / math.sqrt(math.pi)),
    reads=("x",),
    examples=_UNARY,
    doc="Error function of x.",
)
erfc = elementwise(
    special.erfc,
    lambda g, out, x: g * np.exp(-x * x) * (-2.0 / math.sqrt(math.pi)),
    reads=("x",),
    examples=_UNARY,
    doc="1 - erf(x), exact where that would round to 0.",
)

if not TYPE_CHECKING:
    __all__ = declared_in(__name__)
