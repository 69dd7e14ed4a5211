"""Variances and standard deviations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.ops.elementwise.where import keep_where
from minigrad.ops.manipulation.dtypes import astype
from minigrad.ops.reductions.sums import CAST, PARTIAL, REDUCED, Axes, count_of, divided, options, restored

table = Table(__name__)


def in_single(function: Any, x: Any, dtype: DTypeLike | None, where: Any, **params: Any) -> Any:
    """What a reduction gives, computed with float32 where sums of float16 would overflow."""
    if dtype is not None or getattr(x, "dtype", None) != np.float16:
        return function(x, **params, **options(where, dtype=dtype))
    return function(x, **params, **options(where, dtype=np.float32)).astype(np.float16)


def chosen_ddof(ddof: float, correction: float | None) -> float:
    """The one of two arguments with the same meaning that was given."""
    if correction is None:
        return ddof
    if ddof != 0:
        raise ValueError("ddof and correction mean the same; give one of them")
    return correction


def _freedom(x: Any, axis: Axes, keepdims: bool, ddof: float, correction: float | None, where: Any) -> Any:
    """The number by which squared deviations are divided, which as in NumPy is never less than 0."""
    freedom = count_of(x, axis, keepdims, where) - chosen_ddof(ddof, correction)
    return np.maximum(freedom, 0.0) if where is not True else freedom if freedom > 0 else 0


def _deviation(x: Any, axis: Axes, where: Any) -> Any:
    """The distance from the mean; 0 where an element is left out."""
    if where is True:
        return x - np.mean(x, axis=axis, keepdims=True)
    total = np.sum(x, axis=axis, keepdims=True, dtype=np.result_type(x.dtype, np.float32), where=where)
    center = astype(total / np.maximum(count_of(x, axis, True, where), 1.0), x.dtype)
    return keep_where(x - center, plain(where))


def var_rule(g: Any, x: Any, axis: Axes, keepdims: bool, dtype: DTypeLike | None, where: Any, freedom: Any) -> Any:
    """The gradient of a variance, which is divided by `freedom`."""
    x = x if dtype is None else astype(x, dtype)
    return restored(divided(2.0 * g, freedom), x, axis, keepdims) * _deviation(x, axis, where)


def std_rule(
    g: Any, out: Any, x: Any, axis: Axes, keepdims: bool, dtype: DTypeLike | None, where: Any, freedom: Any
) -> Any:
    """The gradient of a standard deviation; that of equal values is 0."""
    is_zero = np.equal(out, 0.0)
    half = np.where(is_zero, 0.0, 0.5 * g / np.where(is_zero, 1.0, out))
    return var_rule(half, x, axis, keepdims, dtype, where, freedom)


CORRECTED = [(reals(2, 3), {"axis": 1, "ddof": 1}), (reals(2, 3), {"correction": 1.5})]


@table.primitive(
    lambda g, out, x, axis, ddof, keepdims, dtype, where, correction: var_rule(
        g, x, axis, keepdims, dtype, where, _freedom(x, axis, keepdims, ddof, correction, where)
    ),
    reads=("x",),
    overrides=[np.var],
    examples=[*REDUCED, *CORRECTED, *PARTIAL, CAST],
)
def var(
    x: Any,
    axis: Axes = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    dtype: DTypeLike | None = None,
    where: Any = True,
    correction: float | None = None,
) -> Any:
    """Variance over the given axes of the elements where `where` is true.

    It is the mean squared deviation, with the count reduced by `ddof`, which can be given as `correction` as well.
    """
    return in_single(np.var, x, dtype, where, axis=axis, ddof=chosen_ddof(ddof, correction), keepdims=keepdims)


@table.primitive(
    lambda g, out, x, axis, ddof, keepdims, dtype, where, correction: std_rule(
        g, out, x, axis, keepdims, dtype, where, _freedom(x, axis, keepdims, ddof, correction, where)
    ),
    reads=("out x",),
    overrides=[np.std],
    examples=[*REDUCED, *CORRECTED, *PARTIAL, CAST],
)
def std(
    x: Any,
    axis: Axes = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    dtype: DTypeLike | None = None,
    where: Any = True,
    correction: float | None = None,
) -> Any:
    """Standard deviation over the given axes, the square root of `var`; of equal values it is 0, with gradient 0."""
    return in_single(np.std, x, dtype, where, axis=axis, ddof=chosen_ddof(ddof, correction), keepdims=keepdims)


if not TYPE_CHECKING:
    __all__ = table.names
