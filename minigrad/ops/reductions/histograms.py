"""Sums of weights in bins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.stand_ins import array_of
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.ops.manipulation.dtypes import as_floats
from minigrad.ops.manipulation.indexing import scatter_add

table = Table(__name__)


@table.composite(
    overrides=[np.bincount],
    examples=[
        (np.array([1, 0, 1, 3]), reals(4)),
        (np.array([1, 0]), reals(2), {"minlength": 3}),
        (np.array([], int), reals(0), {"minlength": 2}),
    ],
)
def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """For 0, 1, 2, ... the sum of the weights where x is that number; without weights how often it is.

    Args:
        x: integers of one dimension, none of them negative.
        weights: as many numbers.
        minlength: how many sums there are at least.
    """
    x = plain(x)
    counts = np.bincount(x, minlength=minlength)
    if weights is None:
        return counts
    weights = as_floats(weights)
    if weights.shape != np.shape(x):
        raise ValueError(f"bincount takes as many weights as numbers, not {weights.shape} and {np.shape(x)}")
    return scatter_add(weights, index=array_of(x).astype(np.intp), shape=counts.shape)


if not TYPE_CHECKING:
    __all__ = table.names
