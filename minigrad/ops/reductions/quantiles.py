"""Operations that read values from between sorted ones: medians, quantiles, percentiles."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.ops.manipulation.indexing import scatter_add
from minigrad.ops.manipulation.sorting import from_sorted, sorting

table = Table(__name__)

Axes = int | tuple[int, ...] | None


def _positions(counts: NDArray[np.intp], of: Callable[..., Any], q: Any, method: str) -> NDArray[np.float64]:
    """Between which of sorted values a quantile lies: 2.25 is a quarter of the way from number 2 to number 3.

    Every method interpolates linearly between sorted values at positions that depend on their number alone, so the
    quantiles of 0, 1, 2, ... are these positions; they are along an axis after those of `counts`.
    """
    positions = np.zeros((*counts.shape, np.size(q)))
    for count in np.unique(counts):
        if count:
            positions[counts == count] = np.ravel(of(np.arange(float(count)), q, method=method))
    return positions


def _quantile_rule(
    g: Any,
    out: Any,
    x: Any,
    axis: Axes,
    keepdims: bool,
    q: Any = 0.5,
    method: str = "linear",
    of: Callable[..., Any] = np.quantile,
    skips: bool = False,
) -> Any:
    """The gradient of quantiles: to the two sorted values around each, and from there to all that equal them.

    `of` is NumPy's function for q on its scale. Where `skips`, NaN are left out; otherwise a result that is NaN comes
    from these.
    """
    if not x.size:
        return np.zeros_like(x)
    q = plain(q)
    axes = np.lib.array_utils.normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim)
    kept = [each for each in range(x.ndim) if each not in axes]
    lanes_last = (*kept, *axes)
    moved = np.transpose(plain(x), lanes_last)
    lanes = tuple(x.shape[each] for each in kept)
    length = math.prod(x.shape[each] for each in axes)
    order, ties, ordered = sorting(np.reshape(moved, (*lanes, length)), -1)

    missing = np.isnan(ordered)
    counts = np.sum(~missing, axis=-1) if skips else np.full(lanes, length)
    positions = _positions(counts, of, q, method)
    if not skips:
        positions[missing[..., -1]] = length - 1
    lower = np.floor(positions).astype(np.intp)
    upper_share = np.asarray(positions - lower, np.result_type(g.dtype, np.float32))
    upper = lower + (upper_share > 0.0)

    # One row of gradients for each lane.
    g = np.transpose(np.reshape(g, (np.size(q), math.prod(lanes))))
    g = np.reshape(g, (*lanes, np.size(q)))
    if skips:
        g = np.where(counts[..., None] > 0, g, 0.0)
    rows = np.ogrid[tuple(slice(size) for size in (*lanes, 1))][:-1]
    shape = (*lanes, length)
    below = g * (1.0 - upper_share)
    total = scatter_add(below, index=(*rows, lower), shape=shape)
    if np.any(upper_share):
        total = total + scatter_add(g - below, index=(*rows, upper), shape=shape)
    result = np.reshape(from_sorted(total, order=order, ties=ties), moved.shape)
    return np.transpose(result, np.argsort(lanes_last))


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
    functools.partial(_quantile_rule, of=np.percentile), reads=("x",), overrides=[np.percentile], examples=_PERCENTILES
)
def percentile(x: Any, q: Any, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Any:
    """`quantile` of q / 100."""
    return np.percentile(x, _constant(q), axis=axis, method=method, keepdims=keepdims)  # type: ignore[call-overload]


@table.primitive(
    functools.partial(_quantile_rule, skips=True), reads=("x",), overrides=[np.nanmedian], examples=_MEDIANS
)
def nanmedian(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """`median` of what is not NaN; the gradient of NaN is 0."""
    return np.nanmedian(x, axis=axis, keepdims=keepdims)


@table.primitive(
    functools.partial(_quantile_rule, skips=True), reads=("x",), overrides=[np.nanquantile], examples=_QUANTILES
)
def nanquantile(x: Any, q: Any, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Any:
    """`quantile` of what is not NaN; the gradient of NaN is 0.

    Raises:
        ValueError: for a q of more than one dimension.
    """
    return np.nanquantile(x, _row(q), axis=axis, method=method, keepdims=keepdims)  # type: ignore[call-overload]


@table.primitive(
    functools.partial(_quantile_rule, of=np.percentile, skips=True),
    reads=("x",),
    overrides=[np.nanpercentile],
    examples=_PERCENTILES,
)
def nanpercentile(x: Any, q: Any, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Any:
    """`nanquantile` of q / 100."""
    return np.nanpercentile(x, _row(q), axis=axis, method=method, keepdims=keepdims)  # type: ignore[call-overload]


if not TYPE_CHECKING:
    __all__ = table.names
