"""What does ``x += y`` mean where x or y is a Tensor, which is not written to?"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from minigrad.engine.recording import is_tracing
from minigrad.engine.registry import overrides
from minigrad.kernels.buffers import untraced


def in_place(function: Callable[..., Any], symbol: str) -> Callable[[Any, Any], Any]:
    """The operator that makes a new Tensor and gives it the name of the old one.

    NumPy changes the array itself, under all its names and in all that it is a part of. A function written for NumPy
    that makes use of this would silently give something else; inside a transform it is refused.
    """

    def operator(self: Any, other: Any) -> Any:
        if not (is_tracing() and self.ndim):
            return overrides[function](self, other)
        # Counted here, because every call on the way would add a reference; so do debuggers that look at variables.
        if sys.getrefcount(self) > _ALONE or _has_relatives(self):
            raise TypeError(
                f"x {symbol}= y would change an array in place, and this one has another name, is an argument, or is "
                f"a part of another array; Tensors are not written to: write x = x {symbol} y, and mg.add_at(x, index, "
                "y) or mg.set_at for a part"
            )
        return updated(self, overrides[function](self, other))

    return operator


def updated(x: Any, result: Any) -> Any:
    """What x is after an update in place, which keeps its dtype.

    Raises:
        ValueError: where the result does not fit into x.
    """
    if result.shape != x.shape:
        raise ValueError(f"an array of shape {x.shape} cannot be updated with a result of shape {result.shape}")
    return result if result.dtype == x.dtype else overrides[np.astype](result, x.dtype)


def _has_relatives(tensor: Any) -> bool:
    """Whether a Tensor that anybody still holds shares memory with this one."""
    family = (tensor._node and tensor._node.family) or ()
    return any(other is not None and other is not tensor for other in [member() for member in family])


def share_memory(tensor: Any, args: Sequence[Any]) -> None:
    """Make a result one family with the argument that it is a view of, if it is one."""
    out = tensor._array
    for arg in args:
        array = getattr(arg, "_array", None)
        if array is None or arg._node is None or not (array is out or out.base is array or out.base is _base(array)):
            continue
        family = arg._node.family
        if family is None:
            family = arg._node.family = [weakref.ref(arg)]
        if len(family) & (len(family) - 1) == 0:
            # Now and then, because looking for the dead takes time for every member.
            family[:] = [member for member in family if member() is not None]
        family.append(weakref.ref(tensor))
        tensor._node.family = family


def _base(array: Any) -> Any:
    return array.base if isinstance(array, np.ndarray) and isinstance(array.base, np.ndarray) else array


def can_be_replaced(array: Any, references: tuple[int, int]) -> bool:
    """Whether an array that a Tensor is added to, or the like, can be replaced by a Tensor under its name.

    So it is inside a transform for an array that has no other name and is no part of another.

    Args:
        array: what stands on the left of the operator.
        references: to it, and to the tuple of outputs, as counted by the method of the Tensor that NumPy calls.
    """
    return (
        is_tracing()
        and references[0] <= _ALONE_IN_NUMPY[0]
        and references[1] <= _ALONE_IN_NUMPY[1]
        and type(array) is np.ndarray
        and array.base is None
        and array.dtype.kind == "f"
        and array.flags.writeable
    )


class _Counted:
    """Counts the references to what is updated under its only name, and to an array that is updated by it."""

    operators: ClassVar[list[int]] = []
    arrays: ClassVar[list[tuple[int, int]]] = []
    held: Any

    def __iadd__(self, other: Any) -> Any:
        self.operators.append(sys.getrefcount(self))
        return self

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        self.arrays.append((sys.getrefcount(kwargs["out"][0]), sys.getrefcount(kwargs["out"])))
        return inputs[0]


def _calibrated() -> tuple[int, tuple[int, int]]:
    """How many references there are to an object, and to an array and its tuple, with one name or in one place.

    Where Python counts less for a name than for an attribute, updates of attributes are refused; where it cannot tell
    ``array += tensor`` from ``np.add(array, tensor, out=array)``, updates of arrays are.
    """
    name: Any = _Counted()
    name += 1
    name.held = _Counted()
    name.held += 1
    array: Any = np.zeros(1)
    array += name
    name.held = np.zeros(1)
    name.held += name
    np.add(array, name, out=array)
    np.add(array, name, out=(array,))
    *updates, by_name, by_tuple = _Counted.arrays
    fewest = min(count for count, _ in updates), min(count for _, count in updates)
    told_apart = by_name[0] > fewest[0] and (by_tuple[0] > fewest[0] or by_tuple[1] > fewest[1])
    return min(_Counted.operators), fewest if told_apart else (0, 0)


_ALONE, _ALONE_IN_NUMPY = untraced(_calibrated)
