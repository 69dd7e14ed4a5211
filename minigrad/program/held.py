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
        self.key = (id(tensor), "")
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
    """A variable that a function closes over, or one of its module, such as a generator."""

    def __init__(self, holder: CellType | dict[str, Any], name: str) -> None:
        self.holder, self.name = holder, name
        self.key = (id(holder), name)
        self._before: tuple[Any] | None = None

    def read(self) -> Any:
        """The variable."""
        return self.holder[self.name] if isinstance(self.holder, dict) else self.holder.cell_contents

    def _set(self, value: Any) -> None:
        if isinstance(self.holder, dict):
            self.holder[self.name] = value
        else:
            self.holder.cell_contents = value

    def hold(self, value: Any, name: str) -> None:
        """Set the variable."""
        self._before = (self.read(),)
        self._set(value)

    def restore(self) -> None:
        """Set what was there before."""
        if self._before is not None:
            self._set(self._before[0])
            self._before = None


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
    if hasattr(value, "sublayers"):
        found.append((value, "training", value.training))
        for inner in value.sublayers():
            found += settings_of(inner)
    elif state_of(value):
        found.append((value, "lr", value.lr))
    return found


def generators_of(layer: Any) -> Iterator[HeldAttribute]:
    """The generators of random numbers that a layer and those inside it keep."""
    for attribute, value in vars(layer).items():
        if isinstance(value, np.random.Generator):
            yield HeldAttribute(layer, attribute)
    for inner in layer.sublayers():
        yield from generators_of(inner)


def fresh(value: Any) -> Any:
    """A copy of what an input holds, which a function may change: a generator as far as it has come, or an array."""
    found = value.item() if isinstance(value, np.ndarray) and value.dtype == object else value
    if isinstance(found, np.random.Generator):
        return copy.deepcopy(found)
    array = np.array(value)
    return array if array.ndim else array[()]
