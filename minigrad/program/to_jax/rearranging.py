"""How do elements get another shape, order or neighbours, without being chosen by values?"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from minigrad.program.to_jax.rules import Made, lowers, same

same(np.broadcast_to, "array shape", jnp.broadcast_to, fixed="shape")
same(np.transpose, "a axes?", jnp.transpose)
same(np.permute_dims, "a axes?", jnp.transpose)
same(np.matrix_transpose, "x", jnp.matrix_transpose)
same(np.swapaxes, "a axis1 axis2", jnp.swapaxes)
same(np.moveaxis, "a source destination", jnp.moveaxis)
same(np.rollaxis, "a axis start?", jnp.rollaxis)
same(np.expand_dims, "a axis", lambda a, axis: jnp.expand_dims(a, tuple(axis) if isinstance(axis, list) else axis))
same(np.squeeze, "a axis?", jnp.squeeze)
same(np.flip, "m axis?", jnp.flip)
same(np.fliplr, "m", jnp.fliplr)
same(np.flipud, "m", jnp.flipud)
same(np.roll, "a shift axis?", jnp.roll)
same(np.rot90, "m k? axes?", jnp.rot90, fixed="k axes")
same(np.tile, "A reps", jnp.tile, fixed="reps")
same(np.tril, "m k?", lambda m, k=0: jnp.tril(_square(m), k), fixed="k")
same(np.triu, "m k?", lambda m, k=0: jnp.triu(_square(m), k), fixed="k")
same(np.diag, "v k?", jnp.diag, fixed="k")
same(np.diagflat, "v k?", jnp.diagflat, fixed="k")
same(np.diagonal, "a offset? axis1? axis2?", jnp.diagonal, fixed="offset")
same(np.linalg.diagonal, "x offset?", lambda x, offset=0: jnp.diagonal(x, offset, -2, -1), fixed="offset")
same(np.vander, "x N? increasing?", jnp.vander, fixed="N increasing")
same(np.atleast_1d, "a", jnp.atleast_1d)
same(np.atleast_2d, "a", jnp.atleast_2d)
same(np.atleast_3d, "a", jnp.atleast_3d)
same(np.fft.fftshift, "x axes?", jnp.fft.fftshift)
same(np.fft.ifftshift, "x axes?", jnp.fft.ifftshift)


def _square(m: Any) -> Any:
    """A vector is every row of a matrix to `np.tril`."""
    return jnp.broadcast_to(m, (m.shape[0], m.shape[0])) if m.ndim == 1 else m


# In the order of memory, "A" or "K", nobody knows here how NumPy would go.
@lowers(np.reshape, only={"order": ("C", "F"), "copy": (None, True, False)}, fixed="shape")
def _reshape(made: Made, a: Any, shape: Any, order: str = "C", *, copy: Any = None) -> Any:
    return jnp.reshape(a, shape, order=order)


@lowers(np.ravel, only={"order": ("C", "F")})
def _ravel(made: Made, a: Any, order: str = "C") -> Any:
    return jnp.ravel(a, order=order)


@lowers(np.repeat, fixed="repeats axis")
def _repeat(made: Made, a: Any, repeats: Any, axis: int | None = None) -> Any:
    return jnp.repeat(jnp.asarray(a), repeats if isinstance(repeats, int) else np.asarray(repeats), axis)


_MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


@lowers(np.pad, only={"mode": _MODES}, fixed="pad_width")
def _pad(made: Made, array: Any, pad_width: Any, mode: str = "constant", **kwargs: Any) -> Any:
    unknown = kwargs.keys() - {"constant_values"}
    if unknown:
        raise TypeError(f"np.pad with {', '.join(sorted(unknown))} has no counterpart")
    if not np.ndim(array):
        return jnp.asarray(array)
    widths = np.broadcast_to(np.asarray(pad_width, int), (np.ndim(array), 2)).tolist()
    return jnp.pad(jnp.asarray(array), widths, mode, **kwargs)


@lowers(np.lib.stride_tricks.sliding_window_view, only={"subok": (False,), "writeable": (False,)}, fixed="window_shape")
def _windows(
    made: Made, x: Any, window_shape: Any, axis: Any = None, *, subok: Any = False, writeable: Any = False
) -> Any:
    x = jnp.asarray(x)
    sizes = window_shape if isinstance(window_shape, (tuple, list)) else (window_shape,)
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    count = x.ndim
    for size, one in zip(sizes, axes, strict=True):
        place = one % count
        length = x.shape[place] - size + 1
        if length < 1:
            raise ValueError(f"a window of {size} is larger than axis {place}, which has size {x.shape[place]}")
        shifted = [jnp.take(x, np.arange(start, start + length), axis=place) for start in range(size)]
        x = jnp.stack(shifted, -1) if shifted else jnp.zeros((*x.shape[:place], length, *x.shape[place + 1 :], 0))
    return x


def by_numbers(rearrange: Callable[..., Any], arrays: list[Any]) -> Any:
    """What a function makes of arrays that only chooses their elements by places: it is asked with their numbers.

    Args:
        rearrange: takes arrays of numbers in the places of the arrays, and is a function of NumPy.
        arrays: whose elements are chosen.
    """
    flat, numbers, start = [], [], 0
    for each in arrays:
        flat.append(jnp.ravel(each))
        count = math.prod(np.shape(each))
        numbers.append(np.arange(start, start + count).reshape(np.shape(each)))
        start += count
    elements = flat[0] if len(flat) == 1 else jnp.concatenate(flat)
    return elements[rearrange(*numbers)]


@lowers(np.delete, fixed="obj axis")
def _delete(made: Made, arr: Any, obj: Any, axis: int | None = None) -> Any:
    return by_numbers(lambda numbers: np.delete(numbers, obj, axis), [arr])


@lowers(np.insert, fixed="obj axis")
def _insert(made: Made, arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    return by_numbers(lambda numbers, others: np.insert(numbers, obj, others, axis), [made.of(arr), made.of(values)])


@lowers(np.resize, fixed="new_shape")
def _resize(made: Made, a: Any, new_shape: Any) -> Any:
    if not jnp.size(a):
        return made.of(np.zeros(new_shape))
    return by_numbers(lambda numbers: np.resize(numbers, new_shape), [a])


@lowers(np.compress, only={"out": (None,)}, fixed="condition axis")
def _compress(made: Made, condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Any:
    return by_numbers(lambda numbers: np.compress(condition, numbers, axis), [a])


@lowers(np.extract, fixed="condition")
def _extract(made: Made, condition: Any, arr: Any) -> Any:
    return by_numbers(lambda numbers: np.extract(condition, numbers), [arr])
