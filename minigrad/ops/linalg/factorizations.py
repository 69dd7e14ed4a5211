"""Decompositions of matrices into triangular and orthogonal ones: Cholesky and QR."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NamedTuple

import numpy as np

from minigrad.engine.annotations import Out
from minigrad.engine.examples import matrices, reals, symmetric
from minigrad.engine.stand_ins import StandIn
from minigrad.engine.table import Table
from minigrad.engine.values import as_array, plain
from minigrad.ops.linalg.matrices import by_triangle, from_triangle, rows_and_columns, symmetrized, transposed

table = Table(__name__)


def _cholesky_by_x(g: Any, out: Any, x: Any, upper: bool) -> Any:
    if upper:
        out, g = transposed(out), transposed(g)
    across = np.matmul(transposed(out), g)
    inner = 0.5 * (np.tril(across) + np.tril(across, -1))
    inverse = np.linalg.inv(transposed(out))
    twice = np.matmul(np.matmul(inverse, inner), transposed(inverse))
    return by_triangle(symmetrized(twice), lower=not upper)


@table.primitive(
    _cholesky_by_x,
    reads=("out",),
    overrides=[np.linalg.cholesky],
    examples=[
        symmetric(3, 3),
        (symmetric(3, 3), {"upper": True}),
        symmetric(2, 2, 2),
        symmetric(1, 1),
        reals(0, 2, 2),
        reals(0, 0),
    ],
)
def cholesky(x: Any, *, upper: bool = False) -> Any:
    """Lower triangular matrices L with ``L @ L.T = x``, or with `upper` their transposes.

    Only one triangle of x is read, the upper one if so asked; the other has gradient 0. Murray (2016),
    "Differentiation of the Cholesky decomposition".

    Raises:
        LinAlgError: for matrices that are not positive definite.
    """
    return np.linalg.cholesky(x, upper=upper)


class QR(NamedTuple, Generic[Out]):
    """An orthogonal and a triangular factor."""

    Q: Out
    R: Out


def _refuse_deficient(r: Any, rows: int) -> None:
    """Raise for matrices whose smallest singular value is 0 to rounding, as `np.linalg.matrix_rank` counts.

    The diagonal does not tell: the factor of a matrix without full rank can have all of it far from 0.
    """
    is_finite = np.isfinite(r).all((-2, -1), keepdims=True)
    sizes = np.linalg.svd(np.where(is_finite, r, np.eye(r.shape[-1], dtype=r.dtype)), compute_uv=False)
    if sizes.shape[-1] and (sizes[..., -1] <= rows * np.finfo(sizes.dtype).eps * sizes[..., 0]).any():
        raise np.linalg.LinAlgError("the QR decomposition of a matrix without full rank has no derivative")


def _divided(total: Any, r: Any) -> Any:
    """``total @ inv(r).T``."""
    values, rows = plain(r), total.shape[-2]
    if isinstance(values, StandIn):
        values.looked_at(_refuse_deficient, rows)
    else:
        _refuse_deficient(values, rows)
    return transposed(np.linalg.solve(r, transposed(total)))


def _orthogonal_by_x(g: Any, out: Any, x: Any, known: Any) -> Any:
    inner = from_triangle(np.matmul(transposed(g), out), lower=True)
    return _divided(g - np.matmul(out, inner), triangular_factor(x, known))


def _triangular_by_x(g: Any, out: Any, x: Any, known: Any) -> Any:
    inner = from_triangle(np.matmul(out, transposed(g)), lower=True)
    return _divided(np.matmul(orthogonal_factor(x, known), inner), out)


_TALL = [matrices(3, 2), matrices(3, 3), matrices(2, 3, 2), matrices(1, 1), reals(0, 3, 2), reals(2, 0)]


@table.primitive(
    _orthogonal_by_x,
    reads=("out x",),
    examples=_TALL,
    public=False,
    kernel=lambda x, known: np.linalg.qr(x).Q if known is None else known[0],
)
def orthogonal_factor(x: Any, known: Any = None) -> Any:
    """Q of matrices with at least as many rows as columns, where it is not `known` already.

    Seeger et al. (2017), "Auto-differentiating linear algebra", equation 19 for the transposed decomposition.
    """
    return np.linalg.qr(x).Q


@table.primitive(
    _triangular_by_x,
    reads=("out x",),
    examples=_TALL,
    public=False,
    kernel=lambda x, known: np.linalg.qr(x).R if known is None else known[1],
)
def triangular_factor(x: Any, known: Any = None) -> Any:
    """R of the same."""
    return np.linalg.qr(x).R


@table.composite(
    overrides=[np.linalg.qr],
    examples=[
        matrices(4, 2),
        matrices(2, 4),
        (matrices(2, 3, 2), {"mode": "r"}),
        (matrices(3, 3), {"mode": "complete"}),
        reals(0, 3, 2),
        reals(0, 0),
    ],
)
def qr(x: Any, mode: str = "reduced") -> Any:
    """Matrices Q with orthonormal columns and upper triangular matrices R with ``Q @ R = x``.

    The derivative exists where the first columns of x, as many as it has rows if it has more columns than that, are
    linearly independent.

    Args:
        x: matrices, shape (..., m, n).
        mode: "reduced" for Q of shape (..., m, k) and R of shape (..., k, n), k the smaller of m and n; "r" for R
            alone; "complete" for a square Q, where m <= n.

    Raises:
        LinAlgError: in the pass back, for matrices without full rank.
        ValueError: for another mode, and for "complete" with m > n, where Q is not determined by x.
    """
    x = as_array(x)
    rows, columns = rows_and_columns(x)
    if mode not in ("reduced", "r", "complete"):
        raise ValueError(f"qr: mode={mode!r} is not supported; 'reduced', 'r' and 'complete' are")
    if mode == "complete" and rows > columns:
        raise ValueError(
            "qr: mode='complete' adds columns that are not determined by a matrix with more rows than columns; "
            "use mode='reduced'"
        )
    square = x if rows >= columns else x[..., :rows]
    known = tuple(np.linalg.qr(plain(square)))
    q, r = orthogonal_factor(square, known), triangular_factor(square, known)
    if rows < columns:
        r = np.concatenate([r, np.matmul(transposed(q), x[..., rows:])], axis=-1)
    return r if mode == "r" else QR(q, r)


if not TYPE_CHECKING:
    __all__ = table.names
