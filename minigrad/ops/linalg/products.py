"""Products of vectors and matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.kernels import buffers

table = Table(__name__)


def product(x: Any, y: Any) -> Any:
    """``np.matmul(x, y)`` of arrays or Tensors, in memory that was used before if it is a large array."""
    if type(x) is not np.ndarray or type(y) is not np.ndarray or not x.ndim == y.ndim == 2:
        return np.matmul(x, y)
    dtype = x.dtype
    if y.dtype is not dtype or not dtype.isnative:
        return np.matmul(x, y)
    # Up to five times as fast as matmul where one of the sizes is 1, and never slower.
    rows, columns = len(x), y.shape[1]
    if rows * columns * dtype.itemsize < buffers.WORTH_LENDING:
        return np.dot(x, y)
    return np.dot(x, y, out=buffers.empty((rows, columns), dtype))


def _as_matrices(g: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
    """The gradient and the arguments of a matmul, with vectors made the rows and columns they act as."""
    if x.ndim == 1:
        x, g = np.expand_dims(x, 0), np.expand_dims(g, -1 if y.ndim == 1 else -2)
    if y.ndim == 1:
        y, g = np.expand_dims(y, 1), np.expand_dims(g, -1)
    return g, x, y


def _matmul_by_x(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == y.ndim == 2:
        return product(g, y.T)
    g, _, columns = _as_matrices(g, x, y)
    total = np.matmul(g, np.swapaxes(columns, -1, -2))
    return total[..., 0, :] if x.ndim == 1 else total


def _matmul_by_y(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == y.ndim == 2:
        return product(x.T, g)
    g, rows, _ = _as_matrices(g, x, y)
    total = np.matmul(np.swapaxes(rows, -1, -2), g)
    return total[..., 0] if y.ndim == 1 else total


@table.primitive(
    _matmul_by_x,
    _matmul_by_y,
    reads=("y", "x"),
    overrides=[np.matmul, np.linalg.matmul],
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
    return product(x, y)


@table.primitive(
    lambda g, out, x, weight, bias: product(g, weight.T),
    lambda g, out, x, weight, bias: product(_rows(x).T, _rows(g)),
    lambda g, out, x, weight, bias: sum_of_rows(_rows(g)),
    reads=("weight", "x", ""),
    examples=[
        (reals(2, 3), reals(3, 4), reals(4)),
        (reals(3), reals(3, 2), reals(2)),
        (reals(3), reals(3, 1), reals(1)),
        (reals(1, 3), reals(3, 2), reals(2)),
        (reals(2, 2, 3), reals(3, 1), reals(1)),
        (reals(0, 3), reals(3, 2), reals(2)),
        (reals(2, 2, 0), reals(0, 2), reals(2)),
    ],
    public=False,
)
def matmul_with_bias(x: Any, weight: Any, bias: Any) -> Any:
    """``x @ weight + bias``: shapes (..., n), (n, m) and (m,) give (..., m), without an array for the product alone.

    Raises:
        ValueError: for other shapes.
    """
    if getattr(weight, "ndim", 0) != 2 or getattr(bias, "shape", ()) != weight.shape[1:]:
        raise ValueError("a weight has shape (n, m) and a bias (m,)")
    total = product(x, weight)
    if total.dtype is not bias.dtype:
        return total + bias
    # One row needs no broadcasting, which takes longer than a small product.
    rows = total[0] if total.ndim == 2 and len(total) == 1 else total
    np.add(rows, bias, out=rows)
    return total


def sum_of_rows(x: Any) -> Any:
    """``np.sum(x, axis=0)`` of a matrix."""
    if len(x) == 1:
        return x[0]
    if type(x) is not np.ndarray or x.dtype.char not in "fd":
        return np.sum(x, axis=0)
    # A product with ones takes a third of the time.
    return np.dot(np.ones(len(x), x.dtype), x)


def _rows(x: Any) -> Any:
    """Vectors along the last axis as the rows of one matrix."""
    return x if x.ndim == 2 else np.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))


@table.composite(
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
    __all__ = table.names
