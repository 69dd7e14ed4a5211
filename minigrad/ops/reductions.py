"""Operations that combine the elements along axes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.define import declared_in, primitive
from minigrad.ops.samples import reals
from minigrad.ops.shaping import broadcast_to

Axes = int | tuple[int, ...] | None

_REDUCED = [
    reals(2, 3),
    (reals(2, 3), {"axis": 0}),
    (reals(2, 3, 4), {"axis": (0, -1), "keepdims": True}),
    (reals(2, 3, 4), {"axis": (2, 0)}),
    (reals(2, 3), {"axis": ()}),
    (reals(2, 3), {"keepdims": True}),
    reals(),
]
_EMPTY = [reals(0), (reals(2, 0), {"axis": 0})]


def _restored(reduced: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    """What a reduction of x returned, with the axes it removed put back with size 1."""
    if keepdims or axis is None or x.ndim == 0:
        return reduced
    kept = list(x.shape)
    for each in _axes(axis):
        kept[each] = 1
    return np.reshape(reduced, tuple(kept))


def _spread(reduced: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    """What a reduction of x returned, repeated over the axes it removed."""
    return broadcast_to(_restored(reduced, x, axis, keepdims), shape=x.shape)


def _axes(axis: int | tuple[int, ...]) -> tuple[int, ...]:
    return axis if isinstance(axis, tuple) else (axis,)


def _count(x: Any, axis: Axes) -> int:
    """How many elements of x are combined into one."""
    if axis is None or x.ndim == 0:
        return int(x.size)
    return math.prod(x.shape[each] for each in _axes(axis))


def divided(g: Any, count: Any) -> Any:
    """g / count, where float16 could hold neither a large count nor its reciprocal."""
    if g.dtype != np.float16:
        return g / count
    return (g.astype(np.float32) / count).astype(g.dtype)


@primitive(
    lambda g, out, x, axis, keepdims: _spread(g, x, axis, keepdims),
    reads=("",),
    overrides=[np.sum],
    examples=[*_REDUCED, *_EMPTY],
)
def sum(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:  # noqa: A001  # NumPy's name
    """Sum over the given axes, over all of them by default."""
    return np.sum(x, axis=axis, keepdims=keepdims)


@primitive(
    lambda g, out, x, axis, keepdims: _spread(divided(g, _count(x, axis)), x, axis, keepdims),
    reads=("",),
    overrides=[np.mean],
    examples=_REDUCED,
)
def mean(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """Arithmetic mean over the given axes, over all of them by default."""
    return np.mean(x, axis=axis, keepdims=keepdims)


def _deviation(x: Any, axis: Axes) -> Any:
    return x - np.mean(x, axis=axis, keepdims=True)


@primitive(
    lambda g, out, x, axis, ddof, keepdims: (
        _restored(divided(2.0 * g, _count(x, axis) - ddof), x, axis, keepdims) * _deviation(x, axis)
    ),
    reads=("x",),
    overrides=[np.var],
    examples=[*_REDUCED, (reals(2, 3), {"axis": 1, "ddof": 1})],
)
def var(x: Any, axis: Axes = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """Variance over the given axes: the mean squared deviation, with the count reduced by `ddof`."""
    return np.var(x, axis=axis, ddof=ddof, keepdims=keepdims)


@primitive(
    lambda g, out, x, axis, ddof, keepdims: (
        _restored(
            divided(
                np.where(np.equal(out, 0.0), 0.0, g / np.where(np.equal(out, 0.0), 1.0, out)), _count(x, axis) - ddof
            ),
            x,
            axis,
            keepdims,
        )
        * _deviation(x, axis)
    ),
    reads=("out x",),
    overrides=[np.std],
    examples=[*_REDUCED, (reals(2, 3), {"axis": 1, "ddof": 1})],
)
def std(x: Any, axis: Axes = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """Standard deviation over the given axes; of equal values it is 0, with gradient 0."""
    return np.std(x, axis=axis, ddof=ddof, keepdims=keepdims)


def _shared_among_ties(g: Any, out: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    """The gradient of an extremum: equal shares to all elements that attain it."""
    attained = np.equal(x, _restored(out, x, axis, keepdims))
    ties = np.sum(attained, axis=axis, keepdims=True, dtype=np.result_type(g.dtype, np.float32))
    return np.where(attained, divided(_restored(g, x, axis, keepdims), ties), 0.0)


@primitive(
    lambda g, out, x, axis, keepdims: _shared_among_ties(g, out, x, axis, keepdims),
    reads=("out x",),
    overrides=[np.max, np.amax],
    examples=_REDUCED,
)
def max(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:  # noqa: A001  # NumPy's name
    """Maximum over the given axes; tied maxima share the gradient equally."""
    return np.max(x, axis=axis, keepdims=keepdims)


@primitive(
    lambda g, out, x, axis, keepdims: _shared_among_ties(g, out, x, axis, keepdims),
    reads=("out x",),
    overrides=[np.min, np.amin],
    examples=_REDUCED,
)
def min(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:  # noqa: A001  # NumPy's name
    """Minimum over the given axes; tied minima share the gradient equally."""
    return np.min(x, axis=axis, keepdims=keepdims)


def _product_of_others(x: Any, axis: Axes) -> Any:
    """For each element the product of all the others along the axes, without a division that zeros would spoil."""
    axes = tuple(range(x.ndim)) if axis is None or x.ndim == 0 else _axes(axis)
    last = tuple(range(-len(axes), 0))
    moved = np.moveaxis(x, axes, last)
    flat = np.reshape(moved, (*moved.shape[: moved.ndim - len(axes)], _count(x, axes)))
    others = _product_of_earlier(flat) * np.flip(_product_of_earlier(np.flip(flat, -1)), -1)
    return np.moveaxis(np.reshape(others, moved.shape), last, axes)


def _product_of_earlier(x: Any) -> Any:
    """For each element the product of those before it along the last axis, by doubling.

    Hillis and Steele (1986), "Data parallel algorithms": the prefix sum with products.
    """
    ones = np.ones_like(x[..., :1])
    products = np.concatenate([ones, x[..., :-1]], -1)
    reach = 1
    while reach < products.shape[-1]:
        products = np.concatenate([products[..., :reach], products[..., reach:] * products[..., :-reach]], -1)
        reach *= 2
    return products


@primitive(
    lambda g, out, x, axis, keepdims: _restored(g, x, axis, keepdims) * _product_of_others(x, axis),
    reads=("x",),
    overrides=[np.prod],
    examples=[*_REDUCED, *_EMPTY],
)
def prod(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """Product over the given axes; the derivative is right where elements are 0, also several of them."""
    return np.prod(x, axis=axis, keepdims=keepdims)


@primitive(
    lambda g, out, x, axis, keepdims: _restored(g, x, axis, keepdims) * np.exp(x - _restored(out, x, axis, keepdims)),
    reads=("out x",),
    examples=_REDUCED,
)
def logsumexp(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over the given axes, without overflow."""
    largest = np.max(x, axis=axis, keepdims=True)
    # An infinite maximum is itself the result; subtracting it would give NaN.
    shift = np.where(np.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore"):
        result = np.log(np.sum(np.exp(x - shift), axis=axis, keepdims=True)) + shift
    return result if keepdims else np.squeeze(result, axis=axis)


@primitive(
    lambda g, out, x, axis: out * (g - np.sum(g * out, axis=axis, keepdims=True)),
    reads=("out",),
    examples=[reals(2, 3), (reals(2, 3), {"axis": 0}), (reals(2, 3), {"axis": None}), reals(0, 3)],
)
def softmax(x: Any, axis: Axes = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis, without overflow."""
    powers = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return powers / np.sum(powers, axis=axis, keepdims=True)


@primitive(
    lambda g, out, x, axis: g - np.exp(out) * np.sum(g, axis=axis, keepdims=True),
    reads=("out",),
    examples=[reals(2, 3), (reals(2, 3), {"axis": 0}), (reals(2, 3), {"axis": None}), reals(0, 3)],
)
def log_softmax(x: Any, axis: Axes = -1) -> Any:
    """log(softmax(x)) along an axis, exact where softmax would round to 0."""
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


if not TYPE_CHECKING:
    __all__ = declared_in(__name__)
