"""How is a function called that gives its value and its gradients at once?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minigrad.testing.subjects.calling import Call
from minigrad.testing.subjects.forward_backward import PairSubject, Style
from minigrad.testing.subjects.function_passes import FunctionPasses, Pass
from minigrad.testing.subjects.outputs import Array, described, is_scalar, may_be_output


class _ValuePasses(FunctionPasses):
    """A function whose backward pass is part of it."""

    # Found in the first call, that of plain arrays: those that are recorded look different.
    value_at: int | None = None

    def position(self, result: Any) -> int:
        """Which item is the value: the first one if it is a number or the only array, else the last one.

        Raises:
            TypeError: where there is nothing beside the value.
        """
        if not isinstance(result, tuple) or len(result) < 2:
            raise TypeError(
                f"check_backward takes two functions, forward and backward, or one that returns (value, gradients), "
                f"such as (loss, dW, db) or (loss, {{'W': dW}}); {self.name} alone returned {described(result)}. Write "
                f"check_backward({self.name}, backward, inputs); for a loss, backward may be its gradient"
            )
        if not is_scalar(result[0]) and is_scalar(result[-1]):
            return len(result) - 1
        if not may_be_output(result[0]) or isinstance(result[0], (dict, list)):
            raise TypeError(
                f"{self.name} returned {described(result)} whose first item is {described(result[0])}; without a "
                "backward pass it returns (value, gradients), the value an array or a number of floating point"
            )
        return 0

    def items(self, result: Any) -> tuple[list[Any], list[Any]]:
        if self.value_at is None:
            self.value_at = self.position(result)
        position = self.value_at
        return [result[position]], [item for i, item in enumerate(result) if i != position]

    def returned(self, once: Pass, upstream: Sequence[Array]) -> Any:
        return once.cache[0] if len(once.cache) == 1 else tuple(once.cache)


class ValueAndGradSubject(PairSubject):
    """A function ``value, gradients = f(*inputs)``; the gradients may be several items, by name or in order."""

    def __init__(self, function: Callable[..., Any], inputs: Any, **settings: Any) -> None:
        wrt = settings["wrt"]
        super().__init__(_ValuePasses(function, function, inputs, **settings), "value_and_grad", wrt)

    def _call(self, style: Style, values: Sequence[Any]) -> Call:
        return Call(1, ())
