"""The error functions, the normal distribution and the gamma functions of scipy.special, element by element."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from minigrad.engine.examples import Sample, positives, reals
from minigrad.engine.table import Table

table = Table(__name__)

_UNARY = [reals(2, 3)]
_POSITIVE = [positives(2, 3)]
_PROBABILITY = [Sample((2, 3), 0.05, 0.95)]
_TWO_POSITIVE = [
    (positives(2, 3), positives(2, 3)),
    (positives(2, 1), positives(3)),
]

# Error functions.


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

# The normal and the logistic distribution.

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
_FAR = 10.0
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
    far = np.less(x, -_FAR)
    values = _mills_nearby(np.clip(np.asarray(x, float), -_FAR, 40.0), order)
    if np.any(far):
        values = np.where(far, _mills_far_out(np.maximum(np.negative(x, dtype=float), _FAR), order), values)
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

# Gamma functions.

gammaln = table.elementwise(
    special.gammaln,
    lambda g, out, x: g * digamma(x),
    reads=("x",),
    examples=_POSITIVE,
    doc="Logarithm of |gamma(x)|.",
)
gamma = table.elementwise(
    special.gamma,
    lambda g, out, x: g * (out * digamma(x)),
    reads=("out x",),
    examples=[positives(2, 3), reals(3, low=-0.9, high=-0.1)],
    doc="Gamma function of x.",
)
digamma = table.elementwise(
    special.digamma,
    lambda g, out, x: g * polygamma(1, x),
    reads=("x",),
    examples=_POSITIVE,
    doc="Derivative of gammaln, also called psi.",
    name="digamma",
)


@table.primitive(
    None,
    lambda g, out, n, x: g * polygamma(n + 1, x),
    reads=("", "n x"),
    examples=[
        (1, positives(2, 3)),
        (2, positives()),
        (0, reals(2, low=-0.9, high=-0.1)),
        (np.array([[0], [3]]), positives(2)),
        (1, positives(0)),
    ],
    broadcasts=True,
)
def polygamma(n: Any, x: Any) -> Any:
    """Derivative of digamma of order `n`, integers of at least 0, elementwise.

    It is ``scipy.special.polygamma``, which takes no Tensors itself.
    """
    if np.result_type(n).kind not in "iu" or np.any(np.less(n, 0)):
        raise ValueError(f"the order n of polygamma must be integers of at least 0, not {n}")
    dtype = np.result_type(x)
    values = special.polygamma(n, x)
    return values.astype(dtype) if dtype.kind == "f" else values


betaln = table.elementwise(
    special.betaln,
    lambda g, out, x, y: g * (digamma(x) - digamma(x + y)),
    lambda g, out, x, y: g * (digamma(y) - digamma(x + y)),
    reads=("x y", "x y"),
    examples=_TWO_POSITIVE,
    doc="Logarithm of |beta(x, y)|.",
)
beta = table.elementwise(
    special.beta,
    lambda g, out, x, y: g * (out * (digamma(x) - digamma(x + y))),
    lambda g, out, x, y: g * (out * (digamma(y) - digamma(x + y))),
    reads=("out x y", "out x y"),
    examples=_TWO_POSITIVE,
    doc="gamma(x) gamma(y) / gamma(x + y).",
)

if not TYPE_CHECKING:
    __all__ = table.names
