"""Operations that change the shape of an array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.engine.values import shape_of

table = Table(__name__)

Shape = int | tuple[int, ...]


@table.primitive(
    lambda g, out, x, shape, order, copy: (
        np.reshape(g, x.shape) if order == "C" else np.reshape(g, x.shape, order=order)
    ),
    reads=("",),
    overrides=[np.reshape],
    examples=[
        (reals(2, 3), {"shape": (3, -1)}),
        (reals(2, 3), {"shape": (3, 2), "order": "F"}),
        (reals(), {"shape": (1, 1)}),
        (reals(0, 3), {"shape": (3, 0)}),
    ],
)
def reshape(x: Any, shape: Shape, order: Literal["C", "F"] = "C", copy: bool | None = None) -> Any:
    """The same elements in another shape; one size may be -1 and is inferred.

    Elements are counted in the order "C", the last index changing fastest, or "F", the first. With `copy` True they
    are copied in any case, with False never.

    Raises:
        ValueError: for sizes that do not fit, for other orders, and where `copy` is False and a copy is needed.
    """
    if order == "C" and copy is None:
        return np.reshape(x, shape)
    return np.reshape(x, shape, order=_known(order), copy=copy)


def _known(order: Literal["C", "F"]) -> Literal["C", "F"]:
    """An order that does not depend on how an array lies in memory, which a gradient cannot know."""
    if order not in ("C", "F"):
        raise ValueError(f"order={order!r} depends on how an array lies in memory; give 'C' or 'F'")
    return order


@table.composite(
    overrides=[np.ravel], examples=[reals(2, 3), (reals(2, 3), {"order": "F"}), reals(), reals(0, 2), reals(3)]
)
def ravel(x: Any, order: Literal["C", "F"] = "C") -> Any:
    """The same elements in one dimension, counted in the order "C" or "F"; see `reshape`."""
    return reshape(x, -1, order)


@table.primitive(
    lambda g, out, x, axis: np.reshape(g, x.shape),
    reads=("",),
    overrides=[np.expand_dims],
    examples=[(reals(2, 3), {"axis": 1}), (reals(), {"axis": (0, 1)}), (reals(0), {"axis": -1})],
)
def expand_dims(x: Any, axis: Shape) -> Any:
    """Axes of size 1 inserted, at these positions of the result."""
    return np.expand_dims(x, axis)


@table.primitive(
    lambda g, out, x, axis: np.reshape(g, x.shape),
    reads=("",),
    overrides=[np.squeeze],
    examples=[reals(1, 3, 1), (reals(1, 3, 1), {"axis": -1}), reals(), reals(1, 0)],
)
def squeeze(x: Any, axis: Shape | None = None) -> Any:
    """Axes of size 1 removed, all of them by default."""
    return np.squeeze(x, axis=axis)


def _repeated(x: Any, shape: Shape) -> Any:
    """`broadcast_to` of one number in a tenth of the time, which the gradient of every mean needs."""
    if np.ndim(x) or not isinstance(shape, tuple):
        return np.broadcast_to(x, shape)
    x = np.asarray(x)
    repeated = np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
    repeated.flags.writeable = False
    return repeated


@table.primitive(
    lambda g, out, x, shape: g,
    reads=("",),
    kernel=_repeated,
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
    return np.broadcast_to(x, shape)


@table.composite(
    overrides=[np.broadcast_arrays],
    examples=[(reals(3), reals(2, 1), reals()), (reals(2, 3),), (reals(0), reals(1))],
)
def broadcast_arrays(*arrays: Any) -> tuple[Any, ...]:
    """All arrays repeated to the shape that they have in common by broadcasting, as a tuple."""
    shape = np.broadcast_shapes(*[shape_of(x) for x in arrays])
    return tuple([broadcast_to(x, shape) for x in arrays])


@table.composite(overrides=[np.atleast_1d], examples=[reals(), reals(2, 3), (reals(), reals(2)), reals(0)])
def atleast_1d(*arrays: Any) -> Any:
    """An array with one axis at least; of several arrays a tuple."""
    return _each(arrays, lambda shape: shape or (1,))


@table.composite(
    overrides=[np.atleast_2d], examples=[reals(), reals(3), reals(2, 3), (reals(2, 3, 4), reals(2)), reals(0)]
)
def atleast_2d(*arrays: Any) -> Any:
    """An array with two axes at least, new ones before the others; of several arrays a tuple."""
    return _each(arrays, lambda shape: (1,) * (2 - len(shape)) + shape)


@table.composite(
    overrides=[np.atleast_3d], examples=[reals(), reals(3), reals(2, 3), (reals(2, 3, 4), reals(2)), reals(0)]
)
def atleast_3d(*arrays: Any) -> Any:
    """An array with three axes at least, new ones around a single one and behind two; of several arrays a tuple."""
    return _each(arrays, lambda shape: {0: (1, 1, 1), 1: (1, *shape, 1), 2: (*shape, 1)}.get(len(shape), shape))


def _each(arrays: Sequence[Any], enlarged: Callable[[tuple[int, ...]], tuple[int, ...]]) -> Any:
    """Arrays reshaped to what is made of their shapes: one by itself, several as a tuple."""
    results = tuple([reshape(x, enlarged(shape_of(x))) for x in arrays])
    return results[0] if len(results) == 1 else results


if not TYPE_CHECKING:
    __all__ = table.names
