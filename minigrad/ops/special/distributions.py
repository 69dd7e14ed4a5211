"""The normal and the logistic distribution of scipy.special, element by element."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from minigrad.engine.examples import Sample, reals
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


def _mills_series(terms: int) -> list[int]:
    """The a in the asymptotic series t + a[1] / t + a[2] / t^3 + ... of h(t) = inverse_mills(-t), where a[0] is 1.

    They follow from h' = h (h - t); the first ones are those of Abramowitz and Stegun, 26.2.12, for the reciprocal.
    """
    a = [1]
    for j in range(terms - 1):
        a.append((1 - 2 * j) * a[j] - sum(a[m] * a[j + 1 - m] for m in range(1, j + 1)))
    return a


# Where the series takes over: there it is exact, and differences have not lost too many digits.
_SERIES_FROM = 10.0
_MILLS_SERIES = _mills_series(30)


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
    dtype = np.result_type(x)
    far = np.less(x, -_SERIES_FROM)
    values = _mills_nearby(np.clip(np.asarray(x, float), -_SERIES_FROM, 40.0), order)
    if np.any(far):
        values = np.where(far, _mills_far_out(np.maximum(np.negative(x, dtype=float), _SERIES_FROM), order), values)
    return values.astype(dtype) if dtype.kind == "f" else values


def _mills_nearby(x: Any, order: int) -> Any:
    # A quotient of the two would be 0 / 0 for x below -38; the scaled error function is their quotient itself.
    h = [math.sqrt(2.0 / math.pi) / special.erfcx(x * -math.sqrt(0.5))]
    # The derivatives of h' = -h e with e = x + h, by the product rule.
    e = [x + h[0]]
    for k in range(order):
        h.append(-sum(math.comb(k, i) * h[i] * e[k - i] for i in range(k + 1)))
        e.append(h[-1] + (k == 0))
    return h[order]


def _mills_far_out(t: Any, order: int) -> Any:
    square = (1.0 / t) ** 2
    total = 0.0
    for j, a in reversed(list(enumerate(_MILLS_SERIES))):
        total = total * square + (-1) ** order * a * math.prod(1 - 2 * j - i for i in range(order))
    return total * t ** (1.0 - order)


logit = table.elementwise(
    special.logit,
    lambda g, out, x: g / (x * (1.0 - x)),
    reads=("x",),
    examples=_PROBABILITY,
    doc="log(x / (1 - x)), the inverse of sigmoid.",
)


if not TYPE_CHECKING:
    __all__ = table.names
