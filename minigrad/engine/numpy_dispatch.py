"""What NumPy does when it meets a Tensor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.engine.advice import no_rule
from minigrad.engine.cooperation import SIMPLE, knows_better
from minigrad.engine.numpy_calls import from_numpy_call
from minigrad.engine.registry import numpy_name, operations, overrides
from minigrad.engine.stand_ins import StandIn

# What the methods of ufuncs compute over one axis, the first by default.
OVER_AXES: dict[tuple[np.ufunc, str], Callable[..., Any]] = {
    (np.add, "reduce"): np.sum,
    (np.multiply, "reduce"): np.prod,
    (np.maximum, "reduce"): np.max,
    (np.minimum, "reduce"): np.min,
    (np.logical_and, "reduce"): np.all,
    (np.logical_or, "reduce"): np.any,
    (np.logaddexp, "reduce"): lambda x, **options: operations["logsumexp"].function(x, **options),
    (np.add, "accumulate"): np.cumsum,
    (np.multiply, "accumulate"): np.cumprod,
}


class NumPyProtocols:
    """Calls of NumPy functions become calls of operations, or raise."""

    __slots__ = ()

    _array: Any

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        for part in inputs:
            if type(part) not in SIMPLE and knows_better(part):
                return NotImplemented
        if method == "__call__" and not kwargs and ufunc in overrides:
            return overrides[ufunc](*inputs)
        called = numpy_name(ufunc) if method == "__call__" else f"{numpy_name(ufunc)}.{method}"
        if "out" in kwargs:
            if any(isinstance(part, NumPyProtocols) for part in kwargs["out"]) or any(map(_is_recorded, inputs)):
                raise _cannot_write(called, inputs, kwargs)
            # Nothing is lost by writing constants: ``w.data -= rate * w.grad``.
            values = [part._array if isinstance(part, NumPyProtocols) else part for part in inputs]
            return getattr(ufunc, method)(*values, **kwargs)
        if method == "outer" and not kwargs:
            x, y = inputs
            return ufunc(np.reshape(x, np.shape(x) + (1,) * np.ndim(y)), y)
        if (ufunc, method) in OVER_AXES:
            return OVER_AXES[ufunc, method](inputs[0], **{"axis": 0, **kwargs})
        if method != "__call__" or ufunc not in overrides:
            raise no_rule(called)
        positional, named = from_numpy_call(ufunc, overrides[ufunc], inputs, kwargs)
        return overrides[ufunc](*positional, **named)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Any:
        if len(types) > 1 and not all(issubclass(kind, (NumPyProtocols, np.ndarray, StandIn)) for kind in types):
            return NotImplemented
        replacement = overrides.get(function)
        if replacement is None:
            raise no_rule(numpy_name(function))
        positional, named = from_numpy_call(function, replacement, args, kwargs)
        return replacement(*positional, **named)


def _is_recorded(part: Any) -> bool:
    return getattr(part, "_node", None) is not None


def _cannot_write(called: str, inputs: Sequence[Any], kwargs: dict[str, Any]) -> TypeError:
    """The error of an operation that would write a Tensor into an array, or into itself."""
    if "where" in kwargs:
        advice = "leave out= and where= out, and choose with np.where(condition, result, other)"
    elif any(part is kwargs["out"][0] for part in inputs):
        advice = (
            "`array += tensor` is `array = array + tensor`, and for a part of it mg.add_at(array, index, tensor); data "
            "of a parameter take constants, w.data += step.detach()"
        )
        if isinstance(kwargs["out"][0], NumPyProtocols):
            advice = "leave out= out, and give the result a name; t += y and the like change a Tensor t"
    else:
        advice = "leave out= out, and give the result a name"
    return TypeError(f"{called} cannot write a Tensor into an array: {advice}")
