"""Operations that return an array with some of its elements changed, because a Tensor cannot be written to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.stand_ins import StandIn, array_of, self_contained
from minigrad.engine.table import Table
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import as_array, plain, shape_of
from minigrad.ops.manipulation.dtypes import astype
from minigrad.ops.manipulation.indexing import chosen, repeats, scatter_add
from minigrad.ops.manipulation.shape import broadcast_to, reshape

table = Table(__name__)


def _placed(values: Any, x: Any, index: Any) -> tuple[Any, Any]:
    """An array, and values in its dtype and broadcast to the shape that an index chooses from it.

    Raises:
        ValueError: for values that do not fit into that shape.
        TypeError: for values of a kind that the array cannot hold, which would lose them and their gradients.
    """
    x = as_array(x)
    if not isinstance(values, (Tensor, np.ndarray, np.generic, StandIn)):
        values = as_array(values)
        if np.can_cast(values.dtype, x.dtype, "same_kind"):
            values = values.astype(x.dtype)
    if not np.can_cast(values.dtype, x.dtype, "same_kind"):
        raise TypeError(f"values of {values.dtype} do not fit into an array of {x.dtype}")
    shape = chosen(np.broadcast_to(False, x.shape), plain(index)).shape
    # As in an assignment, further axes of size 1 may come first.
    further = max(values.ndim - len(shape), 0)
    if further and set(values.shape[:further]) == {1}:
        values = reshape(values, values.shape[further:])
    return x, broadcast_to(values if values.dtype == x.dtype else astype(values, x.dtype), shape)


@self_contained
def is_last(array: Any, index: Any) -> Any:
    """Where an index repeats, which of the repetitions is the last, whose value stays in an assignment."""
    written = np.zeros(array.shape, int)
    order = np.arange(written[index].size).reshape(written[index].shape)
    written[index] = order
    return np.equal(written[index], order)


def _last_ones(g: Any, index: Any) -> Any:
    """The elements of g at an index; where it repeats, zero at all but the last repetition."""
    index = plain(index)
    # Of g the mask needs but the shape.
    return np.where(is_last(plain(g), index), g[index], 0.0) if repeats(index) else g[index]


@self_contained
def index_along_axis(x: Any, indices: Any, axis: int) -> tuple[Any, ...]:
    """The index of the elements of x that `np.take_along_axis` takes."""
    index = list(np.ix_(*[np.arange(size) for size in np.shape(x)]))
    index[axis] = indices
    return tuple(index)


@self_contained
def assigned(x: Any, values: Any, index: Any) -> Any:
    """What x is after ``x[index] = values``; where the index repeats, the last value stays."""
    result = np.array(x, order="C")
    # In one order of memory repetitions are written one after another.
    result[index] = np.array(values, order="C")
    return result


@table.primitive(
    lambda g, out, x, values, index: overwritten(g, np.zeros(values.shape, g.dtype), index=index),
    lambda g, out, x, values, index: _last_ones(g, index),
    reads=("", ""),
    examples=[
        (reals(4, 3), reals(3), {"index": 1}),
        (reals(4), reals(3), {"index": np.array([2, 0, 2])}),
        (reals(2, 3), reals(2, 2), {"index": ([1, 1], np.array([[0, -1], [2, 0]]))}),
        (reals(4), reals(2), {"index": np.array([False, True, False, True])}),
        (reals(), reals(), {"index": ()}),
        (reals(0), reals(0), {"index": slice(None)}),
    ],
    public=False,
)
def overwritten(x: Any, values: Any, index: Any) -> Any:
    """x with values of exactly the shape of ``x[index]`` in that place: what `set_at` is made of."""
    return assigned(x, values, plain(index))


@table.composite(
    examples=[
        (reals(4, 3), (slice(1, 3), 0), reals(2)),
        (reals(4, 3), np.array([0, 2, 0]), reals(3, 1)),
        (reals(2, 3), np.array([[True, False, True], [False, True, False]]), reals()),
        (reals(4, 3), (..., [0, 0]), reals(1, 1, 4, 2)),
        (reals(), (), reals()),
        (reals(0, 2), slice(None), reals(2)),
    ]
)
def set_at(x: Any, index: Any, values: Any) -> Any:
    """What x is after ``x[index] = values``, as a new array; values are broadcast.

    Where the index repeats, the last value stays, and it alone gets a gradient.

    Raises:
        ValueError: for values that do not fit into the shape of ``x[index]``.
        TypeError: for values of a kind that x cannot hold, such as real numbers among integers.
    """
    x, values = _placed(values, x, index)
    return overwritten(x, values, index=index)


@table.composite(
    examples=[
        (reals(4, 3), (slice(1, 3), 0), reals(2)),
        (reals(4, 3), np.array([0, 2, 0]), reals(3, 1)),
        (reals(), (), reals()),
        (reals(0, 2), slice(None), reals(2)),
    ]
)
def add_at(x: Any, index: Any, values: Any) -> Any:
    """What x is after ``np.add.at(x, index, values)``, as a new array: where the index repeats, every value is added.

    Raises:
        ValueError: for values that do not fit into the shape of ``x[index]``.
        TypeError: for values of a kind that x cannot hold, such as real numbers among integers.
    """
    x, values = _placed(values, x, index)
    return x + scatter_add(values, index=index, shape=x.shape)


@table.composite(
    examples=[
        (reals(2, 3), np.array([[0, 2], [1, -1]]), reals(2, 2), {"axis": 1}),
        (reals(2, 3), np.array([[1, 0, 1]]), reals(), {"axis": 0}),
        (reals(2, 3), np.array([5, 0, 5]), reals(3), {"axis": None}),
        (reals(), np.array([0, 0]), reals(2), {"axis": None}),
        (reals(0, 2), np.zeros((0, 1), int), reals(0, 1), {"axis": 1}),
    ]
)
def put_along_axis(x: Any, indices: Any, values: Any, axis: int | None) -> Any:
    """x with values put where `take_along_axis` takes from, as a new array; values are broadcast.

    Of several values in one place the last stays, and it alone gets a gradient.
    """
    indices = array_of(plain(indices))
    if axis is None:
        return reshape(set_at(reshape(x, -1), indices, values), shape_of(x))
    shape = shape_of(x)
    if indices.ndim != len(shape):
        raise ValueError(f"indices of {indices.ndim} axes do not belong to an array of {len(shape)}")
    return set_at(x, index_along_axis(plain(x), indices, axis), values)


if not TYPE_CHECKING:
    __all__ = table.names
