"""How are elements chosen by an index, and put or added to the places of one?"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from minigrad.ops.manipulation.indexing import added_at, chosen, placed_at
from minigrad.ops.manipulation.updates import assigned, index_along_axis, is_last
from minigrad.program import ir
from minigrad.program.to_jax.rules import Made, lowers


def _parts(index: Any) -> tuple[Any, ...]:
    return tuple(_part(each) for each in (index if isinstance(index, tuple) else (index,)))


def _part(part: Any) -> Any:
    """A part of an index as JAX takes it."""
    if isinstance(part, list):
        found = np.asarray(part)
        return found if found.size else found.astype(np.intp)
    if isinstance(part, jax.Array) and part.dtype == bool:
        raise ValueError(
            "how many elements a condition chooses depends on values; write np.where(condition, x, 0.0) and go on with "
            "all elements"
        )
    return part


def _checked(shape: tuple[int, ...], index: Any) -> tuple[Any, ...]:
    """The parts of an index, after a look at those that are known by now: JAX says nothing of places out of bounds."""
    parts = _parts(index)
    known = tuple(np.zeros(part.shape, np.intp) if isinstance(part, jax.Array) else part for part in parts)
    if all(part.size for part in parts if isinstance(part, jax.Array)) and 0 not in shape:
        np.broadcast_to(np.False_, shape)[known]
    return parts


def _is_basic(parts: tuple[Any, ...]) -> bool:
    """Whether an index is made of positions, slices, new axes and an ellipsis alone."""
    return all(
        part is None or part is Ellipsis or (isinstance(part, (int, np.integer, slice)) and not isinstance(part, bool))
        for part in parts
    )


def placed(x: Any, parts: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """Zeros of a shape, with x in the places of a basic index.

    They are put around x: JAX would scatter, which takes longer, and stops some versions of it with a crash where the
    index names everything and the result is flipped.
    """
    x = jnp.broadcast_to(x, np.broadcast_to(np.False_, shape)[parts].shape)
    named = [part for part in parts if part is not None and part is not Ellipsis]
    place = next((n for n, part in enumerate(parts) if part is Ellipsis), len(parts))
    before = sum(part is not None for part in parts[:place])
    missing = [slice(None)] * (len(shape) - len(named))
    lengths, flipped, margins = [], [], []
    for axis, (part, size) in enumerate(zip([*named[:before], *missing, *named[before:]], shape, strict=True)):
        places = range(size)[part] if isinstance(part, slice) else range(size)[part : part + 1 or None]
        if places.step < 0:
            places = places[::-1]
            flipped.append(axis)
        count = len(places)
        lengths.append(count)
        # Nothing may be chosen, from anywhere.
        margins.append((places[0], size - 1 - places[-1], places.step - 1) if count else (0, size, 0))
    x = jnp.flip(x.reshape(lengths), flipped)
    return lax.pad(x, jnp.zeros((), x.dtype), margins)


def _repeats(parts: tuple[Any, ...]) -> bool:
    """Whether an index might name a place twice."""
    arrays = [part for part in parts if isinstance(part, (jax.Array, np.ndarray)) and part.ndim]
    return bool(arrays) and not (len(arrays) == 1 and arrays[0].dtype == bool)


@lowers(ir.item, chosen)
def _item(made: Made, values: Any, index: Any) -> Any:
    values = jnp.asarray(values)
    parts = _checked(values.shape, index)
    if any(isinstance(part, jax.Array) for part in parts) and values.dtype.kind in "fc":
        # Out of bounds there is NaN, and not the nearest element, so that somebody notices.
        return values.at[parts].get(mode="fill", fill_value=np.nan)
    return values[parts]


@lowers(placed_at, fixed="shape")
def _placed_at(made: Made, x: Any, index: Any, shape: Any) -> Any:
    return _among_zeros(x, index, shape, adds=False)


@lowers(added_at, fixed="shape")
def _added_at(made: Made, x: Any, index: Any, shape: Any) -> Any:
    return _among_zeros(x, index, shape, adds=True)


def _among_zeros(x: Any, index: Any, shape: Any, adds: bool) -> Any:
    """Zeros with x at an index; `adds` says what happens where the index names one place several times."""
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    parts = _checked(shape, index)
    if _is_basic(parts):
        return placed(jnp.asarray(x), parts, shape)
    there = jnp.zeros(shape, jnp.asarray(x).dtype).at[parts]
    return there.add(x) if adds else there.set(x)


def _order_of(shape: tuple[int, ...], parts: tuple[Any, ...]) -> Any:
    """Whether each place of an index is the last that names its element."""
    written = jnp.zeros(shape, int)
    chosen_shape = jax.eval_shape(lambda: written[parts]).shape
    order = jnp.arange(1, math.prod(chosen_shape) + 1).reshape(chosen_shape)
    written = written.at[parts].max(order)
    return written, written[parts] == order


@lowers(is_last)
def _is_last(made: Made, array: Any, index: Any) -> Any:
    shape = jnp.shape(array)
    return _order_of(shape, _checked(shape, index))[1]


@lowers(assigned)
def _assigned(made: Made, x: Any, values: Any, index: Any) -> Any:
    x, values = made.of(x), made.of(values)
    parts = _checked(x.shape, index)
    if _is_basic(parts):
        is_placed = placed(jnp.ones((), bool), parts, x.shape)
        return jnp.where(is_placed, placed(values, parts, x.shape), x)
    if not _repeats(parts):
        return x.at[parts].set(values)
    # JAX does not say which of several values stays; the others are made zero, and then all are added.
    written, is_last_one = _order_of(x.shape, parts)
    added = jnp.zeros_like(x).at[parts].add(jnp.where(is_last_one, values, 0))
    return jnp.where(written > 0, added, x)


@lowers(index_along_axis, fixed="axis")
def _index_along_axis(made: Made, x: Any, indices: Any, axis: int) -> Any:
    index: list[Any] = list(np.ix_(*[np.arange(size) for size in jnp.shape(x)]))
    index[axis] = indices
    return tuple(index)


@lowers(np.take, only={"out": (None,), "mode": ("raise", "wrap", "clip")}, fixed="axis")
def _take(made: Made, a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise") -> Any:
    a = jnp.asarray(a)
    if axis is None or not a.ndim:
        a, axis = jnp.ravel(a), 0
    places = _part(indices)
    size = a.shape[axis]
    if mode == "wrap":
        places = places % max(size, 1)
    elif mode == "clip":
        places = jnp.clip(jnp.asarray(places), 0, max(size - 1, 0))
    return _item(made, a, (slice(None),) * (axis % a.ndim) + (places,))


@lowers(np.take_along_axis, fixed="axis")
def _take_along_axis(made: Made, arr: Any, indices: Any, axis: int | None = -1) -> Any:
    arr, indices = jnp.asarray(arr), _part(indices)
    if axis is None:
        arr, axis = jnp.ravel(arr), 0
    if (
        isinstance(indices, np.ndarray)
        and indices.size
        and not -arr.shape[axis] <= indices.min() <= indices.max() < (arr.shape[axis])
    ):
        raise IndexError(f"an index is out of bounds for axis {axis} with size {arr.shape[axis]}")
    return jnp.take_along_axis(arr, jnp.asarray(indices), axis)


@lowers(np.choose, only={"out": (None,), "mode": ("raise", "wrap", "clip")})
def _choose(made: Made, a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    return jnp.choose(jnp.asarray(a), [made.of(each) for each in choices], mode="clip" if mode == "raise" else mode)


@lowers(np.searchsorted, only={"sorter": (None,), "side": ("left", "right")})
def _searchsorted(made: Made, a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    return jnp.searchsorted(jnp.asarray(a), jnp.asarray(v), side)


@lowers(np.bincount, fixed="minlength")
def _bincount(made: Made, x: Any, weights: Any = None, minlength: int = 0) -> Any:
    if not isinstance(x, np.ndarray):
        raise ValueError("how long the result is depends on values; write np.eye(count)[x].sum(axis=0)")
    length = len(np.bincount(x, minlength=minlength))
    places = jnp.asarray(x)
    return made.of(jnp.zeros(length)).at[places].add(1 if weights is None else made.of(weights))
