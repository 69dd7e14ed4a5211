"""Where does a function keep what is an input of its program: in Tensors, in layers, in optimisers?"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from types import CellType
from typing import Any

import numpy as np

from minigrad.engine.graph import Node, leaf
from minigrad.engine.stand_ins import array_of
from minigrad.engine.tensor import Tensor


class HeldTensor:
    """The array of a Tensor."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self.key: tuple[Any, ...] = (id(tensor), "")
        self._before: tuple[Any, Any] | None = None

    def read(self) -> Any:
        """The array."""
        return self.tensor._array

    def hold(self, value: Any, name: str) -> Node | None:
        """Hold a value as a leaf of its own, so that gradients on the real one stay what they are."""
        tensor = self.tensor
        self._before = tensor._array, tensor._node
        tensor._array = value
        if tensor._node is not None:
            tensor._node = leaf(value, name)
        return tensor._node

    def restore(self) -> None:
        """Hold the array of before."""
        if self._before is not None:
            self.tensor._array, self.tensor._node = self._before
            self._before = None


class HeldAttribute:
    """An attribute of an object, such as the generator of a layer."""

    def __init__(self, owner: Any, attribute: str) -> None:
        self.owner, self.attribute = owner, attribute
        self.key = (id(owner), attribute)
        self._before: tuple[Any] | None = None

    def read(self) -> Any:
        """The attribute."""
        return getattr(self.owner, self.attribute)

    def hold(self, value: Any, name: str) -> None:
        """Set the attribute."""
        self._before = (self.read(),)
        setattr(self.owner, self.attribute, value)

    def restore(self) -> None:
        """Set what was there before."""
        if self._before is not None:
            setattr(self.owner, self.attribute, self._before[0])
            self._before = None


class HeldVariable:
    """An array or a generator in a variable, an item or an attribute.

    Attributes:
        holder: the cell of a closure, the dict or list that it is an item of, or the object whose attribute it is.
        name: of the variable or the attribute, or the key.
        path: where in a tuple it is that is there, or in a tuple inside of that; empty if it is there itself.
    """

    def __init__(self, holder: Any, name: Any, path: tuple[int, ...] = ()) -> None:
        self.holder, self.name, self.path = holder, name, path
        self.key = (id(holder), name, path)
        self._before: tuple[Any] | None = None

    def read(self) -> Any:
        """What is there."""
        value = self._whole()
        for position in self.path:
            value = value[position]
        return value

    def _whole(self) -> Any:
        if type(self.holder) is CellType:
            return self.holder.cell_contents
        return self.holder[self.name] if isinstance(self.holder, (dict, list)) else getattr(self.holder, self.name)

    def put(self, value: Any) -> None:
        """Put something there, in the place of a tuple around it as well."""
        if type(self.holder) is CellType:
            self.holder.cell_contents = value
        elif isinstance(self.holder, (dict, list)):
            self.holder[self.name] = value
        else:
            setattr(self.holder, self.name, value)

    def hold(self, value: Any, name: str) -> None:
        """Put something else there."""
        before = self._whole()
        self.put(_with_item(before, self.path, value))
        self._before = (before,)

    def restore(self) -> None:
        """Put there what was there before."""
        if self._before is not None:
            self.put(self._before[0])
            self._before = None


def _with_item(whole: Any, path: tuple[int, ...], value: Any) -> Any:
    """A tuple like another, with one item replaced; the value itself without a path."""
    if not path:
        return value
    items = list(whole)
    items[path[0]] = _with_item(items[path[0]], path[1:], value)
    return type(whole)(*items) if hasattr(whole, "_fields") else type(whole)(items)


class HeldEntry:
    """An entry of a dict, such as a moment that an optimiser keeps."""

    def __init__(self, holder: dict[str, Any], entry: str) -> None:
        self.holder, self.entry = holder, entry
        self.key = (id(holder), entry)
        self._before: tuple[Any] | None = None

    def read(self) -> Any:
        """The entry."""
        return self.holder[self.entry]

    def hold(self, value: Any, name: str) -> None:
        """Set the entry; what is no stand-in is an array, which an optimiser writes to."""
        self._before = (self.read(),)
        self.holder[self.entry] = array_of(value)

    def restore(self) -> None:
        """Set what was there before."""
        if self._before is not None:
            self.holder[self.entry] = self._before[0]
            self._before = None


class HeldRate:
    """The learning rate of an optimiser's next step, a number that its schedule gives."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        self.key = (id(optimizer), "lr")
        self._before: tuple[Any] | None = None

    def read(self) -> Any:
        """The number."""
        return np.float64(self.optimizer.lr)

    def hold(self, value: Any, name: str) -> None:
        """Let the optimiser take this value."""
        self._before = (self.optimizer._lr,)
        self.optimizer._lr = value

    def restore(self) -> None:
        """Let it take what it took before."""
        if self._before is not None:
            self.optimizer._lr = self._before[0]
            self._before = None


class HeldGradient:
    """The gradient that an earlier pass has left with a Tensor; it is put there after the Tensor itself."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self.key = (id(tensor), "grad")

    def read(self) -> Any:
        """One of zeros: what it is like."""
        return np.zeros_like(np.asarray(self.tensor._array))

    def hold(self, value: Any, name: str) -> None:
        """Leave a gradient."""
        if self.tensor._node is not None:
            self.tensor._node.grad = Tensor._wrap(value)

    def restore(self) -> None:
        """The Tensor has its own node again, and its own gradient."""


Held = HeldTensor | HeldAttribute | HeldVariable | HeldEntry | HeldRate | HeldGradient


def state_of(value: Any) -> list[tuple[str, Tensor | None, HeldEntry]]:
    """What an optimiser keeps between steps: its name, the parameter that it belongs to, and where it is.

    Nothing for other objects.
    """
    kept = getattr(value, "_kept", None)
    if kept is None or not hasattr(value, "parameters"):
        return []
    found: list[tuple[str, Tensor | None, HeldEntry]] = []
    for key, holder, name in kept():
        position = key.rpartition(".")[2]
        owner = value.parameters[int(position)] if position.isdigit() else None
        found.append((name, owner, HeldEntry(holder, name)))
    return found


def settings_of(value: Any) -> list[tuple[Any, str, Any]]:
    """What of a layer or an optimiser is part of a program as it is: an object, an attribute, and what it is."""
    found: list[tuple[Any, str, Any]] = []
    if hasattr(value, "children"):
        found.append((value, "training", value.training))
        for inner in value.children():
            found += settings_of(inner)
    elif state_of(value):
        found += [(each.optimizer, "lr", each.optimizer.lr) for each in rates_of(value)]
    return found


def rates_of(optimizer: Any) -> list[HeldRate]:
    """The learning rates of an optimiser: its own, and those that groups of parameters have for themselves."""
    return [HeldRate(optimizer), *(HeldRate(rule) for rule in optimizer._rules()[1:] if rule._lr is not None)]


def generators_of(layer: Any) -> Iterator[HeldAttribute]:
    """The generators of random numbers that a layer and those inside it keep."""
    for attribute, value in vars(layer).items():
        if isinstance(value, np.random.Generator):
            yield HeldAttribute(layer, attribute)
    for inner in layer.children():
        yield from generators_of(inner)


def fresh(value: Any) -> Any:
    """A copy of what an input holds, which a function may change: a generator as far as it has come, or an array."""
    found = value.item() if isinstance(value, np.ndarray) and value.dtype == object else value
    if isinstance(found, np.random.Generator):
        return copy.deepcopy(found)
    array = np.array(value)
    return array if array.ndim else array[()]
