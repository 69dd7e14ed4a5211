"""With which random values does a weight start?

An initialiser is a function ``(shape, fan_in, fan_out, rng) -> array``, where `fan_in` and `fan_out` are how many
inputs feed an output of the layer, and how many outputs an input feeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain

Initializer = Callable[[tuple[int, ...], int, int, np.random.Generator], NDArray[np.float64]]
Seed = int | np.random.Generator | None


def initial(
    layer: str, init: Initializer, shape: tuple[int, ...], fan_in: int, fan_out: int, rng: Seed
) -> NDArray[Any]:
    """What an initialiser gives for a layer, of exactly the shape of its weights.

    Raises:
        ValueError: for another shape.
        TypeError: for what is no function, or gives no real numbers.
    """
    if not callable(init):
        raise TypeError(
            f"{layer}: init is a function (shape, fan_in, fan_out, rng) -> array, such as nn.he_normal, not {init!r}"
        )
    values = np.asarray(plain(init(shape, fan_in, fan_out, np.random.default_rng(rng))))
    name = getattr(init, "__name__", type(init).__name__)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"{layer}: the initialiser {name} gave {values.dtype}, not real numbers")
    if values.shape != shape:
        raise ValueError(f"{layer}: the initialiser {name} gave shape {values.shape}; the weights have shape {shape}")
    return values


def parameter(values: Any, dtype: DTypeLike, name: str) -> Tensor:
    """A leaf that is trained.

    Raises:
        TypeError: for a dtype that is not floating.
    """
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"{name}: parameters have a floating dtype, not {np.dtype(dtype)}")
    return Tensor(values, requires_grad=True, dtype=dtype, name=name)


def glorot_uniform(shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Uniform on [-a, a] with a = sqrt(6 / (fan_in + fan_out)), for tanh, sigmoid and softmax.

    Glorot and Bengio (2010), "Understanding the difficulty of training deep feedforward neural networks", eq. 16.
    """
    bound = math.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, shape)


def glorot_normal(shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Normal with variance 2 / (fan_in + fan_out), for tanh, sigmoid and softmax.

    Glorot and Bengio (2010), eq. 12.
    """
    return rng.normal(0.0, math.sqrt(2.0 / (fan_in + fan_out)), shape)


def he_uniform(shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Uniform on [-a, a] with a = sqrt(6 / fan_in), for relu and its relatives.

    He, Zhang, Ren and Sun (2015), "Delving deep into rectifiers", arXiv:1502.01852, section 2.2, with that variance.
    """
    bound = math.sqrt(6.0 / fan_in)
    return rng.uniform(-bound, bound, shape)


def he_normal(shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Normal with variance 2 / fan_in, for relu and its relatives.

    He, Zhang, Ren and Sun (2015), "Delving deep into rectifiers", arXiv:1502.01852, eq. 10.
    """
    return rng.normal(0.0, math.sqrt(2.0 / fan_in), shape)


def normal(deviation: float) -> Initializer:
    """Normal with a standard deviation that you choose, such as 0.02 in transformers.

    Args:
        deviation: positive and finite.

    Returns:
        An initialiser.

    Raises:
        ValueError: for another deviation.

    Examples:
        >>> layer = nn.Embedding(1000, 64, init=nn.normal(0.02), rng=0)
        >>> round(float(layer.weight.data.std()), 3)
        0.02
    """
    if isinstance(deviation, bool) or not isinstance(deviation, (int, float)) or not 0.0 < deviation < math.inf:
        raise ValueError(f"nn.normal: the deviation is a positive finite number, such as 0.02, not {deviation!r}")

    def initializer(shape: tuple[int, ...], fan_in: int, fan_out: int, rng: np.random.Generator) -> NDArray[np.float64]:
        return rng.normal(0.0, deviation, shape)

    return initializer
