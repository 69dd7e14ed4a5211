"""What do annotations call arrays, numbers, axes and indices?"""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType
from typing import Any, SupportsIndex, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[Any]

# What ``np.array`` takes, which a Tensor is made of; it may be a Tensor.
Data: TypeAlias = ArrayLike

# What an operation takes for an array: one, a number, or numbers in nested lists. `Data` would also be strings, and
# Tensors, for which an operation gives a Tensor.
Number: TypeAlias = float | np.number[Any] | np.bool
_Element: TypeAlias = Array | Number
Numbers: TypeAlias = (
    _Element
    | Sequence[_Element]
    | Sequence[Sequence[_Element]]
    | Sequence[Sequence[Sequence[_Element]]]
    | Sequence[Sequence[Sequence[Sequence[_Element]]]]
)

# What an operation gives: a Tensor or an array.
Out = TypeVar("Out")

Shape: TypeAlias = int | Sequence[int]
Axes: TypeAlias = int | tuple[int, ...] | None

_Part: TypeAlias = SupportsIndex | slice | EllipsisType | Array | Sequence[int] | Sequence[Sequence[int]] | None
Index: TypeAlias = _Part | tuple[_Part, ...]
