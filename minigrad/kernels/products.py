"""How are matrices multiplied, and rows added up, in little time?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.kernels import buffers


def product(x: Any, y: Any) -> Any:
    """``x @ y``, in memory that was used before if it is a large array."""
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


def product_with_bias(x: Any, weight: Any, bias: Any) -> Any:
    """``x @ weight + bias``, without an array for the product alone."""
    total = product(x, weight)
    if total.dtype is not bias.dtype:
        return total + bias
    # One row needs no broadcasting, which takes longer than a small product.
    rows = total[0] if total.ndim == 2 and len(total) == 1 else total
    np.add(rows, bias, out=rows)
    return total


def sum_of_rows(x: Any) -> Any:
    """The sum over all axes but the last, of an array with two axes or more."""
    if type(x) is not np.ndarray:
        return np.sum(x, axis=tuple(range(x.ndim - 1)))
    rows = x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    if len(rows) == 1:
        return rows[0]
    if rows.dtype.char not in "fd":
        return np.sum(rows, axis=0)
    # A product with ones takes a third of the time.
    return np.dot(np.ones(len(rows), rows.dtype), rows)
