"""Determinants, with derivatives that are right for singular matrices too."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

import numpy as np

from minigrad.engine.annotations import Array, Out
from minigrad.engine.apply import apply
from minigrad.engine.examples import deficient, matrices, reals
from minigrad.engine.graph import Primitive
from minigrad.engine.stand_ins import StandIn, self_contained, with_kernel
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.ops.linalg.matrices import transposed

table = Table(__name__)


def _per_matrix(numbers: Any) -> Any:
    """One number for each matrix, with axes of size 1 in place of those of the matrix."""
    return np.expand_dims(numbers, (-2, -1)) if numbers.ndim else numbers


@table.primitive(
    lambda g, out, x: _per_matrix(g) * cofactors(x),
    reads=("x",),
    overrides=[np.linalg.det],
    examples=[
        reals(3, 3),
        reals(2, 2, 2),
        deficient(3, 3, rank=2),
        deficient(2, 3, 3, rank=2),
        reals(0, 2, 2),
        reals(0, 0),
    ],
)
def det(x: Any) -> Any:
    """Determinants of square matrices; the first three derivatives are right for singular ones, of any rank, too."""
    return np.linalg.det(x)


def _cofactors_by_inverse(x: Any) -> Any:
    """What `cofactor_matrix` gives, by inverses where these are precise enough, in a tenth of the time."""
    matrices = plain(x)
    if isinstance(matrices, StandIn):
        return cofactor_matrix(x)
    once = isinstance(x, np.ndarray)
    # A second derivative loses twice as many digits.
    inverse = _inverse_if_regular(matrices, -1 / 3 if once else -1 / 4)
    if inverse is None:
        return cofactor_matrix(x)
    if not once:
        inverse = np.linalg.inv(x)
    return _per_matrix(det(x)) * transposed(inverse)


def _inverse_if_regular(x: Any, power: float) -> Any:
    """The inverses, or None where one does not exist or has lost too many digits, or a determinant is no float.

    The condition may be as large as a negative power of the machine precision.
    """
    try:
        inverse = np.linalg.inv(x)
    except np.linalg.LinAlgError:
        return None
    if not x.size:
        return inverse
    info = np.finfo(inverse.dtype)
    condition = np.linalg.matrix_norm(x, ord=1) * np.linalg.matrix_norm(inverse, ord=1)
    size = np.linalg.slogdet(x).logabsdet
    in_range = (math.log(info.tiny) < size) & (size < math.log(info.max))
    return inverse if (in_range & (condition < float(info.eps) ** power)).all() else None


@self_contained
def products_of_others(values: Any, left_out: int) -> Any:
    """P[..., i, j, ...]: the product of all values along the last axis but i, j, ...; 0 where two of these are equal.

    Sums of logarithms neither overflow on the way nor need a division by what may be 0.
    """
    zero = values == 0
    logs = np.log(np.where(zero, 1.0, values).astype(np.float64))
    sums, zeros = np.sum(logs, axis=-1), np.sum(zero, axis=-1)
    *batch, size = values.shape
    for axis in range(left_out):
        shape = (*batch, *(1,) * axis, size)
        sums = sums[..., None] - logs.reshape(shape)
        zeros = zeros[..., None] - zero.reshape(shape)
    positions = np.indices((size,) * left_out)
    repeated = np.zeros(positions.shape[1:], bool)
    for axis in range(left_out):
        for other in range(axis):
            repeated = repeated | (positions[axis] == positions[other])
    return np.exp(np.where(repeated | (zeros > 0), -np.inf, sums)).astype(values.dtype)


@self_contained
def cofactors_by_svd(x: Any) -> Any:
    """The derivatives of determinants; for x = U diag(s) V.T those of diag(s), between U and V.T, and a sign."""
    u, s, vh = np.linalg.svd(x)
    sign = (np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    return sign * ((u * products_of_others(s, 1)[..., None, :]) @ vh)


@table.primitive(
    lambda g, out, x: apply(_CHANGE, (x, g), {}),
    reads=("x",),
    examples=[reals(3, 3), deficient(2, 3, 3, rank=2), deficient(3, 3, rank=1), reals(0, 2, 2), reals(0, 0)],
    public=False,
)
def cofactor_matrix(x: Any) -> Any:
    """The derivatives of the determinants of square matrices by their elements; singular ones are no exception.

    For x = U diag(s) V.T they are those of diag(s), between U and V.T, times det(U) det(V).
    """
    return cofactors_by_svd(x)


cofactors = with_kernel(cofactor_matrix, _cofactors_by_inverse)


@self_contained
def cofactor_change(x: Any, y: Any) -> Any:
    """How `cofactor_matrix` of x changes along y: a linear map of y, and its own transpose.

    For a diagonal x, what two rows of the determinant from y add to it are 2 x 2 determinants of y, each times the
    product of the other elements of x.
    """
    u, s, vh = np.linalg.svd(x)
    sign = (np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    others = products_of_others(s, 2)
    inner = np.swapaxes(u, -1, -2) @ y @ np.swapaxes(vh, -1, -2)
    diagonal = others @ np.diagonal(inner, 0, -2, -1)[..., None]
    total = diagonal * np.eye(s.shape[-1], dtype=s.dtype) - others * np.swapaxes(inner, -1, -2)
    return sign * (u @ total @ vh)


@self_contained
def cofactor_bend(x: Any, y: Any, z: Any) -> Any:
    """How `cofactor_change` of z and x changes as z moves along y: the third derivatives of the determinant.

    For a diagonal z they are parts of 3 x 3 determinants, of rows of x and of y, each times the product of the other
    elements of z.
    """
    u, s, vh = np.linalg.svd(z)
    sign = (np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    others = products_of_others(s, 3)
    x, y = (np.swapaxes(u, -1, -2) @ each @ np.swapaxes(vh, -1, -2) for each in (x, y))
    total = np.zeros_like(x)
    for first, second in ((x, y), (y, x)):
        total += np.einsum("...pqr,...qr,...rp->...pq", others, first, second)
        total -= np.einsum("...pqr,...qp,...rr->...pq", others, first, second)
    minors = np.einsum("...pqr,...qq,...rr->...p", others, x, y) - np.einsum("...pqr,...qr,...rq->...p", others, x, y)
    total += minors[..., None] * np.eye(s.shape[-1], dtype=s.dtype)
    return sign * (u @ total @ vh)


def _no_further(g: Any, out: Any, x: Any, y: Any, z: Any) -> Any:
    raise np.linalg.LinAlgError(
        "a fourth derivative of det is known for well-conditioned matrices only; this one is nearly singular"
    )


# Their derivatives stop with an error, so that they are no operations that are differentiated in every way.
_CHANGE = Primitive(
    "cofactor_change",
    cofactor_change,
    (lambda g, out, x, y: apply(_BEND, (g, y, x), {}), lambda g, out, x, y: apply(_CHANGE, (x, g), {})),
    False,
)
_BEND = Primitive(
    "cofactor_bend",
    cofactor_bend,
    (
        lambda g, out, x, y, z: apply(_BEND, (g, y, z), {}),
        lambda g, out, x, y, z: apply(_BEND, (x, g, z), {}),
        _no_further,
    ),
    False,
)


class Slogdet(NamedTuple, Generic[Out]):
    """The sign of a determinant, and the logarithm of its absolute value."""

    sign: Array
    logabsdet: Out


def _known_log_abs_det(x: Any, known: Any) -> Any:
    return np.linalg.slogdet(x).logabsdet if known is None else known


@table.primitive(
    lambda g, out, x, known: _per_matrix(g) * transposed(np.linalg.inv(x)),
    reads=("x",),
    examples=[matrices(3, 3), matrices(2, 2, 2), reals(0, 2, 2), reals(0, 0)],
    public=False,
    kernel=_known_log_abs_det,
)
def log_abs_det(x: Any, known: Any = None) -> Any:
    """The second part of what `slogdet` gives, where it is not `known` already."""
    return np.linalg.slogdet(x).logabsdet


@table.composite(
    overrides=[np.linalg.slogdet],
    examples=[matrices(3, 3), matrices(2, 2, 2), reals(1, 1), reals(0, 2, 2), reals(0, 0)],
)
def slogdet(x: Any) -> Slogdet[Any]:
    """The signs of determinants, which are constants, and the logarithms of their absolute values.

    The gradient of the logarithm of a matrix with determinant 0 is a LinAlgError.
    """
    sign, size = np.linalg.slogdet(plain(x))
    return Slogdet(sign, log_abs_det(x, known=size))


if not TYPE_CHECKING:
    __all__ = table.names
