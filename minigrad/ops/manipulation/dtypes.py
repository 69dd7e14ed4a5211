"""Copies of arrays, and arrays of another dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import DTypeLike

from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.engine.values import as_array

table = Table(__name__)


@table.primitive(
    lambda g, out, x, order: g,
    reads=("",),
    overrides=[np.copy],
    examples=[reals(2, 3), (reals(2, 3), {"order": "F"}), reals(), reals(0)],
)
def copy(x: Any, order: Literal["K", "A", "C", "F"] = "K") -> Any:
    """The same elements in memory of their own, arranged in one of NumPy's orders."""
    return np.copy(x, order=order)


@table.primitive(
    lambda g, out, x, dtype, copy: astype(g, x.dtype),
    reads=("",),
    overrides=[np.astype],
    examples=[(reals(2, 3), {"dtype": np.float64}), (reals(), {"dtype": float}), (reals(0), {"dtype": float})],
)
def astype(x: Any, dtype: DTypeLike, *, copy: bool = True) -> Any:
    """x in another dtype, or x itself. Gradients end at integers and booleans, which have no derivative."""
    return x.astype(dtype, copy=copy)


def as_floats(x: Any) -> Any:
    """A list, a number or an array as an array of floats, of float64 unless it holds floats."""
    x = as_array(x)
    return x if x.dtype.kind == "f" else astype(x, np.float64)


if not TYPE_CHECKING:
    __all__ = table.names
