"""Products of vectors and arrays beyond those of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.table import Table, those_of_numpy
from minigrad.engine.values import as_array, scalar_if_0d

table = Table(__name__)


@table.composite(
    overrides=[np.vdot],
    examples=[(reals(3), reals(3)), (reals(2, 3), reals(3, 2)), (reals(), reals()), (reals(0), reals(0, 2))],
)
def vdot(x: Any, y: Any) -> Any:
    """Sum of the products of all elements, whatever the shapes."""
    return np.matmul(np.reshape(as_array(x), -1), np.reshape(as_array(y), -1))


@table.composite(
    overrides=[np.inner],
    examples=[
        (reals(3), reals(3)),
        (reals(2, 3), reals(2, 4, 3)),
        (reals(), reals(2, 3)),
        (reals(2, 3), reals(0, 3)),
    ],
)
def inner(x: Any, y: Any) -> Any:
    """Sums of products over the last axes; a product if either is 0-d."""
    x, y = as_array(x), as_array(y)
    if x.ndim == 0 or y.ndim == 0:
        return np.multiply(x, y)
    return scalar_if_0d(tensordot(x, y, (-1, -1)))


def _in_one_row(x: Any) -> Any:
    return x if np.ndim(x) == 1 else np.reshape(x, -1)


@table.primitive(
    lambda g, out, x, y: np.reshape(np.matmul(g, _in_one_row(y)), x.shape),
    lambda g, out, x, y: np.reshape(np.matmul(_in_one_row(x), g), y.shape),
    reads=("y", "x"),
    overrides=[np.outer, np.linalg.outer],
    examples=[(reals(3), reals(2)), (reals(0), reals(2))],
)
def outer(x: Any, y: Any) -> Any:
    """The products of every element of x with every element of y, as a matrix."""
    return np.outer(x, y)


Axes = int | Sequence[Any]


@table.composite(
    overrides=[np.tensordot, np.linalg.tensordot],
    examples=[
        (reals(2, 3), reals(2, 3)),
        (reals(2, 3, 4), reals(4, 2), {"axes": 1}),
        (reals(2, 3), reals(2), {"axes": 0}),
        (reals(2, 3, 4), reals(4, 5, 3), {"axes": ([1, -1], [2, 0])}),
        (reals(2, 3), reals(3, 2), {"axes": (0, 1)}),
        (reals(), reals(2), {"axes": 0}),
        (reals(2, 0), reals(0, 3), {"axes": 1}),
    ],
)
def tensordot(x: Any, y: Any, axes: Axes = 2) -> Any:
    """Sums of products over axes of both.

    Args:
        x: an array.
        y: an array.
        axes: how many of the last axes of x and the first of y are summed over; or a pair of axes, or of lists of
            them, for x and for y.

    Raises:
        ValueError: where the axes do not have the same sizes.
    """
    x, y = as_array(x), as_array(y)
    of_x, of_y = (range(-axes, 0), range(axes)) if isinstance(axes, (int, np.integer)) else axes
    summed_x, summed_y = _positions(of_x, x.ndim), _positions(of_y, y.ndim)
    sizes = [x.shape[axis] for axis in summed_x]
    if sizes != [y.shape[axis] for axis in summed_y]:
        raise ValueError(f"tensordot({x.shape}, {y.shape}, axes={axes}): the axes have different sizes")
    return summed_products(x, y, summed_x, summed_y)


def _turned_back(products: Any, free: Sequence[int], own: Sequence[int], theirs: Sequence[int]) -> Any:
    """The gradient by an array with its axes in order, of which the summed ones come last, in the order of `theirs`."""
    order = [*free, *[own[theirs.index(axis)] for axis in sorted(theirs)]]
    places = [order.index(axis) for axis in range(len(order))]
    return products if places == [*range(len(order))] else np.transpose(products, places)


def _summed_products_by_x(g: Any, out: Any, x: Any, y: Any, axes_x: Any, axes_y: Any) -> Any:
    free_x, free_y = _left(x, axes_x), _left(y, axes_y)
    products = np.tensordot(g, y, ([*range(len(free_x), g.ndim)], free_y))
    return _turned_back(products, free_x, axes_x, axes_y)


def _summed_products_by_y(g: Any, out: Any, x: Any, y: Any, axes_x: Any, axes_y: Any) -> Any:
    free_x, free_y = _left(x, axes_x), _left(y, axes_y)
    products = np.tensordot(g, x, ([*range(len(free_x))], free_x))
    return _turned_back(products, free_y, axes_y, axes_x)


def _left(x: Any, axes: Sequence[int]) -> list[int]:
    """All other axes."""
    return [axis for axis in range(x.ndim) if axis not in axes]


@table.primitive(
    _summed_products_by_x,
    _summed_products_by_y,
    reads=("y", "x"),
    examples=[
        (reals(2, 3), reals(3, 2), (0, 1), (1, 0)),
        (reals(2, 3, 4), reals(4, 2, 5, 3), (2, 0, 1), (0, 1, 3)),
        (reals(2, 3), reals(4, 3, 2), (1,), (1,)),
        (reals(), reals(3), (), ()),
        (reals(0, 2), reals(2), (1,), (0,)),
    ],
    public=False,
)
def summed_products(x: Any, y: Any, axes_x: Any, axes_y: Any) -> Any:
    """What `tensordot` gives, for axes of both that are counted from the first."""
    return np.tensordot(x, y, (axes_x, axes_y))


def _positions(axes: Any, ndim: int) -> tuple[int, ...]:
    """Axes counted from the first, and each once."""
    return tuple(np.lib.array_utils.normalize_axis_tuple(axes, ndim))


@table.composite(
    overrides=[np.kron],
    examples=[
        (reals(2, 3), reals(3, 2)),
        (reals(3), reals(2, 2)),
        (reals(2, 1, 2), reals(2)),
        (reals(), reals(3)),
        (reals(0, 2), reals(2, 2)),
    ],
)
def kron(x: Any, y: Any) -> Any:
    """Kronecker product: every element of x replaced by its product with y."""
    x, y = as_array(x), as_array(y)
    ndim = max(x.ndim, y.ndim)
    outside = (1,) * (ndim - x.ndim) + x.shape
    inside = (1,) * (ndim - y.ndim) + y.shape
    spread_x = np.reshape(x, [size for outer_size in outside for size in (outer_size, 1)])
    spread_y = np.reshape(y, [size for inner_size in inside for size in (1, inner_size)])
    return np.reshape(spread_x * spread_y, [a * b for a, b in zip(outside, inside, strict=True)])


@table.primitive(
    lambda g, out, x, y: cross_of_three(y, g),
    lambda g, out, x, y: cross_of_three(g, x),
    reads=("y", "x"),
    examples=[(reals(3), reals(3)), (reals(2, 1, 3), reals(4, 3)), (reals(0, 3), reals(3))],
    broadcasts=True,
    public=False,
)
def cross_of_three(x: Any, y: Any) -> Any:
    """Cross product of vectors with three components, along the last axis."""
    return np.cross(x, y)


@table.composite(
    overrides=[np.cross, np.linalg.cross],
    examples=[
        (reals(3), reals(3)),
        (reals(2, 3), reals(4, 1, 3)),
        (reals(3, 2), reals(3, 2), {"axis": 0}),
        (reals(0, 3), reals(3)),
    ],
)
def cross(x: Any, y: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """Cross product of vectors with two or three components.

    A missing third component is 0; where both are missing, the result is the third component of the product alone.

    Args:
        x: vectors along `axisa`.
        y: vectors along `axisb`.
        axisa: the axis of the vectors in x.
        axisb: the axis of the vectors in y.
        axisc: the axis of the vectors in the result.
        axis: all three axes at once.

    Raises:
        ValueError: for vectors of other sizes.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = np.moveaxis(as_array(x), axisa, -1), np.moveaxis(as_array(y), axisb, -1)
    sizes = {x.shape[-1], y.shape[-1]}
    if not sizes <= {2, 3}:
        raise ValueError("cross: vectors have two or three components")
    if sizes == {2}:
        return x[..., 0] * y[..., 1] - x[..., 1] * y[..., 0]
    return np.moveaxis(cross_of_three(_with_third(x), _with_third(y)), -1, axisc)


def _with_third(x: Any) -> Any:
    """Vectors along the last axis, with a third component of 0 if there is none."""
    return x if x.shape[-1] == 3 else np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, 1)])


@table.composite(
    overrides=[np.vecdot, np.linalg.vecdot],
    examples=[
        (reals(3), reals(3)),
        (reals(2, 3), reals(4, 1, 3)),
        (reals(3, 2), reals(3, 2), {"axis": 0}),
        (reals(2, 0), reals(0)),
        (reals(0, 3), reals(3)),
    ],
)
def vecdot(x: Any, y: Any, axis: int = -1) -> Any:
    """Products of vectors: the sum of x * y over one axis, the same in both, with the others broadcast."""
    x, y = np.moveaxis(as_array(x), axis, -1), np.moveaxis(as_array(y), axis, -1)
    return scalar_if_0d(np.squeeze(np.matmul(np.expand_dims(x, -2), np.expand_dims(y, -1)), (-2, -1)))


@table.composite(
    overrides=those_of_numpy("matvec"),
    examples=[(reals(2, 3), reals(3)), (reals(2, 3), reals(4, 3)), (reals(5, 2, 3), reals(3)), (reals(0, 3), reals(3))],
)
def matvec(x: Any, y: Any) -> Any:
    """Matrices times vectors: shapes (..., n, k) and (..., k) give (..., n)."""
    if np.ndim(x) < 2:
        raise ValueError("matvec takes a matrix and a vector; np.vecdot takes two vectors")
    return np.squeeze(np.matmul(as_array(x), np.expand_dims(as_array(y), -1)), -1)


@table.composite(
    overrides=those_of_numpy("vecmat"),
    examples=[(reals(3), reals(3, 2)), (reals(4, 3), reals(3, 2)), (reals(3), reals(5, 3, 2)), (reals(3), reals(3, 0))],
)
def vecmat(x: Any, y: Any) -> Any:
    """Vectors times matrices: shapes (..., k) and (..., k, n) give (..., n)."""
    if np.ndim(y) < 2:
        raise ValueError("vecmat takes a vector and a matrix; np.vecdot takes two vectors")
    return np.squeeze(np.matmul(np.expand_dims(as_array(x), -2), as_array(y)), -2)


if not TYPE_CHECKING:
    __all__ = table.names
