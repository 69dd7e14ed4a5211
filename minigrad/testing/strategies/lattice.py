"""At which numbers is a derivative best checked?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
from numpy.typing import DTypeLike, NDArray

# Numbers further apart than so many roundings stay apart whatever is computed from them.
_ROUNDINGS = 8.0


class Values(TypedDict, total=False):
    """The options of `Lattice`, as the strategies take them."""

    low: float
    high: float
    gap: float
    avoid: tuple[float, ...]
    dtype: DTypeLike


@dataclass(frozen=True)
class Lattice:
    """Numbers at odd multiples of half a gap: no two of them tie, and none is at a kink.

    Args:
        low, high: the range.
        gap: how far any two are apart.
        avoid: none is nearer to these than half a gap.
        dtype: of floating point.

    Raises:
        ValueError: for an empty range, a gap that is not positive, or a number that is not finite.
        TypeError: for another dtype.
    """

    low: float = -2.0
    high: float = 2.0
    gap: float = 0.1
    avoid: tuple[float, ...] = (0.0,)
    dtype: DTypeLike = np.float64

    def __post_init__(self) -> None:
        if np.dtype(self.dtype).kind != "f":
            raise TypeError(f"dtype is a floating-point type, not {np.dtype(self.dtype)}: only those have derivatives")
        if not np.isfinite([self.low, self.high, self.gap, *self.avoid]).all():
            raise ValueError("low, high, gap and avoid are finite numbers")
        if self.low >= self.high:
            raise ValueError(f"low is below high: {self.low} is not below {self.high}")
        if self.gap <= 0:
            raise ValueError(f"gap is above 0, not {self.gap}")

    def points(self, count: int) -> NDArray[np.floating[Any]]:
        """At least `count` numbers, those nearest to 0 first; the gap is halved until there are so many.

        Raises:
            ValueError: where the dtype has not so many numbers in the range.
        """
        dtype = np.dtype(self.dtype)
        smallest = _ROUNDINGS * float(np.finfo(dtype).eps) * max(abs(self.low), abs(self.high))
        gap = self.gap
        while gap >= smallest:
            values = self._spaced(gap)
            if len(values) >= max(count, 1):
                return values[np.lexsort((values < 0, np.abs(values)))].astype(dtype)
            gap /= 2
        raise ValueError(
            f"there are no {count} numbers of {dtype} from {self.low} to {self.high} that can be told apart; use a "
            "smaller shape, a larger gap, a wider range or another dtype"
        )

    def _spaced(self, gap: float) -> NDArray[np.float64]:
        first, last = math.ceil(self.low / gap - 0.5 - 1e-9), math.floor(self.high / gap - 0.5 + 1e-9)
        # Rounded, because a reader of a failing example is better served with 0.15 than with 0.15000000000000002.
        values = np.round((np.arange(first, last + 1) + 0.5) * gap, 9 - math.floor(math.log10(gap)))
        for kink in self.avoid:
            values = values[np.abs(values - kink) >= 0.5 * gap * (1.0 - 1e-6)]
        return np.clip(values, self.low, self.high)
