"""Pseudo-inverses of matrices, and solutions of linear systems by least squares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import matrices, reals, symmetric
from minigrad.engine.stand_ins import StandIn
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.ops.linalg.matrices import by_triangle, from_triangle, symmetrized, transposed
from minigrad.ops.linalg.svd import singular_values

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


def _least_squares_by_x(g: Any, out: Any, x: Any, y: Any, rcond: Any, known: Any) -> Any:
    if x.shape[0] >= x.shape[1]:
        q, r = np.linalg.qr(x)
        once = np.linalg.solve(transposed(r), g)
        fit = np.matmul(y - np.matmul(x, out), transposed(np.linalg.solve(r, once)))
        return fit - np.matmul(np.matmul(q, once), transposed(out))
    q, r = np.linalg.qr(transposed(x))
    within = np.matmul(transposed(q), g)
    beside = np.matmul(np.linalg.solve(r, np.matmul(transposed(q), out)), transposed(g - np.matmul(q, within)))
    return beside - np.matmul(np.linalg.solve(r, within), transposed(out))


def _least_squares_by_y(g: Any, out: Any, x: Any, y: Any, rcond: Any, known: Any) -> Any:
    if x.shape[0] >= x.shape[1]:
        q, r = np.linalg.qr(x)
        return np.matmul(q, np.linalg.solve(transposed(r), g))
    q, r = np.linalg.qr(transposed(x))
    return np.linalg.solve(r, np.matmul(transposed(q), g))


def _refuse_deficient(rank: Any, shape: tuple[int, ...]) -> None:
    if rank < min(shape):
        raise np.linalg.LinAlgError(
            f"a matrix of shape {shape} and rank {rank} gives a least-squares solution without a derivative, "
            "because its rank changes nearby"
        )


def _of_full_rank(x: Any, y: Any, rcond: Any) -> tuple[Any, Any]:
    """What NumPy's lstsq gives: a solution, and the singular values of x."""
    solution, _, rank, values = np.linalg.lstsq(x, y, rcond)
    if isinstance(rank, StandIn):
        rank.looked_at(_refuse_deficient, np.shape(x))
    else:
        _refuse_deficient(rank, np.shape(x))
    return solution, values


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
    kernel=lambda x, y, rcond, known: _of_full_rank(x, y, rcond)[0] if known is None else known,
)
def least_squares(x: Any, y: Any, rcond: Any = None, known: Any = None) -> Any:
    """The solution that `lstsq` gives for a matrix x and a matrix y, where it is not `known` already.

    Raises:
        LinAlgError: for an x whose rank is less than its shape allows.
    """
    return np.linalg.lstsq(x, y, rcond)[0]


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
    known, sizes = _of_full_rank(plain(x), plain(columns), rcond)
    solution = least_squares(x, columns, rcond=rcond, known=known)
    values = singular_values(x, known=(None, sizes, None))
    rows, unknowns = np.shape(x)
    distances = columns - np.matmul(x, solution)
    distances = np.sum(distances * distances, axis=0) if rows > unknowns else np.zeros(0, solution.dtype)
    return np.squeeze(solution, 1) if np.ndim(y) == 1 else solution, distances, min(rows, unknowns), values


if not TYPE_CHECKING:
    __all__ = table.names
