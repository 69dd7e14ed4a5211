"""With which random values does a weight start?

An initialiser is a function ``(shape, fan_in, fan_out, rng) -> array``, where `fan_in` and `fan_out` are how many
inputs feed an output of the layer, and how many outputs an input feeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Initializer = Callable[[tuple[int, ...], int, int, np.random.Generator], NDArray[np.float64]]


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
