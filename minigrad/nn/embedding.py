"""Which layers give vectors for whole numbers: for words, and for places in a sequence?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from minigrad.engine.annotations import Numbers
from minigrad.engine.stand_ins import StandIn
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import as_array, plain, shape_of
from minigrad.nn.initializers import Initializer, Seed, initial, parameter
from minigrad.nn.layer import Layer
from minigrad.nn.stateless import Stateless, Values
from minigrad.ops.nn.arguments import is_integer


def standard_normal(shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Normal with variance 1, for vectors that are looked up."""
    return rng.standard_normal(shape)


def _vectors(
    layer: str, shape: tuple[int, int], dtype: DTypeLike, init: Initializer, rng: Seed, zero: int | None = None
) -> Tensor:
    """So many vectors of such a length, one of which may be 0."""
    name = f"{layer}({shape[0]}, {shape[1]})"
    values = initial(name, init, shape, *shape, rng)
    if zero is not None:
        values = values.copy()
        values[zero] = 0.0
    return parameter(values, dtype, f"{name}.weight")


class Embedding(Layer):
    """A vector for each whole number: integers of any shape (...) give (..., features).

    Args:
        count: how many numbers there are; they go from 0 to ``count - 1``.
        features: the length of a vector.
        padding: a number that stands for nothing, such as 0 for what fills up short sentences. Its vector is 0, and is
            not trained.
        dtype: of the vectors, float32 by default.
        rng: a seed or generator for the initial vectors.
        init: an initialiser of `minigrad.nn.initializers`; numbers of a normal distribution by default.

    Attributes:
        weight: the vectors, of shape (count, features).

    Raises:
        ValueError: for sizes below 1, or a padding that is none of the numbers; when called, for numbers outside of 0
            to ``count - 1``.
        TypeError: when called, for what are no integers.
    """

    def __init__(
        self,
        count: int,
        features: int,
        padding: int | None = None,
        dtype: DTypeLike = np.float32,
        rng: Seed = None,
        init: Initializer = standard_normal,
    ) -> None:
        if not all(is_integer(size) and size >= 1 for size in (count, features)):
            raise ValueError(f"Embedding needs at least 1 number and 1 feature, not {count!r} and {features!r}")
        if padding is not None and not (is_integer(padding) and 0 <= padding < count):
            raise ValueError(f"Embedding: padding is one of the numbers 0 to {count - 1}, not {padding!r}")
        self.count = count
        self.features = features
        self.padding = padding
        self.weight = _vectors("Embedding", (count, features), dtype, init, rng, zero=padding)

    def forward(self, x: Tensor | Numbers) -> Tensor:
        """weight[x]."""
        numbers: Any = as_array(plain(x))
        if numbers.dtype.kind not in "iu":
            raise TypeError(f"{self!r} takes whole numbers, not {numbers.dtype}; write x.astype(int)")
        self._check(numbers)
        out: Tensor = self.weight[numbers]
        return out if self.padding is None else out * (numbers != self.padding)[..., np.newaxis]

    def _check(self, numbers: Any) -> None:
        if isinstance(numbers, StandIn):
            numbers.looked_at(self._check)
        elif numbers.size and not (numbers.min() >= 0 and numbers.max() < self.count):
            raise ValueError(
                f"{self!r} takes numbers from 0 to {self.count - 1}; these go from {numbers.min()} to {numbers.max()}"
            )

    def __repr__(self) -> str:
        padding = "" if self.padding is None else f", padding={self.padding}"
        return f"Embedding({self.count}, {self.features}{padding})"


def _checked_positions(name: str, shape: tuple[int, ...], length: int | None, features: int) -> None:
    if len(shape) < 2 or shape[-1] != features or (length is not None and shape[-2] > length):
        longest = "length" if length is None else f"up to {length}"
        raise ValueError(f"{name} expects inputs of shape (..., {longest}, {features}); got {shape}")


class LearnedPositions(Layer):
    """x plus a vector for each place, which is trained: (N, T, features) gives the same shape.

    Args:
        length: the most places there are.
        features: the length of a vector.
        dtype: of the vectors, float32 by default.
        rng: a seed or generator for the initial vectors.
        init: an initialiser of `minigrad.nn.initializers`; numbers of a normal distribution by default.

    Attributes:
        weight: the vectors, of shape (length, features).

    Raises:
        ValueError: for sizes below 1; when called, for longer sequences, or another number of features.
    """

    def __init__(
        self,
        length: int,
        features: int,
        dtype: DTypeLike = np.float32,
        rng: Seed = None,
        init: Initializer = standard_normal,
    ) -> None:
        if not all(is_integer(size) and size >= 1 for size in (length, features)):
            raise ValueError(f"LearnedPositions needs at least 1 place and 1 feature, not {length!r} and {features!r}")
        self.length = length
        self.features = features
        self.weight = _vectors("LearnedPositions", (length, features), dtype, init, rng)

    def forward(self, x: Tensor | Numbers) -> Tensor:
        """x + weight[:T]."""
        shape = shape_of(x)
        _checked_positions(repr(self), shape, self.length, self.features)
        out: Tensor = self.weight[: shape[-2]] + as_array(x)
        return out

    def __repr__(self) -> str:
        return f"LearnedPositions({self.length}, {self.features})"


class SinusoidalPositions(Stateless):
    """x plus sines and cosines of each place: (N, T, features) gives the same shape, for any T.

    Feature 2i of place t is sin(t / 10000^(2i / features)), and feature 2i + 1 the cosine of the same: Vaswani et al.
    (2017), "Attention is all you need", arXiv:1706.03762, section 3.5.

    Args:
        features: an even number.

    Raises:
        ValueError: for an odd number, or one below 2; when called, for another number of features.
    """

    def __init__(self, features: int) -> None:
        if not is_integer(features) or features < 2 or features % 2:
            raise ValueError(f"SinusoidalPositions needs an even number of features, not {features!r}")
        self.features = features

    def forward(self, x: Values) -> Values:
        """x + waves."""
        values: Any = as_array(x)
        shape = shape_of(x)
        _checked_positions(repr(self), shape, None, self.features)
        rates = 10_000.0 ** (-np.arange(0, self.features, 2) / self.features)
        angles = np.arange(shape[-2])[:, np.newaxis] * rates
        waves = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(shape[-2:])
        return values + waves.astype(values.dtype if values.dtype.kind == "f" else float)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"SinusoidalPositions({self.features})"
