"""The exponential functions of scipy.special, and their integrals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from minigrad.engine.examples import positives, reals
from minigrad.engine.table import Table

table = Table(__name__)

_POSITIVE = [positives(2, 3)]
_UNARY = [reals(2, 3)]

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


if not TYPE_CHECKING:
    __all__ = table.names
