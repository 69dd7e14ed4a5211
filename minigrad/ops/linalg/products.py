"""Products of vectors and matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.stand_ins import with_kernel
from minigrad.engine.table import Table
from minigrad.kernels import products

table = Table(__name__)

# Of rules, which are no operations themselves.
product = with_kernel(np.matmul, products.product)
sum_of_rows = with_kernel(lambda x: np.sum(x, axis=tuple(range(x.ndim - 1))), products.sum_of_rows)


def _matmul_by_x(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == y.ndim == 2:
        return product(g, y.T)
    if x.ndim == y.ndim == 1:
        return g * y
    if x.ndim == 2 and y.ndim == 1:
        return np.outer(g, y)
    if x.ndim == 1 and y.ndim == 2:
        return np.matmul(y, g)
    if y.ndim == 1:
        return np.expand_dims(g, -1) * y
    if x.ndim == 1:
        return np.matmul(y, np.expand_dims(g, -1))[..., 0]
    return np.matmul(g, np.swapaxes(y, -1, -2))


def _matmul_by_y(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == y.ndim == 2:
        return product(x.T, g)
    if x.ndim == y.ndim == 1:
        return g * x
    if x.ndim == 1 and y.ndim == 2:
        return np.outer(x, g)
    if x.ndim == 2 and y.ndim == 1:
        return np.matmul(x.T, g)
    if x.ndim == 1:
        return np.expand_dims(x, -1) * np.expand_dims(g, -2)
    if y.ndim == 1:
        return np.matmul(np.swapaxes(x, -1, -2), np.expand_dims(g, -1))[..., 0]
    return np.matmul(np.swapaxes(x, -1, -2), g)


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
    kernel=products.product,
)
def matmul(x: Any, y: Any) -> Any:
    """Matrix product ``x @ y``: shapes (..., n, k) and (..., k, m) give (..., n, m); vectors as in NumPy."""
    return np.matmul(x, y)


def _rows(x: Any) -> Any:
    """Vectors along the last axis as the rows of one matrix."""
    return x if x.ndim == 2 else np.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))


def _refuse_other_shapes(weight: Any, bias: Any) -> None:
    if getattr(weight, "ndim", 0) != 2 or getattr(bias, "shape", ()) != weight.shape[1:]:
        raise ValueError("a weight has shape (n, m) and a bias (m,)")


def _fast_matmul_with_bias(x: Any, weight: Any, bias: Any) -> Any:
    _refuse_other_shapes(weight, bias)
    return products.product_with_bias(x, weight, bias)


@table.primitive(
    lambda g, out, x, weight, bias: product(g, weight.T),
    lambda g, out, x, weight, bias: np.outer(x, g) if x.ndim == 1 else product(_rows(x).T, _rows(g)),
    lambda g, out, x, weight, bias: g if g.ndim == 1 else sum_of_rows(g),
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
    kernel=_fast_matmul_with_bias,
)
def matmul_with_bias(x: Any, weight: Any, bias: Any) -> Any:
    """``x @ weight + bias``: shapes (..., n), (n, m) and (m,) give (..., m).

    Raises:
        ValueError: for other shapes.
    """
    _refuse_other_shapes(weight, bias)
    return np.matmul(x, weight) + bias


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
