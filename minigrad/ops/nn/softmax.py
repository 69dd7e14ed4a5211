"""Softmax along axes, and its logarithm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.ops.reductions.sums import Axes

table = Table(__name__)


def _shifted(x: Any, axis: Axes) -> Any:
    """x minus its maximum, as floats: below 0, unsigned whole numbers would begin again at their largest."""
    return x - (np.max(x, axis=axis, keepdims=True) + 0.0)


@table.primitive(
    lambda g, out, x, axis: out * (g - np.sum(g * out, axis=axis, keepdims=True)),
    reads=("out",),
    examples=[reals(2, 3), (reals(2, 3), {"axis": 0}), (reals(2, 3), {"axis": None}), reals(), reals(0, 3)],
)
def softmax(x: Any, axis: Axes = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis, without overflow."""
    powers = np.exp(_shifted(x, axis))
    return powers / np.sum(powers, axis=axis, keepdims=True)


@table.primitive(
    lambda g, out, x, axis: g - np.exp(out) * np.sum(g, axis=axis, keepdims=True),
    reads=("out",),
    examples=[reals(2, 3), (reals(2, 3), {"axis": 0}), (reals(2, 3), {"axis": None}), reals(), reals(0, 3)],
)
def log_softmax(x: Any, axis: Axes = -1) -> Any:
    """log(softmax(x)) along an axis, exact where softmax would round to 0."""
    shifted = _shifted(x, axis)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


if not TYPE_CHECKING:
    __all__ = table.names
