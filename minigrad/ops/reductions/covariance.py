"""Weighted averages, covariances and correlations."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad.engine.examples import positives, reals
from minigrad.engine.stand_ins import StandIn
from minigrad.engine.table import Table
from minigrad.engine.values import as_array, plain
from minigrad.ops.manipulation.axes import inverse
from minigrad.ops.manipulation.dtypes import astype
from minigrad.ops.reductions.sums import Axes

table = Table(__name__)


def _in_dtype(value: Any, dtype: Any) -> Any:
    return value if value.dtype == dtype else astype(value, dtype)


def _weights_along(weights: Any, x: Any, axis: Axes) -> Any:
    """Weights with as many axes as x; those of fewer axes belong to the axes that are averaged."""
    if weights.shape == x.shape:
        return weights
    if axis is None:
        raise TypeError(f"axis has to be given for weights of shape {weights.shape} and x of shape {x.shape}")
    axes = np.lib.array_utils.normalize_axis_tuple(axis, x.ndim)
    if weights.shape != tuple([x.shape[each] for each in axes]):
        raise ValueError(f"weights of shape {weights.shape} do not belong to axis {axis} of x of shape {x.shape}")
    ordered = np.transpose(weights, inverse(axes))
    return np.reshape(ordered, tuple([size if each in axes else 1 for each, size in enumerate(x.shape)]))


@table.composite(
    overrides=[np.average],
    examples=[
        (reals(2, 3), {"axis": 0}),
        (reals(2, 3), 1, positives(3)),
        (reals(2, 3), None, positives(2, 3)),
        (reals(2, 3, 4), (2, 0), positives(4, 2), {"keepdims": True}),
        (reals(2, 3), -1, positives(3), {"returned": True}),
        reals(),
    ],
)
def average(x: Any, axis: Axes = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    """Weighted average over the given axes, over all of them by default: sum(weights * x) / sum(weights).

    Args:
        x: an array.
        axis: all axes by default.
        weights: as many as x has elements, or as it has along `axis`; equal by default.
        returned: give a tuple of the average and the sum of the weights, in one shape.
        keepdims: keep the reduced axes, with size 1.

    Raises:
        ZeroDivisionError: for weights whose sum is 0.
        TypeError: for weights of another shape than x without an axis.
        ValueError: for weights of other shapes.
    """
    x = as_array(x)
    if weights is None:
        result = np.mean(x, axis=axis, keepdims=keepdims)
        count = x.size / max(result.size, 1)
        return (result, np.full(result.shape, count, result.dtype)) if returned else result
    weights = _weights_along(as_array(weights), x, axis)
    whole = [value.dtype.kind in "biu" for value in (x, weights)]
    dtype = np.result_type(x.dtype, weights.dtype, *([np.float64] if whole[0] else []))
    # float16 could hold neither the sums nor, in the way back, a share of them.
    wide = np.result_type(dtype, np.float32)
    weights = _in_dtype(weights, wide)
    total = np.sum(weights, axis=None if weights.shape == x.shape and axis is None else axis, keepdims=keepdims)
    # A program divides by the 0, which is seen in its result.
    if not isinstance(plain(total), StandIn) and np.any(np.equal(plain(total), 0.0)):
        raise ZeroDivisionError("the weights sum to 0, so there is no average")
    result = _in_dtype(np.sum(_in_dtype(x, wide) * weights, axis=axis, keepdims=keepdims) / total, dtype)
    return (result, np.broadcast_to(_in_dtype(total, dtype), result.shape)) if returned else result


def _variables(x: Any, rowvar: bool, dtype: Any) -> Any:
    """A row of observations for each variable."""
    if x.ndim > 2:
        raise ValueError(f"variables and their observations have two dimensions at most, not {x.ndim}")
    if x.ndim < 2:
        return _in_dtype(np.reshape(x, (1, -1)), dtype)
    return _in_dtype(x if rowvar else np.transpose(x), dtype)


def _observation_weights(weights: Any, name: str, count: int) -> Any:
    weights = as_array(weights)
    if name == "fweights" and not np.array_equal(plain(weights), np.around(plain(weights))):
        raise TypeError("fweights counts observations, so it holds integers")
    if weights.ndim > 1:
        raise RuntimeError(f"{name} has to have one dimension")
    if weights.shape != (count,):
        raise RuntimeError(f"{name} has to have one weight for each of {count} observations, not {weights.shape}")
    if np.any(plain(weights) < 0):
        raise ValueError(f"{name} must not be negative")
    return weights


@table.composite(
    overrides=[np.cov],
    examples=[
        reals(2, 4),
        (reals(4, 2), {"rowvar": False, "bias": True}),
        (reals(4), reals(4), {"ddof": 0}),
        (reals(4, 2), reals(4, 1), {"rowvar": False}),
        (reals(2, 4), {"fweights": np.array([1, 2, 1, 3])}),
        (reals(4), None, True, False, None, np.array([2, 1, 1, 2]), positives(4)),
        (reals(), {"bias": True}),
        reals(0, 3),
    ],
)
def cov(
    x: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: DTypeLike | None = None,
) -> Any:
    """Covariances between variables, which are the rows of x, and of y if there is one.

    The dtype is that of the data, and float32 for float16; NumPy's is at least float64.

    Args:
        x: an array of one or two dimensions.
        y: further variables.
        rowvar: whether rows are variables; columns are if not.
        bias: divide by the number of observations, not by one less.
        ddof: divide by so many less than the number of observations, whatever `bias` says.
        fweights: how often each observation was made.
        aweights: how much each observation counts; the only weights with a gradient.
        dtype: of the result.

    Raises:
        ValueError: for more dimensions, weights below 0, or a `ddof` that is not an integer.
        TypeError: for `fweights` that are not integers.
        RuntimeError: for weights of another shape.
    """
    if ddof is not None and ddof != int(ddof):
        raise ValueError("ddof has to be an integer")
    x = as_array(x)
    given = [x] if y is None else [x, as_array(y)]
    dtype = np.dtype(dtype) if dtype is not None else np.result_type(np.float32, *[each.dtype for each in given])
    rows = _variables(x, rowvar, dtype)
    if not len(rows):
        return rows[:, :0]
    if y is not None:
        further = given[1]
        # A single row of observations is one variable in either orientation.
        rows = np.concatenate([rows, _variables(further, rowvar or further.shape[:1] == (1,), dtype)], axis=0)
    count = rows.shape[1]
    ddof = ddof if ddof is not None else 0 if bias else 1
    weights = None
    if fweights is not None:
        weights = _in_dtype(_observation_weights(fweights, "fweights", count), dtype)
    freedom: Any = count - ddof
    if aweights is not None:
        by_weight = _in_dtype(_observation_weights(aweights, "aweights", count), dtype)
        weights = by_weight if weights is None else weights * by_weight
    if weights is not None:
        total = np.sum(weights)
        center = np.sum(rows * weights, axis=1, keepdims=True) / total
        freedom = total - (ddof * np.sum(weights * by_weight) / total if aweights is not None else float(ddof))
    else:
        center = np.mean(rows, axis=1, keepdims=True)
    if plain(freedom) <= 0:
        warnings.warn("Degrees of freedom <= 0 for slice", RuntimeWarning, stacklevel=2)
        freedom = 0.0
    deviations = rows - center
    weighted = deviations if weights is None else deviations * weights
    return np.squeeze(np.matmul(deviations, np.transpose(weighted)) / freedom)


@table.composite(
    overrides=[np.corrcoef],
    examples=[reals(2, 4), (reals(4, 3), {"rowvar": False}), (reals(4), reals(4)), reals(0, 3)],
)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: DTypeLike | None = None) -> Any:
    """Pearson's coefficients of correlation between variables, which are given as to `cov`."""
    covariances = cov(x, y, rowvar, dtype=dtype)
    if covariances.ndim == 0:
        return covariances / covariances
    diagonal = np.arange(len(covariances))
    deviations = np.sqrt(covariances[diagonal, diagonal])
    return np.clip(covariances / deviations[:, None] / deviations[None, :], -1.0, 1.0)


if not TYPE_CHECKING:
    __all__ = table.names
