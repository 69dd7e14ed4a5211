"""What does ``x += y`` mean for a Tensor, which is not written to?"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from minigrad.modes import is_tracing
from minigrad.registry import overrides


def in_place(function: Callable[..., Any], symbol: str) -> Callable[[Any, Any], Any]:
    """The operator that makes a new Tensor and gives it the name of the old one.

    NumPy changes the array itself, under all its names and in all that it is a part of. A function written for NumPy
    that makes use of this would silently give something else; inside a transform it is refused.
    """

    def operator(self: Any, other: Any) -> Any:
        # Counted here, because every call on the way would add a reference; so does a debugger.
        if is_tracing() and self.ndim and (sys.getrefcount(self) > _ALONE or _is_view(self)) and not sys.gettrace():
            raise TypeError(
                f"x {symbol}= y would change an array in place, and this one has another name, is an argument, or is "
                f"a part of another array; Tensors are not written to: write x = x {symbol} y, and mg.add_at(x, index, "
                "y) or mg.set_at for a part"
            )
        return overrides[function](self, other)

    return operator


def _is_view(tensor: Any) -> bool:
    """Whether the values are those of another array: of a slice, a transpose, or another shape of it."""
    array = tensor._array
    return isinstance(array, np.ndarray) and isinstance(array.base, np.ndarray)


class _Counted:
    """Counts the references to what is updated under its only name."""

    counts: ClassVar[list[int]] = []
    held: Any

    def __iadd__(self, other: Any) -> Any:
        self.counts.append(sys.getrefcount(self))
        return self


def _references_if_alone() -> int:
    """How many references an operator finds, from its arguments among them, to an object with one name."""
    name = _Counted()
    name += 1
    name.held = _Counted()
    name.held += 1
    return max(_Counted.counts)


_ALONE = _references_if_alone()
