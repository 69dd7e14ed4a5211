"""Operations that repeat elements, also in windows."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib import stride_tricks

from minigrad.engine.examples import reals
from minigrad.engine.stand_ins import array_of
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.ops.manipulation.indexing import scatter_add
from minigrad.ops.manipulation.rearranging import moving

table = Table(__name__)

Shape = int | tuple[int, ...]


def _counts(reps: Any) -> list[int]:
    return [int(operator.index(each)) for each in np.atleast_1d(plain(reps)).tolist()]


def _untiled(g: Any, shape: tuple[int, ...], reps: Any) -> Any:
    """The sums over all copies that `tile` made of an array of a shape."""
    reps = _counts(reps)
    ndim = max(len(reps), len(shape))
    reps = [1] * (ndim - len(reps)) + reps
    sizes = (1,) * (ndim - len(shape)) + shape
    copies = np.reshape(g, tuple([each for pair in zip(reps, sizes, strict=True) for each in pair]))
    return np.reshape(np.sum(copies, axis=tuple(range(0, 2 * ndim, 2))), shape)


@table.primitive(
    lambda g, out, x, reps: _untiled(g, x.shape, reps),
    reads=("",),
    overrides=[np.tile],
    examples=[
        (reals(2, 3), {"reps": 2}),
        (reals(2, 3), {"reps": (2, 1, 3)}),
        (reals(2, 3), {"reps": (2, 1)}),
        (reals(2, 3), {"reps": ()}),
        (reals(), {"reps": 3}),
        (reals(0, 2), {"reps": (2, 2)}),
    ],
)
def tile(x: Any, reps: Any) -> Any:
    """Copies of x side by side, so many along each axis; one number counts along the last."""
    return np.tile(x, _counts(reps))


def _unrepeated(g: Any, shape: tuple[int, ...], repeats: Any, axis: int | None) -> Any:
    """The sums over the repetitions that `repeat` made of the elements of an array of a shape."""
    if axis is None or not shape:
        return np.reshape(_unrepeated(g, (math.prod(shape),), repeats, 0), shape)
    repeats = array_of(plain(repeats))
    axis %= len(shape)
    if repeats.size == 1:
        copies = np.reshape(g, (*shape[: axis + 1], int(repeats.item()), *shape[axis + 1 :]))
        return np.sum(copies, axis=axis + 1)
    index = np.repeat(np.arange(shape[axis]), repeats)
    return scatter_add(g, index=(slice(None),) * axis + (index,), shape=shape)


@table.primitive(
    lambda g, out, x, repeats, axis: _unrepeated(g, x.shape, repeats, axis),
    reads=("",),
    overrides=[np.repeat],
    examples=[
        (reals(2, 3), {"repeats": 2}),
        (reals(2, 3), {"repeats": [3], "axis": 1}),
        (reals(2, 3, 2), {"repeats": np.array([2, 0, 1]), "axis": -2}),
        (reals(3), {"repeats": [1, 0, 2]}),
        (reals(), {"repeats": 3}),
        (reals(0, 2), {"repeats": 2, "axis": 1}),
    ],
)
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element so many times, one number for all or one for each; along an axis, or of the flattened array."""
    return np.repeat(x, plain(repeats), axis)


@moving(
    table,
    overrides=[stride_tricks.sliding_window_view],
    examples=[
        (reals(4), {"window_shape": 2}),
        (reals(3, 4), {"window_shape": (2, 3)}),
        (reals(3, 4), {"window_shape": (2,), "axis": -1}),
        (reals(), {"window_shape": ()}),
        (reals(0, 3), {"window_shape": 2, "axis": 1}),
    ],
    unique=False,
)
def sliding_window_view(x: Any, window_shape: Shape, axis: Shape | None = None) -> Any:
    """All windows of a shape, along new last axes; their positions count along the axes they slide over."""
    return stride_tricks.sliding_window_view(x, window_shape, axis)


if not TYPE_CHECKING:
    __all__ = table.names
