"""Operations that change the shape, the axes or the dtype of an array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from minigrad.ops.define import declared_in, primitive
from minigrad.ops.samples import reals

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
