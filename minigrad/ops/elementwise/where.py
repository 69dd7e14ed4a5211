"""The elements of one array or of another, as a condition tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.table import Table
from minigrad.kernels.masked import zeroed

table = Table(__name__)


def _zeroed(x: Any, mask: Any) -> Any:
    return zeroed(np.asarray(x), np.asarray(mask, bool))


@table.primitive(
    lambda g, out, x, mask: keep_where(g, mask),
    None,
    reads=("mask", ""),
    examples=[
        (reals(2, 3), np.array([[True, False, True], [False, False, True]])),
        (reals(3), np.array([[True], [False]])),
        (reals(), np.array([True, False])),
        (reals(0), np.zeros(0, bool)),
    ],
    broadcasts=True,
    public=False,
    kernel=_zeroed,
)
def keep_where(x: Any, mask: Any) -> Any:
    """x where `mask` is true and 0 elsewhere, elementwise with broadcasting.

    Unlike a product with the mask it gives 0 for an infinity or NaN where the mask is false.
    """
    return np.where(mask, x, 0.0)


@table.primitive(
    None,
    lambda g, out, condition, x, y: keep_where(g, condition),
    lambda g, out, condition, x, y: keep_where(g, np.logical_not(condition)),
    reads=("", "condition", "condition"),
    overrides=[np.where],
    examples=[
        (np.array([True, False, True]), reals(2, 3), reals(3)),
        (np.array([[True], [False]]), reals(2, 1), 0.5),
        (True, reals(), reals(2)),
        (np.zeros(0, bool), reals(0), reals()),
    ],
    broadcasts=True,
)
def where(condition: Any, x: Any, y: Any) -> Any:
    """x where `condition` is true and y elsewhere, elementwise with broadcasting.

    Both are computed everywhere, and 0 times a NaN or an infinity of the branch not taken is NaN in the gradient:
    replace the argument of that branch too, as in ``where(x > 0, log(where(x > 0, x, 1.0)), 0.0)``.
    """
    return np.where(condition, x, y)


if not TYPE_CHECKING:
    __all__ = table.names
