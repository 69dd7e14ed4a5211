"""Was training given a model, a loss, an optimiser and data?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from minigrad import losses, optim
from minigrad.engine.tensor import Tensor
from minigrad.nn import Layer
from minigrad.optim import Optimizer


def check_model(function: str, model: object) -> None:
    """Raise TypeError for what is no layer."""
    if isinstance(model, Layer):
        return
    hint = "give a Layer, such as nn.Sequential(nn.Dense(2, 1))"
    if isinstance(model, type):
        hint = f"make one: {model.__name__}(...)"
    elif callable(model):
        hint = "write a class derived from nn.Layer, whose forward(x) calls it"
    raise TypeError(f"{function}: the model is {_described(model)}; {hint}")


def check_loss(function: str, loss: object) -> None:
    """Raise TypeError for what cannot be called as ``loss(prediction, y)``."""
    if callable(loss) and not isinstance(loss, type):
        return
    hint = "give a function loss(prediction, y), such as losses.mse"
    if isinstance(loss, str):
        hint = _name_in(losses, loss) or hint
    raise TypeError(f"{function}: the loss is {_described(loss)}; {hint}")


def check_optimizer(function: str, optimizer: object, model: Layer) -> None:
    """Raise for what is no optimiser, or updates nothing of the model."""
    if not isinstance(optimizer, Optimizer):
        hint = "give one of the model's parameters, such as optim.Adam(model.parameters())"
        if isinstance(optimizer, type) and issubclass(optimizer, Optimizer):
            hint = f"make one: optim.{optimizer.__name__}(model.parameters(), lr=0.001)"
        elif isinstance(optimizer, str) and (name := _name_in(optim, optimizer)):
            hint = f"{name}(model.parameters(), lr=0.001)"
        raise TypeError(f"{function}: the optimizer is {_described(optimizer)}; {hint}")
    own = model.parameters()
    # Some of them may be left out, and a loss may have parameters of its own, but not all can be strangers.
    if own and not {id(parameter) for parameter in own} & {id(parameter) for parameter in optimizer.parameters}:
        raise ValueError(
            f"{function}: the optimizer updates no parameter of this model, but those of another one; make it with "
            f"optim.{type(optimizer).__name__}(model.parameters(), ...)"
        )


def check_data(function: str, name: str, data: object) -> None:
    """Raise TypeError for what cannot be gone through."""
    if not isinstance(data, (Iterable, Tensor)) or isinstance(data, (str, dict)):
        raise TypeError(
            f"{function}: {name} is {_described(data)}; give pairs (x, y), such as mg.batches(x, y, batch_size=32)"
        )


def check_functions(function: str, name: str, functions: Any, example: str) -> None:
    """Raise TypeError for what is no list of functions."""
    if not isinstance(functions, Sequence) or isinstance(functions, str):
        raise TypeError(f"{function}: {name} is {_described(functions)}; give a list, such as [{example}]")
    for position, each in enumerate(functions):
        if not callable(each):
            raise TypeError(f"{function}: {name}[{position}] is {_described(each)}, not a function such as {example}")


def _described(value: object) -> str:
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"the string {value!r}" if isinstance(value, str) else f"a {type(value).__name__}"


def _name_in(module: Any, name: str) -> str:
    """What to write for a name that somebody gave as a string."""
    short = module.__name__.rpartition(".")[2]
    for own in module.__all__:
        if own.lower() == name.lower():
            return f"write {short}.{own}"
    try:
        getattr(module, name)
    except AttributeError as error:
        answer = str(error).partition("; write ")[2]
        return f"write {answer}" if answer else ""
    return ""
