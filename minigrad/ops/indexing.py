"""Operations that choose elements, and that put elements into a larger array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.define import declared_in, primitive
from minigrad.ops.samples import reals
from minigrad.record import plain

Shape = int | tuple[int, ...]


def _is_basic(index: Any) -> bool:
    """Whether indexing gives a view, in which no element can appear twice."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None or part is Ellipsis or (isinstance(part, (int, slice)) and not isinstance(part, bool))
        for part in parts
    )


@primitive(
    lambda g, out, x, index: scatter_add(g, index=index, shape=x.shape),
    reads=("",),
    examples=[
        (reals(4, 3), {"index": 1}),
        (reals(4, 3), {"index": (slice(None, None, -2), None, 0)}),
        (reals(4, 3), {"index": (..., slice(1, 3))}),
        (reals(4), {"index": np.array([True, False, True, False])}),
        (reals(4, 3), {"index": [[0, 2], [2, 2]]}),
        (reals(4, 3), {"index": (np.array([0, 2, 2]), [1, 0, 0])}),
        (reals(4, 3), {"index": (slice(1, 3), np.array([1, 1]))}),
        (reals(), {"index": ()}),
        (reals(0, 2), {"index": slice(None)}),
    ],
)
def getitem(x: Any, index: Any) -> Any:
    """``x[index]`` with NumPy's basic, boolean and integer-array indexing; repeated indices add their gradients."""
    return x[plain(index)]


@primitive(
    lambda g, out, x, index, shape: g[index],
    reads=("",),
    examples=[
        (reals(3), {"index": 1, "shape": (4, 3)}),
        (reals(2, 3), {"index": np.array([2, 2]), "shape": (4, 3)}),
        (reals(2), {"index": np.array([True, False, True]), "shape": (3,)}),
        (reals(), {"index": (), "shape": ()}),
        (reals(0), {"index": slice(0), "shape": (3,)}),
    ],
)
def scatter_add(x: Any, index: Any, shape: Shape) -> Any:
    """Zeros of a shape, to which x is added at an index; where the index repeats, every value is added."""
    result = np.zeros(shape, dtype=np.result_type(x))
    if _is_basic(index):
        result[index] = x
    else:
        np.add.at(result, plain(index), x)
    return result


if not TYPE_CHECKING:
    __all__ = declared_in(__name__)
