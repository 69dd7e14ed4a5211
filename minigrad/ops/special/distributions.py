"""The normal and the logistic distribution of scipy.special, element by element."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from minigrad.engine.examples import Sample, reals
from minigrad.engine.stand_ins import self_contained
from minigrad.engine.table import Table

table = Table(__name__)

_PROBABILITY = [Sample((2, 3), 0.05, 0.95)]
_UNARY = [reals(2, 3)]


def limited(x: Any) -> Any:
    """x where exp(-x^2 / 2) is not 0: beyond, that and all its derivatives are 0, but the square may overflow."""
    return np.clip(x, -40.0, 40.0)


def density(x: Any) -> Any:
    """Of the standard normal distribution."""
    return np.exp(-0.5 * x * x) * (1.0 / math.sqrt(2.0 * math.pi))


ndtr = table.elementwise(
    special.ndtr,
    lambda g, out, x: g * density(limited(x)),
    reads=("x",),
    examples=_UNARY,
    doc="Cumulative distribution function of the standard normal distribution.",
)
ndtri = table.elementwise(
    special.ndtri,
    lambda g, out, x: g * np.exp(0.5 * out * out) * math.sqrt(2.0 * math.pi),
    reads=("out",),
    examples=_PROBABILITY,
    doc="Inverse of ndtr: the quantiles of the standard normal distribution.",
)
log_ndtr = table.elementwise(
    special.log_ndtr,
    lambda g, out, x: g * inverse_mills(x),
    reads=("x",),
    examples=_UNARY,
    doc="log(ndtr(x)), exact where ndtr(x) would round to 0 or 1.",
)


@table.primitive(
    lambda g, out, x, order: g * inverse_mills(x, order=order + 1),
    reads=("x",),
    examples=[reals(2, 3), (reals(2, 3, low=-14.0, high=-10.5), {"order": 1}), (reals(), {"order": 2}), reals(0)],
    public=False,
    elementwise=True,
)
def inverse_mills(x: Any, order: int = 0) -> Any:
    """Density of the standard normal distribution over its distribution function, elementwise: d log_ndtr(x) / dx.

    Or its derivative of that `order`, without the differences that would lose all digits for large negative x.
    """
    values = mills_quotient(x.astype(float)) if order == 0 else mills_derivative(x.astype(float), order)
    return values.astype(x.dtype) if x.dtype.kind == "f" else values


def mills_quotient(x: Any) -> Any:
    """Density over distribution function: 0 / 0 for x below -38, but the scaled error function is their quotient."""
    with np.errstate(divide="ignore"):
        return math.sqrt(2.0 / math.pi) / special.erfcx(x * -math.sqrt(0.5))


@self_contained
def mills_derivative(x: Any, order: int) -> Any:
    """Derivative of h(x), the density of the normal distribution over its distribution function.

    By h' = -h (x + h) and the product rule; for x below -10, where that is a difference of almost equal numbers, by
    the asymptotic series of h(-t), t + a[1] / t + a[2] / t^3 + ..., whose coefficients follow from the same equation.
    """
    near = np.clip(x, -10.0, 40.0)
    h = [np.sqrt(2.0 / np.pi) / special.erfcx(near * -np.sqrt(0.5))]
    e = [near + h[0]]
    for k in range(order):
        h.append(-sum(special.comb(k, i) * h[i] * e[k - i] for i in range(k + 1)))
        e.append(h[-1] + (k == 0))
    if not np.any(x < -10.0):
        return h[order]
    a = [1]
    for j in range(29):
        a.append((1 - 2 * j) * a[j] - sum(a[m] * a[j + 1 - m] for m in range(1, j + 1)))
    t = np.maximum(-x, 10.0)
    total = 0.0
    for j in reversed(range(30)):
        factor = (-1) ** order * a[j]
        for i in range(order):
            factor = factor * (1 - 2 * j - i)
        total = total * (1.0 / t) ** 2 + factor
    return np.where(x < -10.0, total * t ** (1.0 - order), h[order])


logit = table.elementwise(
    special.logit,
    lambda g, out, x: g / (x * (1.0 - x)),
    reads=("x",),
    examples=_PROBABILITY,
    doc="log(x / (1 - x)), the inverse of sigmoid.",
)


if not TYPE_CHECKING:
    __all__ = table.names
