"""The functions between the layers of a network, each of one array, element by element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from minigrad.engine.examples import reals
from minigrad.engine.table import Table, half_by_single
from minigrad.kernels import buffers
from minigrad.kernels.masked import zeroed
from minigrad.ops.elementwise.where import keep_where
from minigrad.ops.special.distributions import density, limited, ndtr

table = Table(__name__)

_UNARY = [reals(2, 3)]
# From here on the time of a call does not matter.
_WORTH_MORE_CALLS = 1000
_expit = half_by_single(special.expit)


def _sigmoid(x: Any) -> Any:
    if type(x) is not np.ndarray or x.size < _WORTH_MORE_CALLS or x.dtype.char not in "fd":
        return _expit(x)
    # Four steps that NumPy takes for several elements at once are up to four times as fast.
    with np.errstate(over="ignore", under="ignore"):
        out = np.negative(x, out=buffers.like(x))
        np.exp(out, out=out)
        np.add(out, 1.0, out=out)
        return np.reciprocal(out, out=out)


sigmoid = table.elementwise(
    special.expit,
    lambda g, out, x: g * out * (1.0 - out),
    reads=("out",),
    examples=_UNARY,
    doc="1 / (1 + exp(-x)), without overflow; what is smaller than the smallest normal number may be 0.",
    name="sigmoid",
    kernel=_sigmoid,
)
log_sigmoid = table.elementwise(
    special.log_expit,
    lambda g, out, x: g * sigmoid(-x),
    reads=("x",),
    examples=_UNARY,
    doc="log(sigmoid(x)), exact where sigmoid(x) would round to 0 or 1.",
    name="log_sigmoid",
)


def _relu(x: Any) -> Any:
    if type(x) is np.ndarray and x.size >= _WORTH_MORE_CALLS:
        # The maximum with a number takes three times as long: NumPy has vector instructions for it in `clip` only.
        return np.clip(x, 0.0, np.inf, out=buffers.like(x))
    return np.maximum(x, 0.0)


@table.primitive(
    lambda g, out, x: keep_where(g, out > 0.0),
    reads=("out",),
    overwriting=lambda g, out, x: zeroed(g, out > 0.0, out=g),
    examples=_UNARY,
    elementwise=True,
    kernel=_relu,
)
def relu(x: Any) -> Any:
    """max(x, 0), elementwise; the derivative at 0 is 0."""
    return np.maximum(x, 0.0)


@table.primitive(
    lambda g, out, x, slope: np.where(x > 0.0, g, slope * g),
    reads=("x",),
    examples=[reals(2, 3), (reals(2, 3), {"slope": 0.2})],
    elementwise=True,
)
def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """x where it is positive and slope * x elsewhere; the derivative at 0 is `slope`.

    Maas, Hannun and Ng (2013), "Rectifier nonlinearities improve neural network acoustic models".
    """
    return np.where(x > 0.0, x, slope * x)


@table.primitive(lambda g, out, x: g * sigmoid(x), reads=("x",), examples=_UNARY, elementwise=True)
def softplus(x: Any) -> Any:
    """log(1 + exp(x)), elementwise, without overflow."""
    return np.logaddexp(x, 0.0)


def _gelu_slope(x: Any) -> Any:
    reached = limited(x)
    return ndtr(x) + reached * density(reached)


@table.primitive(
    lambda g, out, x: g * _gelu_slope(x),
    reads=("x",),
    examples=_UNARY,
    elementwise=True,
)
def gelu(x: Any) -> Any:
    """x * P(Z <= x) for a standard normal Z, elementwise: the exact form, not the approximation by tanh.

    Hendrycks and Gimpel (2016), "Gaussian error linear units", arXiv:1606.08415, section 2.
    """
    return x * ndtr(x)


if not TYPE_CHECKING:
    __all__ = table.names
