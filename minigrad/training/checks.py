"""Was training given a model, a loss, an optimiser and data?"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from minigrad import losses, optim
from minigrad.engine.callers import level_of_user
from minigrad.engine.graph import Node, depends_on_a_variable
from minigrad.engine.tensor import Tensor
from minigrad.nn import Layer
from minigrad.nn.attributes import contents
from minigrad.nn.mode import LayerLike, every_layer
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


class StoredResults:
    """The attributes of a model that hold results of operations, as they were before the first step of a training.

    A result may be what a layer remembers, such as its last input, or what was meant as a parameter. The first step
    tells: what is remembered is replaced in it, or the loss does not depend on it.
    """

    def __init__(self, model: Layer) -> None:
        # References that keep nothing alive: a layer may remember large graphs, and replaces them.
        self._stored = [
            (layer, path, weakref.ref(item), node.order) for layer, path, item, node in _results_stored_in(model)
        ]

    @property
    def are_there(self) -> bool:
        """Whether there are any that nobody has looked at."""
        return bool(self._stored)

    def check(self, function: str, model: Layer, optimizer: Optimizer, pair: object, loss: Tensor) -> None:
        """Raise TypeError for what was meant as a parameter but is a result, and would not be trained.

        A result that depends on a parameter, or that belongs to the batch, was not meant as one. Nothing is looked at
        after the first call.

        Args:
            function: of the user's, for the message.
            model: after its first forward pass.
            optimizer: before its first step.
            pair: the batch that was used.
            loss: what the pass gave, not yet differentiated.
        """
        stored, self._stored = self._stored, []
        if not stored:
            return
        before = {(id(layer), path): (item(), order) for layer, path, item, order in stored}
        used = _behind([loss._node])
        given = _behind([item._node for _, item in contents("batch", pair) if isinstance(item, Tensor)])
        known = {tensor._node for tensor in (*model.parameters(), *optimizer.parameters)}
        for layer, path, item, node in _results_stored_in(model):
            tensor, order = before.get((id(layer), path), (None, None))
            if tensor is not item or node.order != order or node not in used or node in given:
                continue
            if not depends_on_a_variable(node) and known.isdisjoint(_behind([node])):
                raise TypeError(
                    f"{function}: the attribute {path} of a {type(layer).__name__} requires a gradient, but is the "
                    "result of an operation and no parameter, so that the optimizer would never change it; write "
                    "mg.Tensor(0.1 * values, requires_grad=True) for mg.Tensor(values, requires_grad=True) * 0.1, "
                    "or .detach() for a constant"
                )


def _results_stored_in(model: Layer) -> Iterator[tuple[LayerLike, str, Tensor, Node]]:
    """Each attribute that holds the result of an operation: its layer, its path there, the result and its node."""
    for layer in every_layer(model):
        for name, value in vars(layer).items():
            for path, item in contents(name, value):
                if isinstance(item, Tensor) and item._node is not None and item._node.op is not None:
                    yield layer, path, item, item._node


def _behind(roots: Iterable[Node | None]) -> set[Node]:
    """All that some nodes depend on, themselves included, as far as no earlier backward pass has released it."""
    found = {root for root in roots if root is not None}
    waiting = list(found)
    for node in waiting:
        for parent in node.parents or ():
            if parent is not None and parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def check_data(function: str, name: str, data: object) -> None:
    """Raise TypeError for what cannot be gone through."""
    if not isinstance(data, (Iterable, Tensor)) or isinstance(data, (str, dict)):
        raise TypeError(
            f"{function}: {name} is {_described(data)}; give pairs (x, y), such as mg.batches(x, y, batch_size=32)"
        )
    if isinstance(data, (tuple, list)) and len(data) == 2 and all(isinstance(x, (np.ndarray, Tensor)) for x in data):
        raise TypeError(
            f"{function}: {name} is two arrays, and has to be pairs (x, y) of them; write [(x, y)] for one batch of "
            "all, or mg.batches(x, y, batch_size=32)"
        )


def check_precision(model: Layer, x: Any, prediction: Any) -> None:
    """Warn where a model of float32 computes in float64, which takes twice the time."""
    dtypes = {parameter.dtype for parameter in model.parameters()}
    if dtypes != {np.dtype(np.float32)}:
        return
    given = [(path, item.dtype) for path, item in contents("x", x) if isinstance(item, (np.ndarray, Tensor))]
    for path, dtype in given:
        if dtype == np.float64:
            _tell_of_float64(f"and {path} is float64", "x.astype(np.float32), or mg.batches(..., dtype=np.float32)")
            return
    for _, item in contents("prediction", prediction):
        if isinstance(item, (np.ndarray, Tensor)) and item.dtype == np.float64:
            for path, dtype in given:
                # Whole numbers may also be looked up, and then what is float64 is something else.
                if np.result_type(dtype, np.float32) == np.float64:
                    _tell_of_float64(
                        f"and {path} is {dtype}, which together with them gives float64 (unless it is looked up)",
                        "x.astype(np.float32), if it is numbers to compute with",
                    )
                    return
            _tell_of_float64(
                "x too, and something in the model is float64, such as random numbers",
                "rng.standard_normal(shape, dtype=np.float32) for these",
            )
            return


def _tell_of_float64(what: str, instead: str) -> None:
    warnings.warn(
        f"train: the parameters are float32, {what}, so that the model computes in float64, which takes about twice "
        f"the time; write {instead}",
        UserWarning,
        stacklevel=level_of_user(),
    )


def check_functions(function: str, name: str, functions: Any, example: str, also: type | None = None) -> None:
    """Raise TypeError for what is no list of functions, or of what else is allowed."""
    if not isinstance(functions, Sequence) or isinstance(functions, str):
        raise TypeError(f"{function}: {name} is {_described(functions)}; give a list, such as [{example}]")
    for position, each in enumerate(functions):
        if isinstance(each, type):
            raise TypeError(f"{function}: {name}[{position}] is {_described(each)}; make one: {each.__name__}(...)")
        if not (callable(each) or (also is not None and isinstance(each, also))):
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
