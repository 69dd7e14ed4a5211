"""Singular values of matrices, and the vectors that belong to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

import numpy as np

from minigrad.engine.annotations import Out
from minigrad.engine.examples import matrices, reals, symmetric
from minigrad.engine.stand_ins import StandIn, with_kernel
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.ops.linalg.eigh import eigh, eigvalsh, nearly_equal, refuse_vectors
from minigrad.ops.linalg.matrices import rows_and_columns, transposed

table = Table(__name__)


class SVD(NamedTuple, Generic[Out]):
    """Left singular vectors in the columns of a matrix, singular values, and right singular vectors in rows."""

    U: Out
    S: Out
    Vh: Out


def _zero(s: Any, x: Any) -> Any:
    """Which singular values are 0 within rounding."""
    smallest = sum(x.shape[-2:]) * (np.finfo(s.dtype).eps * np.max(s, axis=-1, keepdims=True, initial=0.0))
    return s <= smallest


def _sums_and_differences(s: Any) -> tuple[Any, Any]:
    """s_j + s_i and s_j - s_i in row i and column j, and infinity on the diagonals."""
    own = np.eye(s.shape[-1], dtype=bool)
    row, column = np.expand_dims(s, -1), np.expand_dims(s, -2)
    return np.where(own, np.inf, column + row), np.where(own, np.inf, column - row)


def _checked_sums_and_differences(s: Any, g: Any, size: int) -> tuple[Any, Any]:
    values = plain(s)
    if isinstance(values, StandIn):
        return _sums_and_differences(s)
    equal = nearly_equal(values, size)
    refuse_vectors(equal, g, values="singular values", vectors="singular vectors")
    sums, differences = _sums_and_differences(s)
    return np.where(equal, np.inf, sums), np.where(equal, np.inf, differences)


sums_and_differences = with_kernel(lambda s, g, size: _sums_and_differences(s), _checked_sums_and_differences)


def _checked_divisors(s: Any, g: Any, x: Any) -> Any:
    """Singular values; to one of 0 there belong more vectors on the side where the matrix is longer."""
    values = plain(s)
    if isinstance(values, StandIn):
        return s
    zero = _zero(values, x)
    lost = zero[..., None] & np.eye(values.shape[-1], dtype=bool)
    refuse_vectors(lost, g, values="singular values of 0", vectors="singular vectors")
    return np.where(zero, 1.0, s)


divisors = with_kernel(lambda s, g, x: s, _checked_divisors)


def _is_longer(x: Any, axis: int) -> bool:
    """Whether there may be more than singular vectors along an axis; a program takes other sizes than this one, too."""
    return isinstance(plain(x), StandIn) or x.shape[axis] > min(x.shape[-2:])


def _left_vectors_by_x(g: Any, out: Any, x: Any, known: Any) -> Any:
    s, vh = singular_values(x, known), right_vectors(x, known)
    inside = np.matmul(transposed(out), g)
    turned = inside - transposed(inside)
    sums, differences = sums_and_differences(s, g, max(x.shape[-2:]))
    total = np.matmul(out, 0.5 * (turned / differences + turned / sums))
    if _is_longer(x, -2):
        total = total + (g - np.matmul(out, inside)) / np.expand_dims(divisors(s, g, x), -2)
    return np.matmul(total, vh)


def _right_vectors_by_x(g: Any, out: Any, x: Any, known: Any) -> Any:
    u, s = left_vectors(x, known), singular_values(x, known)
    inside = np.matmul(out, transposed(g))
    turned = inside - transposed(inside)
    sums, differences = sums_and_differences(s, transposed(g), max(x.shape[-2:]))
    total = np.matmul(0.5 * (turned / differences - turned / sums), out)
    if _is_longer(x, -1):
        outside = g - np.matmul(transposed(inside), out)
        total = total + outside / np.expand_dims(divisors(s, transposed(g), x), -1)
    return np.matmul(u, total)


def _singular_values_by_x(g: Any, out: Any, x: Any, known: Any) -> Any:
    u, vh = left_vectors(x, known), right_vectors(x, known)
    return np.matmul(u * np.expand_dims(np.where(_zero(plain(out), x), 0.0, g), -2), vh)


def _known_part(position: int) -> Callable[..., Any]:
    """What computes a part of the decomposition where it is not known yet."""

    def part(x: Any, known: Any) -> Any:
        if known is None or known[position] is None:
            return np.linalg.svd(x, full_matrices=False)[position]
        return known[position]

    return part


_PARTS = [matrices(3, 2), matrices(2, 3), matrices(2, 2, 2), matrices(3, 3), reals(0, 3, 2), reals(2, 0)]


@table.primitive(
    _left_vectors_by_x,
    reads=("out x",),
    examples=_PARTS,
    public=False,
    kernel=_known_part(0),
)
def left_vectors(x: Any, known: Any = None) -> Any:
    """The first part of what `svd` gives without full matrices, where these are not `known` already.

    Townsend (2016), "Differentiating the singular value decomposition", equations 31 to 36.
    """
    return np.linalg.svd(x, full_matrices=False).U


@table.primitive(
    _singular_values_by_x,
    reads=("out x",),
    examples=_PARTS,
    public=False,
    kernel=_known_part(1),
)
def singular_values(x: Any, known: Any = None) -> Any:
    """The second part."""
    return np.linalg.svd(x, full_matrices=False).S


@table.primitive(
    _right_vectors_by_x,
    reads=("out x",),
    examples=_PARTS,
    public=False,
    kernel=_known_part(2),
)
def right_vectors(x: Any, known: Any = None) -> Any:
    """The third part."""
    return np.linalg.svd(x, full_matrices=False).Vh


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
    known = tuple(np.linalg.svd(plain(x), full_matrices=False))
    return SVD(left_vectors(x, known), singular_values(x, known), right_vectors(x, known))


def _sizes_of_eigenvalues(x: Any) -> Any:
    w = eigvalsh(x)
    return np.abs(np.take_along_axis(w, np.argsort(np.abs(plain(w)))[..., ::-1], -1))


def _svdvals_by_x(g: Any, out: Any, x: Any) -> Any:
    u, s, vh = svd(x, full_matrices=False)
    return np.matmul(u * np.expand_dims(np.where(_zero(plain(s), x), 0.0, g), -2), vh)


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
