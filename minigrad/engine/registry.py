"""Which operation answers to this name, and to this NumPy function?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from minigrad.engine.graph import Primitive

Function = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Operation:
    """One row of the registry.

    Attributes:
        name: of the operation, as in ``mg.NAME``; and ``tensor.NAME()``, where it is a method.
        function: what the user calls.
        primitive: what it records; None for a composite, which records the operations it is made of.
        overrides: the NumPy and SciPy functions that become this operation when called on a Tensor.
        examples: inputs on which its derivatives are checked.
        builtin: whether it belongs to minigrad rather than to a user.
        public: whether users are meant to call it; False for a helper, of which other operations are made.
        elementwise: whether it computes each element by itself, of arrays that broadcast against each other.
    """

    name: str
    function: Function
    primitive: Primitive | None
    overrides: Sequence[Function]
    examples: Sequence[Any]
    builtin: bool
    public: bool = True
    elementwise: bool = False

    @property
    def is_method(self) -> bool:
        """Whether Tensors have it as a method: what arrays have, and functions of each element of one array."""
        if not (self.builtin and self.public):
            return False
        if self.elementwise and self.primitive is not None and len(self.primitive.rules) == 1:
            return True
        return hasattr(np.ndarray, self.name) and self._begins_with_an_array()

    def _begins_with_an_array(self) -> bool:
        """Whether the first argument is differentiated."""
        if self.primitive is not None:
            return not self.primitive.variadic and self.primitive.rules[0] is not None
        example = self.examples[0] if self.examples else None
        return hasattr(example[0] if isinstance(example, tuple) else example, "draw")


operations: dict[str, Operation] = {}
overrides: dict[Function, Function] = {}


def register(operation: Operation) -> None:
    """Enter an operation.

    Raises:
        ValueError: where it would replace an operation of minigrad's own, or take over a NumPy function that
            already has one. Users may define an operation of theirs again.
    """
    earlier = operations.get(operation.name)
    if earlier is not None and (earlier.builtin or operation.builtin):
        raise ValueError(f"minigrad already has an operation named {operation.name!r}; choose another name")
    for function in operation.overrides:
        current = overrides.get(function)
        if current is not None and (earlier is None or current is not earlier.function):
            raise ValueError(f"{numpy_name(function)} already has an operation; it cannot become {operation.name}")
    operations[operation.name] = operation
    overrides.update(dict.fromkeys(operation.overrides, operation.function))


def numpy_name(function: Function) -> str:
    """What a user calls a NumPy or SciPy function, such as ``np.linalg.inv``."""
    name = function.__name__
    # A ufunc does not tell its module.
    homes = [module.__name__ for module in (np, special) if getattr(module, name, None) is function]
    module = homes[0] if homes else getattr(function, "__module__", None)
    return f"{module.replace('numpy', 'np', 1)}.{name}" if module else name
