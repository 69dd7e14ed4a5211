"""Operations that exchange axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.table import Table

table = Table(__name__)

Shape = int | tuple[int, ...]


def inverse(axes: Sequence[int]) -> tuple[int, ...]:
    """The axes that put back in place what a transpose with these has moved; all are counted from the first."""
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


@table.primitive(
    lambda g, out, x, axes: np.transpose(g, None if axes is None else inverse([axis % x.ndim for axis in axes])),
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


@table.primitive(
    lambda g, out, x, axis1, axis2: np.swapaxes(g, axis1, axis2),
    reads=("",),
    overrides=[np.swapaxes],
    examples=[(reals(2, 3, 4), {"axis1": 0, "axis2": -1}), (reals(0, 2), {"axis1": 0, "axis2": 1})],
)
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    return np.swapaxes(x, axis1, axis2)


@table.primitive(
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


@table.composite(
    overrides=[np.rollaxis],
    examples=[
        (reals(2, 3, 4), {"axis": 2}),
        (reals(2, 3, 4), {"axis": 0, "start": 2}),
        (reals(2, 3, 4), {"axis": -2, "start": 3}),
        (reals(0, 2), {"axis": 1}),
    ],
)
def rollaxis(x: Any, axis: int, start: int = 0) -> Any:
    """One axis moved to lie before the axis that is at `start` now, or last where that is the number of axes."""
    ndim = np.ndim(x)
    if not -ndim <= start <= ndim:
        raise np.exceptions.AxisError(f"start={start} is not between {-ndim} and {ndim}")
    source, target = axis % max(ndim, 1), start + ndim if start < 0 else start
    return moveaxis(x, axis, target - 1 if source < target else target)


@table.composite(
    overrides=[np.matrix_transpose, np.linalg.matrix_transpose],
    examples=[reals(2, 3), reals(2, 3, 4), reals(0, 2)],
)
def matrix_transpose(x: Any) -> Any:
    """The last two axes exchanged.

    Raises:
        ValueError: for fewer than two axes.
    """
    if np.ndim(x) < 2:
        raise ValueError(f"matrix_transpose needs two axes; this array has {np.ndim(x)}")
    return swapaxes(x, -1, -2)


if not TYPE_CHECKING:
    __all__ = table.names
