"""The error functions, the normal distribution and the gamma functions of scipy.special, element by element."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from minigrad.ops.define import declared_in, elementwise, half_by_single, primitive
from minigrad.ops.samples import Sample, positives, reals

_UNARY = [reals(2, 3)]
_POSITIVE = [positives(2, 3)]
_PROBABILITY = [Sample((2, 3), 0.05, 0.95)]
_TWO_POSITIVE = [
    (positives(2, 3), positives(2, 3)),
    (positives(2, 1), positives(3)),
]

# Error functions.

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
erfcx = elementwise(
    special.erfcx,
    lambda g, out, x: g * (2.0 * x * out - 2.0 / math.sqrt(math.pi)),
    reads=("out x",),
    examples=_UNARY,
    doc="exp(x^2) erfc(x). The derivative has an absolute error of 1e-16, though it goes to 0 for large x.",
)
erfi = elementwise(
    special.erfi,
    lambda g, out, x: g * np.exp(x * x) * (2.0 / math.sqrt(math.pi)),
    reads=("x",),
    examples=_UNARY,
    doc="Imaginary error function, -i erf(ix).",
)
dawsn = elementwise(
    special.dawsn,
    lambda g, out, x: g * (1.0 - 2.0 * x * out),
    reads=("out x",),
    examples=_UNARY,
    doc="Dawson's integral. The derivative has an absolute error of 1e-16, though it goes to 0 for large |x|.",
)
erfinv = elementwise(
    special.erfinv,
    lambda g, out, x: g * np.exp(out * out) * (0.5 * math.sqrt(math.pi)),
    reads=("out",),
    examples=[reals(2, 3, low=-0.9, high=0.9)],
    doc="Inverse of erf.",
)
erfcinv = elementwise(
    special.erfcinv,
    lambda g, out, x: g * np.exp(out * out) * (-0.5 * math.sqrt(math.pi)),
    reads=("out",),
    examples=[Sample((2, 3), 0.1, 1.9)],
    doc="Inverse of erfc.",
)

# The normal and the logistic distribution.

ndtri = elementwise(
    special.ndtri,
    lambda g, out, x: g * np.exp(0.5 * out * out) * math.sqrt(2.0 * math.pi),
    reads=("out",),
    examples=_PROBABILITY,
    doc="Inverse of ndtr: the quantiles of the standard normal distribution.",
)
log_ndtr = elementwise(
    special.log_ndtr,
    lambda g, out, x: g * inverse_mills(x),
    reads=("x",),
    examples=_UNARY,
    doc="log(ndtr(x)), exact where ndtr(x) would round to 0 or 1.",
)
_erfcx = half_by_single(special.erfcx)


@primitive(lambda g, out, x: -g * out * (x + out), reads=("out x",), examples=_UNARY)
def inverse_mills(x: Any) -> Any:
    """Density of the standard normal distribution over its distribution function, elementwise: d log_ndtr(x) / dx.

    A quotient of the two would be 0 / 0 for x below -38; the scaled error function is their quotient itself.
    """
    return math.sqrt(2.0 / math.pi) / _erfcx(x * -math.sqrt(0.5))


logit = elementwise(
    special.logit,
    lambda g, out, x: g / (x * (1.0 - x)),
    reads=("x",),
    examples=_PROBABILITY,
    doc="log(x / (1 - x)), the inverse of sigmoid.",
)

# Gamma functions.

gammaln = elementwise(
    special.gammaln,
    lambda g, out, x: g * digamma(x),
    reads=("x",),
    examples=_POSITIVE,
    doc="Logarithm of |gamma(x)|.",
)
gamma = elementwise(
    special.gamma,
    lambda g, out, x: g * (out * digamma(x)),
    reads=("out x",),
    examples=[positives(2, 3), reals(3, low=-0.9, high=-0.1)],
    doc="Gamma function of x.",
)
digamma = elementwise(
    special.digamma,
    lambda g, out, x: g * polygamma(1, x),
    reads=("x",),
    examples=_POSITIVE,
    doc="Derivative of gammaln, also called psi.",
    name="digamma",
)


@primitive(
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


betaln = elementwise(
    special.betaln,
    lambda g, out, x, y: g * (digamma(x) - digamma(x + y)),
    lambda g, out, x, y: g * (digamma(y) - digamma(x + y)),
    reads=("x y", "x y"),
    examples=_TWO_POSITIVE,
    doc="Logarithm of |beta(x, y)|.",
)
beta = elementwise(
    special.beta,
    lambda g, out, x, y: g * (out * (digamma(x) - digamma(x + y))),
    lambda g, out, x, y: g * (out * (digamma(y) - digamma(x + y))),
    reads=("out x y", "out x y"),
    examples=_TWO_POSITIVE,
    doc="gamma(x) gamma(y) / gamma(x + y).",
)

if not TYPE_CHECKING:
    __all__ = declared_in(__name__)
