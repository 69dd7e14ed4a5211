"""Eigenvalues of symmetric matrices, and the vectors that belong to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

import numpy as np

from minigrad.engine.annotations import Out
from minigrad.engine.examples import reals, symmetric
from minigrad.engine.stand_ins import StandIn, with_kernel
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.ops.linalg.matrices import by_triangle, symmetrized, transposed

table = Table(__name__)


def nearly_equal(values: Any, scale: int) -> Any:
    """Which values along the last axis differ by no more than rounding, each from itself left out."""
    size = values.shape[-1]
    if not size:
        return np.zeros((*values.shape, 0), bool)
    nearness = scale * np.finfo(values.dtype).eps * np.max(np.abs(values), axis=-1)[..., None, None]
    return (np.abs(values[..., :, None] - values[..., None, :]) <= nearness) & ~np.eye(size, dtype=bool)


def refuse_vectors(undefined: Any, *gradients: Any, values: str, vectors: str) -> None:
    """Raise if there is a gradient by vectors that belong to equal values."""
    asked = [(plain(gradient) != 0).any(axis=-2) for gradient in gradients]
    if any((undefined & (each[..., :, None] | each[..., None, :])).any() for each in asked):
        raise np.linalg.LinAlgError(
            f"{vectors} of equal {values} have no derivative, because they are not unique; of functions "
            f"of {values} alone only the first exists"
        )


_SYMMETRIC = [
    symmetric(3, 3, low=-2.0),
    (symmetric(3, 3), {"UPLO": "U"}),
    symmetric(2, 2, 2),
    reals(0, 2, 2),
    reals(0, 0),
]


class Eigh(NamedTuple, Generic[Out]):
    """Eigenvalues, and eigenvectors in the columns of a matrix."""

    eigenvalues: Out
    eigenvectors: Out


def _differences(w: Any) -> Any:
    """w_j - w_i in row i and column j, and infinity on the diagonal."""
    own = np.eye(w.shape[-1], dtype=bool)
    return np.where(own, np.inf, np.expand_dims(w, -2) - np.expand_dims(w, -1))


def _checked_differences(w: Any, gv: Any) -> Any:
    values = plain(w)
    if isinstance(values, StandIn):
        return _differences(w)
    equal = nearly_equal(values, values.shape[-1])
    refuse_vectors(equal, gv, values="eigenvalues", vectors="eigenvectors")
    return np.where(equal, np.inf, _differences(w))


gaps = with_kernel(lambda w, gv: _differences(w), _checked_differences)


def _eigenvalues_by_x(g: Any, out: Any, x: Any, UPLO: Any, known: Any) -> Any:  # noqa: N803  # NumPy's name
    v = eigenvectors(x, UPLO, known)
    return by_triangle(np.matmul(v * np.expand_dims(g, -2), transposed(v)), lower=UPLO.upper() == "L")


def _eigenvectors_by_x(g: Any, out: Any, x: Any, UPLO: Any, known: Any) -> Any:  # noqa: N803  # NumPy's name
    w = eigenvalues(x, UPLO, known)
    turned = np.matmul(transposed(out), g)
    inner = 0.5 * (turned - transposed(turned)) / gaps(w, g)
    total = np.matmul(np.matmul(out, inner), transposed(out))
    return by_triangle(symmetrized(total), lower=UPLO.upper() == "L")


def _known_part(position: int) -> Callable[..., Any]:
    def part(x: Any, UPLO: Any, known: Any) -> Any:  # noqa: N803  # NumPy's name
        return (np.linalg.eigh(x, UPLO) if known is None else known)[position]

    return part


@table.primitive(
    _eigenvalues_by_x,
    reads=("x",),
    examples=[*_SYMMETRIC, reals(1, 1)],
    public=False,
    kernel=_known_part(0),
)
def eigenvalues(x: Any, UPLO: Any = "L", known: Any = None) -> Any:  # noqa: N803  # NumPy's name
    """The first part of what `eigh` gives, where neither is `known` already."""
    return np.linalg.eigh(x, UPLO).eigenvalues


@table.primitive(
    _eigenvectors_by_x,
    reads=("out x",),
    examples=[*_SYMMETRIC, reals(1, 1)],
    public=False,
    kernel=_known_part(1),
)
def eigenvectors(x: Any, UPLO: Any = "L", known: Any = None) -> Any:  # noqa: N803  # NumPy's name
    """The second part of what `eigh` gives, where neither is `known` already.

    Giles (2008), "Collected matrix derivative results for forward and reverse mode algorithmic differentiation", 3.1.
    """
    return np.linalg.eigh(x, UPLO).eigenvectors


@table.composite(
    overrides=[np.linalg.eigh],
    examples=_SYMMETRIC,
)
def eigh(x: Any, UPLO: Any = "L") -> Eigh[Any]:  # noqa: N803  # NumPy's name
    """Eigenvalues in ascending order and orthonormal eigenvectors of symmetric matrices.

    Only the lower triangle of x is read, or with ``UPLO="U"`` the upper; the other has gradient 0. The sign of an
    eigenvector is arbitrary, so only functions that do not depend on it have a meaning.

    Raises:
        LinAlgError: in the pass back, where a gradient flows to eigenvectors of eigenvalues that are equal within
            rounding. The gradient of equal eigenvalues is right for functions that treat them alike.
    """
    known = tuple(np.linalg.eigh(plain(x), UPLO))
    return Eigh(eigenvalues(x, UPLO, known), eigenvectors(x, UPLO, known))


def _eigvalsh_by_x(g: Any, out: Any, x: Any, UPLO: Any) -> Any:  # noqa: N803  # NumPy's name
    _, v = eigh(x, UPLO)
    return by_triangle(np.matmul(v * np.expand_dims(g, -2), transposed(v)), lower=UPLO.upper() == "L")


@table.primitive(
    _eigvalsh_by_x,
    reads=("x",),
    overrides=[np.linalg.eigvalsh],
    examples=_SYMMETRIC,
)
def eigvalsh(x: Any, UPLO: Any = "L") -> Any:  # noqa: N803  # NumPy's name
    """Eigenvalues of symmetric matrices in ascending order.

    Only one triangle of x is read; see `eigh`. The second derivative of equal eigenvalues is a LinAlgError.
    """
    return np.linalg.eigvalsh(x, UPLO)


if not TYPE_CHECKING:
    __all__ = table.names
