"""Operations that make one array of several, or several of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.define import composite, declared_in, primitive
from minigrad.ops.indexing import getitem
from minigrad.ops.samples import reals


def _joined_at(position: int, g: Any, out: Any, *arrays: Any, axis: int | None) -> Any:
    """The part of the gradient of a concatenation that belongs to the array at `position`."""
    x = arrays[position]
    if axis is None:
        start = sum(np.size(array) for array in arrays[:position])
        return np.reshape(g[start : start + x.size], x.shape)
    start = sum(array.shape[axis] for array in arrays[:position])
    return g[(slice(None),) * (axis % x.ndim) + (slice(start, start + x.shape[axis]),)]


@primitive(
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


@primitive(
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


@composite(
    overrides=[np.split],
    examples=[(reals(4, 3), 2), (reals(4, 3), [1, 3]), (reals(2, 6), 3, {"axis": 1}), (reals(2, 0), 2)],
)
def split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """A list of consecutive parts along an axis: so many equal ones, or cut before each of these indices.

    Raises:
        ValueError: where the axis cannot be divided into so many equal parts.
    """
    size = np.shape(x)[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        if indices_or_sections < 1 or size % indices_or_sections:
            raise ValueError(f"split: an axis of size {size} cannot be cut into {indices_or_sections} equal parts")
        step = size // indices_or_sections
        cuts = list(range(step, size, step))
    else:
        cuts = list(indices_or_sections)
    before = (slice(None),) * (axis % np.ndim(x))
    return [getitem(x, (*before, slice(start, end))) for start, end in zip([0, *cuts], [*cuts, size], strict=True)]


if not TYPE_CHECKING:
    __all__ = declared_in(__name__)
