"""Inverses of matrices, and solutions of linear systems."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import matrices, positives, reals
from minigrad.engine.table import Table
from minigrad.ops.linalg.matrices import transposed

table = Table(__name__)


def _inv_by_x(g: Any, out: Any, x: Any) -> Any:
    across = transposed(out)
    return -np.matmul(np.matmul(across, g), across)


@table.primitive(
    _inv_by_x,
    reads=("out",),
    overrides=[np.linalg.inv],
    examples=[matrices(3, 3), matrices(2, 2, 2), matrices(1, 1), reals(0, 2, 2), reals(0, 0)],
)
def inv(x: Any) -> Any:
    """Inverses of square matrices.

    Raises:
        LinAlgError: for singular matrices.
    """
    return np.linalg.inv(x)


def _solved_across(x: Any, y: Any, g: Any) -> Any:
    """The gradient of a solution by y, not yet summed over the axes along which y was repeated."""
    if y.ndim == 1 and x.ndim > 2:
        # Next to a batch of matrices a vector has to be told from a matrix by its number of axes.
        return np.linalg.solve(transposed(x), np.expand_dims(g, -1))[..., 0]
    return np.linalg.solve(transposed(x), g)


def _solve_by_x(g: Any, out: Any, x: Any, y: Any) -> Any:
    by_y = _solved_across(x, y, g)
    if y.ndim == 1:
        return -np.outer(by_y, out) if x.ndim == 2 else -np.expand_dims(by_y, -1) * np.expand_dims(out, -2)
    return -np.matmul(by_y, transposed(out))


@table.primitive(
    _solve_by_x,
    lambda g, out, x, y: _solved_across(x, y, g),
    reads=("out x", "x"),
    overrides=[np.linalg.solve],
    examples=[
        (matrices(3, 3), reals(3)),
        (matrices(3, 3), reals(3, 2)),
        (matrices(2, 2, 2), reals(2)),
        (matrices(2, 2), reals(3, 2, 1)),
        (matrices(2, 1, 2, 2), reals(3, 2, 1)),
        (reals(0, 2, 2), reals(2)),
        (matrices(2, 2), reals(2, 0)),
    ],
    broadcasts=True,
)
def solve(x: Any, y: Any) -> Any:
    """The solutions z of ``x @ z = y``, for square matrices x; y is a vector if it has one axis, otherwise matrices.

    Shapes (..., n, n) and (..., n, k) give (..., n, k), shapes (..., n, n) and (n,) give (..., n).

    Raises:
        LinAlgError: for singular matrices.
    """
    return np.linalg.solve(x, y)


@table.composite(
    overrides=[np.linalg.tensorsolve],
    examples=[
        (reals(2, 3, 6), reals(2, 3)),
        (reals(3, 2, 2, 3), reals(3, 2)),
        (reals(3, 6, 2), reals(6), {"axes": (0,)}),
        (reals(2, 0, 0), reals(2, 0)),
        (positives(), reals()),
    ],
)
def tensorsolve(x: Any, y: Any, axes: Sequence[int] | None = None) -> Any:
    """The z for which the sum of x times z over all axes of z, the last of x, is y.

    Args:
        x: an array whose first axes are those of y; the sizes of the other ones have the same product.
        y: an array.
        axes: axes of x to move to its end before.

    Raises:
        LinAlgError: for shapes that do not fit, and systems without a unique solution.
    """
    dimensions = np.ndim(x)
    if axes is not None:
        order = list(range(dimensions))
        for axis in axes:
            order.remove(axis)
            order.append(axis)
        x = np.transpose(x, order)
    shape = np.shape(x)[-(dimensions - np.ndim(y)) :]
    size = math.prod(shape)
    if np.size(x) != size * size or np.size(y) != size:
        raise np.linalg.LinAlgError(f"tensorsolve: arrays of shapes {np.shape(x)} and {np.shape(y)} do not fit")
    return np.reshape(np.linalg.solve(np.reshape(x, (size, size)), np.reshape(y, (size,))), shape)


@table.composite(
    overrides=[np.linalg.tensorinv],
    examples=[(reals(2, 3, 6), {"ind": 2}), (reals(6, 3, 2), {"ind": 1})],
)
def tensorinv(x: Any, ind: int = 2) -> Any:
    """The inverse of x as a linear map, from arrays with its last axes to arrays with its first `ind` axes.

    Raises:
        LinAlgError: where the map has no inverse.
        ValueError: for an `ind` that is not positive.
    """
    if ind <= 0:
        raise ValueError(f"tensorinv: ind is positive, not {ind}")
    first, last = np.shape(x)[:ind], np.shape(x)[ind:]
    return np.reshape(np.linalg.inv(np.reshape(x, (math.prod(first), math.prod(last)))), (*last, *first))


if not TYPE_CHECKING:
    __all__ = table.names
