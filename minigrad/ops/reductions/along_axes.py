"""Functions that are applied along an axis, or over several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.engine.values import as_array, plain

table = Table(__name__)


@table.composite(
    overrides=[np.apply_along_axis],
    examples=[
        (np.sum, 0, reals(2, 3)),
        (np.cumsum, -2, reals(2, 3, 2)),
        (np.outer, 0, reals(2, 2), np.array([1, 2], np.int8)),
        (np.sum, 1, reals(2, 0)),
    ],
)
def apply_along_axis(func1d: Callable[..., Any], axis: int, x: Any, *args: Any, **kwargs: Any) -> Any:
    """The results of a function on every one-dimensional slice of x along an axis, in the place of that axis.

    Args:
        func1d: is called as ``func1d(slice, *args, **kwargs)``; its results all have the same shape.
        axis: the axis of the slices.
        x: an array.
        args: passed on.
        kwargs: passed on.

    Raises:
        ValueError: where there is no slice.
    """
    x = np.moveaxis(as_array(x), axis, -1)
    others = x.shape[:-1]
    if 0 in others:
        raise ValueError("apply_along_axis: there is no slice of which the shape of the results could be known")
    results = [func1d(x[index], *args, **kwargs) for index in np.ndindex(others)]
    stacked = np.reshape(np.stack(results), (*others, *np.shape(results[0])))
    inner = range(len(others), stacked.ndim)
    position = axis % x.ndim
    return np.moveaxis(stacked, tuple(inner), tuple(range(position, position + len(inner))))


@table.composite(
    overrides=[np.apply_over_axes],
    examples=[
        (np.sum, reals(2, 3), 0),
        (np.sum, reals(2, 3, 2), (0, -1)),
        (np.cumsum, reals(0, 2), 1),
        (np.sum, reals(), ()),
    ],
)
def apply_over_axes(func: Callable[..., Any], x: Any, axes: int | Sequence[int]) -> Any:
    """A function called as ``func(x, axis)`` for one axis after another, each of which keeps its place."""
    x = as_array(x)
    for axis in axes if isinstance(axes, Sequence) else [axes]:
        axis = normalize_axis_index(axis, x.ndim)
        result = func(x, axis)
        x = result if np.ndim(result) == x.ndim else np.expand_dims(result, axis)
    return np.copy(x) if isinstance(plain(x), np.generic) else x


if not TYPE_CHECKING:
    __all__ = table.names
