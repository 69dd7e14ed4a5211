"""The transformation of Box and Cox, and its inverse."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from minigrad.engine.examples import positives, reals
from minigrad.engine.stand_ins import is_number
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.ops.special.exponential import exp_moment

table = Table(__name__)


# (x^y - 1) / y is L exprel(y L) with L = log(x), which has every derivative at y = 0.


def _by_exponent(g: Any, logarithm: Any, y: Any) -> Any:
    product = y * logarithm
    if is_number(logarithm) and math.isfinite(logarithm):
        # That of a Python number, which turns no float32 into float64.
        return g * (logarithm * logarithm * exp_moment(product, n=1))
    limit = np.isneginf(plain(product))
    # There the function is -1 / y.
    finite, divisor = np.where(limit, 0.0, logarithm), np.where(limit, y, 1.0)
    return g * np.where(limit, 1.0 / (divisor * divisor), finite * finite * exp_moment(y * finite, n=1))


def _log(x: Any) -> Any:
    """log(x), of a Python number as a Python number, which turns no float32 into float64."""
    return math.log(x) if is_number(x) and x > 0 else np.log(x)


def _log1p(x: Any) -> Any:
    return math.log1p(x) if is_number(x) and x > -1 else np.log1p(x)


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
