"""Operations that choose elements, and that put elements into a larger array."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.stand_ins import StandIn, array_of, counted, ongoing, self_contained
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.kernels import placing

table = Table(__name__)

Shape = int | tuple[int, ...]

# Parts of an index that give a view, in which no element can appear twice; booleans are integers, but give none.
_BASIC = (int, slice, types.NoneType, types.EllipsisType, np.integer)


def repeats(index: Any) -> bool:
    """Whether an index might choose an element twice: only arrays of integers can, and not a single mask."""
    parts = index if isinstance(index, tuple) else (index,)
    arrays = [part for part in parts if not isinstance(part, _BASIC) or isinstance(part, bool)]
    return bool(arrays) and (len(arrays) > 1 or array_of(plain(arrays[0])).dtype != bool)


@self_contained
def chosen(array: Any, index: Any) -> Any:
    """``array[index]``, as an array of its own."""
    return np.array(array[index])


def numbers_of(x: Any) -> Any:
    """The numbers of the elements of x, in its shape."""
    return counted(x, x.size).reshape(x.shape)


@self_contained
def placed_at(x: Any, index: Any, shape: Any) -> Any:
    """Zeros of a shape, with x in the places of an index."""
    result = np.zeros(shape, x.dtype)
    result[index] = x
    return result


@self_contained
def added_at(x: Any, index: Any, shape: Any) -> Any:
    """Zeros of a shape, to which x is added at an index; where the index repeats, every value is added."""
    result = np.zeros(shape, x.dtype)
    np.add.at(result, index, np.broadcast_to(x, result[index].shape))
    return result


@table.primitive(
    lambda g, out, x, index: scatter_add(g, index=index, shape=x.shape),
    reads=("",),
    examples=[
        (reals(4, 3), {"index": 1}),
        (reals(4, 3), {"index": (slice(None, None, -2), None, 0)}),
        (reals(4, 3), {"index": (..., slice(1, 3))}),
        (reals(4), {"index": np.array([True, False, True, False])}),
        (reals(4, 3), {"index": [[0, 2], [2, 2]]}),
        (reals(4, 3), {"index": (np.array([0, 2, 2]), [1, 0, 0])}),
        (reals(4, 3), {"index": (slice(1, 3), np.array([1, 1]))}),
        (reals(4, 3), {"index": (np.array([True, False, True, True]), np.array([1]))}),
        (reals(), {"index": ()}),
        (reals(0, 2), {"index": slice(None)}),
    ],
    public=False,
)
def getitem(x: Any, index: Any) -> Any:
    """``x[index]`` with NumPy's basic, boolean and integer-array indexing; repeated indices add their gradients."""
    if type(index) is int:
        return x[index]
    index = plain(index)
    # An array does not take recorded values for an index; where it is one itself, it does.
    return x[index] if not ongoing or isinstance(x, StandIn) else chosen(x, index)


def _scattered(x: Any, index: Any, shape: Shape, unique: bool = False) -> Any:
    x, index = np.asarray(x), plain(index)
    if not unique and repeats(index):
        return placing.added_at(x, index, shape)
    result = np.zeros(shape, x.dtype)
    result[index] = x
    return result


@table.primitive(
    lambda g, out, x, index, shape, unique: g[plain(index)],
    reads=("",),
    examples=[
        (reals(3), {"index": 1, "shape": (4, 3)}),
        (reals(2, 3), {"index": np.array([2, 2]), "shape": (4, 3)}),
        (reals(40), {"index": np.arange(40) % 3, "shape": (4,)}),
        (reals(12, 3), {"index": np.arange(12) % 3, "shape": (4, 3)}),
        (reals(2), {"index": np.array([True, False, True]), "shape": (3,)}),
        (reals(2), {"index": np.array([2, 0]), "shape": (3,), "unique": True}),
        (reals(), {"index": (), "shape": ()}),
        (reals(0), {"index": slice(0), "shape": (3,)}),
    ],
    public=False,
    kernel=_scattered,
)
def scatter_add(x: Any, index: Any, shape: Shape, unique: bool = False) -> Any:
    """Zeros of a shape, to which x is added at an index; where the index repeats, every value is added.

    `unique` promises that it does not repeat, which saves time.
    """
    index = plain(index)
    return placed_at(x, index, shape) if unique or not repeats(index) else added_at(x, index, shape)


def _untaken(g: Any, x: Any, indices: Any, axis: int | None, unique: bool = False) -> Any:
    """Zeros of the shape of x, to which g is added at indices along an axis; of the flat array without one."""
    if axis is None or not x.ndim:
        return np.reshape(scatter_add(g, index=indices, shape=(x.size,), unique=unique), x.shape)
    return scatter_add(g, index=(slice(None),) * (axis % x.ndim) + (indices,), shape=x.shape, unique=unique)


def _in_bounds(indices: Any, size: int, mode: str) -> Any:
    """The indices that those given to `take` stand for."""
    # An empty list holds floats, and booleans are 0 and 1 here, not a mask.
    indices = array_of(plain(indices)).astype(np.intp)
    if mode == "wrap":
        return indices % max(size, 1)
    return np.clip(indices, 0, max(size - 1, 0)) if mode == "clip" else indices


@table.primitive(
    lambda g, out, x, indices, axis, mode: _untaken(
        g, x, _in_bounds(indices, x.size if axis is None or not x.ndim else x.shape[axis], mode), axis
    ),
    reads=("",),
    overrides=[np.take],
    examples=[
        (reals(2, 3), {"indices": np.array([[0, 5], [-1, 0]])}),
        (reals(2, 3, 2), {"indices": [2, 0, 2], "axis": 1}),
        (reals(2, 3), {"indices": np.array([[4, -4]]), "axis": -1, "mode": "wrap"}),
        (reals(2, 3), {"indices": np.array([7, -4, 1]), "mode": "clip"}),
        (reals(2, 3), {"indices": 1, "axis": 0}),
        (reals(), {"indices": 0, "axis": 0}),
        (reals(0, 2), {"indices": [1, 1], "axis": 1}),
    ],
)
def take(x: Any, indices: Any, axis: int | None = None, mode: Literal["raise", "wrap", "clip"] = "raise") -> Any:
    """The elements, or the parts along an axis, that have these indices; of the flattened array without an axis.

    Indices out of bounds are an error with `mode` "raise", are counted modulo the size with "wrap", and stand for the
    first or the last element with "clip".
    """
    return np.take(x, plain(indices), axis=axis, mode=mode)


@table.primitive(
    lambda g, out, x, indices, axis: _untaken(
        g, x, np.take_along_axis(numbers_of(plain(x)), array_of(plain(indices)), axis), axis=None
    ),
    reads=("",),
    overrides=[np.take_along_axis],
    examples=[
        (reals(2, 3), {"indices": np.array([[0, 2, 2, 1], [1, 1, -1, 0]]), "axis": 1}),
        (reals(2, 3), {"indices": np.array([[1, 0, 1]]), "axis": 0}),
        (reals(2, 3), {"indices": np.array([5, 0, 0]), "axis": None}),
        (reals(), {"indices": np.array([0, 0]), "axis": None}),
        (reals(0, 2), {"indices": np.zeros((0, 3), int), "axis": -1}),
    ],
)
def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Any:
    """Elements by their indices along an axis, as argsort and argmax give them."""
    return np.take_along_axis(x, array_of(plain(indices)), axis)


@table.primitive(
    None,
    lambda g, out, condition, x, axis: _untaken(g, x, np.flatnonzero(plain(condition)), axis, unique=True),
    reads=("", "condition"),
    overrides=[np.compress],
    examples=[
        (np.array([True, False, True]), reals(2, 3), {"axis": 1}),
        (np.array([0, 1]), reals(2, 3), {"axis": -2}),
        (np.array([True, False, True, True]), reals(2, 3)),
        (np.array([True]), reals(), {"axis": 0}),
        (np.array([False]), reals(0, 2)),
    ],
)
def compress(condition: Any, x: Any, axis: int | None = None) -> Any:
    """The elements, or the parts along an axis, where a one-dimensional condition holds."""
    return np.compress(condition, x, axis=axis)


@table.primitive(
    None,
    lambda g, out, condition, x: _untaken(g, x, np.flatnonzero(plain(condition)), axis=None, unique=True),
    reads=("", "condition"),
    overrides=[np.extract],
    examples=[
        (np.array([[True, False, True], [False, True, False]]), reals(2, 3)),
        (np.array(1), reals()),
        (np.zeros((0, 2), bool), reals(0, 2)),
    ],
)
def extract(condition: Any, x: Any) -> Any:
    """The elements of the flattened array where the flattened condition holds."""
    return np.extract(condition, x)


if not TYPE_CHECKING:
    __all__ = table.names
