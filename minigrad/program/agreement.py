"""Are these results the same but for rounding?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

# So many units in the last place may add up where large numbers cancel.
_CANCELLED = 64.0


def agree(results: Sequence[Any], expected: Sequence[Any], computed: Iterable[Any] = ()) -> bool:
    """Whether results have the shapes and dtypes that were expected, and the values but for rounding.

    A gradient that would be zero without rounding is compared on the scale of the largest result, and of what else was
    `computed` on the way.
    """
    if len(results) != len(expected):
        return False
    largest = max([_reach(np.asarray(each)) for each in (*expected, *computed)], default=0.0)
    return all(_alike(np.asarray(a), np.asarray(b), largest) for a, b in zip(results, expected, strict=True))


def _alike(value: Any, other: Any, largest: float) -> bool:
    if value.shape != other.shape or value.dtype != other.dtype:
        return False
    if other.dtype.kind != "f":
        return bool(np.array_equal(value, other))
    eps = float(np.finfo(other.dtype).eps)
    within = max(1e3 * eps, 1e-9)
    atol = within * _reach(other) + _CANCELLED * eps * largest
    return bool(np.allclose(value, other, rtol=within, atol=atol, equal_nan=True))


def _reach(array: Any) -> float:
    """The largest finite number, without its sign."""
    if array.dtype.kind not in "fiu":
        return 0.0
    return float(np.max(np.abs(array), initial=0.0, where=np.isfinite(array)))
