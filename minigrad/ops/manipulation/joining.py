"""Operations that make one array of several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.apply import plain, shape_of
from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.engine.tensor import Tensor
from minigrad.ops.manipulation.indexing import getitem
from minigrad.ops.manipulation.rolling import moving
from minigrad.ops.manipulation.shape import astype, atleast_1d, atleast_2d, atleast_3d, copy, reshape, transpose

table = Table(__name__)


def _joined_at(position: int, g: Any, out: Any, *arrays: Any, axis: int | None) -> Any:
    """The part of the gradient of a concatenation that belongs to the array at `position`."""
    x = arrays[position]
    if axis is None:
        start = sum(np.size(array) for array in arrays[:position])
        return np.reshape(g[start : start + x.size], x.shape)
    start = sum(array.shape[axis] for array in arrays[:position])
    return g[(slice(None),) * (axis % x.ndim) + (slice(start, start + x.shape[axis]),)]


@table.primitive(
    _joined_at,
    reads=("",),
    overrides=[np.concatenate],
    examples=[
        ([reals(2, 3), reals(1, 3)], {}),
        ([reals(2, 3), reals(2, 1), reals(2, 0)], {"axis": -1}),
        ([reals(2, 3), reals(2)], {"axis": None}),
    ],
    variadic=True,
)
def concatenate(arrays: Sequence[Any], axis: int | None = 0) -> Any:
    """Arrays joined along an existing axis; flattened and joined if `axis` is None."""
    return np.concatenate(arrays, axis=axis)


@table.primitive(
    lambda position, g, out, *arrays, axis: g[(slice(None),) * (axis % out.ndim) + (position,)],
    reads=("",),
    overrides=[np.stack],
    examples=[
        ([reals(2, 3), reals(2, 3)], {}),
        ([reals(2), reals(2), reals(2)], {"axis": -1}),
        ([reals(), reals()], {}),
        ([reals(0), reals(0)], {}),
    ],
    variadic=True,
)
def stack(arrays: Sequence[Any], axis: int = 0) -> Any:
    """Arrays of one shape joined along a new axis."""
    return np.stack(arrays, axis=axis)


@table.composite(
    overrides=[np.hstack],
    examples=[
        ([reals(2, 3), reals(2, 1)], {}),
        ([reals(3), reals()], {}),
        ([reals(2, 3, 2), reals(2, 0, 2)], {}),
    ],
)
def hstack(arrays: Sequence[Any]) -> Any:
    """Arrays joined along their second axis, or along the only one."""
    arrays = [atleast_1d(x) for x in arrays]
    return concatenate(arrays, 0 if arrays and arrays[0].ndim == 1 else 1)


@table.composite(
    overrides=[np.vstack],
    examples=[([reals(2, 3), reals(3)], {}), ([reals(), reals(0, 1)], {}), ([reals(2, 3, 2), reals(1, 3, 2)], {})],
)
def vstack(arrays: Sequence[Any]) -> Any:
    """Arrays joined along their first axis, vectors as rows."""
    return concatenate([atleast_2d(x) for x in arrays], 0)


@table.composite(
    overrides=[np.dstack],
    examples=[([reals(2, 3), reals(2, 3, 2)], {}), ([reals(3), reals(3)], {}), ([reals(), reals(1, 1, 0)], {})],
)
def dstack(arrays: Sequence[Any]) -> Any:
    """Arrays joined along their third axis, which vectors and matrices get first."""
    return concatenate([atleast_3d(x) for x in arrays], 2)


@table.composite(
    overrides=[np.column_stack],
    examples=[([reals(3), reals(3, 2)], {}), ([reals(), reals(1, 0)], {}), ([reals(2), reals(2)], {})],
)
def column_stack(arrays: Sequence[Any]) -> Any:
    """Arrays joined along their second axis, vectors as columns."""
    return concatenate([x if np.ndim(x) > 1 else transpose(atleast_2d(x)) for x in arrays], 1)


@table.composite(
    overrides=[np.block],
    examples=[([reals(2, 3), reals(2, 1)], {}), ([reals(3), reals()], {}), ([reals(2, 0), reals(2, 1)], {}), reals(2)],
)
def block(arrays: Any) -> Any:
    """Nested lists of arrays joined: the innermost along the last axis, those around them along the one before.

    Raises:
        ValueError: for lists that are empty or not nested equally deep.
        TypeError: for tuples, which look like lists but would not be taken as such.
    """
    depth = _depth(arrays)
    ndim = max([depth, *[np.ndim(x) for x in _innermost(arrays)]])
    return _joined(arrays, depth, ndim)


def _depth(part: Any) -> int:
    """How deep lists are nested."""
    if isinstance(part, tuple):
        raise TypeError("block takes lists of arrays, not tuples")
    if not isinstance(part, list):
        return 0
    depths = {_depth(item) for item in part}
    if len(depths) != 1:
        raise ValueError("block takes lists that are not empty, and are nested equally deep everywhere")
    return depths.pop() + 1


def _innermost(part: Any) -> Iterator[Any]:
    if isinstance(part, list):
        for item in part:
            yield from _innermost(item)
    else:
        yield part


def _joined(part: Any, depth: int, ndim: int) -> Any:
    if depth:
        return concatenate([_joined(item, depth - 1, ndim) for item in part], -depth)
    shape = shape_of(part)
    return reshape(part, (1,) * (ndim - len(shape)) + shape) if ndim > len(shape) else copy(part)


@table.composite(
    overrides=[np.append],
    examples=[
        (reals(2, 3), reals(2)),
        (reals(2, 3), reals(1, 3), {"axis": 0}),
        (reals(), reals()),
        (reals(2, 0), reals(2, 1), {"axis": -1}),
    ],
)
def append(x: Any, values: Any, axis: int | None = None) -> Any:
    """Values joined to x along an axis; both are flattened first if there is none."""
    if axis is None:
        x, values = reshape(x, -1), reshape(values, -1)
    return concatenate([x, values], axis or 0)


@table.composite(
    overrides=[np.insert],
    examples=[
        (reals(4), 1, reals()),
        (reals(2, 3), [0, 2, 2], reals(3)),
        (reals(2, 3), slice(0, 2), reals(2, 1), {"axis": 1}),
        (reals(2, 3), 1, reals(2, 2), {"axis": -1}),
        (reals(), 0, reals(2)),
        (reals(0, 2), 0, reals(2), {"axis": 0}),
    ],
)
def insert(x: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """Values put in before the elements, or before the parts along an axis, with these indices.

    They are broadcast, and take on the dtype of x.
    """
    x, values = [array if isinstance(array, Tensor) else np.asarray(array) for array in (x, values)]
    # NumPy puts the numbers of the elements in where they belong.
    own = np.arange(x.size).reshape(x.shape)
    further = np.arange(x.size, x.size + values.size).reshape(values.shape)
    numbers = np.insert(own, plain(obj), further, axis)
    joined = concatenate([reshape(x, -1), reshape(values if values.dtype == x.dtype else astype(values, x.dtype), -1)])
    return getitem(joined, numbers)


@moving(
    table,
    overrides=[np.delete],
    examples=[
        (reals(4), {"obj": 1}),
        (reals(2, 3), {"obj": [0, -1, 0]}),
        (reals(2, 3), {"obj": slice(None, None, 2), "axis": 1}),
        (reals(2, 3), {"obj": np.array([False, True]), "axis": 0}),
        (reals(), {"obj": []}),
        (reals(0, 2), {"obj": 1, "axis": 1}),
    ],
)
def delete(x: Any, obj: Any, axis: int | None = None) -> Any:
    """x without the elements, or without the parts along an axis, that have these indices."""
    return np.delete(x, plain(obj), axis)


if not TYPE_CHECKING:
    __all__ = table.names
