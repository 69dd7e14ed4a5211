"""The exponential functions of scipy.special, their integrals, and the transformation of Box and Cox."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from minigrad.engine.apply import plain
from minigrad.engine.examples import positives, reals
from minigrad.engine.table import Table

table = Table(__name__)

_UNARY = [reals(2, 3)]
_POSITIVE = [positives(2, 3)]

exp10 = table.elementwise(
    special.exp10,
    lambda g, out, x: g * out * math.log(10.0),
    reads=("out",),
    examples=_UNARY,
    doc="10 to the power of x.",
)
cosm1 = table.elementwise(
    special.cosm1, lambda g, out, x: -g * np.sin(x), reads=("x",), examples=_UNARY, doc="cos(x) - 1, exact near 0."
)
expi = table.elementwise(
    special.expi,
    lambda g, out, x: g * np.exp(x) / x,
    reads=("x",),
    examples=_POSITIVE,
    doc="Exponential integral Ei(x).",
)
exp1 = table.elementwise(
    special.exp1,
    lambda g, out, x: -g * np.exp(-x) / x,
    reads=("x",),
    examples=_POSITIVE,
    doc="Exponential integral E1(x).",
)
exprel = table.elementwise(
    special.exprel,
    lambda g, out, x: g * exp_moment(x, n=1),
    reads=("x",),
    examples=_UNARY,
    doc="(exp(x) - 1) / x, exact near 0, and 1 at 0.",
)


@table.primitive(
    lambda g, out, x, n: g * exp_moment(x, n=n + 1),
    reads=("x",),
    examples=[(reals(2, 3), {"n": 1}), (reals(), {"n": 0}), (reals(0), {"n": 2})],
    public=False,
)
def exp_moment(x: Any, n: int) -> Any:
    """Integral of t^n exp(x t) over t from 0 to 1, elementwise: the derivative of exprel of order `n`.

    NIST Digital Library of Mathematical Functions, 13.4.1.
    """
    dtype = np.result_type(x)
    # SciPy's hyp1f1 never returns for very large x; from about 710 on it is infinite. At -inf it has no value.
    values = special.hyp1f1(n + 1.0, n + 2.0, np.minimum(x, 1000.0)) / (n + 1.0)
    values = np.where(np.isneginf(x), 0.0, values)
    return values.astype(dtype) if dtype.kind == "f" else values


# (x^y - 1) / y is L exprel(y L) with L = log(x), which has every derivative at y = 0.


def _by_exponent(g: Any, logarithm: Any, y: Any) -> Any:
    product = y * logarithm
    limit = np.isneginf(plain(product))
    if not np.any(limit):
        return g * (logarithm * logarithm * exp_moment(product, n=1))
    # There the function is -1 / y.
    finite, divisor = np.where(limit, 0.0, logarithm), np.where(limit, y, 1.0)
    return g * np.where(limit, 1.0 / (divisor * divisor), finite * finite * exp_moment(y * finite, n=1))


def _log(x: Any) -> Any:
    """log(x), of a Python number as a Python number, which turns no float32 into float64."""
    return math.log(x) if isinstance(x, (int, float)) and x > 0 else np.log(x)


def _log1p(x: Any) -> Any:
    return math.log1p(x) if isinstance(x, (int, float)) and x > -1 else np.log1p(x)


_BOXCOX = [(positives(2, 3), reals(2, 3)), (positives(2, 1), reals(3)), (positives(), 0.5), (2.0, reals(2))]
# Where 1 + x y is positive, too.
_INVERSE = [
    (reals(2, 3, low=-0.5, high=0.5), reals(2, 3, low=-1.5, high=1.5)),
    (reals(2, 1, low=-0.5, high=0.5), reals(3, low=-1.5, high=1.5)),
    (reals(low=-0.5, high=0.5), 0.5),
    (0.4, reals(2, low=-1.5, high=1.5)),
]

boxcox = table.elementwise(
    special.boxcox,
    lambda g, out, x, y: g * x ** (y - 1.0),
    lambda g, out, x, y: _by_exponent(g, _log(x), y),
    reads=("x y", "x y"),
    examples=_BOXCOX,
    doc="(x^y - 1) / y, and log(x) where y is 0. By y there is a derivative for x > 0, and at 0 for y > 0.",
)
boxcox1p = table.elementwise(
    special.boxcox1p,
    lambda g, out, x, y: g * (1.0 + x) ** (y - 1.0),
    lambda g, out, x, y: _by_exponent(g, _log1p(x), y),
    reads=("x y", "x y"),
    examples=_BOXCOX,
    doc="((1 + x)^y - 1) / y, and log(1 + x) where y is 0. By y there is a derivative for x > -1, and at -1 for y > 0.",
)
inv_boxcox = table.elementwise(
    special.inv_boxcox,
    lambda g, out, x, y: g * out ** (1.0 - y),
    lambda g, out, x, y: -_by_exponent(g * out ** (1.0 - y), np.log(out), y),
    reads=("out y", "out y"),
    examples=_INVERSE,
    doc="(1 + x y)^(1 / y), and exp(x) where y is 0: the inverse of boxcox.",
)
inv_boxcox1p = table.elementwise(
    special.inv_boxcox1p,
    lambda g, out, x, y: g * (1.0 + out) ** (1.0 - y),
    lambda g, out, x, y: -_by_exponent(g * (1.0 + out) ** (1.0 - y), np.log1p(out), y),
    reads=("out y", "out y"),
    examples=_INVERSE,
    doc="(1 + x y)^(1 / y) - 1, and exp(x) - 1 where y is 0: the inverse of boxcox1p.",
)

if not TYPE_CHECKING:
    __all__ = table.names
