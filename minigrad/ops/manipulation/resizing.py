"""Elements added to an array, and taken away from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.engine.values import as_array, plain
from minigrad.ops.manipulation.dtypes import astype
from minigrad.ops.manipulation.indexing import getitem, numbers_of
from minigrad.ops.manipulation.joining import concatenate
from minigrad.ops.manipulation.rearranging import moving
from minigrad.ops.manipulation.shape import reshape

table = Table(__name__)

Shape = int | tuple[int, ...]


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
        x, values, axis = reshape(x, -1), reshape(values, -1), 0
    return concatenate([x, values], axis)


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
    x, values = as_array(x), as_array(values)
    # NumPy puts the numbers of the elements in where they belong.
    further = x.size + numbers_of(plain(values))
    numbers = np.insert(numbers_of(plain(x)), plain(obj), further, axis)
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


@table.composite(
    overrides=[np.trim_zeros],
    examples=[
        reals(3),
        (reals(3), {"trim": "f"}),
        (reals(2, 3), {"trim": "b", "axis": 1}) if hasattr(np, "matvec") else reals(3),
        reals() if hasattr(np, "matvec") else reals(3),
        reals(0),
    ],
)
def trim_zeros(x: Any, trim: str = "fb", axis: Shape | None = None) -> Any:
    """Without the zeros at the front ("f" in `trim`), the back ("b"), or both, along all axes or these.

    Of several axes, those parts are cut off that hold nothing but zeros.
    """
    if set(trim.lower()) not in ({"f"}, {"b"}, {"f", "b"}):
        raise ValueError(f"trim={trim!r} is not 'f', 'b' or 'fb'")
    x = as_array(x)
    chosen = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim)
    index: list[slice] = [slice(None)] * x.ndim
    for each, found in enumerate(np.nonzero(plain(x)) if x.ndim else ()):
        if each in chosen:
            first = int(found.min()) if found.size and "f" in trim.lower() else 0
            last = int(found.max()) + 1 if found.size and "b" in trim.lower() else None
            index[each] = slice(first, last if found.size else 0)
    # Of a 0-d array NumPy gives the array itself, where an index would give a scalar.
    return getitem(x, tuple(index)) if x.ndim else x


if not TYPE_CHECKING:
    __all__ = table.names
