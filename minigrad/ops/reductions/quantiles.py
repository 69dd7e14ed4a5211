"""Operations that read values from between sorted ones: medians, quantiles, percentiles."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.stand_ins import self_contained
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.ops.manipulation.axes import inverse
from minigrad.ops.manipulation.indexing import scatter_add
from minigrad.ops.manipulation.sorting import from_sorted, sorting

table = Table(__name__)

Axes = int | tuple[int, ...] | None


@self_contained
def quantile_places(ordered: Any, q: Any, method: Any, percent: bool, skips_nan: bool) -> tuple[Any, Any]:
    """Between which of the values sorted along the last axis quantiles lie.

    A position of 2.25 is a quarter of the way from number 2 to number 3. Every method interpolates linearly between
    sorted values, at positions that depend on how many there are, so the quantiles of 0, 1, 2, ... are positions.

    Returns:
        The index of the value below, in all values flattened, and which part of the way to the next one the quantile
        lies; along an axis after those of the rows.
    """
    *rows, length = ordered.shape
    missing = np.isnan(ordered)
    counts = np.sum(~missing, axis=-1) if skips_nan else np.full(rows, length)
    positions = np.zeros((*rows, np.size(q)))
    for count in np.unique(counts):
        if count:
            numbers = np.arange(float(count))
            found = np.percentile(numbers, q, method=method) if percent else np.quantile(numbers, q, method=method)
            positions[counts == count] = np.ravel(found)
    if not skips_nan:
        # A result that is NaN comes from one of these, which are sorted last.
        positions[missing[..., -1]] = length - 1
    below = np.floor(positions).astype(int)
    starts = length * np.arange(counts.size).reshape(*rows, 1)
    return starts + below, positions - below


def _quantile_rule(
    g: Any,
    out: Any,
    x: Any,
    axis: Axes,
    keepdims: bool,
    q: Any = 0.5,
    method: str = "linear",
    percent: bool = False,
    skips_nan: bool = False,
) -> Any:
    """The gradient of quantiles: to the two sorted values around each, and from there to all that equal them.

    Where it `skips_nan`, these are left out; otherwise a result that is NaN comes from them.
    """
    if not x.size:
        return np.zeros_like(x)
    axes = np.lib.array_utils.normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim)
    kept = [each for each in range(x.ndim) if each not in axes]
    lanes_last = (*kept, *axes)
    moved = np.transpose(plain(x), lanes_last)
    lanes = tuple(x.shape[each] for each in kept)
    rows, length = math.prod(lanes), math.prod(x.shape[each] for each in axes)
    order, ties, ordered = sorting(np.reshape(moved, (rows, length)), -1)
    below, share = quantile_places(ordered, plain(q), method, percent, skips_nan)
    share = share.astype(np.result_type(g.dtype, np.float32))

    # One row of gradients for each lane.
    g = np.transpose(np.reshape(g, (np.size(q), rows)))
    if skips_nan:
        g = np.where(np.isnan(ordered[:, :1]), 0.0, g)
    to_below = g * (1.0 - share)
    is_between = np.greater(share, 0.0)
    shares = np.concatenate([to_below, np.where(is_between, g - to_below, 0.0)], -1)
    places = np.concatenate([below, below + is_between], -1)
    total = np.reshape(scatter_add(shares, index=places, shape=(rows * length,)), (rows, length))
    result = np.reshape(from_sorted(total, order=order, ties=ties), moved.shape)
    return np.transpose(result, inverse(lanes_last))


def _constant(q: Any) -> Any:
    if getattr(q, "requires_grad", False):
        raise TypeError("a quantile is differentiated with respect to x alone; q has to be a constant: q.detach()")
    # A sequence may hold Tensors; NumPy asks these whether they are constants.
    return q if isinstance(q, (list, tuple)) else plain(q)


def _row(q: Any) -> Any:
    q = _constant(q)
    if np.ndim(q) > 1:
        raise ValueError("q has at most one dimension here; NumPy mixes up the axes of the result for more")
    return q


_MEDIANS = [
    reals(5),
    (reals(2, 4), {"axis": 1}),
    (reals(2, 3, 2), {"axis": (0, -1), "keepdims": True}),
    (reals(3, 2), {"axis": ()}),
    reals(),
    (reals(0, 3), {"axis": 1}),
]
_QUANTILES = [
    (reals(5), 0.3),
    (reals(2, 4), {"q": np.array([0.75, 0.0, 0.4375], np.float32), "axis": 1}),
    (reals(2, 3, 2), {"q": np.array([1, 0], np.float32), "axis": (0, -1), "keepdims": True}),
    (reals(3, 4), {"q": 0.6, "axis": 0, "method": "nearest"}),
    (reals(7), {"q": 0.35, "method": "median_unbiased"}),
    (reals(), {"q": 0.7}),
    (reals(0, 3), 0.3, {"axis": 1}),
]

_PERCENTILES = [
    (reals(5), 30),
    (reals(2, 4), {"q": np.array([75, 40], np.float32), "axis": 1, "method": "hazen", "keepdims": True}),
    (reals(), {"q": 70}),
    (reals(0, 3), {"q": 30, "axis": 1}),
]


@table.primitive(_quantile_rule, reads=("x",), overrides=[np.median], examples=_MEDIANS)
def median(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """Median over the given axes, the mean of the two middle values of an even number; ties share the gradient."""
    return np.median(x, axis=axis, keepdims=keepdims)


@table.primitive(_quantile_rule, reads=("x",), overrides=[np.quantile], examples=_QUANTILES)
def quantile(x: Any, q: Any, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Any:
    """The values below which fractions q of the values along the given axes lie; ties share the gradient.

    Args:
        x: any array.
        q: constant fractions from 0 to 1; their axes come first in the result.
        axis: all axes by default.
        method: which values between two of x are taken, by NumPy's names.
        keepdims: keep the reduced axes, with size 1.

    Raises:
        TypeError: for a q that requires a gradient.
    """
    return np.quantile(x, _constant(q), axis=axis, method=method, keepdims=keepdims)  # type: ignore[call-overload]


@table.primitive(
    functools.partial(_quantile_rule, percent=True), reads=("x",), overrides=[np.percentile], examples=_PERCENTILES
)
def percentile(x: Any, q: Any, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Any:
    """`quantile` of q / 100."""
    return np.percentile(x, _constant(q), axis=axis, method=method, keepdims=keepdims)  # type: ignore[call-overload]


@table.primitive(
    functools.partial(_quantile_rule, skips_nan=True), reads=("x",), overrides=[np.nanmedian], examples=_MEDIANS
)
def nanmedian(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """`median` of what is not NaN; the gradient of NaN is 0."""
    return np.nanmedian(x, axis=axis, keepdims=keepdims)


@table.primitive(
    functools.partial(_quantile_rule, skips_nan=True), reads=("x",), overrides=[np.nanquantile], examples=_QUANTILES
)
def nanquantile(x: Any, q: Any, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Any:
    """`quantile` of what is not NaN; the gradient of NaN is 0.

    Raises:
        ValueError: for a q of more than one dimension.
    """
    return np.nanquantile(x, _row(q), axis=axis, method=method, keepdims=keepdims)  # type: ignore[call-overload]


@table.primitive(
    functools.partial(_quantile_rule, percent=True, skips_nan=True),
    reads=("x",),
    overrides=[np.nanpercentile],
    examples=_PERCENTILES,
)
def nanpercentile(x: Any, q: Any, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Any:
    """`nanquantile` of q / 100."""
    return np.nanpercentile(x, _row(q), axis=axis, method=method, keepdims=keepdims)  # type: ignore[call-overload]


if not TYPE_CHECKING:
    __all__ = table.names
