"""Products of vectors and matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.define import composite, declared_in, primitive
from minigrad.ops.samples import reals


def _as_matrices(g: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
    """The gradient and the arguments of a matmul, with vectors made the rows and columns they act as."""
    if x.ndim == 1:
        x, g = np.expand_dims(x, 0), np.expand_dims(g, -1 if y.ndim == 1 else -2)
    if y.ndim == 1:
        y, g = np.expand_dims(y, 1), np.expand_dims(g, -1)
    return g, x, y


def _matmul_by_x(g: Any, out: Any, x: Any, y: Any) -> Any:
    g, _, columns = _as_matrices(g, x, y)
    product = np.matmul(g, np.swapaxes(columns, -1, -2))
    return product[..., 0, :] if x.ndim == 1 else product


def _matmul_by_y(g: Any, out: Any, x: Any, y: Any) -> Any:
    g, rows, _ = _as_matrices(g, x, y)
    product = np.matmul(np.swapaxes(rows, -1, -2), g)
    return product[..., 0] if y.ndim == 1 else product


@primitive(
    _matmul_by_x,
    _matmul_by_y,
    reads=("y", "x"),
    overrides=[np.matmul],
    examples=[
        (reals(2, 3), reals(3, 4)),
        (reals(3), reals(3)),
        (reals(3), reals(3, 2)),
        (reals(2, 3), reals(3)),
        (reals(2, 2, 3), reals(3, 2)),
        (reals(2, 3), reals(2, 1, 3, 2)),
        (reals(3), reals(2, 3, 4)),
        (reals(2, 4, 3), reals(3)),
        (reals(2, 0), reals(0, 3)),
        (reals(0, 2), reals(2, 3)),
    ],
    broadcasts=True,
)
def matmul(x: Any, y: Any) -> Any:
    """Matrix product ``x @ y``: shapes (..., n, k) and (..., k, m) give (..., n, m); vectors as in NumPy."""
    return np.matmul(x, y)


@composite(
    overrides=[np.dot],
    examples=[
        (reals(3), reals(3)),
        (reals(2, 3), reals(3, 2)),
        (reals(2, 3), reals(3)),
        (reals(2, 3), reals(2, 3, 2)),
        (reals(3), reals(2, 3, 2)),
        (reals(), reals(2, 3)),
        (reals(2), 2.0),
        (reals(0), reals(0)),
    ],
)
def dot(x: Any, y: Any) -> Any:
    """NumPy's dot: the sum over the last axis of x and the last but one of y; a product if either is 0-d."""
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        return np.multiply(x, y)
    if np.ndim(y) <= 2:
        return matmul(x, y)
    contracted = np.moveaxis(y, -2, 0)
    product = matmul(x, np.reshape(contracted, (contracted.shape[0], -1)))
    return np.reshape(product, (*product.shape[:-1], *contracted.shape[1:]))


if not TYPE_CHECKING:
    __all__ = declared_in(__name__)
