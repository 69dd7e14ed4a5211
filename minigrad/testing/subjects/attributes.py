"""Which arrays and objects are inside an object, and how is each of them reached?"""

from __future__ import annotations

import contextlib
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.testing.subjects.reachable import is_library, slots_of

Array = NDArray[Any]
# What stands for a value that is not there.
MISSING: Any = type("Missing", (), {"__repr__": lambda self: "MISSING"})()
_GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)


@dataclass(frozen=True)
class Step:
    """One step into an object: to an attribute, or to an item of a dict or a sequence."""

    key: Any
    is_attribute: bool


@dataclass(frozen=True)
class Place:
    """Where something is inside an object.

    Attributes:
        path: as a user writes it, such as ``layers[0].weights``; a key of a dict looks like an attribute.
        steps: how to get there.
    """

    path: str
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, steps: tuple[Step, ...]) -> Place:
        """The place to which these steps lead."""
        return cls(_path(steps), steps)

    def get(self, root: Any) -> Any:
        """What is there now; MISSING for nothing."""
        for step in self.steps:
            try:
                root = getattr(root, step.key) if step.is_attribute else root[step.key]
            except (AttributeError, LookupError, TypeError):
                return MISSING
        return root

    def put(self, root: Any, value: Any) -> None:
        """Put something there, or take it away with MISSING; what cannot be changed stays as it is."""
        holder = Place("", self.steps[:-1]).get(root)
        step = self.steps[-1]
        if holder is MISSING or isinstance(holder, tuple):
            return
        if step.is_attribute:
            with contextlib.suppress(AttributeError):
                set_attribute(holder, step.key, value)
        elif value is not MISSING:
            if isinstance(holder, dict) or _is_index(step.key, holder):
                holder[step.key] = value
        elif isinstance(holder, dict):
            holder.pop(step.key, None)

    @property
    def owner(self) -> Place:
        """The place of what holds it."""
        return Place.of(self.steps[:-1])

    @property
    def name(self) -> Any:
        """The last attribute, key or index."""
        return self.steps[-1].key


@dataclass(frozen=True)
class Found:
    """Something that was found at a place."""

    place: Place
    value: Any


def set_attribute(holder: Any, name: str, value: Any) -> None:
    """Set an attribute, or remove it with MISSING, past whatever the class does when attributes are set."""
    own = getattr(holder, "__dict__", None)
    if isinstance(own, dict) and name not in slots_of(type(holder)):
        if value is MISSING:
            own.pop(name, None)
        else:
            own[name] = value
    elif value is not MISSING:
        object.__setattr__(holder, name, value)
    elif hasattr(holder, name):
        object.__delattr__(holder, name)


def class_attributes(kind: type) -> Iterator[tuple[type, str, Any]]:
    """What the classes of the user's hold that is no method: which class, the name, and the value."""
    for each in kind.__mro__:
        if not is_library(each):
            for name, value in list(vars(each).items()):
                if not name.startswith("__") and not callable(value) and not hasattr(type(value), "__get__"):
                    yield each, name, value


def reached(root: Any) -> list[Found]:
    """An object, and all objects, containers, arrays and generators inside it, each once, where it is found first."""
    found: list[Found] = []
    seen: set[int] = set()
    # From the last to the first, so that the first is taken from the end.
    waiting: list[tuple[tuple[Step, ...], Any]] = [((), root)]
    while waiting:
        steps, value = waiting.pop()
        if id(value) in seen or not (_holds(value) or isinstance(value, (np.ndarray, *_GENERATORS)) or value is root):
            continue
        seen.add(id(value))
        found.append(Found(Place.of(steps), value))
        waiting += [((*steps, step), item) for step, item in reversed(items(value))]
    return found


def numbers_in(root: Any) -> list[Found]:
    """All places of floating-point arrays and numbers inside an object, in the order of its attributes."""
    found = []
    for holder in reached(root):
        for step, value in items(holder.value):
            if is_float(value):
                steps = (*holder.place.steps, step)
                found.append(Found(Place.of(steps), value))
    return found


def is_float(value: Any) -> bool:
    """Whether this is a floating-point array or number."""
    return isinstance(value, float) or (isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind == "f")


def items(holder: Any) -> list[tuple[Step, Any]]:
    """What an object or a container holds directly, and the step to each."""
    if isinstance(holder, MethodType):
        return [(Step("__self__", True), holder.__self__)]
    found: list[tuple[Step, Any]] = []
    if isinstance(holder, dict):
        found += [(Step(key, False), item) for key, item in holder.items()]
    elif isinstance(holder, (list, tuple, deque)):
        found += [(Step(position, False), item) for position, item in enumerate(holder)]
    elif isinstance(holder, np.ndarray):
        if holder.dtype == object:
            found += [(Step(index, False), holder[index]) for index in np.ndindex(holder.shape)]
        if is_library(holder):
            return found
    kind = type(holder)
    if kind in (dict, list, tuple, deque, set):
        return found
    own = getattr(holder, "__dict__", {})
    found += [(Step(name, True), item) for name, item in own.items()]
    found += [(Step(name, True), getattr(holder, name)) for name in slots_of(kind) if hasattr(holder, name)]
    known = {step.key for step, _ in found}
    for _, name, item in class_attributes(kind):
        if name not in known:
            known.add(name)
            found.append((Step(name, True), item))
    return found


def _holds(value: Any) -> bool:
    if isinstance(value, (dict, list, tuple, deque, set, MethodType)):
        return True
    if isinstance(value, (type, ModuleType, FunctionType, BuiltinFunctionType, np.generic, *_GENERATORS)):
        return False
    return (hasattr(value, "__dict__") or bool(slots_of(type(value)))) and not is_library(value)


def _path(steps: tuple[Step, ...]) -> str:
    path = ""
    for step in steps:
        if step.is_attribute or isinstance(step.key, str):
            path += f".{step.key}" if path else str(step.key)
        else:
            shown = step.key[0] if isinstance(step.key, tuple) and len(step.key) == 1 else step.key
            path += f"[{shown!r}]"
    return path


def _is_index(key: Any, holder: Any) -> bool:
    return not isinstance(key, int) or -len(holder) <= key < len(holder)
