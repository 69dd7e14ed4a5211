"""Which values lie between sorted ones: medians, quantiles, percentiles?"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from minigrad.ops.reductions.quantiles import quantile_places
from minigrad.program.to_jax.rules import Made, lowers


def _positions(length: int, q: Any, method: str, percent: bool) -> Any:
    """For each count of values, up to a length: at which of them, counted from 0, the quantiles lie."""
    find: Any = np.percentile if percent else np.quantile
    found = np.zeros((length + 1, np.size(q)))
    for count in range(1, length + 1):
        found[count] = np.ravel(find(np.arange(float(count)), q, method=method))
    return found


def _places(ordered: Any, q: Any, method: str, percent: bool, skips_nan: bool) -> tuple[Any, Any]:
    """The positions of quantiles in rows that are sorted: the whole part, and the rest."""
    length = ordered.shape[-1]
    missing = jnp.isnan(ordered)
    table = _positions(length, q, method, percent)
    if skips_nan:
        positions = jnp.asarray(table)[jnp.sum(~missing, axis=-1)]
    else:
        positions = jnp.broadcast_to(table[length], (*ordered.shape[:-1], np.size(q)))
        if length:
            # A result that is NaN comes from one of these, which are sorted last.
            positions = jnp.where(missing[..., -1:], length - 1.0, positions)
    below = jnp.floor(positions).astype(int)
    return below, positions - below


@lowers(quantile_places, fixed="q method percent skips_nan")
def _quantile_places(made: Made, ordered: Any, q: Any, method: Any, percent: bool, skips_nan: bool) -> Any:
    *rows, length = ordered.shape
    below, share = _places(ordered, q, method, percent, skips_nan)
    return length * np.arange(math.prod(rows)).reshape(*rows, 1) + below, share


def _quantile(
    made: Made, a: Any, q: Any, axis: Any, keepdims: bool, method: str = "linear", percent: bool = False,
    skips_nan: bool = False,
) -> Any:  # fmt: skip
    a = made.of(a)
    axes = np.lib.array_utils.normalize_axis_tuple(range(a.ndim) if axis is None else axis, a.ndim)
    kept = [each for each in range(a.ndim) if each not in axes]
    rows = [a.shape[each] for each in kept]
    length = math.prod(a.shape[each] for each in axes)
    ordered = jnp.sort(jnp.transpose(a, (*kept, *axes)).reshape(*rows, length), axis=-1)
    if not length:
        found = jnp.full((*rows, np.size(q)), np.nan, a.dtype)
    else:
        below, share = _places(ordered, q, method, percent, skips_nan)
        low = jnp.take_along_axis(ordered, below, -1)
        high = jnp.take_along_axis(ordered, jnp.minimum(below + 1, length - 1), -1)
        # Equal values are what lies between them, also where they are infinite.
        is_between = (share > 0.0) & (low != high)
        found = jnp.where(is_between, low + (jnp.where(is_between, high, 0.0) - low) * share, low).astype(a.dtype)
    found = jnp.moveaxis(found, -1, 0).reshape(*np.shape(q), *rows)
    if not keepdims:
        return found
    return jnp.expand_dims(found, [np.ndim(q) + each for each in axes])


_ONLY = {"out": (None,), "overwrite_input": (False,), "weights": (None,), "interpolation": (None,)}


def _declare_median(function: Any, skips_nan: bool) -> None:
    @lowers(function, only=_ONLY, fixed="axis keepdims")
    def compute(
        made: Made, a: Any, axis: Any = None, out: Any = None, overwrite_input: Any = False, keepdims: bool = False
    ) -> Any:
        return _quantile(made, a, 0.5, axis, keepdims, skips_nan=skips_nan)


def _declare(function: Any, percent: bool, skips_nan: bool) -> None:
    @lowers(function, only=_ONLY, fixed="q axis keepdims method")
    def compute(
        made: Made, a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: Any = False,
        method: str = "linear", keepdims: bool = False, *, weights: Any = None, interpolation: Any = None,
    ) -> Any:  # fmt: skip
        return _quantile(made, a, q, axis, keepdims, method, percent, skips_nan)


_declare_median(np.median, False)
_declare_median(np.nanmedian, True)
_declare(np.quantile, False, False)
_declare(np.percentile, True, False)
_declare(np.nanquantile, False, True)
_declare(np.nanpercentile, True, True)
