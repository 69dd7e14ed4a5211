"""Sums of exponentials: logsumexp, softmax, and its logarithm."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.ops.reductions.sums import REDUCED, Axes, restored

table = Table(__name__)


def _finite_floor(logarithms: Any) -> Any:
    """Logarithms of sums, with 0 for those of sums of nothing but zeros: every share of these is 0."""
    return np.where(np.equal(logarithms, -math.inf), 0.0, logarithms)


@table.primitive(
    lambda g, out, x, axis, keepdims: (
        restored(g, x, axis, keepdims) * np.exp(x - restored(_finite_floor(out), x, axis, keepdims))
    ),
    reads=("out x",),
    examples=REDUCED,
)
def logsumexp(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over the given axes, without overflow."""
    largest = np.max(x, axis=axis, keepdims=True)
    # An infinite maximum is itself the result; subtracting it would give NaN.
    shift = np.where(np.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore"):
        result = np.log(np.sum(np.exp(x - shift), axis=axis, keepdims=True)) + shift
    return result if keepdims else np.squeeze(result, axis=axis)


@table.primitive(
    lambda g, out, x, axis: out * (g - np.sum(g * out, axis=axis, keepdims=True)),
    reads=("out",),
    examples=[reals(2, 3), (reals(2, 3), {"axis": 0}), (reals(2, 3), {"axis": None}), reals(0, 3)],
)
def softmax(x: Any, axis: Axes = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis, without overflow."""
    powers = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return powers / np.sum(powers, axis=axis, keepdims=True)


@table.primitive(
    lambda g, out, x, axis: g - np.exp(out) * np.sum(g, axis=axis, keepdims=True),
    reads=("out",),
    examples=[reals(2, 3), (reals(2, 3), {"axis": 0}), (reals(2, 3), {"axis": None}), reals(0, 3)],
)
def log_softmax(x: Any, axis: Axes = -1) -> Any:
    """log(softmax(x)) along an axis, exact where softmax would round to 0."""
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


if not TYPE_CHECKING:
    __all__ = table.names
