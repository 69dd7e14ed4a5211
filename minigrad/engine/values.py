"""What are the values, the shape and the kind of something that may be a Tensor, an array, a number or a list?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.engine.stand_ins import array_of
from minigrad.engine.tensor import Tensor


def shape_of(value: Any) -> tuple[int, ...]:
    """``np.shape(value)``, without the detour that NumPy takes for Tensors."""
    try:
        return value.shape  # type: ignore[no-any-return]
    except AttributeError:
        return np.shape(value)


def as_array(value: Any) -> Any:
    """A list or a number as an array; arrays and Tensors as they are."""
    return value if isinstance(value, (Tensor, np.ndarray)) else array_of(value)


def scalar_if_0d(value: Any) -> Any:
    """A 0-d array as NumPy's scalar, which most of its functions give; all else as it is."""
    return value if np.ndim(value) else np.positive(value)


def plain(value: Any) -> Any:
    """The same value with arrays in the place of Tensors, in lists, tuples and dicts as well."""
    if isinstance(value, Tensor):
        return value._array
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value
