"""Lines between given points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import Sample, reals
from minigrad.engine.stand_ins import StandIn
from minigrad.engine.table import Table
from minigrad.engine.values import as_array, plain, scalar_if_0d

table = Table(__name__)

# In the order of the samples' arguments: the points are sorted, and lie between 0 and 4.
_POINTS = np.arange(5, dtype=np.int8)


@table.composite(
    overrides=[np.interp],
    examples=[
        (Sample((2, 3), 0.1, 3.9), _POINTS, reals(5)),
        (Sample((), 0.1, 3.9), _POINTS, reals(5), -1.0, 2.0),
        (reals(7, low=-1.0, high=5.0), _POINTS, reals(5), {"left": -0.5}),
        (np.array([-1, 3], np.int8), reals(1), reals(1)),
        (reals(0), _POINTS, reals(5)),
    ],
)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: None = None) -> Any:
    """Straight lines between the points (xp, fp), at every x; differentiable by all three.

    Where two lines meet, the derivative by x is that of the line on the right.

    Args:
        x: where to interpolate.
        xp: increasing, of one dimension.
        fp: the values at xp.
        left: the value before the first point, which is that of the first by default.
        right: the value after the last point, which is that of the last by default.
        period: not supported.

    Raises:
        ValueError: for points of another shape, or a period.
    """
    if period is not None:
        raise ValueError("interp: period= is not supported; give x % period, and points that cover the whole period")
    x, xp, fp = as_array(x), as_array(xp), as_array(fp)
    if xp.ndim != 1 or xp.shape != fp.shape or not xp.size:
        raise ValueError(f"interp takes points of one dimension, not xp of shape {xp.shape} and fp of {fp.shape}")
    after = np.searchsorted(plain(xp), plain(x), side="right")
    start = np.clip(after - 1, 0, max(xp.size - 2, 0))
    end = np.minimum(start + 1, xp.size - 1)
    before, behind = _looked_up(fp, start), _looked_up(fp, end)
    width = _looked_up(xp, end) - _looked_up(xp, start)
    jumps = np.equal(width, 0) & ~np.isnan(x)
    divisor = np.where(np.equal(width, 0), 1, width)
    part = (x - _looked_up(xp, start)) / divisor
    values = np.where(jumps, behind, before + part * (behind - before))
    values = np.where(x < xp[0], fp[0] if left is None else left, values)
    return scalar_if_0d(np.where(x > xp[-1], fp[-1] if right is None else right, values))


def _looked_up(values: Any, places: Any) -> Any:
    if isinstance(places, StandIn) and isinstance(values, np.ndarray) and not isinstance(values, StandIn):
        # A constant array does not know what such places are.
        return np.reshape(np.take_along_axis(values, np.reshape(as_array(places), -1), 0), np.shape(as_array(places)))
    return values[places]


if not TYPE_CHECKING:
    __all__ = table.names
