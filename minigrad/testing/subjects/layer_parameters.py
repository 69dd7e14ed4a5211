"""Which arrays inside a layer are its parameters, what are they called, and how are other values put there?"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad.testing.subjects.attributes import MISSING, Array, Found, Place

# Attributes of a parameter object that hold its value, and those that hold its gradient.
_VALUES = ("data", "value", "val", "values", "array", "w", "theta", "param")
GRADIENTS = ("grad", "gradient", "g", "d", "dw", "delta", "diff", "grads", "dvalue", "dvalues", "dparam")
# What an output depends on without being learned.
_KEPT = re.compile(r"run(ning)?_|moving|_ema|ema_|mask|noise|^pe$|pos(itional)?_?enc|target|label|y_true|truth", re.I)
_PASSES = ("forward", "forward_pass", "backward", "backward_pass", "__call__")


@dataclass
class Parameter:
    """A floating-point array, or a number, that the output of a layer depends on.

    Attributes:
        name: as the user would write it.
        places: all places where it is; the first one gives the name.
        held: the array or number itself.
        start: its value at the start.
        matters: how the output depends on it: it changes, changes by no more than rounding, or does not change.
        is_number: whether it is no array.
    """

    name: str
    places: list[Place]
    held: Any
    matters: str = "yes"
    start: Array = field(init=False)

    def __post_init__(self) -> None:
        self.start = np.array(self.held)

    @property
    def is_number(self) -> bool:
        """Whether it is no array."""
        return not isinstance(self.held, np.ndarray)

    @property
    def is_item(self) -> bool:
        """Whether it is one of several in a list."""
        return isinstance(self.places[0].name, int)

    def put(self, root: Any, value: Array, held: Any = None) -> None:
        """Give it a value: in its own array where that can be, so that all who hold it see it."""
        array = self.held if held is None else held
        new: Any = value.copy()
        if not isinstance(array, np.ndarray):
            new = float(value) if type(array) is float else value.dtype.type(value)
        elif array.dtype == value.dtype and array.shape == value.shape and array.flags.writeable:
            array[...] = value
            new = array
        for place in self.places:
            if place.get(root) is not new:
                place.put(root, new)

    def lend(self, root: Any, value: Any) -> None:
        """Have something else in all its places."""
        for place in self.places:
            place.put(root, value)

    def now(self, root: Any) -> Any:
        """What is there now: at the first of its places where something else is than at the start."""
        found = [place.get(root) for place in self.places]
        for value in found:
            if value is not self.held and value is not MISSING:
                return value
        return found[0]

    def change(self, root: Any, start: Array) -> Array:
        """By how much it has become smaller; what is there now where that has no such shape."""
        now: Array = np.asarray(self.now(root))
        try:
            # An update that broadcasts gives it another shape, which is what there is to see; that of a 0-d array makes
            # a NumPy scalar of it.
            return np.asarray(start - now)
        except ValueError:
            return now


def candidates(found: Sequence[Found]) -> list[Parameter]:
    """All arrays and numbers as parameters, each array once, with the names that a user would write."""
    grouped: dict[Any, list[Found]] = {}
    for each in found:
        key = id(each.value) if isinstance(each.value, np.ndarray) else each.place.path
        grouped.setdefault(key, []).append(each)
    made = []
    for group in grouped.values():
        places = sorted((each.place for each in group), key=_clarity)
        made.append(Parameter(places[0].path, places, group[0].value))
    return made


def named_shortly(parameters: Sequence[Parameter], root: Any) -> None:
    """Call the value of a parameter object by the name of that object, where no other has that name."""
    short = {id(p): _short_name(p, root) for p in parameters}
    taken = [p.name for p in parameters] + list(short.values())
    for parameter in parameters:
        name = short[id(parameter)]
        if taken.count(name) == 1:
            parameter.name = name


def is_kept(name: str) -> bool:
    """Whether this is what arrays are called that an output depends on without being learned."""
    return bool(_KEPT.search(name.split(".")[-1]))


def is_frozen(parameter: Parameter, root: Any) -> bool:
    """Whether what holds a parameter says that it is not to be learned."""
    holder = parameter.places[0].owner.get(root)
    states = getattr(holder, "trainable", True), not getattr(holder, "frozen", False)
    return any(state is False for state in (*states, getattr(holder, "requires_grad", True)))


def dependence(parameter: Parameter, root: Any, before: Array, output: Callable[[], Array]) -> str:
    """Whether the output depends on a parameter: "yes", "rounding" or "no"."""
    rng = np.random.default_rng(1)
    # Not the same for all elements: what is subtracted again, like a mean, would hide it.
    shift = rng.uniform(0.05, 0.15, size=parameter.start.shape) * (1.0 + np.abs(parameter.start))
    try:
        parameter.put(root, np.asarray(parameter.start + shift).astype(parameter.start.dtype))
        after = output()
    finally:
        parameter.put(root, parameter.start)
    if before.shape != after.shape or not np.isfinite(after).all():
        return "yes"
    off = float(np.max(np.abs(after - before), initial=0.0))
    scale = float(np.max(np.abs(before), initial=0.0))
    eps = float(np.finfo(before.dtype).eps)
    return "no" if off == 0 else "rounding" if off <= 1e3 * eps * scale else "yes"


def unshared(parameters: Sequence[Parameter], preferred: Sequence[str]) -> list[Parameter]:
    """Without those that share memory with others: of a vector and its parts, those whose gradients are known."""
    kept: list[Parameter] = []
    for parameter in sorted(parameters, key=lambda p: p.name not in preferred):
        shares = [
            p for p in kept if not (p.is_number or parameter.is_number) and np.shares_memory(p.held, parameter.held)
        ]
        if not shares:
            kept.append(parameter)
    return [parameter for parameter in parameters if parameter in kept]


def _clarity(place: Place) -> tuple[bool, int]:
    """An attribute is a clearer name than a number in a list."""
    return (not isinstance(place.name, str), len(place.steps))


def _short_name(parameter: Parameter, root: Any) -> str:
    place = parameter.places[0]
    if len(place.steps) < 2 or place.name not in _VALUES:
        return parameter.name
    holder = place.owner.get(root)
    is_layer = any(callable(getattr(holder, name, None)) for name in _PASSES)
    has_gradient = place.steps[-1].is_attribute and any(hasattr(holder, name) for name in GRADIENTS)
    if isinstance(holder, dict):
        has_gradient = any(name in holder for name in GRADIENTS)
    return place.owner.path if has_gradient and not is_layer else parameter.name
