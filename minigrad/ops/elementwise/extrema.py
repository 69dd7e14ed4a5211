"""The larger and the smaller of two elements, and elements limited to an interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.registry import overrides
from minigrad.engine.stand_ins import is_number
from minigrad.engine.table import Table
from minigrad.engine.values import scalar_if_0d
from minigrad.ops.elementwise.arithmetic import positive
from minigrad.ops.elementwise.where import keep_where, where

table = Table(__name__)

_FLOATS = frozenset(map(np.dtype, (np.float16, np.float32, np.float64)))

_BINARY = [(reals(2, 3), reals(2, 3)), (reals(2, 3), reals(3)), (reals(2, 1), reals(3)), (reals(), reals(2))]

maximum = table.elementwise(
    np.maximum,
    lambda g, out, x, y: np.where(x > y, g, np.where(np.equal(x, y), 0.5 * g, 0.0)),
    lambda g, out, x, y: np.where(y > x, g, np.where(np.equal(x, y), 0.5 * g, 0.0)),
    reads=("x y", "x y"),
    examples=_BINARY,
    doc="The larger of x and y; equal values share the gradient equally.",
)
minimum = table.elementwise(
    np.minimum,
    lambda g, out, x, y: np.where(x < y, g, np.where(np.equal(x, y), 0.5 * g, 0.0)),
    lambda g, out, x, y: np.where(y < x, g, np.where(np.equal(x, y), 0.5 * g, 0.0)),
    reads=("x y", "x y"),
    examples=_BINARY,
    doc="The smaller of x and y; equal values share the gradient equally.",
)
fmax = table.elementwise(
    np.fmax,
    lambda g, out, x, y: _share(g, x, y, np.greater(x, y)),
    lambda g, out, x, y: _share(g, y, x, np.greater(y, x)),
    reads=("x y", "x y"),
    examples=_BINARY,
    doc="The larger of x and y, or the one that is not NaN; equal values share the gradient equally.",
)
fmin = table.elementwise(
    np.fmin,
    lambda g, out, x, y: _share(g, x, y, np.less(x, y)),
    lambda g, out, x, y: _share(g, y, x, np.less(y, x)),
    reads=("x y", "x y"),
    examples=_BINARY,
    doc="The smaller of x and y, or the one that is not NaN; equal values share the gradient equally.",
)


def _share(g: Any, own: Any, other: Any, wins: Any) -> Any:
    alone = np.logical_and(np.isnan(other), np.logical_not(np.isnan(own)))
    return np.where(np.logical_or(wins, alone), g, np.where(np.equal(own, other), 0.5 * g, 0.0))


@table.primitive(
    lambda g, out, x, low, high: keep_where(g, np.logical_not(_outside(x, low, high))),
    reads=("x",),
    examples=[(reals(2, 3), {"low": -0.8, "high": 0.6}), (reals(), {"high": 0.6}), (reals(0), {"low": -0.8})],
    public=False,
)
def limited(x: Any, low: float | None = None, high: float | None = None) -> Any:
    """x limited to the interval between two numbers, or on one side; elementwise."""
    return np.clip(x, low, high)


def _outside(x: Any, low: Any, high: Any) -> Any:
    if low is None:
        return np.greater(x, high)
    return np.less(x, low) if high is None else np.logical_or(np.less(x, low), np.greater(x, high))


def _is_number(bound: Any) -> bool:
    return bound is None or (is_number(bound) and not math.isnan(bound))


@table.composite(
    overrides=[np.clip],
    examples=[
        (reals(2, 3), -0.8, 0.6),
        (reals(2, 3), None, 0.6),
        (reals(2, 3), np.array([-1.2, -0.8, -0.4]), np.array([[0.2], [0.6]])),
        (reals(), -0.8, 0.6),
        (reals(0), -0.8, 0.6),
    ],
)
def clip(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """x limited to the interval from `a_min` to `a_max`; at the bounds themselves the gradient passes to x.

    As in NumPy, the bounds can be given as `min` and `max` instead, and the result is NaN where a bound is.

    Raises:
        ValueError: for bounds that are given in both ways.
    """
    if (a_min is not None or a_max is not None) and (min is not None or max is not None):
        raise ValueError("clip takes its bounds as a_min and a_max, or as min and max")
    low, high = min if a_min is None else a_min, max if a_max is None else a_max
    if low is None and high is None:
        return positive(x)
    if _is_number(low) and _is_number(high) and getattr(x, "dtype", None) in _FLOATS:
        return limited(x, low=low, high=high)
    raised = x if low is None else where(np.logical_or(np.less(x, low), np.isnan(low)), low, x)
    result = raised if high is None else where(np.logical_or(np.greater(raised, high), np.isnan(high)), high, raised)
    # Of 0-d arrays `where` gives arrays, and np.clip gives scalars.
    return scalar_if_0d(result)


# What ``array.clip(tensor, tensor)`` calls.
overrides[np._core.umath.clip] = clip  # type: ignore[attr-defined]


if not TYPE_CHECKING:
    __all__ = table.names
