"""What can a function use without being given it: Tensors and layers in its closure, its globals, its object?"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from types import ModuleType
from typing import Any

from minigrad.engine.pytrees import OneValue, is_dataclass
from minigrad.engine.tensor import Tensor

# What an attribute of a layer is called in equations.
_LETTERS = {"weight": "W", "bias": "b", "kernels": "K"}


def is_layer(value: Any) -> bool:
    """Whether a value is a layer, whose Tensors are inputs."""
    return isinstance(value, OneValue) and hasattr(value, "named_tensors")


def _contents(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """What a variable holds, alone or in lists, tuples and dicts."""
    if isinstance(value, (list, tuple, dict)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _contents(re.sub(r"\W+", "_", f"{path}_{key}").strip("_"), item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _contents(f"{path}_{field.name}", getattr(value, field.name, None))
    else:
        yield path, value


def distinct_tensors(layer: Any) -> list[tuple[str, Tensor]]:
    """Every Tensor of a layer once, by its name in equations: W1, b1, W2, b2."""
    found: dict[Tensor, str] = {}
    for path, tensor in layer.named_tensors():
        found.setdefault(tensor, path)
    owners = list(dict.fromkeys(path.rpartition(".")[0] for path in found.values()))
    names = []
    for tensor, path in found.items():
        owner, _, attribute = path.rpartition(".")
        letter = _LETTERS.get(attribute, attribute)
        names.append((letter if len(owners) == 1 else f"{letter}{owners.index(owner) + 1}", tensor))
    return names


def reachable(function: Callable[..., Any], looks_into_objects: bool = False) -> Iterator[tuple[str, Any]]:
    """The Tensors and layers that a function may use, with the names of the variables that hold them.

    Those inside lists, tuples and dicts, and in functions that it calls, are among them; the object of a method is if
    it is a layer.

    Args:
        function: the function.
        looks_into_objects: whether attributes of other objects are looked at, too, such as those of the object of a
            method, or of an argument; objects inside of these are not.
    """
    seen: set[int] = set()

    def contents(name: str, value: Any) -> Iterator[tuple[str, Any]]:
        for path, item in _contents(name, value):
            yield path, item
            if looks_into_objects and hasattr(item, "__dict__") and not isinstance(item, (type, ModuleType, Tensor)):
                for attribute, held in list(vars(item).items()):
                    for inner, thing in _contents(attribute, held):
                        # The Tensors of a layer, and of those inside of it, are its parameters.
                        if not (is_layer(item) and (is_layer(thing) or isinstance(thing, Tensor))):
                            yield inner, thing

    def look(name: str, value: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(value, functools.partial):
            yield from look(name, value.func)
            for inner in (*value.args, *value.keywords.values()):
                yield from look("", inner)
        elif callable(value) and not is_layer(value) and hasattr(inspect.unwrap(value), "__code__"):
            plain = inspect.unwrap(value)
            if id(plain) in seen:
                return
            seen.add(id(plain))
            yield from look("", getattr(value, "__self__", None))
            for inner, cell in zip(plain.__code__.co_freevars, plain.__closure__ or (), strict=True):
                try:
                    held = cell.cell_contents
                except ValueError:
                    # It was not assigned yet.
                    continue
                yield from look(inner, held)
            for inner in plain.__code__.co_names:
                if inner in plain.__globals__:
                    yield from look(inner, plain.__globals__[inner])
        else:
            yield from contents(name, value)

    yield from look("", function)
