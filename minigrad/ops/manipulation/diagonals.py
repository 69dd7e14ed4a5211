"""Operations on diagonals, and on the triangles above and below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.stand_ins import counted
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.ops.manipulation.indexing import scatter_add

table = Table(__name__)

_TRIANGLES = [
    reals(3, 3),
    (reals(2, 3, 4), {"k": 1}),
    (reals(3, 2), {"k": -1}),
    reals(3),
    reals(0, 2),
]


@table.primitive(
    lambda g, out, x, k: np.tril(g, k), reads=("",), overrides=[np.tril], examples=_TRIANGLES, broadcasts=True
)
def tril(x: Any, k: int = 0) -> Any:
    """Zeros above the k-th diagonal of the last two axes; a vector is repeated as rows first."""
    return np.tril(x, k)


@table.primitive(
    lambda g, out, x, k: np.triu(g, k), reads=("",), overrides=[np.triu], examples=_TRIANGLES, broadcasts=True
)
def triu(x: Any, k: int = 0) -> Any:
    """Zeros below the k-th diagonal of the last two axes; a vector is repeated as rows first."""
    return np.triu(x, k)


def _along_diagonal(values: Any, offset: int) -> tuple[Any, Any]:
    """The rows and the columns of the places on a diagonal, where the last axis of these values lies."""
    along = counted(values, values.shape[-1])
    return along + max(-offset, 0), along + max(offset, 0)


def _onto_diagonal(g: Any, shape: tuple[int, ...], offset: int, axis1: int, axis2: int) -> Any:
    """Zeros of a shape, with g on a diagonal, along its own last axis."""
    others = tuple([size for axis, size in enumerate(shape) if axis not in (axis1 % len(shape), axis2 % len(shape))])
    index = (..., *_along_diagonal(plain(g), offset))
    placed = scatter_add(g, index=index, shape=(*others, shape[axis1], shape[axis2]), unique=True)
    return np.moveaxis(placed, (-2, -1), (axis1, axis2))


@table.primitive(
    lambda g, out, x, k: np.diag(g, k) if x.ndim == 1 else _onto_diagonal(g, x.shape, k, 0, 1),
    reads=("",),
    overrides=[np.diag],
    examples=[
        reals(3),
        (reals(2), {"k": -2}),
        reals(2, 3),
        (reals(3, 2), {"k": 1}),
        (reals(3, 2), {"k": -1}),
        reals(0),
    ],
)
def diag(x: Any, k: int = 0) -> Any:
    """The k-th diagonal of a matrix, or the matrix of zeros that has a vector as its k-th diagonal."""
    return np.diag(x, k)


@table.primitive(
    lambda g, out, x, k: np.reshape(np.diag(g, k), x.shape),
    reads=("",),
    overrides=[np.diagflat],
    examples=[reals(3), (reals(2, 2), {"k": 1}), (reals(), {"k": -1}), reals(0, 2)],
)
def diagflat(x: Any, k: int = 0) -> Any:
    """The matrix of zeros that has the elements of x as its k-th diagonal."""
    return np.diagflat(x, k)


_DIAGONALS = [
    reals(2, 3),
    (reals(2, 3), {"offset": 1}),
    (reals(3, 2), {"offset": -2}),
    (reals(2, 3, 4), {"axis1": -1, "axis2": 0, "offset": 1}),
    (reals(2, 3, 4), {"axis1": 1, "axis2": 2}),
    reals(0, 2),
]


@table.primitive(
    lambda g, out, x, offset, axis1, axis2: _onto_diagonal(g, x.shape, offset, axis1, axis2),
    reads=("",),
    overrides=[np.diagonal],
    examples=_DIAGONALS,
)
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """A diagonal of the planes of two axes, along a new last axis."""
    return np.diagonal(x, offset, axis1, axis2)


@table.composite(overrides=[np.trace], examples=_DIAGONALS)
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal of the planes of two axes."""
    return np.sum(diagonal(x, offset, axis1, axis2), axis=-1)


if not TYPE_CHECKING:
    __all__ = table.names
