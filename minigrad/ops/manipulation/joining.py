"""Operations that make one array of several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.engine.values import shape_of
from minigrad.ops.manipulation.axes import transpose
from minigrad.ops.manipulation.dtypes import copy
from minigrad.ops.manipulation.shape import atleast_1d, atleast_2d, atleast_3d, reshape

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
        ([reals(2, 3), reals(2), reals()], {"axis": None}),
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


if not TYPE_CHECKING:
    __all__ = table.names
