"""What does ``x += y`` mean where x or y is a Tensor, which is not written to?"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from minigrad.memory import untraced
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


def can_be_replaced(array: Any, references: int) -> bool:
    """Whether an array that a Tensor is added to, or the like, can be replaced by a Tensor under its name.

    So it is inside a transform for an array that has no other name and is no part of another.

    Args:
        array: what stands on the left of the operator.
        references: to it, as counted by the method of the Tensor that NumPy calls.
    """
    return (
        is_tracing()
        and references <= _ALONE_IN_NUMPY
        and type(array) is np.ndarray
        and array.base is None
        and array.dtype.kind == "f"
        and not sys.gettrace()
    )


class _Counted:
    """Counts the references to what is updated under its only name, and to an array that is updated by it."""

    counts: ClassVar[dict[str, list[int]]] = {"operator": [], "array": [], "function": []}
    held: Any

    def __iadd__(self, other: Any) -> Any:
        self.counts["operator"].append(sys.getrefcount(self))
        return self

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        self.counts["array" if ufunc is np.add else "function"].append(sys.getrefcount(kwargs["out"][0]))
        return inputs[0]


def _calibrated() -> tuple[int, int]:
    """How many references there are to an object, and to an array, with one name or in one place.

    Where Python counts less for a name than for an attribute, updates of attributes are refused; where it cannot tell
    ``array -= tensor`` from ``np.subtract(array, tensor, out=array)``, updates of arrays are.
    """
    name: Any = _Counted()
    name += 1
    name.held = _Counted()
    name.held += 1
    array: Any = np.zeros(1)
    array += name
    name.held = np.zeros(1)
    name.held += name
    np.subtract(array, name, out=array)
    counts = {way: min(found) for way, found in _Counted.counts.items()}
    return counts["operator"], counts["array"] if counts["function"] > counts["array"] else 0


_ALONE, _ALONE_IN_NUMPY = untraced(_calibrated)
