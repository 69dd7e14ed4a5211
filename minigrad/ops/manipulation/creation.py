"""Evenly spaced numbers, grids and filled arrays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import DTypeLike

from minigrad.engine.examples import positives, reals
from minigrad.engine.stand_ins import is_number
from minigrad.engine.table import Table
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import as_array, plain, shape_of
from minigrad.ops.manipulation.dtypes import astype
from minigrad.ops.manipulation.shape import broadcast_to, reshape

table = Table(__name__)


def _shares(num: int, endpoint: bool, ndim: int, axis: int, dtype: Any) -> Any:
    """How much of `stop` is in every number of a sequence, along an axis of `ndim`."""
    if num < 0:
        raise ValueError(f"a sequence has a number of elements that is not negative, not {num}")
    steps = max(num - 1 if endpoint else num, 1)
    shares = (np.arange(num) / steps).astype(dtype)
    return np.moveaxis(np.reshape(shares, (num, *[1] * (ndim - 1))), 0, axis)


@table.primitive(
    lambda g, out, start, stop, num, endpoint, axis: np.sum(
        g * (1.0 - _shares(num, endpoint, g.ndim, axis, g.dtype)), axis=axis
    ),
    lambda g, out, start, stop, num, endpoint, axis: np.sum(
        g * _shares(num, endpoint, g.ndim, axis, g.dtype), axis=axis
    ),
    reads=("", ""),
    examples=[
        (reals(), reals(), {"num": 4}),
        (reals(2), reals(3, 1), {"num": 3, "axis": -1}),
        (reals(), reals(2), {"num": 3, "endpoint": False}),
        (reals(0), reals(), {"num": 2}),
    ],
    broadcasts=True,
    public=False,
)
def evenly_spaced(start: Any, stop: Any, num: int, endpoint: bool = True, axis: int = 0) -> Any:
    """So many numbers from start to stop, along a new axis; `stop` is the last one, or the one after that."""
    return np.linspace(start, stop, num, endpoint, axis=axis)


_FROM_TO = [
    (reals(), reals()),
    (reals(2), reals(3, 1), 3, {"axis": -1}),
    (reals(), reals(2), {"num": 3, "endpoint": False}),
    (reals(), 2.0, 1),
    (reals(0), 2.0, 3),
]


@table.composite(overrides=[np.linspace], examples=[*_FROM_TO, (reals(2), reals(), 4, {"retstep": True})])
def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, axis: int = 0) -> Any:
    """Numbers at equal distances.

    Args:
        start: the first.
        stop: the last one, or without `endpoint` the one after that.
        num: how many.
        endpoint: whether `stop` is one of them.
        retstep: whether the distance is returned, too: as the second of a tuple.
        axis: the axis of the result that they lie along; start and stop may be arrays.
    """
    samples = evenly_spaced(start, stop, num, endpoint, axis)
    if not retstep:
        return samples
    steps = num - 1 if endpoint else num
    return samples, (_weak(stop) - _weak(start)) / steps if steps > 0 else math.nan


@table.composite(
    overrides=[np.logspace],
    examples=[*_FROM_TO, (reals(2), reals(), 3, {"base": 2.0}), (reals(), reals(2), 3, True, positives(3, 1))],
)
def logspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, axis: int = 0) -> Any:
    """The powers of a base, to exponents as from `linspace`."""
    if np.ndim(base) == 0:
        return np.power(base, evenly_spaced(start, stop, num, endpoint, axis))
    base, ndim = as_array(base), max(np.ndim(start), np.ndim(stop), np.ndim(base))
    start, stop, base = (_with_axes(each, ndim) for each in (start, stop, base))
    return np.power(np.expand_dims(base, axis), evenly_spaced(start, stop, num, endpoint, axis))


def _weak(x: Any) -> Any:
    """x as an array; but numbers as they are, so that they leave a dtype alone."""
    return x if is_number(x) else as_array(x)


def _with_axes(x: Any, ndim: int) -> Any:
    """x with further axes of size 1 before its own, if it is not a number."""
    x = _weak(x)
    return x if is_number(x) else np.reshape(x, (1,) * (ndim - x.ndim) + x.shape)


@table.composite(
    overrides=[np.geomspace],
    examples=[
        (positives(), positives()),
        (reals(2, low=-3.0, high=-1.0), reals(3, 1, low=-3.0, high=-1.0), 3, {"axis": -1}),
        (1.0, positives(2), {"num": 3, "endpoint": False}),
        (positives(), 2.0, 1),
        (positives(0), 2.0, 3),
    ],
)
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, axis: int = 0) -> Any:
    """Numbers in equal proportions from start to stop, which have the same sign; otherwise as `linspace`.

    Raises:
        ValueError: for numbers of different signs, or 0.
    """
    start, stop = _weak(start), _weak(stop)
    if not np.all(plain(start) * np.sign(plain(stop)) > 0):
        raise ValueError("geomspace goes between numbers of the same sign, which are not 0")
    ndim = max(np.ndim(start), np.ndim(stop))
    dtype = np.result_type(start, stop)
    dtype = dtype if dtype.kind == "f" else np.dtype(float)
    sign = np.sign(plain(start)).astype(dtype)
    if ndim:
        start, stop, sign = (
            each if is_number(each) else np.expand_dims(_with_axes(each, ndim), axis) for each in (start, stop, sign)
        )
    share = _shares(num, endpoint, ndim + 1, axis, dtype)
    return sign * abs(start) ** (1.0 - share) * abs(stop) ** share


@table.composite(
    overrides=[np.full_like],
    examples=[
        (np.zeros((2, 3), np.int8), reals(), {"dtype": float}),
        (np.zeros((2, 3), np.int8), reals(3), {"dtype": float}),
        (np.zeros(2, np.int8), reals(2, 1), {"dtype": float, "shape": (2, 3)}),
        (np.zeros(2, np.int8), reals(0), {"dtype": float, "shape": 0}),
    ],
)
def full_like(
    x: Any, fill_value: Any, dtype: DTypeLike | None = None, shape: int | tuple[int, ...] | None = None
) -> Any:
    """A value, or what can be broadcast, repeated to the shape of x; in its dtype unless another is given."""
    if not isinstance(fill_value, Tensor):
        return np.full_like(plain(x), fill_value, dtype=dtype, shape=shape)
    x = as_array(x)
    dtype = x.dtype if dtype is None else np.dtype(dtype)
    value = fill_value if fill_value.dtype == dtype else astype(fill_value, dtype)
    return broadcast_to(value, x.shape if shape is None else np.broadcast_shapes(shape))


@table.composite(
    overrides=[np.meshgrid],
    examples=[
        (reals(3), reals(2)),
        (reals(3), reals(2), reals(2), {"indexing": "ij"}),
        (reals(3), reals(2), reals(), {"sparse": True}),
        (reals(2), {"copy": False}),
        (reals(0), reals(2)),
    ],
)
def meshgrid(
    *arrays: Any, copy: bool = True, sparse: bool = False, indexing: Literal["xy", "ij"] = "xy"
) -> tuple[Any, ...]:
    """The coordinates of a grid, as a tuple of one array for each axis.

    With `indexing` "xy" the first two axes are exchanged; with `sparse` each array is as small as broadcasting allows.
    Without `copy` they are views.

    Raises:
        ValueError: for another `indexing`.
    """
    if not any(isinstance(array, Tensor) for array in arrays):
        return tuple(np.meshgrid(*arrays, copy=copy, sparse=sparse, indexing=indexing))
    if indexing not in ("xy", "ij"):
        raise ValueError(f"indexing={indexing!r} is not 'xy' or 'ij'")
    axes = list(range(len(arrays)))
    if indexing == "xy" and len(arrays) > 1:
        axes[:2] = 1, 0
    sizes = [math.prod(shape_of(array)) for array in arrays]
    grid = tuple([sizes[axes.index(axis)] for axis in range(len(arrays))])
    coordinates = []
    for array, axis in zip(arrays, axes, strict=True):
        column = reshape(array, (-1,) + (1,) * (len(arrays) - 1 - axis))
        column = reshape(column, (1,) * axis + shape_of(column))
        coordinate = column if sparse else broadcast_to(column, grid)
        coordinates.append(np.copy(coordinate) if copy else coordinate)
    return tuple(coordinates)


if not TYPE_CHECKING:
    __all__ = table.names
