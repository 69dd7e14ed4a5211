"""Sums and products of all elements up to each, along an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.stand_ins import self_contained
from minigrad.engine.table import Table, those_of_numpy
from minigrad.engine.values import as_array

table = Table(__name__)

_ALONG_AN_AXIS = [
    reals(4),
    reals(2, 3),
    (reals(2, 3), {"axis": 0}),
    (reals(2, 3, 2), {"axis": -2}),
    reals(),
    (reals(0, 3), {"axis": 0}),
]


@table.primitive(
    lambda g, out, x, axis: np.reshape(np.flip(cumsum(np.flip(g, axis), axis), axis), x.shape),
    reads=("",),
    overrides=[np.cumsum],
    examples=_ALONG_AN_AXIS,
)
def cumsum(x: Any, axis: int | None = None) -> Any:
    """The sum of every element and those before it along an axis; of the elements in one row by default."""
    return np.cumsum(x, axis=axis)


def _by_doubling(x: Any, factors: Any) -> Any:
    """What `summed_back` gives, in steps each of which doubles how many terms are summed.

    Blelloch (1990), "Prefix sums and their applications".
    """
    size = x.shape[-1]
    sums = x
    reach = 1
    while reach < size:
        # sums[i] has the first `reach` terms, and factors[i] is the product of as many factors from i on.
        sums = np.concatenate([sums[..., :-reach] + factors * sums[..., reach:], sums[..., size - reach :]], -1)
        factors = factors[..., :-reach] * factors[..., reach:]
        reach *= 2
    return sums


def _summed_forth(x: Any, factors: Any) -> Any:
    """The same in the other direction."""
    return np.flip(summed_back(np.flip(x, -1), np.flip(factors, -1)), -1)


@table.primitive(
    lambda g, out, x, factors: _summed_forth(g, factors),
    lambda g, out, x, factors: _summed_forth(g, factors)[..., :-1] * out[..., 1:],
    reads=("factors", "out factors"),
    examples=[
        (reals(5), reals(4)),
        (reals(2, 3), reals(2, 2)),
        (reals(1), reals(0)),
        (reals(0), reals(0)),
    ],
    public=False,
    kernel=_by_doubling,
)
@self_contained
def summed_back(x: Any, factors: Any) -> Any:
    """Sums along the last axis, from its end on: s[i] = x[i] + factors[i] * s[i + 1]."""
    sums = np.array(x)
    for position in range(x.shape[-1] - 2, -1, -1):
        sums[..., position] += factors[..., position] * sums[..., position + 1]
    return sums


def _cumprod_by_x(g: Any, out: Any, x: Any, axis: int | None) -> Any:
    if axis is None or x.ndim == 0:
        return np.reshape(_from_later_products(g, out, np.reshape(x, -1)), x.shape)
    return np.moveaxis(_from_later_products(*(np.moveaxis(each, axis, -1) for each in (g, out, x))), -1, axis)


def _from_later_products(g: Any, out: Any, x: Any) -> Any:
    """Along the last axis, the gradient of x[i], which multiplies every product from i on.

    It is (product before i) * s[i] with s[i] = sum over k >= i of g[k] x[i+1] ... x[k], that is, s[i] = g[i] + x[i+1]
    s[i+1]: no division, which zeros would spoil.
    """
    earlier = np.concatenate([np.ones_like(out[..., :1]), out[..., :-1]], -1)
    return earlier * summed_back(g, x[..., 1:])


@table.primitive(_cumprod_by_x, reads=("out x",), overrides=[np.cumprod], examples=_ALONG_AN_AXIS)
def cumprod(x: Any, axis: int | None = None) -> Any:
    """The product of every element and those before it along an axis; of the elements in one row by default.

    The derivative is right where elements are 0, also several of them.
    """
    return np.cumprod(x, axis=axis)


@table.composite(overrides=[np.nancumsum], examples=_ALONG_AN_AXIS)
def nancumsum(x: Any, axis: int | None = None) -> Any:
    """`cumsum` with NaN taken as 0."""
    return cumsum(_instead_of_nan(x, 0), axis)


@table.composite(overrides=[np.nancumprod], examples=_ALONG_AN_AXIS)
def nancumprod(x: Any, axis: int | None = None) -> Any:
    """`cumprod` with NaN taken as 1."""
    return cumprod(_instead_of_nan(x, 1), axis)


def _instead_of_nan(x: Any, value: int) -> Any:
    x = as_array(x)
    return np.where(np.isnan(x), value, x) if x.dtype.kind == "f" else x


def _cumulative(accumulate: Callable[..., Any], start: int, x: Any, axis: int | None, include_initial: bool) -> Any:
    x = as_array(x)
    x = np.reshape(x, 1) if x.ndim == 0 else x
    if axis is None:
        if x.ndim > 1:
            raise ValueError("an array of more than one dimension needs axis=")
        axis = 0
    result = accumulate(x, axis)
    if not include_initial:
        return result
    shape = [1 if each == axis % x.ndim else size for each, size in enumerate(x.shape)]
    return np.concatenate([np.full(shape, start, result.dtype), result], axis)


_FROM_THE_START = [
    reals(4),
    (reals(2, 3), {"axis": 1}),
    (reals(2, 3), {"axis": 0, "include_initial": True}),
    reals(),
    (reals(0), {"include_initial": True}),
]


@table.composite(overrides=those_of_numpy("cumulative_sum"), examples=_FROM_THE_START)
def cumulative_sum(x: Any, axis: int | None = None, include_initial: bool = False) -> Any:
    """`cumsum` along an axis, which only a one-dimensional x may leave out, with a 0 before it if asked for."""
    return _cumulative(cumsum, 0, x, axis, include_initial)


@table.composite(overrides=those_of_numpy("cumulative_prod"), examples=_FROM_THE_START)
def cumulative_prod(x: Any, axis: int | None = None, include_initial: bool = False) -> Any:
    """`cumprod` along an axis, which only a one-dimensional x may leave out, with a 1 before it if asked for."""
    return _cumulative(cumprod, 1, x, axis, include_initial)


if not TYPE_CHECKING:
    __all__ = table.names
