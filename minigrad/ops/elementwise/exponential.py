"""Exponentials and logarithms of each element."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from minigrad.engine.examples import positives, reals
from minigrad.engine.table import Table
from minigrad.ops.elementwise.where import keep_where
from minigrad.ops.nn.activations import sigmoid

table = Table(__name__)

_BINARY = [(reals(2, 3), reals(2, 3)), (reals(2, 1), reals(3)), (reals(), reals(2))]
_UNARY = [reals(2, 3)]

exp = table.elementwise(np.exp, lambda g, out, x: g * out, reads=("out",), examples=_UNARY, doc="e to the power x.")
exp2 = table.elementwise(
    np.exp2,
    lambda g, out, x: g * out * math.log(2.0),
    reads=("out",),
    examples=_UNARY,
    doc="2 to the power of x.",
    also=[special.exp2],
)
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
log1p = table.elementwise(
    np.log1p,
    lambda g, out, x: g / (1.0 + x),
    reads=("x",),
    examples=[positives(2, 3)],
    doc="log(1 + x), exact near 0.",
    also=[special.log1p],
)


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


if not TYPE_CHECKING:
    __all__ = table.names
