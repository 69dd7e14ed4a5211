"""Polynomials, given by their coefficients from that of the highest power down."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.stand_ins import StandIn, is_number
from minigrad.engine.table import Table
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import as_array
from minigrad.ops.manipulation.dtypes import as_floats
from minigrad.ops.signal.correlation import convolve

table = Table(__name__)


@table.composite(
    overrides=[np.polyval],
    examples=[
        (reals(3), reals(2, 2)),
        (reals(1), reals()),
        (reals(4), 2),
        (reals(2, 3), reals(3)),
        (reals(2), reals(0)),
        (reals(0), reals(2)),
    ],
)
def polyval(p: Any, x: Any) -> Any:
    """The values of a polynomial at every x, by Horner's rule."""
    # A number leaves the dtype of the coefficients alone.
    x = x if is_number(x) else as_array(x)
    total = x * 0
    for coefficient in as_array(p):
        total = total * x + coefficient
    return total


def _as_polynomial(p: Any, size: int = 0) -> Any:
    """Coefficients as an array, with zeros before them if they are fewer than that."""
    p = as_array(p)
    p = np.reshape(p, 1) if p.ndim == 0 else p
    if len(p) >= size:
        return p
    if p.ndim > 1:
        raise ValueError(f"a polynomial is an array of one dimension, not {p.ndim}")
    return np.pad(p, (size - len(p), 0))


_TWO = [(reals(3), reals(3)), (reals(2), reals(4)), (reals(3), reals()), (reals(0), reals(2))]


@table.composite(overrides=[np.polyadd], examples=_TWO)
def polyadd(x: Any, y: Any) -> Any:
    """Sum of two polynomials."""
    x, y = _as_polynomial(x), _as_polynomial(y)
    return _as_polynomial(x, len(y)) + _as_polynomial(y, len(x))


@table.composite(overrides=[np.polysub], examples=_TWO)
def polysub(x: Any, y: Any) -> Any:
    """Difference of two polynomials."""
    x, y = _as_polynomial(x), _as_polynomial(y)
    return _as_polynomial(x, len(y)) - _as_polynomial(y, len(x))


@table.composite(overrides=[np.polymul], examples=_TWO)
def polymul(x: Any, y: Any) -> Any:
    """Product of two polynomials; as in NumPy, zeros at their beginnings are cut off first, and have no gradient."""
    return convolve(_trimmed(x), _trimmed(y))


def _trimmed(p: Any) -> Any:
    p = _as_polynomial(p, 1)
    if p.ndim > 1:
        raise ValueError(f"a polynomial is an array of one dimension, not {p.ndim}")
    (found,) = np.nonzero(p)
    return p[found[0] :] if len(found) else p[-1:]


def _powers(p: Any) -> Any:
    """The exponents of the terms of p, each one more."""
    return np.arange(len(p), 0, -1, dtype=p.dtype if p.dtype.kind == "f" else None)


@table.composite(
    overrides=[np.polyder],
    examples=[reals(4), (reals(4), {"m": 2}), (reals(2), {"m": 0}), (reals(0), {"m": 0})],
)
def polyder(p: Any, m: int = 1) -> Any:
    """The derivative of a polynomial, taken m times.

    Raises:
        ValueError: for a negative m.
    """
    if m < 0:
        raise ValueError("polyder takes an m that is not negative")
    p = as_array(p)
    for _ in range(m):
        p = p[:-1] * _powers(p)[1:] if len(p) else p
    return p


@table.composite(
    overrides=[np.polyint],
    examples=[reals(3), (reals(3), 2, reals(2)), (reals(2), 2, reals()), (reals(2), 0), reals(0)],
)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """The integral of a polynomial, taken m times.

    Args:
        p: the coefficients.
        m: how many times.
        k: the constants of integration, in this order; one for all, or 0.

    Raises:
        ValueError: for a negative m, or too few constants.
    """
    if m < 0:
        raise ValueError("polyint takes an m that is not negative")
    p = as_array(p)
    dtype = p.dtype if p.dtype.kind == "f" else np.float64
    constants = np.full(1, 0 if k is None else k, dtype) if k is None or is_number(k) else as_array(k)
    constants = np.reshape(constants, -1)
    if len(constants) < m and len(constants) != 1:
        raise ValueError(f"polyint takes one constant k or {m} of them, not {len(constants)}")
    for step in range(m):
        position = step % len(constants)
        p = np.concatenate([p / _powers(p), constants[position : position + 1]])
    return p


@table.composite(overrides=[np.poly], examples=[reals(3), reals(1), reals(0)])
def poly(seq_of_zeros: Any) -> Any:
    """The polynomial with these roots, and 1 as its first coefficient.

    Raises:
        ValueError: for a matrix, of which NumPy takes the eigenvalues.
    """
    if isinstance(seq_of_zeros, (list, tuple)) and any(isinstance(root, Tensor) for root in seq_of_zeros):
        seq_of_zeros = np.stack(seq_of_zeros)
    roots = as_array(seq_of_zeros)
    if roots.ndim > 1:
        raise ValueError("poly takes the roots, not a matrix; np.linalg.eigvalsh gives those of a symmetric one")
    if roots.size == 0:
        return np.prod(roots)
    coefficients = np.ones(1, roots.dtype if roots.dtype.kind == "f" else np.float64)
    for position in range(len(roots)):
        by_root = coefficients * roots[position : position + 1]
        coefficients = np.pad(coefficients, (0, 1)) - np.pad(by_root, (1, 0))
    return coefficients


@table.composite(
    overrides=[np.polyfit],
    examples=[
        (reals(5), reals(5), 2),
        (reals(5), reals(5, 2), 1),
        (reals(5), reals(5), 1, {"w": np.array([1, 2, 1, 3, 1], np.int8)}),
    ],
)
def polyfit(x: Any, y: Any, deg: int, rcond: float | None = None, w: Any = None) -> Any:
    """The polynomial of a degree that comes nearest to points (x, y), by least squares.

    Args:
        x: of one dimension.
        y: as many values, or several columns of them, each of which gets a column of coefficients.
        deg: the degree.
        rcond: singular values smaller than so much of the largest are taken as 0; by default what rounding makes.
        w: a weight for the distance of every point.

    Raises:
        ValueError: for arguments that do not fit.
    """
    x, y = as_floats(x), as_array(y)
    if deg < 0 or x.ndim != 1 or not x.size or y.ndim not in (1, 2) or y.shape[0] != x.size:
        raise ValueError(f"polyfit takes points of one dimension, not {x.shape} and {y.shape}, and a degree from 0 on")
    powers = np.vander(x, deg + 1)
    if w is not None:
        w = as_array(w)
        powers, y = powers * np.expand_dims(w, 1), y * np.reshape(w, (-1, *[1] * (y.ndim - 1)))
    # Columns of one length make the most of the precision, and a rank that does not depend on the unit of x.
    length = np.sqrt(np.sum(powers * powers, axis=0))
    coefficients, _, rank, _ = np.linalg.lstsq(
        powers / length, y, rcond=len(x) * float(np.finfo(x.dtype).eps) if rcond is None else rcond
    )
    if not isinstance(rank, StandIn) and rank <= deg:
        warnings.warn("polyfit: the points do not determine the coefficients", np.exceptions.RankWarning, stacklevel=2)
    return coefficients / np.reshape(length, (-1, *[1] * (y.ndim - 1)))


@table.primitive(
    lambda g, out, x, N, increasing: np.sum(  # noqa: N803
        (g if increasing else np.flip(g, axis=1))[:, 1:]
        * np.arange(1, out.shape[1]).astype(x.dtype)
        * np.vander(x, max(out.shape[1] - 1, 0), increasing=True),
        axis=1,
    ),
    reads=("x",),
    overrides=[np.vander],
    examples=[reals(3), (reals(3), {"N": 2}), (reals(2), {"N": 4, "increasing": True}), reals(0)],
)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:  # noqa: N803
    """The powers of each element in a row of its own, from the highest to the zeroth, or the other way round.

    There are N of them, by default as many as elements. float32 stays float32, where NumPy would turn it into float64.
    """
    powers = np.vander(x, N, increasing)
    return powers.astype(x.dtype, copy=False) if x.dtype.kind == "f" else powers


if not TYPE_CHECKING:
    __all__ = table.names
