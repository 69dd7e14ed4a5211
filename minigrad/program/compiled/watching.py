"""Has anything changed that recorded code takes for granted: a number that a function closes over, a setting?"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import CellType, CodeType, ModuleType
from typing import Any

import numpy as np

from minigrad.engine.tensor import Tensor
from minigrad.program.held import state_of
from minigrad.program.reachable import is_layer

_SIMPLE = (int, float, complex, str, bytes, bool, type(None), np.generic)
# Longer ones are told by their length alone.
_MOST_ITEMS = 256


class Watched:
    """One place that holds something: a variable of a function, an attribute, an item.

    Attributes:
        holder: a cell of a closure, or the dict or list that it is an item of.
        key: the name, or the position.
        value: what is there; of a list as a whole, where the key is None, its length.
        name: what messages call it.
    """

    __slots__ = ("holder", "key", "name", "value")

    def __init__(self, holder: Any, key: Any, value: Any, name: str) -> None:
        self.holder, self.key, self.value, self.name = holder, key, value, name

    def holds(self) -> bool:
        """Whether the same is there."""
        if type(self.holder) is CellType:
            try:
                found = self.holder.cell_contents
            except ValueError:
                return False
        elif self.key is None:
            found = len(self.holder)
        elif isinstance(self.holder, dict):
            found = self.holder.get(self.key)
        else:
            found = self.holder[self.key] if self.key < len(self.holder) else self
        return found is self.value or (
            isinstance(found, _SIMPLE) and type(found) is type(self.value) and bool(found == self.value)
        )


def watched(function: Callable[..., Any], arguments: Sequence[Any] = ()) -> list[Watched]:
    """Everything that a function takes for granted, as far as it can be reached, also from some arguments.

    That is what it closes over and what it uses of its module, the same of functions that it calls, what lists and
    dicts hold, and attributes of layers, optimisers and other objects. Arrays and Tensors may change their elements.
    """
    walk = _Walk()
    found = list(walk.value("", function))
    for argument in arguments:
        found += walk.value("", argument)
    return found


class _Walk:
    def __init__(self) -> None:
        # By identity; kept, so that none takes the identity of another.
        self._seen: dict[int, Any] = {}

    def _is_new(self, thing: Any) -> bool:
        if id(thing) in self._seen:
            return False
        self._seen[id(thing)] = thing
        return True

    def function(self, name: str, function: Any) -> Iterator[Watched]:
        """What a function closes over, and uses of its module."""
        if not self._is_new(function):
            return
        if isinstance(function, functools.partial):
            yield from self.value(name, function.func)
            for inner in (*function.args, *function.keywords.values()):
                yield from self.value(name, inner)
            return
        plain = inspect.unwrap(function)
        if plain is not function:
            yield from self.function(name, plain)
        owner = getattr(plain, "__self__", None)
        if owner is not None:
            yield from self.value("self", owner)
        code = getattr(plain, "__code__", None)
        if code is None:
            if not isinstance(plain, type):
                yield from self.value(name, plain)
            return
        for variable, cell in zip(code.co_freevars, plain.__closure__ or (), strict=True):
            try:
                held = cell.cell_contents
            except ValueError:
                continue
            yield from self._place(cell, None, held, variable)
            yield from _of_module(held, variable, _names_in(code))
        if not plain.__module__ or plain.__module__.partition(".")[0] in ("minigrad", "numpy", "scipy"):
            return
        names = list(dict.fromkeys(_names_in(code)))
        for used in names:
            if used not in plain.__globals__:
                continue
            held = plain.__globals__[used]
            yield from self._place(plain.__globals__, used, held, used)
            yield from _of_module(held, used, names)

    def _place(self, holder: Any, key: Any, held: Any, name: str, is_inside: bool = False) -> Iterator[Watched]:
        """A variable, and what can be reached from there."""
        if isinstance(held, (ModuleType, type)):
            return
        if isinstance(held, Tensor) and not held.is_leaf:
            # The result of an earlier call, which somebody keeps.
            return
        yield Watched(holder, key, held, name)
        yield from self.value(name, held, is_inside)

    def value(self, name: str, value: Any, is_inside: bool = False) -> Iterator[Watched]:
        """What can be reached from a value; objects inside other objects are not looked into, layers are."""
        if isinstance(value, (*_SIMPLE, np.ndarray, Tensor, np.random.Generator, ModuleType, type, np.dtype)):
            return
        if (callable(value) and hasattr(inspect.unwrap(value), "__code__")) or isinstance(value, functools.partial):
            yield from self.function(name, value)
            return
        is_looked_into = isinstance(value, (list, tuple, dict)) or is_layer(value) or bool(state_of(value))
        if (is_inside and not is_looked_into) or not self._is_new(value):
            return
        if isinstance(value, (list, tuple)):
            yield Watched(value, None, len(value), f"the length of {name}")
            for position, item in enumerate(value[:_MOST_ITEMS]):
                yield from self._place(value, position, item, f"{name}[{position}]", is_inside)
        elif isinstance(value, dict):
            yield Watched(value, None, len(value), f"the length of {name}")
            for key, item in list(value.items())[:_MOST_ITEMS]:
                yield from self._place(value, key, item, f"{name}[{key!r}]", is_inside)
        elif hasattr(value, "__dict__"):
            yield from self._object(name, value)

    def _object(self, name: str, value: Any) -> Iterator[Watched]:
        """The attributes of a layer, an optimiser, or another object."""
        is_optimizer = not is_layer(value) and bool(state_of(value))
        attributes = vars(value)
        if is_layer(value) and "training" not in attributes:
            # Set by `train` and `eval`, which may come later.
            yield Watched(attributes, "training", None, f"{name}.training")
        for attribute, held in list(attributes.items()):
            if is_optimizer and attribute in _OF_OPTIMISERS:
                continue
            yield from self._place(attributes, attribute, held, f"{name}.{attribute}", True)
        # What it computes may use variables of its module.
        call = type(value).__dict__.get("__call__") or type(value).__dict__.get("forward")
        if call is not None and hasattr(call, "__code__"):
            yield from self.function(name, call)


def _names_in(code: CodeType) -> Iterator[str]:
    """The names that a function uses of its module, and of what it finds there; functions inside of it as well."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


def _of_module(module: Any, name: str, attributes: Iterable[str]) -> Iterator[Watched]:
    """The numbers and texts of these names in a module, such as one of settings."""
    if not isinstance(module, ModuleType) or _is_known(module):
        return
    for attribute in attributes:
        if attribute in vars(module) and isinstance(vars(module)[attribute], _SIMPLE):
            yield Watched(vars(module), attribute, vars(module)[attribute], f"{name}.{attribute}")


def _is_known(module: Any) -> bool:
    """Whether it belongs to a library whose numbers do not change."""
    return str(getattr(module, "__name__", "")).partition(".")[0] in ("minigrad", "numpy", "scipy", "math", "builtins")


# What is an input of the code, or memory to compute in.
_OF_OPTIMISERS = ("_lr", "_own", "_memories", "_scratch")
