"""Operations that arrange elements: their shape, order, choice and dtype."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad.ops.define import composite, declared_in, primitive
from minigrad.ops.samples import reals
from minigrad.record import plain

Shape = int | tuple[int, ...]


@primitive(
    lambda g, out, x, shape: np.reshape(g, x.shape),
    reads=("",),
    overrides=[np.reshape],
    examples=[(reals(2, 3), {"shape": (3, -1)}), (reals(), {"shape": (1, 1)}), (reals(0, 3), {"shape": (3, 0)})],
)
def reshape(x: Any, shape: Shape) -> Any:
    """The same elements in another shape; one size may be -1 and is inferred."""
    return np.reshape(x, shape)


@primitive(
    lambda g, out, x, axes: np.transpose(g, None if axes is None else np.argsort([axis % x.ndim for axis in axes])),
    reads=("",),
    overrides=[np.transpose],
    examples=[
        reals(2, 3),
        (reals(2, 3, 4), {"axes": (1, 2, 0)}),
        (reals(2, 3, 4), {"axes": (-1, 0, 1)}),
        reals(),
        reals(0, 2),
    ],
)
def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """Axes permuted: axis i of the result is ``axes[i]`` of x; reversed by default."""
    return np.transpose(x, axes)


@primitive(
    lambda g, out, x, axis1, axis2: np.swapaxes(g, axis1, axis2),
    reads=("",),
    overrides=[np.swapaxes],
    examples=[(reals(2, 3, 4), {"axis1": 0, "axis2": -1}), (reals(0, 2), {"axis1": 0, "axis2": 1})],
)
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    return np.swapaxes(x, axis1, axis2)


@primitive(
    lambda g, out, x, source, destination: np.moveaxis(g, destination, source),
    reads=("",),
    overrides=[np.moveaxis],
    examples=[
        (reals(2, 3, 4), {"source": 0, "destination": -1}),
        (reals(2, 3, 4), {"source": (0, 1), "destination": (2, 0)}),
        (reals(0, 2), {"source": 0, "destination": 1}),
    ],
)
def moveaxis(x: Any, source: Shape, destination: Shape) -> Any:
    """Axes moved to new positions, the others kept in order."""
    return np.moveaxis(x, source, destination)


@primitive(
    lambda g, out, x, axis: np.reshape(g, x.shape),
    reads=("",),
    overrides=[np.expand_dims],
    examples=[(reals(2, 3), {"axis": 1}), (reals(), {"axis": (0, 1)}), (reals(0), {"axis": -1})],
)
def expand_dims(x: Any, axis: Shape) -> Any:
    """Axes of size 1 inserted, at these positions of the result."""
    return np.expand_dims(x, axis)


@primitive(
    lambda g, out, x, axis: np.reshape(g, x.shape),
    reads=("",),
    overrides=[np.squeeze],
    examples=[reals(1, 3, 1), (reals(1, 3, 1), {"axis": -1}), reals(), reals(1, 0)],
)
def squeeze(x: Any, axis: Shape | None = None) -> Any:
    """Axes of size 1 removed, all of them by default."""
    return np.squeeze(x, axis=axis)


@primitive(
    lambda g, out, x, shape: g,
    reads=("",),
    overrides=[np.broadcast_to],
    examples=[
        (reals(3), {"shape": (2, 3)}),
        (reals(2, 1), {"shape": (4, 2, 3)}),
        (reals(), {"shape": (2,)}),
        (reals(0), {"shape": (2, 0)}),
    ],
    broadcasts=True,
)
def broadcast_to(x: Any, shape: Shape) -> Any:
    """x repeated to a larger shape, as broadcasting does."""
    if np.ndim(x) == 0 and isinstance(shape, tuple):
        # A tenth of the time for what the gradient of every mean needs.
        x = np.asarray(x)
        repeated = np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
        repeated.flags.writeable = False
        return repeated
    return np.broadcast_to(x, shape)


@primitive(
    lambda g, out, x, axis: np.flip(g, axis),
    reads=("",),
    overrides=[np.flip],
    examples=[reals(2, 3), (reals(2, 3), {"axis": 1}), reals(), reals(0, 2)],
)
def flip(x: Any, axis: Shape | None = None) -> Any:
    """The order of elements reversed along axes, along all of them by default."""
    return np.flip(x, axis)


def _inside(x: Any, pad_width: Any) -> tuple[slice, ...]:
    """Where x lies in what `pad` makes of it."""
    before = np.broadcast_to(pad_width, (x.ndim, 2))[:, 0].tolist()
    return tuple(slice(start, start + size) for start, size in zip(before, x.shape, strict=True))


@primitive(
    lambda g, out, x, pad_width, mode, constant_values: g[_inside(x, pad_width)],
    reads=("",),
    overrides=[np.pad],
    examples=[
        (reals(2, 3), {"pad_width": 1}),
        (reals(2, 3), {"pad_width": ((0, 2), (1, 0)), "constant_values": 0.5}),
        (reals(0, 2), {"pad_width": 1}),
        (reals(), {"pad_width": 0}),
    ],
)
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: float = 0.0) -> Any:
    """x with constant values around it; `pad_width` as in NumPy: an int, or (before, after) for every axis.

    Raises:
        ValueError: for a `mode` other than "constant".
        TypeError: for a `pad_width` in another form, such as a dict.
    """
    if isinstance(pad_width, dict):
        raise TypeError("pad_width is an int, or (before, after) for every axis, not a dict")
    if mode != "constant":
        raise ValueError(f"mode={mode!r} is not supported; only 'constant' is")
    return np.pad(x, pad_width, mode="constant", constant_values=constant_values)


def _is_basic(index: Any) -> bool:
    """Whether indexing gives a view, in which no element can appear twice."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None or part is Ellipsis or (isinstance(part, (int, slice)) and not isinstance(part, bool))
        for part in parts
    )


@primitive(
    lambda g, out, x, index: scatter_add(g, index=index, shape=x.shape),
    reads=("",),
    examples=[
        (reals(4, 3), {"index": 1}),
        (reals(4, 3), {"index": (slice(None, None, -2), None, 0)}),
        (reals(4, 3), {"index": (..., slice(1, 3))}),
        (reals(4), {"index": np.array([True, False, True, False])}),
        (reals(4, 3), {"index": [[0, 2], [2, 2]]}),
        (reals(4, 3), {"index": (np.array([0, 2, 2]), [1, 0, 0])}),
        (reals(4, 3), {"index": (slice(1, 3), np.array([1, 1]))}),
        (reals(), {"index": ()}),
        (reals(0, 2), {"index": slice(None)}),
    ],
)
def getitem(x: Any, index: Any) -> Any:
    """``x[index]`` with NumPy's basic, boolean and integer-array indexing; repeated indices add their gradients."""
    return x[plain(index)]


@primitive(
    lambda g, out, x, index, shape: g[index],
    reads=("",),
    examples=[
        (reals(3), {"index": 1, "shape": (4, 3)}),
        (reals(2, 3), {"index": np.array([2, 2]), "shape": (4, 3)}),
        (reals(2), {"index": np.array([True, False, True]), "shape": (3,)}),
        (reals(), {"index": (), "shape": ()}),
        (reals(0), {"index": slice(0), "shape": (3,)}),
    ],
)
def scatter_add(x: Any, index: Any, shape: Shape) -> Any:
    """Zeros of a shape, to which x is added at an index; where the index repeats, every value is added."""
    result = np.zeros(shape, dtype=np.result_type(x))
    if _is_basic(index):
        result[index] = x
    else:
        np.add.at(result, plain(index), x)
    return result


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


@primitive(
    lambda g, out, x, dtype: astype(g, x.dtype),
    reads=("",),
    overrides=[np.astype],
    examples=[(reals(2, 3), {"dtype": np.float64}), (reals(), {"dtype": float}), (reals(0), {"dtype": float})],
)
def astype(x: Any, dtype: DTypeLike) -> Any:
    """A copy in another dtype. Gradients end at integers and booleans, which have no derivative."""
    return x.astype(dtype)


if not TYPE_CHECKING:
    __all__ = declared_in(__name__)
