"""Which operators and methods of arrays does a recorded value have, each as the function of NumPy that it is?"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.engine.tensor import Tensor

_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.divide,
    "pow": np.power,
    "matmul": np.matmul,
    "mod": np.remainder,
    "floordiv": np.floor_divide,
    "divmod": np.divmod,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "lshift": np.left_shift,
    "rshift": np.right_shift,
}
_COMPARISONS: dict[str, Callable[..., Any]] = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
_METHODS = [
    *("sum", "mean", "prod", "max", "min", "any", "all", "argmax", "argmin", "std", "var", "trace", "nonzero"),
    *("argsort", "ravel", "squeeze", "swapaxes", "round", "cumsum", "cumprod", "repeat", "clip", "dot"),
    *("diagonal", "take", "compress", "searchsorted", "choose"),
]


def install(kind: type) -> None:
    """Give a class the operators and methods; its objects have a ``recorder``."""
    for name, function in _OPERATORS.items():
        setattr(kind, f"__{name}__", _operator(function))
        setattr(kind, f"__r{name}__", _reflected(function))
        if name != "divmod":
            setattr(kind, f"__i{name}__", _in_place({"and": "and_", "or": "or_"}.get(name, name)))
    for name, function in _COMPARISONS.items():
        setattr(kind, f"__{name}__", _operator(function))
    for name in _METHODS:
        setattr(kind, name, _method(getattr(np, name)))


def _operator(function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        if isinstance(other, Tensor):
            return NotImplemented
        return self.recorder.emit(function, (self, other), {})

    return method


def _reflected(function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        return self.recorder.emit(function, (other, self), {})

    return method


def _in_place(name: str) -> Callable[[Any, Any], Any]:
    compute = getattr(operator, name)

    def method(self: Any, other: Any) -> Any:
        return self.recorder.replaced(self, compute(self, other))

    return method


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self.recorder.emit(function, (self, *args), kwargs)

    return method
