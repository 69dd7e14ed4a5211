"""What does ``t += y`` mean, and who else would see it?

NumPy changes an array under all its names. So ``t += y`` changes the Tensor object: every name, attribute and container
that holds it sees the new values. What it cannot change is memory that other arrays look into, because a graph may hold
the old values; there it raises.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.recording import is_grad_enabled
from minigrad.engine.registry import overrides

# The relatives of a Tensor: whether plain arrays share its memory, too, whether a gradient flows through one of them,
# and weak references to the Tensors that share it.
Family = list[Any]

# Of a Tensor that shares memory with plain arrays alone; nothing is added to it.
_ARRAYS_ALONE: Family = [True, True]


def in_place(operator: Callable[[Any, Any], Any], symbol: str) -> Callable[[Any, Any], Any]:
    """The method of ``t += y`` and the like, made from the operator of ``t + y``."""

    def method(self: Any, other: Any) -> Any:
        array, node, tensor = self._array, self._node, type(self)
        is_scalar = type(array) is not np.ndarray and not self._is_array()
        if node is not None and (node.op is None or node.is_variable) and not is_scalar:
            raise TypeError(_about_leaf(node, symbol))
        if not is_scalar and not array.flags.writeable:
            raise TypeError(
                f"t {symbol}= y: t is read-only, as views are that repeat elements, and values that a graph holds; "
                f"write t = t {symbol} y, and for a part mg.add_at(t, index, y) or mg.set_at"
            )
        result = operator(self, other)
        if type(result) is not tensor and isinstance(result, (np.ndarray, np.generic)):
            # Of an operation without a derivative, such as //.
            result = tensor._wrap(result)
        if is_scalar:
            # NumPy's scalars cannot be changed: the name is given to a new one.
            return result
        if type(result) is not tensor:
            raise TypeError(
                f"t {symbol}= y: t is an array, and a {type(other).__name__} makes a {type(result).__name__} of it; "
                f"write t = t {symbol} y"
            )
        values = result._array
        if type(values) is not np.ndarray or values.dtype is not array.dtype or values.shape != array.shape:
            result = _fitted(result, self, symbol)
            values = np.asarray(result._array)
        if node is not None and result._node is None and not is_grad_enabled():
            raise TypeError(
                f"t {symbol}= y inside no_grad would make a constant of a Tensor through which gradients flow; write "
                f"t = t {symbol} y"
            )
        family = self._family
        if family is not None:
            # Among constants alone it does not matter who shares the memory: all see what is written to it.
            is_constant = result._node is None and not family[1]
            relatives = [] if is_constant else _relatives(self, family)
            if is_constant or relatives or family[0]:
                if result._node is not None or any(other._node is not None for other in relatives):
                    raise TypeError(
                        f"t {symbol}= y would change an array in place that shares its memory with another one (a "
                        f"view of it, what it is a view of, or .numpy()); write t = t {symbol} y, and for a part "
                        "mg.add_at(t, index, y) or mg.set_at"
                    )
                np.copyto(array, values)
                return self
            self._family = None
        self._array = values
        self._node = recorded = result._node
        if recorded is not None:
            if self._name is not None:
                recorded.name = self._name
            if node is not None and node.keeps_grad:
                self.retain_grad()
        return self

    return method


def _about_leaf(node: Any, symbol: str) -> str:
    if node.is_variable:
        return (
            f"t {symbol}= y would change an argument of the function that is differentiated, which a transform still "
            f"needs; write t = t {symbol} y"
        )
    return (
        f"t {symbol}= y would change {node.describe()}, a leaf that requires a gradient; write t = t {symbol} y for a "
        f"new value, or t.data {symbol}= y to update a parameter between two passes"
    )


def _fitted(result: Any, tensor: Any, symbol: str) -> Any:
    """A result in the shape and dtype of the Tensor that takes it over.

    Raises:
        ValueError, TypeError: where NumPy would refuse the update, too.
    """
    if result.shape != tensor.shape:
        raise ValueError(
            f"t {symbol}= y: an array of shape {tensor.shape} cannot be updated with a result of shape {result.shape}"
        )
    if result.dtype == tensor.dtype:
        return result
    if not np.can_cast(result.dtype, tensor.dtype, "same_kind"):
        raise TypeError(f"t {symbol}= y: a result of dtype {result.dtype} does not fit into one of {tensor.dtype}")
    return overrides[np.astype](result, tensor.dtype)


def _relatives(tensor: Any, family: Family) -> list[Any]:
    """The other Tensors that somebody holds whose memory may overlap with that of this one."""
    array = tensor._array
    found = []
    for member in family[2:]:
        other = member()
        if other is None or other is tensor or other._family is not family:
            continue
        # Parts of one array need not overlap. Where NumPy would give a view and minigrad a copy, the memory differs.
        if _owner(other._array) is not _owner(array) or np.may_share_memory(other._array, array):
            found.append(other)
    return found


def make_relatives(tensor: Any, other: Any) -> None:
    """Say that two Tensors share memory, or would if NumPy had made them."""
    family = other._family
    is_recorded = tensor._node is not None or other._node is not None
    if family is None or family is _ARRAYS_ALONE:
        tensor._family = other._family = [family is not None, is_recorded, ref(other), ref(tensor)]
        return
    if len(family) & (len(family) - 1) == 0:
        # Now and then, because looking for the dead takes time for every member.
        family[2:] = [member for member in family[2:] if member() is not None]
    if is_recorded:
        family[1] = True
    family.append(ref(tensor))
    tensor._family = family


def note_gradient(tensor: Any) -> None:
    """Say that a gradient flows through a Tensor from now on."""
    if tensor._family is not None:
        tensor._family[1] = True


def hand_out(tensor: Any) -> None:
    """Say that the array of a Tensor was given to the user."""
    if tensor._family is None:
        tensor._family = _ARRAYS_ALONE
    else:
        tensor._family[0] = True


def note_shared_memory(tensor: Any, out: Any, args: Sequence[Any]) -> None:
    """Make a result a relative of the argument that it is a view of, if it is one.

    A constant view of what a graph holds is read-only: the graph reads its memory later.
    """
    for arg in args:
        if type(arg) is type(tensor) and _is_view_of(out, arg._array):
            make_relatives(tensor, arg)
            if tensor._node is None and arg._node is not None:
                tensor._array = read_only(out)
            return


def _is_view_of(out: Any, array: Any) -> bool:
    base = out.base
    if type(array) is not np.ndarray:
        return False
    if array is base or array is out:
        return True
    if base is None:
        return False
    # A view of a view has the base of that view; between some views and their base there is another object.
    return array.base is base or (type(base) is not np.ndarray and _owner(out) is _owner(array))


def read_only(array: Any) -> NDArray[Any]:
    """A view of an array through which nobody can write."""
    view: NDArray[Any] = np.asarray(array).view()
    view.setflags(write=False)
    return view


def _owner(array: Any) -> Any:
    """What the memory of an array belongs to, through all views in between."""
    while (base := getattr(array, "base", None)) is not None:
        array = base
    return array
