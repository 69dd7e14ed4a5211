"""What NumPy does when it meets a Tensor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.registry import from_numpy_call, numpy_name, overrides


class NumPyProtocols:
    """Calls of NumPy functions become calls of operations, or raise."""

    __slots__ = ()

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        called = numpy_name(ufunc) if method == "__call__" else f"{numpy_name(ufunc)}.{method}"
        if "out" in kwargs:
            raise TypeError(f"{called} cannot write a Tensor into an array: `array += tensor` is `array = array + ...`")
        if method != "__call__" or ufunc not in overrides:
            raise _no_rule(called)
        if kwargs:
            raise TypeError(f"{called} of a Tensor does not support the argument {next(iter(kwargs))}=")
        return overrides[ufunc](*inputs)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Any:
        replacement = overrides.get(function)
        if replacement is None:
            raise _no_rule(numpy_name(function))
        positional, named = from_numpy_call(function, replacement, args, kwargs)
        return replacement(*positional, **named)


def _no_rule(called: str) -> TypeError:
    return TypeError(
        f"{called} has no derivative rule in minigrad; write it with operations that have one, declare it with "
        "mg.primitive, or, where no gradient is needed, call it on tensor.numpy()"
    )
