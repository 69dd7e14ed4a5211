"""Was training given a model, a loss, an optimiser and data?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from minigrad import losses, optim
from minigrad.engine.graph import Node, ancestors, depends_on_a_variable
from minigrad.engine.tensor import Tensor
from minigrad.nn import Layer
from minigrad.nn.layer import contents
from minigrad.nn.mode import every_layer
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


def check_attributes(function: str, model: Layer, optimizer: Optimizer) -> None:
    """Raise TypeError for what was meant as a parameter but is the result of an operation, and would not be trained.

    A result that depends on a parameter is something that a layer remembers, such as its last output, and may stay.
    """
    known = {tensor._node for tensor in (*model.parameters(), *optimizer.parameters)}
    for layer in every_layer(model):
        for name, value in vars(layer).items():
            for path, item in contents(name, value):
                if isinstance(item, Tensor) and not item.is_leaf and not _depends_on_any(item._node, known):
                    raise TypeError(
                        f"{function}: the attribute {path} of a {type(layer).__name__} requires a gradient, but is the "
                        "result of an operation and no parameter, so that the optimizer would never change it; write "
                        "mg.Tensor(0.1 * values, requires_grad=True) for mg.Tensor(values, requires_grad=True) * 0.1, "
                        "or .detach() for a constant"
                    )


def _depends_on_any(node: Node | None, known: AbstractSet[Node | None]) -> bool:
    if node is None or depends_on_a_variable(node):
        return True
    try:
        return not known.isdisjoint(ancestors([node]))
    except RuntimeError:
        # It was differentiated, or its parameters were updated, so it is left from a step before.
        return True


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
