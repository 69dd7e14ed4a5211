"""What may an optimiser or a schedule be given?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any

from minigrad.engine.advice import LostGradientError
from minigrad.engine.graph import active_traces, depends_on_a_variable
from minigrad.engine.tensor import Tensor


def _real(value: Any) -> float:
    """The value as a Python float; NaN, which is in no range, for what is no real number."""
    return float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan


def positive(name: str, value: Any) -> float:
    """The value as a Python float, which must be above 0 and finite."""
    number = _real(value)
    if not 0.0 < number < math.inf:
        raise ValueError(f"{name} must be a positive finite number, not {value!r}")
    return number


def not_negative(name: str, value: Any) -> float:
    """The value as a Python float, which must be at least 0 and finite."""
    number = _real(value)
    if not 0.0 <= number < math.inf:
        raise ValueError(f"{name} must be a finite number of at least 0, not {value!r}")
    return number


def fraction(name: str, value: Any) -> float:
    """The value as a Python float, which must be at least 0 and below 1."""
    number = _real(value)
    if not 0.0 <= number < 1.0:
        raise ValueError(f"{name} must be at least 0 and below 1, not {value!r}")
    return number


def share(name: str, value: Any) -> float:
    """The value as a Python float, which must be above 0 and at most 1."""
    number = _real(value)
    if not 0.0 < number <= 1.0:
        raise ValueError(f"{name} must be above 0 and at most 1, not {value!r}")
    return number


def whole(name: str, value: Any, least: int) -> int:
    """The value as a Python integer, which must not be below `least`."""
    if isinstance(value, bool) or not (isinstance(value, Integral) and int(value) >= least):
        raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}")
    return int(value)


# Tensors, or pairs of a name and a Tensor, such as `Layer.named_parameters` gives.
Parameters = Iterable[Tensor] | Iterable[tuple[str, Tensor]]


def named(parameters: Parameters) -> tuple[tuple[str, ...] | None, tuple[Tensor, ...]]:
    """The names of the parameters, None where they have none, and the parameters, as in `distinct`."""
    listed = _listed(parameters)
    if not any(_is_pair(each) for each in listed):
        return None, distinct(listed)
    for position, each in enumerate(listed):
        if not _is_pair(each):
            raise TypeError(
                f"parameters[{position}] is a {type(each).__name__}, and others are pairs of a name and a Tensor; "
                "give pairs, such as model.named_parameters(), or Tensors alone"
            )
    names = tuple(name for name, _ in listed)
    for position, name in enumerate(names):
        if (first := names.index(name)) != position:
            raise ValueError(
                f"parameters[{position}] has the name {name!r}, as parameters[{first}] has; of two models, give pairs "
                'such as (f"second.{name}", parameter)'
            )
    return names, distinct(parameter for _, parameter in listed)


def _is_pair(item: Any) -> bool:
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)


def distinct(parameters: Iterable[Tensor]) -> tuple[Tensor, ...]:
    """The parameters as a tuple: at least one, all of them Tensors, none of them twice."""
    listed = _listed(parameters)
    positions: dict[int, int] = {}
    for position, parameter in enumerate(listed):
        if not isinstance(parameter, Tensor):
            raise TypeError(
                f"parameters[{position}] is a {type(parameter).__name__}, not a Tensor; write model.parameters()"
            )
        first = positions.setdefault(id(parameter), position)
        if first != position:
            raise ValueError(f"parameters[{position}] is the same Tensor as parameters[{first}]; give it once")
    return listed


def _listed(parameters: Any) -> tuple[Any, ...]:
    """What was given, which has to be several things, as a tuple."""
    if isinstance(parameters, Tensor):
        raise TypeError("parameters must be several Tensors, not one: write [tensor]")
    if callable(getattr(parameters, "parameters", None)):
        raise TypeError(f"parameters is a {type(parameters).__name__}, not its Tensors: write model.parameters()")
    if isinstance(parameters, Mapping):
        raise TypeError("parameters is a dict: write list(parameters.values()) for the Tensors in it")
    if callable(parameters):
        raise TypeError(f"parameters is a function, not what it gives: write {_called(parameters)}()")
    if not isinstance(parameters, Iterable) or isinstance(parameters, str):
        raise TypeError(f"parameters must be several Tensors, such as model.parameters(), not {parameters!r}")
    listed = tuple(parameters)
    if not listed:
        raise ValueError(
            "there are no parameters. Those of a layer are Tensors in its attributes that require a gradient, "
            "mg.Tensor(values, requires_grad=True); are they arrays, or frozen? Or was an iterator used up before?"
        )
    return listed


def described(parameter: Tensor, position: int) -> str:
    """What error messages call the parameter at a position."""
    name = "" if parameter.name is None else f" {parameter.name!r}"
    return f"parameters[{position}]{name} of shape {parameter.shape}"


def require_trainable(what: str, parameters: Iterable[Tensor], instead: str) -> None:
    """Raise for what cannot be written to as a parameter.

    Args:
        what: is called with them, for messages.
        parameters: all of them.
        instead: what to write inside a transform.

    Raises:
        TypeError: for what a transform differentiates by.
        ValueError: for what requires no gradient, and results of operations.
    """
    for position, parameter in enumerate(parameters):
        parameter._refuse_for_variables(what, instead)
        if not parameter.is_leaf:
            raise ValueError(f"{described(parameter, position)} is the result of an operation, not a leaf")
        if not parameter.requires_grad:
            raise ValueError(f"{described(parameter, position)} does not require a gradient")


def refuse_dependent(what: str, parameters: Iterable[Tensor]) -> None:
    """Raise where a gradient depends on what a transform differentiates by, for which an update would be a constant."""
    if not active_traces:
        return
    for position, parameter in enumerate(parameters):
        gradient = parameter.grad
        if gradient is not None and depends_on_a_variable(gradient._node):
            raise LostGradientError(
                f"{what}: the gradient of {described(parameter, position)} depends on what mg.grad, or a transform "
                "like it, differentiates by, and an update in place would hide that; compute new values instead, as in "
                "w = w - lr * gradient, or write `with mg.no_grad():` around backward() where constants are meant"
            )


def _called(function: object) -> str:
    return getattr(function, "__qualname__", "it").replace("Layer.", "model.")
