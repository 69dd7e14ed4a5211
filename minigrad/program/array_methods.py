"""Which operators and methods of arrays does a recorded value have, each as the function of NumPy that it is?"""

from __future__ import annotations

import functools
import inspect
import operator
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.engine.tensor import Tensor

CHANGED = "write y = y + x where y += x is meant; for a part mg.add_at(y, index, x) or mg.set_at(y, index, x)"

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
    *("diagonal", "take", "searchsorted", "choose"),
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
    kind.compress = _compress  # type: ignore[attr-defined]  # as above


def out_of(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The array that a call writes its result to, by keyword or by position; None without one."""
    given = kwargs.get("out")
    position = _position_of_out(function)
    return args[position] if given is None and position < len(args) else given


@functools.cache
def _position_of_out(function: Callable[..., Any]) -> int:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        parameters = {}  # type: ignore[assignment]  # of what has no signature
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    is_positional = "out" in parameters and parameters["out"].kind in kinds
    return list(parameters).index("out") if is_positional else sys.maxsize


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
        _refuse_out(self, function, out_of(function, (self, *args), kwargs))
        return self.recorder.emit(function, (self, *args), kwargs)

    return method


def _compress(self: Any, condition: Any, axis: Any = None, out: Any = None) -> Any:
    """Of this one the function takes the array second."""
    _refuse_out(self, np.compress, out)
    return self.recorder.emit(np.compress, (condition, self), {"axis": axis})


def _refuse_out(value: Any, function: Callable[..., Any], out: Any) -> None:
    if out is not None:
        raise value.recorder.refusal(
            f"x.{function.__name__} with out= writes into an array, which a program does not; {CHANGED}"
        )
