"""Singular values of matrices, and the vectors that belong to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NamedTuple

import numpy as np

from minigrad.engine.annotations import Out
from minigrad.engine.examples import matrices, reals, symmetric
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.ops.elementwise.where import keep_where
from minigrad.ops.linalg.eigh import eigh, eigvalsh, nearly_equal, refuse_vectors
from minigrad.ops.linalg.matrices import rows_and_columns, transposed

table = Table(__name__)


class SVD(NamedTuple, Generic[Out]):
    """Left singular vectors in the columns of a matrix, singular values, and right singular vectors in rows."""

    U: Out
    S: Out
    Vh: Out


def _svd_parts(packed: Any, rows: int) -> tuple[Any, Any, Any]:
    return packed[..., :rows, :], packed[..., rows, :], packed[..., rows + 1 :, :]


def _zero(s: Any, x: Any) -> Any:
    """Which singular values are 0 within rounding."""
    return s <= max(x.shape[-2:]) * np.finfo(s.dtype).eps * np.max(s, axis=-1, keepdims=True, initial=0.0)


def _unit_vectors_by_x(g: Any, out: Any, x: Any) -> Any:
    rows, columns = x.shape[-2:]
    u, s, v = _svd_parts(out, rows)
    gu, gs, gv = _svd_parts(g, rows)
    count = s.shape[-1]
    zero = _zero(plain(s), x)
    equal = nearly_equal(plain(s), max(rows, columns))
    refuse_vectors(equal, gu, gv, values="singular values", vectors="singular vectors")
    # To a singular value of 0 there belong more vectors on the side where the matrix is longer.
    lost = zero[..., None] & np.eye(count, dtype=bool)
    longer = [each for each, size in ((gu, rows), (gv, columns)) if size > count]
    refuse_vectors(lost, *longer, values="singular values of 0", vectors="singular vectors")
    same = equal | np.eye(count, dtype=bool)
    row, column = np.expand_dims(s, -1), np.expand_dims(s, -2)
    of_u, of_v = np.matmul(transposed(u), gu), np.matmul(transposed(v), gv)
    turned_u, turned_v = of_u - transposed(of_u), of_v - transposed(of_v)
    apart = (turned_u + turned_v) / np.where(same, 1.0, column - row)
    together = (turned_u - turned_v) / np.where(same, 1.0, column + row)
    beside = keep_where(0.5 * (apart + together), ~same)
    inner = np.where(np.eye(count, dtype=bool), np.expand_dims(keep_where(gs, ~zero), -2), beside)
    total = np.matmul(np.matmul(u, inner), transposed(v))
    inverse = np.where(zero, 1.0, s)
    if rows > count:
        outside = (gu - np.matmul(u, of_u)) / np.expand_dims(inverse, -2)
        total = total + np.matmul(outside, transposed(v))
    if columns > count:
        outside = (gv - np.matmul(v, of_v)) / np.expand_dims(inverse, -2)
        total = total + np.matmul(u, transposed(outside))
    return total


@table.primitive(
    _unit_vectors_by_x,
    reads=("out",),
    examples=[matrices(3, 2), matrices(2, 3), matrices(2, 2, 2), matrices(3, 3), reals(0, 3, 2), reals(2, 0)],
    public=False,
)
def singular_parts(x: Any) -> Any:
    """What `svd` gives, in one array: U, below it the singular values as a row, and below that the transpose of Vh.

    Townsend (2016), "Differentiating the singular value decomposition", equations 31 to 36.
    """
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return np.concatenate([u, s[..., None, :], transposed(vh)], axis=-2)


@table.composite(
    overrides=[np.linalg.svd],
    examples=[
        (matrices(4, 2), {"full_matrices": False}),
        (matrices(2, 3), {"full_matrices": False}),
        matrices(2, 3, 3),
        (matrices(2, 3), {"compute_uv": False}),
        (symmetric(3, 3, low=-2.0), {"hermitian": True}),
        (symmetric(3, 3, low=-2.0), {"hermitian": True, "compute_uv": False}),
        (reals(0, 3, 2), {"full_matrices": False}),
    ],
)
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """Singular values in descending order, and orthonormal singular vectors, with ``U * S @ Vh = x``.

    The signs of vectors are arbitrary, so only functions that do not depend on them have a meaning. Singular values
    that are 0 within rounding have the gradient 0.

    Args:
        x: matrices, shape (..., m, n).
        full_matrices: False unless m = n, because further vectors are not determined by x.
        compute_uv: False for singular values alone.
        hermitian: whether the matrices are symmetric; only the lower triangle is then read.

    Raises:
        LinAlgError: in the pass back, where a gradient flows to vectors of equal singular values, or of one that is 0
            and has more vectors on that side. The gradient of equal singular values is right for functions that treat
            them alike.
        ValueError: for full matrices that are not square.
    """
    if not compute_uv:
        return _sizes_of_eigenvalues(x) if hermitian else svdvals(x)
    if hermitian:
        w, v = eigh(x)
        order = np.argsort(np.abs(plain(w)))[..., ::-1]
        w = np.take_along_axis(w, order, -1)
        u = np.take_along_axis(v, order[..., None, :], -1)
        return SVD(u, np.abs(w), transposed(u * np.expand_dims(np.copysign(1.0, plain(w)).astype(w.dtype), -2)))
    rows, columns = rows_and_columns(x)
    if full_matrices and rows != columns:
        raise ValueError(
            f"svd: the square U and Vh of a matrix of shape {(rows, columns)} are not determined by it; use "
            "full_matrices=False"
        )
    u, s, v = _svd_parts(singular_parts(x), rows)
    return SVD(u, s, transposed(v))


def _sizes_of_eigenvalues(x: Any) -> Any:
    w = eigvalsh(x)
    return np.abs(np.take_along_axis(w, np.argsort(np.abs(plain(w)))[..., ::-1], -1))


def _svdvals_by_x(g: Any, out: Any, x: Any) -> Any:
    u, s, vh = svd(x, full_matrices=False)
    return np.matmul(u * np.expand_dims(keep_where(g, ~_zero(plain(s), x)), -2), vh)


@table.primitive(
    _svdvals_by_x,
    reads=("x",),
    overrides=[np.linalg.svdvals],
    examples=[matrices(3, 2), matrices(2, 3), matrices(2, 2, 2), matrices(1, 1), reals(0, 3, 2), reals(2, 0)],
)
def svdvals(x: Any) -> Any:
    """Singular values of matrices in descending order; those that are 0 within rounding have the gradient 0.

    The second derivative of equal singular values is a LinAlgError.
    """
    return np.linalg.svdvals(x)


if not TYPE_CHECKING:
    __all__ = table.names
