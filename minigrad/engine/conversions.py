"""What does a Tensor turn into: numbers, text, arrays?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from minigrad.engine.advice import LostGradientError, lost_gradient
from minigrad.engine.aliasing import hand_out
from minigrad.engine.graph import Node, depends_on_a_variable, is_variable
from minigrad.engine.html import box, folded, lines
from minigrad.engine.site import calling_function
from minigrad.engine.stand_ins import StandIn


class Conversions:
    """The ways out of a Tensor; none of them loses a gradient in silence."""

    __slots__ = ()

    _array: Any
    _node: Node | None
    _name: str | None

    def item(self, *index: Any) -> float | int | bool:
        """The value of a Tensor of one element, or of the element with an index, as a Python number.

        Raises:
            ValueError: for more elements, without an index.
            TypeError: inside a transform, for which the number would be a constant.
        """
        self._refuse_in_transforms(".item()")
        return self._array.item(*index) if index else _only(self._array, "item()")  # type: ignore[no-any-return]

    def tolist(self) -> Any:
        """The values as Python numbers, in nested lists; of a 0-d Tensor one number.

        Raises:
            TypeError: inside a transform, for which the numbers would be constants.
        """
        self._refuse_in_transforms(".tolist()")
        return self._array.tolist()

    def _refuse_in_transforms(self, what: str) -> None:
        if depends_on_a_variable(self._node):
            raise LostGradientError(
                f"{what} of a Tensor would be a constant for mg.grad and its like; use NumPy's functions, join results "
                "with np.stack, np.block or np.concatenate, and write .numpy() or .detach() where a constant is meant"
            )

    def _refuse_for_variables(self, what: str, instead: str) -> None:
        """Raise where a transform differentiates by this very Tensor, which would no longer be what it is."""
        if is_variable(self._node):
            raise LostGradientError(
                f"{what}: x is what mg.grad, or a transform like it, differentiates by, and must stay what it is while "
                f"the function runs; {instead}"
            )

    def __repr__(self) -> str:
        parts = [_values(self._array, prefix="Tensor(")]
        if self._array.dtype not in (np.dtype(float), np.dtype(int), np.dtype(bool)) or self._array.size == 0:
            parts.append(f"dtype={self._array.dtype}")
        if self._node is not None:
            parts.append("requires_grad=True" if self._node.op is None else f"from={self._node.op.name}")
        if self._name is not None:
            parts.append(f"name={self._name!r}")
        return f"Tensor({', '.join(parts)})"

    def _repr_html_(self) -> str:
        """What notebooks show: what kind of Tensor this is, its values, and its gradient if it has one."""
        array, node = self._array, self._node
        facts = ["Tensor" if self._name is None else f"Tensor {self._name}"]
        facts.append("0-d" if array.ndim == 0 else f"shape {array.shape}")
        facts.append(str(array.dtype))
        if node is not None:
            facts.append("requires grad" if node.op is None else f"from {node.op.name}")
        parts = [lines(_values(array, threshold=400))]
        if node is not None and node.grad is not None:
            parts.append(folded("gradient", lines(_values(node.grad._array, threshold=400))))
        return box(", ".join(facts), *parts)

    def __format__(self, specification: str) -> str:
        return format(self._array.item() if self._array.ndim == 0 and specification else str(self), specification)

    def __bool__(self) -> bool:
        return bool(self._array)

    def __float__(self) -> float:
        if self._node is not None:
            raise LostGradientError(
                "float() of a Tensor that requires a gradient would be a constant; write np.sin(x) for math.sin(x), a "
                "list and np.stack, or mg.set_at(array, i, x), for array[i] = x, and where a constant is meant, "
                "as for printing, x.item() or float(x.detach())"
            )
        return float(_only(self._array, "float()"))

    def __int__(self) -> int:
        return int(_only(self._array, "int()"))

    def __round__(self, ndigits: int | None = None) -> Any:
        # A step is constant between its jumps, so that no gradient is lost.
        return round(self._single("round(x)", "np.round(x, decimals)"), ndigits)

    def __floor__(self) -> int:
        return math.floor(self._single("math.floor(x)", "np.floor(x)"))

    def __ceil__(self) -> int:
        return math.ceil(self._single("math.ceil(x)", "np.ceil(x)"))

    def __trunc__(self) -> int:
        return int(self._single("math.trunc(x)", "np.trunc(x)"))

    def _single(self, call: str, instead: str) -> float:
        """The value of a 0-d Tensor as a NumPy scalar, for functions of Python that take one number."""
        if self._array.ndim:
            raise TypeError(f"{call} takes one number, and this Tensor has shape {self._array.shape}: write {instead}")
        value: float = self._array[()]
        return value

    def __index__(self) -> int:
        if self._array.dtype.kind not in "iu" or self._array.ndim != 0:
            raise TypeError(
                f"an index or a count is a 0-d Tensor of integers, not one of shape {self._array.shape} and dtype "
                f"{self._array.dtype}; make integers of it with int(x) or x.tolist()"
            )
        return int(self._array)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if self._node is not None:
            raise lost_gradient(calling_function())
        if copy is not True:
            hand_out(self)
        return np.array(self._array, dtype=dtype, copy=copy)


def in_native_order(array: Any) -> Any:
    """An array in the byte order of this machine, in which results and gradients are computed."""
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _values(array: Any, **options: Any) -> str:
    """The numbers of an array as text, with options of `np.array2string`; what stands in for one has its own text."""
    return repr(array) if isinstance(array, StandIn) else np.array2string(np.asarray(array), separator=", ", **options)


def _only(array: Any, call: str) -> Any:
    if array.size != 1:
        raise ValueError(f"{call} needs a Tensor of one element; this one has shape {array.shape}")
    return array.item()
