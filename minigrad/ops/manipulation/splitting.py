"""Operations that make several arrays of one."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.engine.values import shape_of
from minigrad.ops.manipulation.indexing import getitem

table = Table(__name__)


def _parts(x: Any, cuts: Sequence[int], axis: int) -> list[Any]:
    """The consecutive parts of an array that is cut along an axis before each of some indices."""
    bounds = zip([0, *cuts], [*cuts, shape_of(x)[axis]], strict=True)
    before = (slice(None),) * axis
    return [getitem(x, (*before, slice(start, end))) for start, end in bounds]


def _listed(cuts: Any) -> list[Any]:
    try:
        return [operator.index(cut) for cut in cuts]
    except TypeError:
        raise TypeError(f"the parts are given by an integer or a list of integers, not by {cuts!r}") from None


@table.composite(
    overrides=[np.split],
    examples=[(reals(4, 3), 2), (reals(4, 3), [1, 3]), (reals(2, 6), 3, {"axis": 1}), (reals(2, 0), 2)],
)
def split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """A list of consecutive parts along an axis: so many equal ones, or cut before each of these indices.

    Raises:
        ValueError: where the axis cannot be divided into so many equal parts.
    """
    axis = normalize_axis_index(axis, np.ndim(x))
    if isinstance(indices_or_sections, (int, np.integer)):
        size = shape_of(x)[axis]
        if indices_or_sections < 1 or size % indices_or_sections:
            raise ValueError(f"split: an axis of size {size} cannot be cut into {indices_or_sections} equal parts")
        step = size // indices_or_sections
        return _parts(x, list(range(step, size, step)) if size else [0] * (int(indices_or_sections) - 1), axis)
    return _parts(x, _listed(indices_or_sections), axis)


@table.composite(
    overrides=[np.array_split],
    examples=[(reals(4, 3), 3), (reals(2), 3), (reals(4, 3), [1, 3]), (reals(2, 5), 2, {"axis": -1}), (reals(2, 0), 2)],
)
def array_split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """A list of consecutive parts along an axis as in `split`; so many of them may differ in size, larger first."""
    axis = normalize_axis_index(axis, np.ndim(x))
    if not isinstance(indices_or_sections, (int, np.integer)):
        return _parts(x, _listed(indices_or_sections), axis)
    if indices_or_sections < 1:
        raise ValueError(f"array_split: there cannot be {indices_or_sections} parts")
    step, larger = divmod(shape_of(x)[axis], int(indices_or_sections))
    cuts = [number * step + min(number, larger) for number in range(1, int(indices_or_sections))]
    return _parts(x, cuts, axis)


@table.composite(
    overrides=[np.hsplit],
    examples=[(reals(2, 4), 2), (reals(4), [1]), (reals(2, 4, 2), [1, 3]), (reals(0, 4), 2)],
)
def hsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Any]:
    """A list of consecutive parts along the second axis, or along the only one; see `split`."""
    return split(x, indices_or_sections, 1 if _with_axes(x, 1, "hsplit") > 1 else 0)


@table.composite(overrides=[np.vsplit], examples=[(reals(4, 2), 2), (reals(4, 2), [1, 3]), (reals(4, 0), 2)])
def vsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Any]:
    """A list of consecutive parts along the first of two axes or more; see `split`."""
    _with_axes(x, 2, "vsplit")
    return split(x, indices_or_sections, 0)


@table.composite(overrides=[np.dsplit], examples=[(reals(2, 1, 4), 2), (reals(2, 1, 4), [1, 3]), (reals(0, 1, 4), 2)])
def dsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Any]:
    """A list of consecutive parts along the third axis; see `split`."""
    _with_axes(x, 3, "dsplit")
    return split(x, indices_or_sections, 2)


def _with_axes(x: Any, least: int, function: str) -> int:
    if np.ndim(x) < least:
        raise ValueError(f"{function} takes an array of {least} axes or more; this one has {np.ndim(x)}")
    return np.ndim(x)


@table.composite(
    overrides=[np.unstack], examples=[reals(2, 3), (reals(2, 3, 2), {"axis": -1}), (reals(2, 0), {"axis": 0})]
)
def unstack(x: Any, axis: int = 0) -> tuple[Any, ...]:
    """A tuple of the parts along an axis, which they do not have any more: the inverse of `stack`."""
    axis = normalize_axis_index(axis, np.ndim(x))
    return tuple([getitem(x, (slice(None),) * axis + (position,)) for position in range(shape_of(x)[axis])])


if not TYPE_CHECKING:
    __all__ = table.names
