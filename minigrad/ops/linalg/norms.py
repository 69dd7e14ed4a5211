"""The sizes of vectors and matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from minigrad.engine.examples import matrices, reals
from minigrad.engine.table import Table
from minigrad.engine.values import plain, scalar_if_0d
from minigrad.ops.manipulation.dtypes import as_floats

table = Table(__name__)

Axes = int | tuple[int, ...] | None
# Of these, other than of those which lie evenly to both sides of 0, no two have the same size.
_UNEVEN = reals(2, 3, low=-2.1)
# How the sums, or singular values, that an order of a matrix norm is about are combined.
_EXTREMA = {1: np.max, -1: np.min, 2: np.max, -2: np.min, math.inf: np.max, -math.inf: np.min}


def _power_norm_by_x(g: Any, out: Any, x: Any, ord: float, axis: Axes, keepdims: bool) -> Any:
    if axis is not None and not keepdims:
        g, out = np.expand_dims(g, axis), np.expand_dims(out, axis)
    if ord == 1:
        return g * np.sign(x)
    # A norm of 0 has the derivative 0, of every order.
    zero = np.equal(out, 0.0)
    g, size = np.where(zero, 0.0, g), np.where(zero, 1.0, out)
    if ord == 2:
        return x * (g / size)
    if ord % 2 == 0 and ord > 0:
        return g * (x / size) ** (int(ord) - 1)
    # Elements of 0, whose powers may be infinite or have infinite derivatives, lie at a kink or a symmetric minimum.
    return g * np.sign(x) * (np.where(np.equal(x, 0.0), 1.0, np.abs(x)) / size) ** (ord - 1.0)


@table.primitive(
    _power_norm_by_x,
    reads=("out x",),
    examples=[
        reals(2, 3),
        (reals(2, 3), {"axis": -1}),
        (reals(2, 3, 2), {"axis": (0, 2), "keepdims": True}),
        (reals(2, 3), {"ord": 1, "axis": 0}),
        (reals(2, 3), {"ord": 3}),
        (reals(2, 3), {"ord": 4, "axis": 1}),
        (reals(2, 3), {"ord": 1.5, "axis": (0,), "keepdims": True}),
        (reals(2, 3), {"ord": -1, "axis": 1}),
        (reals(), {"ord": 1}),
        reals(0),
        (reals(2, 0), {"axis": 0}),
    ],
    public=False,
)
def power_norm(x: Any, ord: float = 2, axis: Any = None, keepdims: bool = False) -> Any:
    """(sum |x|^p)^(1/p) over the given axes, for an `ord` p that is finite and not 0.

    The derivative of a norm that is 0 is 0, and so is that by an element which is 0, where p is no more than 1.
    """
    return np.linalg.vector_norm(x, ord=ord, axis=axis, keepdims=keepdims)


@table.composite(
    overrides=[np.linalg.vector_norm],
    examples=[
        reals(2, 3),
        (reals(2, 3, 2), {"axis": (0, 2), "ord": 3}),
        (_UNEVEN, {"ord": np.inf, "axis": 1}),
        (_UNEVEN, {"ord": -np.inf, "keepdims": True}),
        reals(0),
        (reals(), {"ord": 1}),
    ],
)
def vector_norm(x: Any, axis: Axes = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """Vector norms over the given axes, over all of them by default: (sum |x|^p)^(1/p) for an `ord` p.

    The largest and the smallest |x| for infinities, where ties share the gradient equally. An `ord` of 0 counts the
    elements that are not 0; the counts are constants, and a plain array. A norm that is 0 has the gradient 0.
    """
    if isinstance(ord, str):
        raise ValueError(f"vector_norm: ord is a number, not {ord!r}")
    x = as_floats(x)
    if ord is None:
        return power_norm(x, axis=axis, keepdims=keepdims)
    if ord == 0:
        return np.sum(np.not_equal(x, 0.0), axis=axis, keepdims=keepdims, dtype=x.dtype)
    if math.isinf(ord):
        sizes = np.abs(x)
        if ord > 0 and not np.size(x):
            return np.sum(sizes, axis=axis, keepdims=keepdims)
        return (np.max if ord > 0 else np.min)(sizes, axis=axis, keepdims=keepdims)
    return power_norm(x, ord=ord if isinstance(ord, int) else float(ord), axis=axis, keepdims=keepdims)


def _of_matrices(x: Any, ord: Any, axes: tuple[int, int], keepdims: bool) -> Any:
    if ord is None or ord in ("fro", "f"):
        return power_norm(x, axis=axes, keepdims=keepdims)
    if ord != "nuc" and (isinstance(ord, str) or ord not in _EXTREMA):
        raise ValueError(f"a norm of matrices of ord={ord!r} does not exist")
    x = np.moveaxis(as_floats(x), axes, (-2, -1))
    if ord == "nuc":
        result = np.sum(np.linalg.svdvals(x), axis=-1)
    else:
        parts = np.linalg.svdvals(x) if ord in (2, -2) else np.sum(np.abs(x), axis=-2 if ord in (1, -1) else -1)
        empty = ord > 0 and not np.shape(parts)[-1]
        result = np.sum(parts, axis=-1) if empty else _EXTREMA[ord](parts, axis=-1)
    return np.expand_dims(result, axes) if keepdims else result


@table.composite(
    overrides=[np.linalg.norm],
    examples=[
        reals(2, 3),
        (reals(4), {"ord": 3}),
        (reals(2, 3), {"axis": 0, "keepdims": True}),
        (matrices(3, 2), {"ord": "nuc", "keepdims": True}),
        (matrices(3, 2), {"ord": 2}),
        (matrices(3, 2), {"ord": -2}),
        (_UNEVEN, {"ord": 1}),
        (matrices(3, 2), {"ord": -np.inf, "axis": (1, 0)}),
        (reals(3, 2, 2), {"ord": "fro", "axis": (0, -1), "keepdims": True}),
        (reals(0, 2), {"axis": 1}),
        reals(straight=True),
    ],
)
def norm(x: Any, ord: Any = None, axis: Axes = None, keepdims: bool = False) -> Any:
    """Norms of vectors along one axis or of matrices along two, or of all elements as one vector.

    Args:
        x: an array.
        ord: which norm. Of vectors: a number p for (sum |x|^p)^(1/p), 2 by default, also infinite, or 0. Of matrices:
            "fro", the default, for the root of the sum of squares; "nuc" for the sum of the singular values; 1 or -1
            for the largest or smallest sum of a column of |x|, infinities for that of a row; 2 or -2 for the largest
            or smallest singular value.
        axis: one axis or two; by default the array is a vector or a matrix, or of any shape where `ord` is None.
        keepdims: whether the axes are kept with size 1.

    A norm that is 0 has the gradient 0, as has a singular value of 0; ties share the gradient equally.

    Raises:
        ValueError: for an `ord` that does not exist, and other numbers of axes.
    """
    dimensions = np.ndim(x)
    if axis is None:
        if ord is None:
            return power_norm(x, keepdims=keepdims)
        axis = tuple(range(dimensions))
    elif not isinstance(axis, tuple):
        axis = (int(axis),)
    axis = tuple([normalize_axis_index(each, dimensions) for each in axis])
    if len(axis) == 1:
        return vector_norm(x, axis=axis[0], keepdims=keepdims, ord=2 if ord is None else ord)
    if len(axis) != 2 or axis[0] == axis[1]:
        raise ValueError(f"a norm is taken along one axis, or two different ones, not {axis}")
    return _of_matrices(x, ord, axis, keepdims)


@table.composite(
    overrides=[np.linalg.matrix_norm],
    examples=[
        matrices(2, 2, 3),
        (matrices(3, 2), {"ord": "nuc"}),
        (reals(2, 3), {"ord": np.inf, "keepdims": True}),
        reals(0, 2, 3),
    ],
)
def matrix_norm(x: Any, keepdims: bool = False, ord: Any = "fro") -> Any:
    """Norms of matrices along the last two axes, as `norm` describes them."""
    return _of_matrices(x, ord, (-2, -1), keepdims)


@table.composite(
    overrides=[np.linalg.cond],
    examples=[
        matrices(2, 3, 2),
        (matrices(3, 3), {"p": -2}),
        (matrices(3, 3), {"p": "fro"}),
        (matrices(2, 2, 2), {"p": np.inf}),
        reals(0, 2, 2),
    ],
)
def cond(x: Any, p: Any = None) -> Any:
    """Condition numbers: the largest singular value divided by the smallest, or norm(x) norm(inverse of x).

    Args:
        x: matrices, square ones unless `p` is None, 2 or -2.
        p: the `ord` of `norm`; with -2 the smallest singular value is divided by the largest.

    Raises:
        LinAlgError: for singular matrices, where `p` is not None, 2 or -2.
    """
    if p is None or p in (2, -2):
        s = np.linalg.svdvals(x)
        first, last = (s[..., -1], s[..., 0]) if p == -2 else (s[..., 0], s[..., -1])
        with np.errstate(divide="ignore", invalid="ignore"):
            result = first / last
        # As in NumPy, of a matrix without NaN the condition is never NaN.
        undefined = np.logical_and(np.isnan(result), ~np.isnan(plain(x)).any(axis=(-2, -1)))
        return scalar_if_0d(np.where(undefined, math.inf, result))
    return matrix_norm(x, ord=p) * matrix_norm(np.linalg.inv(x), ord=p)


if not TYPE_CHECKING:
    __all__ = table.names
