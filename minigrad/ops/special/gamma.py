"""The gamma and beta functions of scipy.special, element by element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from minigrad.engine.examples import positives, reals
from minigrad.engine.stand_ins import StandIn, in_one_step
from minigrad.engine.table import Table

table = Table(__name__)

_POSITIVE = [positives(2, 3)]
_TWO_POSITIVE = [
    (positives(2, 3), positives(2, 3)),
    (positives(2, 1), positives(3)),
]

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


def refuse_order(n: Any, operation: str) -> None:
    """Raise unless the order of derivatives or Bessel functions is integers of at least 0."""
    if np.result_type(n).kind not in "iu" or (not isinstance(n, StandIn) and np.any(np.less(n, 0))):
        raise ValueError(f"the order n of {operation} must be integers of at least 0, not {n}")


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
    refuse_order(n, "polygamma")
    dtype = np.result_type(x)
    values = in_one_step(special.polygamma, n, x)
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
