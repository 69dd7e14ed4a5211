"""On which inputs are the derivatives of an operation checked?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sample:
    """An array of distinct values between `low` and `high`.

    The values come from a lattice, shifted a little for each argument of a call, so that no two of them tie, within
    an argument or between two, and none is at 0, where many functions have a kink.

    `straight` says that the second derivative there is 0 and a little rounding, as that of |x| is: differences of
    values cannot tell these apart.
    """

    shape: tuple[int, ...]
    low: float
    high: float
    straight: bool = False

    def draw(self, rng: np.random.Generator, argument: int = 0) -> NDArray[np.float64]:
        """Values for one argument of a call; `argument` is its position."""
        size = math.prod(self.shape)
        points = max(size, 20)
        step = (self.high - self.low) / points
        shift = (0.5, 0.25, 0.75)[argument % 3]
        chosen = rng.permutation(points)[:size]
        return np.asarray(self.low + (chosen + shift) * step).reshape(self.shape)


@dataclass(frozen=True)
class Matrices(Sample):
    """Matrices with distinct singular values between `low` and `high`; of symmetric ones these are the eigenvalues.

    Of those with a `rank`, so many singular values are as said and all others are 0.
    """

    symmetric: bool = False
    rank: int | None = None

    def draw(self, rng: np.random.Generator, argument: int = 0) -> NDArray[np.float64]:
        """Values for one argument of a call, for which its position makes no difference."""
        *batch, rows, columns = self.shape
        count = min(rows, columns)
        values = self.low + (np.arange(count) + rng.uniform(0.25, 0.75, (*batch, count))) * (
            (self.high - self.low) / max(count, 1)
        )
        if self.rank is not None:
            values[..., self.rank :] = 0.0
        left, right = (np.linalg.qr(rng.standard_normal((*batch, size, count)))[0] for size in (rows, columns))
        return np.asarray((left * values[..., None, :]) @ np.swapaxes(left if self.symmetric else right, -1, -2))


def reals(*shape: int, low: float = -2.0, high: float = 2.0, straight: bool = False) -> Sample:
    """Distinct numbers of both signs, none of them 0."""
    return Sample(shape, low, high, straight)


def positives(*shape: int) -> Sample:
    """Distinct numbers between 0.2 and 3."""
    return Sample(shape, 0.2, 3.0)


def matrices(*shape: int) -> Matrices:
    """Matrices of full rank with distinct singular values between 0.5 and 2.5."""
    return Matrices(shape, 0.5, 2.5)


def symmetric(*shape: int, low: float = 0.5, high: float = 2.5) -> Matrices:
    """Symmetric matrices with distinct eigenvalues, positive unless `low` says otherwise."""
    return Matrices(shape, low, high, symmetric=True)


def deficient(*shape: int, rank: int) -> Matrices:
    """Matrices of a lower rank than their shape allows."""
    return Matrices(shape, 0.5, 2.5, rank=rank)


def arguments(example: Any, rng: np.random.Generator) -> tuple[list[Any], dict[str, Any]]:
    """Draw the arguments and the parameters of one example.

    An example is a Sample; or a tuple of arguments (Samples, lists of Samples, or constants such as ``2.0``) that may
    end with a dict of parameters.
    """
    parts: tuple[Any, ...] = example if isinstance(example, tuple) else (example,)
    params: dict[str, Any] = {}
    if isinstance(parts[-1], dict):
        *parts, params = parts  # type: ignore[assignment]
    return [_drawn(part, rng, position) for position, part in enumerate(parts)], dict(params)


def _drawn(part: Any, rng: np.random.Generator, position: int) -> Any:
    if isinstance(part, list):
        return [_drawn(item, rng, position + offset) for offset, item in enumerate(part)]
    return part.draw(rng, position) if isinstance(part, Sample) else part
