"""Reductions that leave NaN out."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad.engine.apply import plain
from minigrad.engine.table import Table
from minigrad.ops.elementwise.arithmetic import keep_where
from minigrad.ops.reductions.sums import (
    BOUNDED,
    CAST,
    EMPTY,
    PARTIAL,
    REDUCED,
    Axes,
    count_of,
    divided,
    options,
    prod,
    shared_among_ties,
    spread,
    sum,
)
from minigrad.ops.reductions.variance import CORRECTED, chosen_ddof, in_single, std_rule, var_rule

table = Table(__name__)


def _numbers(x: Any, where: Any = True) -> Any:
    """Which elements are not NaN."""
    return ~np.isnan(plain(x)) & plain(where)


@table.composite(overrides=[np.nansum], examples=[*REDUCED, *EMPTY, *PARTIAL, CAST])
def nansum(
    x: Any,
    axis: Axes = None,
    keepdims: bool = False,
    *,
    dtype: DTypeLike | None = None,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """`sum` of what is not NaN; the gradient of NaN is 0."""
    return sum(keep_where(x, _numbers(x)), axis, keepdims, dtype=dtype, initial=initial, where=where)


@table.composite(overrides=[np.nanprod], examples=[*REDUCED, *EMPTY, *PARTIAL, CAST])
def nanprod(
    x: Any,
    axis: Axes = None,
    keepdims: bool = False,
    *,
    dtype: DTypeLike | None = None,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """`prod` of what is not NaN; the gradient of NaN is 0."""
    return prod(x, axis, keepdims, dtype=dtype, initial=initial, where=_numbers(x, where))


@table.primitive(
    lambda g, out, x, axis, keepdims, dtype, where: spread(
        divided(g, np.maximum(count_of(x, axis, keepdims, _numbers(x, where)), 1.0)),
        x,
        axis,
        keepdims,
        _numbers(x, where),
    ),
    reads=("x",),
    overrides=[np.nanmean],
    examples=[*REDUCED, *PARTIAL, CAST],
)
def nanmean(
    x: Any, axis: Axes = None, keepdims: bool = False, *, dtype: DTypeLike | None = None, where: Any = True
) -> Any:
    """`mean` of what is not NaN; the gradient of NaN is 0."""
    return in_single(np.nanmean, x, dtype, where, axis=axis, keepdims=keepdims)


def _extremum_rule(g: Any, out: Any, x: Any, axis: Axes, keepdims: bool, initial: Any, where: Any) -> Any:
    return shared_among_ties(g, out, x, axis, keepdims, initial, _numbers(x, where))


@table.primitive(_extremum_rule, reads=("out x",), overrides=[np.nanmax], examples=[*REDUCED, *BOUNDED])
def nanmax(x: Any, axis: Axes = None, keepdims: bool = False, *, initial: Any = None, where: Any = True) -> Any:
    """`max` of what is not NaN; tied maxima share the gradient, and that of NaN is 0."""
    return np.nanmax(x, axis=axis, keepdims=keepdims, **options(where, initial=initial))


@table.primitive(_extremum_rule, reads=("out x",), overrides=[np.nanmin], examples=[*REDUCED, *BOUNDED])
def nanmin(x: Any, axis: Axes = None, keepdims: bool = False, *, initial: Any = None, where: Any = True) -> Any:
    """`min` of what is not NaN; tied minima share the gradient, and that of NaN is 0."""
    return np.nanmin(x, axis=axis, keepdims=keepdims, **options(where, initial=initial))


def _variance_rule(
    g: Any,
    out: Any,
    x: Any,
    axis: Axes,
    ddof: float,
    keepdims: bool,
    dtype: DTypeLike | None,
    where: Any,
    correction: float | None,
    root: bool = False,
) -> Any:
    """The gradient of a variance, or of its root, where NaN are left out; 0 where too few elements remain."""
    left = _numbers(x, where)
    freedom = count_of(x, axis, keepdims, left) - chosen_ddof(ddof, correction)
    enough = np.greater(freedom, 0.0)
    g, freedom = np.where(enough, g, 0.0), np.where(enough, freedom, 1.0)
    if not root:
        return var_rule(g, x, axis, keepdims, dtype, left, freedom)
    return std_rule(g, np.where(enough, out, 1.0), x, axis, keepdims, dtype, left, freedom)


@table.primitive(_variance_rule, reads=("x",), overrides=[np.nanvar], examples=[*REDUCED, *CORRECTED, *PARTIAL, CAST])
def nanvar(
    x: Any,
    axis: Axes = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    dtype: DTypeLike | None = None,
    where: Any = True,
    correction: float | None = None,
) -> Any:
    """`var` of what is not NaN; NaN, with gradient 0, of slices that have no more than `ddof` such elements."""
    return in_single(np.nanvar, x, dtype, where, axis=axis, ddof=chosen_ddof(ddof, correction), keepdims=keepdims)


@table.primitive(
    functools.partial(_variance_rule, root=True),
    reads=("out x",),
    overrides=[np.nanstd],
    # Without that of two rows, whose deviations are straight: half of the distance.
    examples=[*REDUCED[2:], *CORRECTED, *PARTIAL, CAST],
)
def nanstd(
    x: Any,
    axis: Axes = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    dtype: DTypeLike | None = None,
    where: Any = True,
    correction: float | None = None,
) -> Any:
    """`std` of what is not NaN; NaN, with gradient 0, of slices that have no more than `ddof` such elements."""
    return in_single(np.nanstd, x, dtype, where, axis=axis, ddof=chosen_ddof(ddof, correction), keepdims=keepdims)


if not TYPE_CHECKING:
    __all__ = table.names
