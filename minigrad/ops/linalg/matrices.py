"""Products of many matrices, diagonals, and matrices of which one triangle is read."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import matrices, reals
from minigrad.engine.table import Table

table = Table(__name__)


def rows_and_columns(x: Any) -> tuple[int, int]:
    """The last two sizes of an array that holds matrices."""
    shape = np.shape(x)
    if len(shape) < 2:
        raise np.linalg.LinAlgError(f"matrices have two axes or more; this array has shape {shape}")
    return shape[-2], shape[-1]


def transposed(x: Any) -> Any:
    """The last two axes exchanged."""
    return x.T if x.ndim == 2 else np.swapaxes(x, -1, -2)


def symmetrized(x: Any) -> Any:
    """The symmetric part of matrices."""
    return 0.5 * (x + transposed(x))


def by_triangle(gradient: Any, lower: bool) -> Any:
    """The gradient by a symmetric matrix, itself symmetric, given to one triangle, the only one that is read.

    Each element beside the diagonal stands for two of the matrix.
    """
    return np.tril(gradient) + np.tril(gradient, -1) if lower else np.triu(gradient) + np.triu(gradient, 1)


def from_triangle(x: Any, lower: bool) -> Any:
    """The symmetric matrices of which one triangle is given, whatever is in the other."""
    x = x if lower else transposed(x)
    return np.tril(x) + transposed(np.tril(x, -1))


@table.composite(
    overrides=[np.linalg.matrix_power],
    examples=[
        (reals(3, 3), 3),
        (reals(2, 2, 2), 5),
        (matrices(3, 3), -2),
        (matrices(2, 2), 1),
        (reals(2, 2), 0),
        (reals(0, 2, 2), 3),
    ],
)
def matrix_power(x: Any, n: int) -> Any:
    """Square matrices multiplied n times by themselves; inverted first where n is negative.

    Raises:
        LinAlgError: for a negative power of singular matrices, and matrices that are not square.
        TypeError: for an `n` that is not an integer.
    """
    n = operator.index(n)
    rows, columns = rows_and_columns(x)
    if rows != columns:
        raise np.linalg.LinAlgError(f"powers exist of square matrices; these have shape {np.shape(x)}")
    if n < 0:
        x, n = np.linalg.inv(x), -n
    if n == 1:
        # NumPy gives the argument itself.
        return x
    if n == 0:
        return np.where(False, x, 0) + np.eye(rows, dtype=np.result_type(x))
    squares: Any = x
    result: Any = None
    while True:
        n, odd = divmod(n, 2)
        if odd:
            result = squares if result is None else np.matmul(result, squares)
        if not n:
            return np.positive(result)
        squares = np.matmul(squares, squares)


@table.composite(
    overrides=[np.linalg.multi_dot],
    examples=[
        ([reals(2, 3), reals(3, 4)], {}),
        ([reals(3), reals(3, 2), reals(2, 4), reals(4)], {}),
        ([reals(2, 5), reals(5, 1), reals(1, 3), reals(3)], {}),
        ([reals(2, 0), reals(0, 3), reals(3, 2)], {}),
    ],
)
def multi_dot(arrays: Sequence[Any]) -> Any:
    """The product of two or more matrices in the order that takes the fewest multiplications of numbers.

    The first may be a vector, which is then a row, and so may the last, which is then a column.

    Raises:
        ValueError: for fewer than two.
        LinAlgError: for any other number of axes.
    """
    if len(arrays) < 2:
        raise ValueError(f"multi_dot takes two matrices or more, not {len(arrays)}")
    shapes = [np.shape(array) for array in arrays]
    allowed = [(2,)] * len(shapes)
    allowed[0] = allowed[-1] = (1, 2)  # type: ignore[assignment]
    if any(len(shape) not in axes for shape, axes in zip(shapes, allowed, strict=True)):
        raise np.linalg.LinAlgError(f"multi_dot takes matrices, and vectors at the ends; these have shapes {shapes}")
    sizes = [shapes[0][0] if len(shapes[0]) == 2 else 1]
    sizes += [shape[0] for shape in shapes[1:]] + [shapes[-1][1] if len(shapes[-1]) == 2 else 1]
    return _multiplied(arrays, _cuts(sizes), 0, len(arrays) - 1)


def _cuts(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where products of consecutive matrices, given by the first and the last, are best cut in two.

    By dynamic programming (Cormen et al., "Introduction to Algorithms", chapter 14.2); matrix i has shape
    (sizes[i], sizes[i + 1]).
    """
    count = len(sizes) - 1
    costs = {(i, i): 0 for i in range(count)}
    cuts = {}
    for length in range(1, count):
        for first in range(count - length):
            last = first + length
            costs[first, last], cuts[first, last] = min(
                (costs[first, cut] + costs[cut + 1, last] + sizes[first] * sizes[cut + 1] * sizes[last + 1], cut)
                for cut in range(first, last)
            )
    return cuts


def _multiplied(arrays: Sequence[Any], cuts: dict[tuple[int, int], int], first: int, last: int) -> Any:
    if first == last:
        return arrays[first]
    cut = cuts[first, last]
    return np.matmul(_multiplied(arrays, cuts, first, cut), _multiplied(arrays, cuts, cut + 1, last))


@table.composite(
    overrides=[np.linalg.diagonal],
    examples=[(reals(3, 4), {"offset": 1}), (reals(2, 3, 3), {"offset": -1}), reals(2, 3), reals(0, 2, 2)],
)
def matrix_diagonal(x: Any, offset: int = 0) -> Any:
    """The diagonals of matrices, `offset` to the right of the main one; shape (..., m, n) gives (..., k)."""
    return np.diagonal(x, offset, -2, -1)


@table.composite(
    overrides=[np.linalg.trace],
    examples=[(reals(3, 4), {"offset": 1}), (reals(2, 3, 3), {"offset": -1}), reals(2, 3), reals(0, 2, 2)],
)
def matrix_trace(x: Any, offset: int = 0) -> Any:
    """The sums of the diagonals of matrices, `offset` to the right of the main one."""
    return np.trace(x, offset, -2, -1)


if not TYPE_CHECKING:
    __all__ = table.names
