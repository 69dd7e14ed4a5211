"""Operations that repeat elements, also in windows, grids and powers."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.lib import stride_tricks

from minigrad.engine.apply import plain, shape_of
from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.engine.tensor import Tensor
from minigrad.ops.manipulation.indexing import scatter_add
from minigrad.ops.manipulation.rolling import moving
from minigrad.ops.manipulation.shape import broadcast_to, reshape

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
    repeats = np.asarray(plain(repeats))
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
    overrides=[np.resize],
    examples=[
        (reals(2, 3), {"new_shape": (2, 2)}),
        (reals(3), {"new_shape": (2, 4)}),
        (reals(), {"new_shape": 3}),
        (reals(0), {"new_shape": 2}),
    ],
    unique=False,
)
def resize(x: Any, new_shape: Shape) -> Any:
    """As many of the flattened elements as another shape takes, from the start again where there are too few."""
    return np.resize(x, new_shape)


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
    Tensors are never written to, so that `copy` makes a difference for arrays only.

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
        coordinates.append(column if sparse else broadcast_to(column, grid))
    return tuple(coordinates)


@table.primitive(
    lambda g, out, x, N, increasing: np.sum(  # noqa: N803
        (g if increasing else np.flip(g, axis=1))[:, 1:]
        * np.arange(1, out.shape[1]).astype(x.dtype)
        * np.vander(x, max(out.shape[1] - 1, 0), increasing=True),
        axis=1,
    ),
    reads=("x",),
    overrides=[np.vander],
    examples=[reals(3), (reals(3), {"N": 2}), (reals(2), {"N": 4, "increasing": True}), reals(0)],
)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:  # noqa: N803
    """The powers of each element in a row of its own, from the highest to the zeroth, or the other way round.

    There are N of them, by default as many as elements. float32 stays float32, where NumPy would turn it into float64.
    """
    dtype = np.asarray(x).dtype
    powers = np.vander(x, N, increasing)
    return powers.astype(dtype, copy=False) if dtype.kind == "f" else powers


if not TYPE_CHECKING:
    __all__ = table.names
