"""Pseudo-inverses of matrices, and solutions of linear systems by least squares."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import matrices, reals, symmetric
from minigrad.engine.table import Table
from minigrad.ops.linalg.matrices import by_triangle, from_triangle, symmetrized, transposed

table = Table(__name__)


def _pinv_by_x(g: Any, out: Any, x: Any, rcond: Any, hermitian: bool, rtol: Any) -> Any:
    if hermitian:
        total = _pinv_of_tall_by_x(g, out, from_triangle(x, lower=True))
        return by_triangle(symmetrized(total), lower=True)
    if x.shape[-2] < x.shape[-1]:
        return transposed(_pinv_of_tall_by_x(transposed(g), transposed(out), transposed(x)))
    return _pinv_of_tall_by_x(g, out, x)


def _pinv_of_tall_by_x(g: Any, out: Any, x: Any) -> Any:
    """The gradient of pseudo-inverses, without products that are larger than a tall x itself."""
    across = transposed(out)
    inner = np.matmul(g, across)
    turned = transposed(inner)
    by_rows = np.matmul(transposed(g), np.matmul(out, across))
    by_columns = np.matmul(across, turned - inner - np.matmul(turned, np.matmul(out, x)))
    return by_columns + by_rows - np.matmul(x, np.matmul(out, by_rows))


@table.primitive(
    _pinv_by_x,
    reads=("out x",),
    overrides=[np.linalg.pinv],
    examples=[
        matrices(4, 2),
        matrices(2, 2, 3),
        (symmetric(3, 3, low=-2.0), {"hermitian": True}),
        (matrices(3, 3), {"rcond": 1e-8}),
        (matrices(2, 3), {"rtol": None}),
        reals(0, 2, 3),
        reals(2, 0),
    ],
)
def pinv(x: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = np._NoValue) -> Any:
    """Pseudo-inverses of matrices (Moore and Penrose).

    The derivative is that among matrices of the same rank; where the rank changes, there is none. Golub and Pereyra
    (1973), "The differentiation of pseudo-inverses and nonlinear least squares problems", equation 4.12.

    Args:
        x: matrices, shape (..., m, n).
        rcond: what is no larger than this times the largest singular value counts as 0.
        hermitian: whether the matrices are symmetric. Only the lower triangle is read, and the other has gradient 0.
        rtol: the same as `rcond`; None for the machine precision times the larger of m and n.
    """
    return np.linalg.pinv(x, rcond, hermitian, rtol=rtol)


def _parts(packed: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """The solution and the singular values of a least-squares problem."""
    shape = np.shape(x)[1], np.shape(y)[1]
    size = math.prod(shape)
    return np.reshape(packed[:size], shape), packed[size:]


def _least_squares_by_x(g: Any, out: Any, x: Any, y: Any, rcond: Any) -> Any:
    solution, _ = _parts(out, x, y)
    g, gs = _parts(g, x, y)
    if x.shape[0] >= x.shape[1]:
        q, r = np.linalg.qr(x)
        once = np.linalg.solve(transposed(r), g)
        fit = np.matmul(y - np.matmul(x, solution), transposed(np.linalg.solve(r, once)))
        total = fit - np.matmul(np.matmul(q, once), transposed(solution))
    else:
        q, r = np.linalg.qr(transposed(x))
        within = np.matmul(transposed(q), g)
        beside = np.matmul(np.linalg.solve(r, np.matmul(transposed(q), solution)), transposed(g - np.matmul(q, within)))
        total = beside - np.matmul(np.linalg.solve(r, within), transposed(solution))
    if isinstance(g, np.ndarray) and not gs.any():
        return total
    u, _, vh = np.linalg.svd(x, full_matrices=False)
    return total + np.matmul(u * np.expand_dims(gs, -2), vh)


def _least_squares_by_y(g: Any, out: Any, x: Any, y: Any, rcond: Any) -> Any:
    g, _ = _parts(g, x, y)
    if x.shape[0] >= x.shape[1]:
        q, r = np.linalg.qr(x)
        return np.matmul(q, np.linalg.solve(transposed(r), g))
    q, r = np.linalg.qr(transposed(x))
    return np.linalg.solve(r, np.matmul(transposed(q), g))


@table.primitive(
    _least_squares_by_x,
    _least_squares_by_y,
    reads=("out x y", "x"),
    examples=[
        (matrices(4, 2), reals(4, 2)),
        (matrices(2, 4), reals(2, 2)),
        (matrices(3, 3), reals(3, 1)),
        (matrices(3, 2), reals(3, 0)),
        (reals(2, 0), reals(2, 1)),
    ],
    public=False,
)
def least_squares_parts(x: Any, y: Any, rcond: Any = None) -> Any:
    """The solutions z of `lstsq` for a matrix x and a matrix y, and behind them the singular values of x, in one row.

    Raises:
        LinAlgError: for an x whose rank is less than its shape allows.
    """
    solution, _, rank, values = np.linalg.lstsq(x, y, rcond)
    if rank < min(np.shape(x)):
        raise np.linalg.LinAlgError(
            f"a matrix of shape {np.shape(x)} and rank {rank} gives a least-squares solution without a derivative, "
            "because its rank changes nearby"
        )
    return np.concatenate([solution.ravel(), values])


@table.composite(
    overrides=[np.linalg.lstsq],
    examples=[
        (matrices(4, 2), reals(4)),
        (matrices(4, 2), reals(4, 3)),
        (matrices(2, 4), reals(2)),
        (matrices(3, 3), reals(3, 2), {"rcond": 1e-6}),
        (reals(2, 0), reals(2)),
    ],
)
def lstsq(x: Any, y: Any, rcond: Any = None) -> tuple[Any, Any, int, Any]:
    """The z for which ``x @ z`` is nearest to y, and the shortest of these where x has more columns than rows.

    Args:
        x: a matrix of full rank, shape (m, n).
        y: shape (m,) or (m, k).
        rcond: singular values no larger than this times the largest count as 0 for the rank.

    Returns:
        The solution; its squared distance from y for every column, empty unless m > n; the rank; the singular values.

    Raises:
        LinAlgError: for an x whose rank is less than its shape allows: there the solution has no derivative.
    """
    columns = np.expand_dims(y, -1) if np.ndim(y) == 1 else y
    if np.ndim(x) != 2 or np.ndim(columns) != 2 or np.shape(x)[0] != np.shape(columns)[0]:
        raise np.linalg.LinAlgError(f"lstsq: arrays of shapes {np.shape(x)} and {np.shape(y)} do not fit")
    packed = least_squares_parts(x, columns, rcond=rcond)
    solution, values = _parts(packed, x, columns)
    rows, unknowns = np.shape(x)
    distances = columns - np.matmul(x, solution)
    distances = np.sum(distances * distances, axis=0) if rows > unknowns else np.zeros(0, packed.dtype)
    return solution[:, 0] if np.ndim(y) == 1 else solution, distances, min(rows, unknowns), values


if not TYPE_CHECKING:
    __all__ = table.names
