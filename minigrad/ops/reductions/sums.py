"""Sums, means and products over axes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad.engine.examples import reals
from minigrad.engine.stand_ins import array_of
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.ops.elementwise.where import keep_where
from minigrad.ops.manipulation.dtypes import astype
from minigrad.ops.manipulation.shape import broadcast_to

table = Table(__name__)

Axes = int | tuple[int, ...] | None
_MASK = np.array([[True, False, True], [False, True, True]])
REDUCED = [
    reals(2, 3),
    (reals(3, 2), {"axis": 0}),
    (reals(0, 3), {"axis": 1}),
    (reals(2, 3, 4), {"axis": (0, -1), "keepdims": True}),
    (reals(2, 3, 4), {"axis": (2, 0)}),
    (reals(2, 3), {"axis": ()}),
    (reals(2, 3), {"keepdims": True}),
    reals(),
]
EMPTY = [reals(0), (reals(2, 0), {"axis": 0})]
PARTIAL = [(reals(4, 2, 3), {"axis": (0, 2), "where": _MASK}), (reals(2, 3), {"where": _MASK, "keepdims": True})]
CAST = (reals(2, 3), {"axis": 1, "dtype": np.float64})


def options(where: Any, **options: Any) -> dict[str, Any]:
    """Those arguments of a reduction that were given; NumPy tells apart an argument that is left out."""
    if getattr(options.get("initial"), "requires_grad", False):
        raise TypeError("initial= has to be a constant; combine it with the result of the reduction instead")
    given = {name: value for name, value in options.items() if value is not None}
    return given if where is True else given | {"where": plain(where)}


def restored(reduced: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    """What a reduction of x returned, with the axes it removed put back with size 1."""
    if keepdims or axis is None or x.ndim == 0:
        return reduced
    kept = list(x.shape)
    for each in _axes(axis):
        kept[each] = 1
    return np.reshape(reduced, tuple(kept))


def spread(reduced: Any, x: Any, axis: Axes, keepdims: bool, where: Any) -> Any:
    """What a reduction of x returned, repeated over the axes it removed; 0 where an element was left out."""
    repeated = broadcast_to(restored(reduced, x, axis, keepdims), shape=x.shape)
    return repeated if where is True else keep_where(repeated, plain(where))


def _axes(axis: int | tuple[int, ...]) -> tuple[int, ...]:
    return axis if isinstance(axis, tuple) else (axis,)


def count_of(x: Any, axis: Axes, keepdims: bool, where: Any) -> Any:
    """How many elements of x are combined into one: a number, or an array where some are left out."""
    if where is not True:
        mask = np.broadcast_to(plain(where), x.shape)
        return np.sum(mask, axis=axis, keepdims=keepdims, dtype=np.result_type(x.dtype, np.float32))
    if axis is None or x.ndim == 0:
        return x.size
    return math.prod(x.shape[each] for each in _axes(axis))


def _at_least_one(count: Any) -> Any:
    """Counts by which nothing is divided that anybody asked for, where all elements are left out."""
    return count if isinstance(count, int) else np.maximum(count, 1.0)


def divided(g: Any, count: Any) -> Any:
    """g / count, where float16 could hold neither a large count nor its reciprocal."""
    if g.dtype != np.float16:
        return g / count
    return (g.astype(np.float32) / count).astype(g.dtype)


@table.primitive(
    lambda g, out, x, axis, keepdims, where, **_: spread(g, x, axis, keepdims, where),
    reads=("",),
    overrides=[np.sum],
    examples=[*REDUCED, *EMPTY, *PARTIAL, CAST, (reals(2, 3), {"axis": 0, "initial": 1.5})],
)
def sum(  # noqa: A001  # NumPy's name
    x: Any,
    axis: Axes = None,
    keepdims: bool = False,
    *,
    dtype: DTypeLike | None = None,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """Sum over the given axes, over all of them by default, of the elements where `where` is true."""
    return np.add.reduce(x, axis=axis, keepdims=keepdims, **options(where, dtype=dtype, initial=initial))


@table.primitive(
    lambda g, out, x, axis, keepdims, where, **_: spread(
        divided(g, _at_least_one(count_of(x, axis, keepdims, where))), x, axis, keepdims, where
    ),
    reads=("",),
    overrides=[np.mean],
    examples=[*REDUCED, *PARTIAL, CAST],
)
def mean(
    x: Any, axis: Axes = None, keepdims: bool = False, *, dtype: DTypeLike | None = None, where: Any = True
) -> Any:
    """Arithmetic mean over the given axes, over all of them by default, of the elements where `where` is true."""
    if dtype is None and where is True:
        return np.mean(x, axis=axis, keepdims=keepdims)
    return np.mean(x, axis=axis, keepdims=keepdims, **options(where, dtype=dtype))


def _product_of_others(x: Any, axis: Axes) -> Any:
    """For each element the product of all the others along the axes, without a division that zeros would spoil."""
    axes = tuple(range(x.ndim)) if axis is None or x.ndim == 0 else _axes(axis)
    last = tuple(range(-len(axes), 0))
    moved = np.moveaxis(x, axes, last)
    flat = np.reshape(moved, (*moved.shape[: moved.ndim - len(axes)], count_of(x, axes, False, True)))
    others = _product_of_earlier(flat) * np.flip(_product_of_earlier(np.flip(flat, -1)), -1)
    return np.moveaxis(np.reshape(others, moved.shape), last, axes)


def _product_of_earlier(x: Any) -> Any:
    """For each element the product of those before it along the last axis."""
    return np.concatenate([np.ones_like(x[..., :1]), np.cumprod(x[..., :-1], axis=-1)], -1)


def _prod_rule(
    g: Any, out: Any, x: Any, axis: Axes, keepdims: bool, dtype: DTypeLike | None, initial: Any, where: Any
) -> Any:
    x = x if dtype is None else astype(x, dtype)
    factors = x if where is True else np.where(plain(where), x, 1.0)
    g = g if initial is None else g * array_of(plain(initial)).astype(g.dtype)
    gradient = restored(g, x, axis, keepdims) * _product_of_others(factors, axis)
    return gradient if where is True else keep_where(gradient, plain(where))


@table.primitive(
    _prod_rule,
    reads=("x",),
    overrides=[np.prod],
    examples=[*REDUCED, *EMPTY, *PARTIAL, CAST, (reals(2, 3), {"axis": 0, "initial": 1.5})],
)
def prod(
    x: Any,
    axis: Axes = None,
    keepdims: bool = False,
    *,
    dtype: DTypeLike | None = None,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """Product over the given axes of `initial` and the elements where `where` is true.

    The derivative is right where elements are 0, also several of them.
    """
    return np.multiply.reduce(x, axis=axis, keepdims=keepdims, **options(where, dtype=dtype, initial=initial))


def _finite_floor(logarithms: Any) -> Any:
    """Logarithms of sums, with 0 for those of sums of nothing but zeros: every share of these is 0."""
    return np.where(np.equal(logarithms, -math.inf), 0.0, logarithms)


@table.primitive(
    lambda g, out, x, axis, keepdims: (
        restored(g, x, axis, keepdims) * np.exp(x - restored(_finite_floor(out), x, axis, keepdims))
    ),
    reads=("out x",),
    examples=REDUCED,
)
def logsumexp(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over the given axes, without overflow."""
    largest = np.max(x, axis=axis, keepdims=True)
    # An infinite maximum is itself the result; subtracting it would give NaN.
    shift = np.where(np.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore"):
        result = np.log(np.sum(np.exp(x - shift), axis=axis, keepdims=True)) + shift
    return result if keepdims else np.squeeze(result, axis=axis)


if not TYPE_CHECKING:
    __all__ = table.names
