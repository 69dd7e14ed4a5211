"""Differences of neighbours along an axis, and what is made of them: slopes, areas and angles without jumps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import positives, reals
from minigrad.engine.table import Table
from minigrad.engine.values import as_array
from minigrad.ops.manipulation.dtypes import as_floats, astype
from minigrad.ops.manipulation.shape import broadcast_to

table = Table(__name__)


def _along(axis: int, part: Any) -> tuple[Any, ...]:
    """The index that takes a part along one axis, counted from the last, and everything along the others."""
    return (..., part, *[slice(None)] * (-1 - axis))


def _from_last(axes: int | Sequence[int], ndim: int) -> list[int]:
    """Axes counted from the last.

    Raises:
        AxisError: for an axis that does not exist.
    """
    return [axis - ndim for axis in np.lib.array_utils.normalize_axis_tuple(axes, ndim)]


def _differences_by_x(g: Any, out: Any, x: Any, axis: int) -> Any:
    if not x.shape[axis]:
        return np.zeros(x.shape, x.dtype)
    widths = [(1, 1) if each == x.ndim + axis else (0, 0) for each in range(x.ndim)]
    return -np.diff(np.pad(g, widths), axis=axis)


@table.primitive(
    _differences_by_x,
    reads=("",),
    examples=[(reals(4), -1), (reals(3, 2), -2), (reals(0), -1)],
    public=False,
)
def differences(x: Any, axis: int) -> Any:
    """Differences of neighbours along an axis that is counted from the last."""
    return np.diff(x, axis=axis)


@table.composite(
    overrides=[np.diff],
    examples=[
        reals(4),
        (reals(2, 4), {"n": 2}),
        (reals(3, 2), {"axis": 0, "n": 0}),
        (reals(3, 2), 1, 0, reals(), reals(2, 2)),
        reals(0, 3),
    ],
)
def diff(x: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Differences of neighbours along an axis, taken n times; after `prepend` and before `append` are joined to x.

    Raises:
        ValueError: for a negative n, or a 0-d x.
    """
    x = as_array(x)
    prepend, append = (None if part is np._NoValue else part for part in (prepend, append))
    if n == 0:
        return x
    if n < 0 or x.ndim == 0:
        raise ValueError("diff takes arrays of at least one dimension, and an n that is not negative")
    (axis,) = _from_last(axis, x.ndim)
    parts = [x if part is x else _as_long_as(x, axis, part) for part in (prepend, x, append) if part is not None]
    x = np.concatenate(parts, axis) if len(parts) > 1 else x
    for _ in range(n):
        x = differences(x, axis)
    return x


def _as_long_as(x: Any, axis: int, part: Any) -> Any:
    """What is joined to x along an axis; a number stands for one element everywhere."""
    part = as_array(part)
    if part.ndim:
        return part
    return broadcast_to(part, tuple(1 if each == x.ndim + axis else size for each, size in enumerate(x.shape)))


@table.composite(
    overrides=[np.ediff1d],
    examples=[reals(4), (reals(2, 2), reals(2), reals()), (reals(), reals(2)), (reals(0), reals(1, 2))],
)
def ediff1d(x: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Differences of neighbours among all elements in one row, between `to_begin` and `to_end`."""
    x = np.reshape(as_array(x), -1)
    parts = [_in_one_row(to_begin, x.dtype), differences(x, -1), _in_one_row(to_end, x.dtype)]
    return np.concatenate([part for part in parts if part is not None])


def _in_one_row(part: Any, dtype: np.dtype[Any]) -> Any:
    if part is None:
        return None
    part = np.reshape(as_array(part), -1)
    if part.dtype == dtype:
        return part
    if not np.can_cast(part.dtype, dtype, "same_kind"):
        raise TypeError(f"ediff1d: what is joined to differences of dtype {dtype} cannot be {part.dtype}")
    return astype(part, dtype)


@table.composite(
    overrides=[np.gradient],
    examples=[
        reals(4),
        (reals(3, 4), reals(), {"axis": 1, "edge_order": 2}),
        (reals(2, 3), 0.5, np.array([0, 1, 3])),
        (reals(3), positives(3), {"edge_order": 2}),
        (reals(0, 2), {"axis": -1}),
    ],
)
def gradient(x: Any, *varargs: Any, axis: int | Sequence[int] | None = None, edge_order: int = 1) -> Any:
    """Derivatives of sampled values along axes, by second-order differences, as ``np.gradient``.

    These are slopes between samples. The derivative of a function is `minigrad.grad`, and that of a Tensor that was
    computed already `minigrad.gradients`.

    Args:
        x: the values.
        varargs: the spacing of the samples: one number for all axes, or for each axis a number or the coordinates.
        axis: one axis, or several; all by default.
        edge_order: 1 for the slope between the last two values at an end, 2 for that of a parabola through three.

    Returns:
        An array for one axis, a tuple of them for several.

    Raises:
        ValueError: for coordinates of another shape, too few values, or another `edge_order`.
        TypeError: for another number of spacings.
    """
    x = as_floats(x)
    axes = range(-x.ndim, 0) if axis is None else _from_last(axis, x.ndim)
    spacings = varargs if varargs else (1.0,)
    if len(spacings) == 1 and np.ndim(spacings[0]) == 0:
        spacings = spacings * len(axes)
    if len(spacings) != len(axes):
        raise TypeError(f"gradient along {len(axes)} axes takes one spacing, or as many, not {len(spacings)}")
    if edge_order not in (1, 2):
        raise ValueError(f"edge_order is 1 or 2, not {edge_order}")
    results = [_slopes(x, each, spacing, edge_order) for each, spacing in zip(axes, spacings, strict=True)]
    return results[0] if len(results) == 1 else tuple(results)


def _slopes(x: Any, axis: int, spacing: Any, edge_order: int) -> Any:
    """The derivative along one axis: at every sample that of the parabola through it and its neighbours."""
    size = x.shape[axis]
    if size <= edge_order:
        raise ValueError(
            f"gradient with edge_order={edge_order} needs {edge_order + 1} values along an axis, not {size}"
        )
    widths = _widths(spacing, size, axis)
    between = diff(x, axis=axis) / widths
    if np.ndim(widths) == 0:
        # What is in the middle plays no part, not even if it is huge or NaN.
        inside = (x[_along(axis, slice(2, None))] - x[_along(axis, slice(None, -2))]) / (2.0 * widths)
    else:
        before, after = between[_along(axis, slice(None, -1))], between[_along(axis, slice(1, None))]
        left, right = widths[:-1], widths[1:]
        inside = (right * before + left * after) / (left + right)
    first, last = between[_along(axis, slice(None, 1))], between[_along(axis, slice(-1, None))]
    if edge_order == 2:
        # The slope of a parabola at the middle of two points is the mean of those at the points.
        first = 2.0 * first - inside[_along(axis, slice(None, 1))]
        last = 2.0 * last - inside[_along(axis, slice(-1, None))]
    slopes = np.concatenate([first, inside, last], axis)
    return slopes if slopes.dtype == x.dtype else astype(slopes, x.dtype)


def _widths(spacing: Any, size: int, axis: int) -> Any:
    """The distances of neighbouring samples: one number, or an array that goes along the axis."""
    if np.ndim(spacing) == 0:
        return spacing
    coordinates = as_floats(spacing)
    if coordinates.shape != (size,):
        raise ValueError(f"gradient: an axis of size {size} has coordinates of that shape, not {coordinates.shape}")
    return np.reshape(diff(coordinates), (size - 1, *[1] * (-1 - axis)))


@table.composite(
    overrides=[np.trapezoid],
    examples=[
        reals(4),
        (reals(2, 3), {"dx": 0.5, "axis": 0}),
        (reals(2, 3), reals(3)),
        (reals(2, 3), reals(2), {"axis": 0}),
        (reals(2, 3), reals(2, 3)),
        reals(0),
        (reals(2, 3), None, reals()),
    ],
)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The area under samples y along an axis, as the sum of trapezia.

    Args:
        y: the samples.
        x: their coordinates: of one dimension, along the axis, or of the shape of y.
        dx: their distance, where there is no x.
        axis: the axis of the samples.
    """
    y = as_array(y)
    (from_last,) = _from_last(axis, y.ndim)
    if x is not None:
        x = as_array(x)
        widths = diff(x, axis=axis if x.ndim > 1 else 0)
        dx = np.reshape(widths, (x.size - 1, *[1] * (-1 - from_last))) if x.ndim == 1 else widths
    pairs = y[_along(from_last, slice(1, None))] + y[_along(from_last, slice(None, -1))]
    return np.sum(dx * pairs / 2.0, axis=from_last)


@table.primitive(
    lambda g, out, x, discont, axis, period: g,
    reads=("",),
    overrides=[np.unwrap],
    examples=[
        (reals(5, 2, low=-9.0, high=9.0), {"axis": 0, "period": 2.0, "discont": 1.5}),
        reals(2, 5, low=-9.0, high=9.0),
        reals(0),
    ],
)
def unwrap(x: Any, discont: float | None = None, axis: int = -1, *, period: float = 2.0 * math.pi) -> Any:
    """x with multiples of `period` added, so that neighbours along an axis differ by at most half of one.

    Jumps smaller than `discont` stay.
    """
    return np.unwrap(x, discont, axis, period=period)


if not TYPE_CHECKING:
    __all__ = table.names
