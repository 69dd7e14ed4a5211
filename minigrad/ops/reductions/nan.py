"""Reductions that leave NaN out, each made from its twin that does not."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad.engine.registry import operations
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.ops.reductions.extrema import BOUNDED, max, min
from minigrad.ops.reductions.sums import CAST, EMPTY, PARTIAL, REDUCED, Axes, count_of, mean, options, prod, sum
from minigrad.ops.reductions.variance import CORRECTED, chosen_ddof, in_single, std, std_rule, var, var_rule

table = Table(__name__)


def _numbers(x: Any, where: Any) -> Any:
    """Which elements are there: those that are not NaN, and not left out by the user."""
    return ~np.isnan(plain(x)) & plain(where)


def _without_nan(
    twin: Callable[..., Any],
    of_numpy: Callable[..., Any],
    reads: str,
    examples: Sequence[Any],
    rule: Callable[..., Any] | None = None,
    also: str = "the gradient of NaN is 0",
) -> Callable[..., Any]:
    """The reduction that does what its twin does, with the same parameters, to the elements that are not NaN.

    Its rule is that of the twin, which is told to leave out NaN, too; or the `rule` that is given.
    """
    primitive = operations[twin.__name__].primitive
    assert primitive is not None
    rule_of_twin = rule or primitive.rules[0]
    assert rule_of_twin is not None

    def by_x(g: Any, out: Any, x: Any, where: Any, **params: Any) -> Any:
        return rule_of_twin(g, out, x, where=_numbers(x, where), **params)

    @functools.wraps(twin)
    def reduction(x: Any, where: Any, **params: Any) -> Any:
        if "correction" in params:
            params["ddof"] = chosen_ddof(params["ddof"], params.pop("correction"))
        if twin in (mean, var, std):
            return in_single(of_numpy, x, params.pop("dtype"), where, **params)
        return of_numpy(x, **options(where, **params))

    reduction.__name__ = reduction.__qualname__ = of_numpy.__name__
    reduction.__module__ = table.module
    reduction.__doc__ = f"`{twin.__name__}` of what is not NaN; {also}."
    return table.primitive(by_x, reads=(reads,), overrides=[of_numpy], examples=examples)(reduction)


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
    """The gradient of a variance, or of its root; 0 where too few elements remain, of which NumPy gives NaN."""
    freedom = count_of(x, axis, keepdims, where) - chosen_ddof(ddof, correction)
    enough = np.greater(freedom, 0.0)
    g, freedom = np.where(enough, g, 0.0), np.where(enough, freedom, 1.0)
    if not root:
        return var_rule(g, x, axis, keepdims, dtype, where, freedom)
    return std_rule(g, np.where(enough, out, 1.0), x, axis, keepdims, dtype, where, freedom)


_SUMS = [*REDUCED, *EMPTY, *PARTIAL, CAST]
_VARIANCES = [*REDUCED, *CORRECTED, *PARTIAL, CAST]
_TOO_FEW = "NaN, with gradient 0, of slices that have no more than `ddof` such elements"

nansum = _without_nan(sum, np.nansum, "x", _SUMS)
nanprod = _without_nan(prod, np.nanprod, "x", _SUMS)
nanmean = _without_nan(mean, np.nanmean, "x", [*REDUCED, *PARTIAL, CAST])
nanmax = _without_nan(
    max, np.nanmax, "out x", [*REDUCED, *BOUNDED], also="tied maxima share the gradient, and that of NaN is 0"
)
nanmin = _without_nan(
    min, np.nanmin, "out x", [*REDUCED, *BOUNDED], also="tied minima share the gradient, and that of NaN is 0"
)
nanvar = _without_nan(var, np.nanvar, "x", _VARIANCES, rule=_variance_rule, also=_TOO_FEW)
nanstd = _without_nan(
    std, np.nanstd, "out x", _VARIANCES, rule=functools.partial(_variance_rule, root=True), also=_TOO_FEW
)


if not TYPE_CHECKING:
    __all__ = table.names
