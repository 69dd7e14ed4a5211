"""The largest and the smallest elements along axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.stand_ins import with_kernel
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.ops.reductions.sums import REDUCED, Axes, divided, options, restored

table = Table(__name__)

_MASK = np.array([[True, False, True], [False, True, True]])


def _attaining(x: Any, extremum: Any, axis: Axes, initial: Any, where: Any, dtype: Any) -> tuple[Any, Any]:
    """Which elements attain an extremum, and how many share its gradient."""
    # NaN is no extremum that an element could equal; it comes from elements that are NaN.
    attained = np.where(np.isnan(extremum), np.isnan(x), np.equal(x, extremum))
    if where is not True:
        attained = attained & where
    ties = np.sum(attained, axis=axis, keepdims=True, dtype=dtype)
    if initial is not None:
        ties = ties + np.equal(extremum, initial)
    return attained, np.maximum(ties, 1.0)


def _attaining_at_once(x: Any, extremum: Any, axis: Axes, initial: Any, where: Any, dtype: Any) -> tuple[Any, Any]:
    """The same; nothing is done about NaN where none is an extremum."""
    attained = np.equal(x, extremum) & where
    ties = np.sum(attained, axis=axis, keepdims=True, dtype=dtype)
    if initial is not None:
        ties = ties + np.equal(extremum, initial)
    return (attained, ties) if np.all(ties) else _attaining(x, extremum, axis, initial, where, dtype)


attaining = with_kernel(_attaining, _attaining_at_once)


def shared_among_ties(g: Any, out: Any, x: Any, axis: Axes, keepdims: bool, initial: Any, where: Any) -> Any:
    """The gradient of an extremum: equal shares to all elements that attain it, and to `initial` if that does."""
    extremum = plain(restored(out, x, axis, keepdims))
    dtype = np.result_type(g.dtype, np.float32)
    attained, ties = attaining(plain(x), extremum, axis, plain(initial), plain(where), dtype)
    return np.where(attained, divided(restored(g, x, axis, keepdims), ties), 0.0)


BOUNDED = [
    (reals(2, 3), {"axis": 0, "where": _MASK, "initial": 0.01}),
    (reals(2, 3), {"axis": 1, "initial": 0.01}),
]


@table.primitive(
    lambda g, out, x, axis, keepdims, initial, where: shared_among_ties(g, out, x, axis, keepdims, initial, where),
    reads=("out x",),
    overrides=[np.max, np.amax],
    examples=[*REDUCED, *BOUNDED],
)
def max(  # noqa: A001  # NumPy's name
    x: Any, axis: Axes = None, keepdims: bool = False, *, initial: Any = None, where: Any = True
) -> Any:
    """Maximum over the given axes of `initial` and the elements where `where` is true; ties share the gradient."""
    return np.maximum.reduce(x, axis=axis, keepdims=keepdims, **options(where, initial=initial))


@table.primitive(
    lambda g, out, x, axis, keepdims, initial, where: shared_among_ties(g, out, x, axis, keepdims, initial, where),
    reads=("out x",),
    overrides=[np.min, np.amin],
    examples=[*REDUCED, *BOUNDED],
)
def min(  # noqa: A001  # NumPy's name
    x: Any, axis: Axes = None, keepdims: bool = False, *, initial: Any = None, where: Any = True
) -> Any:
    """Minimum over the given axes of `initial` and the elements where `where` is true; ties share the gradient."""
    return np.minimum.reduce(x, axis=axis, keepdims=keepdims, **options(where, initial=initial))


@table.composite(
    overrides=[np.ptp],
    examples=[
        reals(2, 3),
        (reals(2, 3), {"axis": 0}),
        (reals(2, 3, 2), {"axis": (0, -1), "keepdims": True}),
        reals(),
        (reals(0, 3), {"axis": 1}),
    ],
)
def ptp(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """Maximum minus minimum over the given axes; ties share the gradient equally."""
    return np.max(x, axis=axis, keepdims=keepdims) - np.min(x, axis=axis, keepdims=keepdims)


if not TYPE_CHECKING:
    __all__ = table.names
