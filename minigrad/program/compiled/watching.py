"""Has anything changed that recorded code takes for granted: a number that a function closes over, a setting?"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, MethodType, ModuleType
from typing import Any

import numpy as np

from minigrad.engine.tensor import Tensor
from minigrad.program.compiled.methods import Methods, is_of_a_library, names_in, slots_of, texts_in, unfound_in
from minigrad.program.compiled.watched import (
    MOST_ITEMS,
    SIMPLE,
    Keys,
    Length,
    NoItem,
    NoItems,
    Unset,
    Watched,
    place,
)
from minigrad.program.held import state_of
from minigrad.program.reachable import is_layer


def watched(function: Callable[..., Any], arguments: Sequence[Any] = ()) -> list[Watched]:
    """Everything that a function takes for granted, as far as it can be reached, also from some arguments.

    That is what it closes over and what it uses of its module, the same of functions and methods that it calls, what
    lists and dicts hold, and attributes of layers, optimisers and other objects. Arrays and Tensors may change their
    elements.
    """
    walk = _Walk()
    found = list(walk.value("", function))
    for argument in arguments:
        found += walk.value("", argument)
    found += walk.methods()
    return found


class _Walk:
    def __init__(self) -> None:
        # By identity; kept, so that none takes the identity of another.
        self._seen: dict[int, Any] = {}
        self._places: set[tuple[int, Any]] = set()
        # What is looked into, with its name; and the methods that functions may call.
        self._objects: list[tuple[str, Any]] = []
        self._methods = Methods()
        # The codes of functions, with the variables of their modules.
        self._codes: list[tuple[CodeType, dict[str, Any]]] = []

    def _is_new(self, thing: Any) -> bool:
        if id(thing) in self._seen:
            return False
        self._seen[id(thing)] = thing
        return True

    def function(self, name: str, function: Any) -> Iterator[Watched]:
        """What a function closes over, and uses of its module; of a wrapper, and of what it wraps."""
        if not self._is_new(function):
            return
        if isinstance(function, functools.partial):
            yield from self.value(name, function.func)
            yield from self.value(name, function.args)
            yield from self.value(name, function.keywords)
            return
        if isinstance(function, MethodType):
            yield from self.value("self", function.__self__)
            yield from self.value(name, function.__func__)
            return
        wrapped = getattr(function, "__wrapped__", None)
        if wrapped is not None:
            yield from self.value(name, wrapped)
        code = getattr(function, "__code__", None)
        # What a wrapper is said to belong to is where the function comes from that it wraps.
        space = getattr(function, "__globals__", {})
        module = type(function).__module__ if code is None else space.get("__name__")
        if wrapped is not None and is_of_a_library(module):
            return
        if code is None:
            self._methods.add(type(function))
            yield from self._object(name, function)
            return
        for variable, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            try:
                held = cell.cell_contents
            except ValueError:
                yield Unset(cell, "cell_contents", None, variable)
                continue
            yield from self._place(cell, None, held, variable)
            yield from self._of_module(held, variable, code)
        if not module or is_of_a_library(module):
            return
        yield from self._defaults(function)
        names = list(dict.fromkeys(names_in(code)))
        self._methods.look(code)
        self._codes.append((code, space))
        # Of `globals()`, variables are asked for by texts.
        texts = texts_in(code) if "globals" in names else ()
        for used in dict.fromkeys((*names, *texts)):
            if used in space:
                yield from self._place(space, used, space[used], used)
                yield from self._of_module(space[used], used, code)
            elif used in texts:
                yield from self._missing(space, used, used)

    def _defaults(self, function: Any) -> Iterator[Watched]:
        """What a function takes for arguments that it is not given."""
        for attribute in ("__defaults__", "__kwdefaults__"):
            held = getattr(function, attribute)
            if held is None:
                continue
            yield place(function, attribute, held, f"the defaults of {function.__name__}")
            for key, default in held.items() if isinstance(held, dict) else enumerate(held):
                yield from self._place(held, key, default, f"a default of {function.__name__}")

    def methods(self) -> Iterator[Watched]:
        """What methods use, also those that other methods call; and attributes that would hide those of a class."""
        count = -1
        while count != len(self._seen):
            count = len(self._seen)
            for name, method in self._methods.called():
                yield from self.value(name, method)
        for name, thing in self._objects:
            for attribute in self._methods.used_of(type(thing)):
                if attribute not in vars(thing):
                    yield NoItem(vars(thing), attribute, None, f"{name}.{attribute}")
            missing = self._methods.asked_of(type(thing)).difference(vars(thing))
            if missing:
                yield NoItems(vars(thing), None, missing, f"the attributes of {name or 'an argument'}")
            if self._methods.uses_all and (is_layer(thing) or not state_of(thing)):
                yield Keys(vars(thing), f"the attributes of {name or 'an argument'}")
        if self._methods.catches:
            for code, space in self._codes:
                for name in unfound_in(code, space):
                    yield from self._missing(space, name, name)

    def _missing(self, holder: dict[str, Any], key: str, name: str) -> Iterator[Watched]:
        """A variable that a module does not have."""
        if (id(holder), key) not in self._places:
            self._places.add((id(holder), key))
            yield NoItem(holder, key, None, name)

    def _of_module(self, module: Any, name: str, code: CodeType) -> Iterator[Watched]:
        """The numbers and texts in a module, such as one of settings, whose names a function uses; or lacks."""
        if not isinstance(module, ModuleType) or is_of_a_library(module.__name__):
            return
        held, texts = vars(module), texts_in(code)
        for attribute in dict.fromkeys((*names_in(code), *texts)):
            if isinstance(held.get(attribute, self), SIMPLE):
                yield place(held, attribute, held[attribute], f"{name}.{attribute}")
            elif attribute not in held and (attribute in texts or code.co_exceptiontable):
                yield from self._missing(held, attribute, f"{name}.{attribute}")

    def _place(self, holder: Any, key: Any, held: Any, name: str, is_inside: bool = False) -> Iterator[Watched]:
        """A variable, and what can be reached from there."""
        if isinstance(held, type):
            yield from self.value(name, held)
            return
        if isinstance(held, ModuleType) or (id(holder), key) in self._places:
            return
        if isinstance(held, Tensor) and not held.is_leaf:
            # The result of an earlier call, which somebody keeps.
            return
        self._places.add((id(holder), key))
        if isinstance(held, str):
            # It may be the name of an attribute.
            self._methods.texts.add(held)
        yield place(holder, key, held, name)
        yield from self.value(name, held, is_inside)

    def value(self, name: str, value: Any, is_inside: bool = False) -> Iterator[Watched]:
        """What can be reached from a value; objects inside other objects are not looked into, layers are."""
        if isinstance(value, (*SIMPLE, np.ndarray, Tensor, np.random.Generator, ModuleType, np.dtype)):
            return
        if isinstance(value, type):
            # Called, it makes an object.
            self._methods.add(value)
            for method in self._methods.making(value):
                yield from self.value(f"{name}()", method)
            return
        if _is_function(value):
            yield from self.function(name, value)
            return
        self._methods.add(type(value))
        is_looked_into = isinstance(value, (list, tuple, dict)) or is_layer(value) or bool(state_of(value))
        if (is_inside and not is_looked_into) or not self._is_new(value):
            return
        if isinstance(value, (list, tuple)):
            yield Length(value, None, len(value), f"the length of {name}")
            for position, item in enumerate(value[:MOST_ITEMS]):
                yield from self._place(value, position, item, f"{name}[{position}]", is_inside)
        elif isinstance(value, dict):
            yield Keys(value, f"the keys of {name}")
            for key, item in list(value.items())[:MOST_ITEMS]:
                yield from self._place(value, key, item, f"{name}[{key!r}]", is_inside)
        else:
            yield from self._object(name, value)

    def _object(self, name: str, value: Any) -> Iterator[Watched]:
        """The attributes of a layer, an optimiser, or another object."""
        for attribute in slots_of(type(value)):
            if hasattr(value, attribute):
                yield from self._place(value, attribute, getattr(value, attribute), f"{name}.{attribute}", True)
            else:
                yield Unset(value, attribute, None, f"{name}.{attribute}")
        if not hasattr(value, "__dict__"):
            return
        is_optimizer = not is_layer(value) and bool(state_of(value))
        attributes = vars(value)
        if is_layer(value) and "training" not in attributes:
            # Set by `train` and `eval`, which may come later.
            yield NoItem(attributes, "training", None, f"{name}.training")
        for attribute, held in list(attributes.items()):
            if (is_optimizer and attribute in _OF_OPTIMISERS) or attribute in _OF_WRAPPERS:
                continue
            yield from self._place(attributes, attribute, held, f"{name}.{attribute}", True)
        self._objects.append((name, value))


def _is_function(value: Any) -> bool:
    """Whether it is a function, a method, or an object that wraps one."""
    if isinstance(value, (functools.partial, MethodType)):
        return True
    return callable(value) and (hasattr(value, "__wrapped__") or hasattr(value, "__code__"))


# What is an input of the code, or memory to compute in, or never changes.
_OF_OPTIMISERS = ("_lr", "_own", "_memories", "_scratch", "_groups", "_names")
# What `functools.wraps` copies.
_OF_WRAPPERS = (*functools.WRAPPER_ASSIGNMENTS, "__wrapped__")
