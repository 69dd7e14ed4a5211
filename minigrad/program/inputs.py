"""What does a function take: which arrays, by which names, and how is it called with others in their places?"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from minigrad.engine.graph import Node, leaf
from minigrad.engine.pytrees import leaves, mapped
from minigrad.engine.stand_ins import StandIn
from minigrad.engine.tensor import Tensor
from minigrad.program.errors import ProgramError
from minigrad.program.held import Held, HeldTensor, generators_of, state_of
from minigrad.program.reachable import distinct_tensors, is_layer

Wanted = str | int | Sequence[str | int] | None


class Slot:
    """One array, or one generator of random numbers, that a function takes.

    Attributes:
        value: the array at the example; a generator is alone in an array of objects.
        kind: the type of an example that is a number, or an array without axes, for which both are recorded alike.
        name, argument, path, held: as in `minigrad.program.ir.Input`.
        is_tensor: whether the function is given a Tensor there.
        requires_grad: whether that Tensor requires a gradient.
        wanted: whether its gradient is asked for.
        owner: the parameter that something kept by an optimiser belongs to, until it is named after it.
    """

    def __init__(self, value: Any, name: str, argument: int | None, path: str, held: Held | None = None) -> None:
        self.is_tensor = isinstance(value, Tensor)
        self.requires_grad = isinstance(value, Tensor) and value.requires_grad
        self.value = np.asarray(value._array if isinstance(value, Tensor) else value)
        self.kind = type(value) if type(value) is float or type(value) is np.ndarray else None
        self.name, self.argument, self.path, self.held = name, argument, path, held
        self.wanted = False
        self.owner: Tensor | None = None

    def as_given(self, value: Any) -> Any:
        """A number as what the function is given: one of Python's, or an array without axes, if the example was."""
        if self.kind is None or self.wanted or np.ndim(value):
            return value
        return float(value) if self.kind is float else np.asarray(value)

    @property
    def is_float(self) -> bool:
        """Whether it has a derivative."""
        return self.value.dtype.kind == "f"


class Inputs:
    """The arrays among the examples of a call, and in layers.

    Args:
        function: what is called.
        examples: its arguments: arrays, Tensors, numbers, generators, layers, and trees of them. Integers of Python,
            text, None and other objects are part of the program, and stay what they are.
        wrt: the arguments whose gradients are wanted, by name or position; None for the Tensors that require one, or
            for every array of floats where there is no such Tensor.
        closed_over: slots of what the function uses without being given it.

    Raises:
        ProgramError: for names or positions that do not exist, or hold nothing that has a derivative.
    """

    def __init__(
        self, function: Callable[..., Any], examples: Sequence[Any], wrt: Wanted, closed_over: Sequence[Slot] = ()
    ) -> None:
        self.function, self.examples, self.wrt = function, examples, wrt
        self.arguments = _argument_names(function, len(examples))
        self.slots: list[Slot] = []
        for position, example in enumerate(examples):
            for path, value in leaves(example):
                self.slots += _slots(value, self.arguments[position], position, path)
        known = {id(slot.held.tensor) for slot in self.slots if isinstance(slot.held, HeldTensor)}
        self.slots += [
            slot for slot in closed_over if not (isinstance(slot.held, HeldTensor) and id(slot.held.tensor) in known)
        ]
        called = {id(slot.held.tensor): slot.name for slot in self.slots if isinstance(slot.held, HeldTensor)}
        for slot in self.slots:
            if slot.owner is not None:
                slot.name = f"{slot.name}_{called.get(id(slot.owner), len(called))}"
                slot.owner = None
        _rename(self.slots)
        self._choose(wrt)

    def _choose(self, wrt: Wanted) -> None:
        if wrt is None:
            asking = [slot for slot in self.slots if slot.requires_grad] or [
                slot for slot in self.slots if slot.is_float and slot.held is None
            ]
            for slot in asking:
                slot.wanted = True
            return
        for each in [wrt] if isinstance(wrt, (str, int)) else wrt:
            if not isinstance(each, (str, int)):
                raise ProgramError(
                    f"wrt= holds names or positions of arguments, not a {type(each).__name__}: write "
                    f"wrt={self.arguments}"
                )
            found = [
                slot
                for slot in self.slots
                if slot.name == each
                or (slot.argument is not None and each in (slot.argument, self.arguments[slot.argument]))
            ]
            if not found:
                known = ", ".join(dict.fromkeys(self.arguments + [slot.name for slot in self.slots]))
                raise ProgramError(f"wrt= names {each!r}; the inputs are {known}")
            floats = [slot for slot in found if slot.is_float]
            if not floats:
                raise ProgramError(
                    f"wrt= names {each!r}, which holds {found[0].value.dtype}, and only floating-point numbers have a "
                    "derivative: write 3.0 for 3, or convert it with .astype(float)"
                )
            for slot in floats:
                slot.wanted = True

    @contextmanager
    def filled(self, values: Sequence[Any]) -> Iterator[tuple[list[Any], list[Node | None]]]:
        """The arguments with other values in the places of arrays, and the node of each slot where it has one.

        Layers and Tensors that the function closes over hold these values meanwhile.
        """
        remaining = iter(list(zip(self.slots, values, strict=True)))
        nodes: list[Node | None] = []
        held: list[Held] = []

        def hold(slot: Slot, value: Any) -> None:
            assert slot.held is not None
            held.append(slot.held)
            nodes.append(slot.held.hold(value, slot.name))

        def value_of(item: Any) -> Any:
            if is_layer(item) or state_of(item):
                for _ in _slots(item, "", 0, ""):
                    hold(*next(remaining))
                return item
            if not is_array(item):
                return item
            slot, value = next(remaining)
            if not (slot.is_tensor or slot.wanted):
                nodes.append(None)
                return value
            tensor = Tensor._wrap(value)
            if slot.wanted or slot.requires_grad:
                tensor._node = leaf(value, slot.name)
            tensor._name = slot.name
            nodes.append(tensor._node)
            return tensor

        try:
            arguments = [mapped(example, value_of) for example in self.examples]
            for slot, value in remaining:
                hold(slot, value)
            yield arguments, nodes
        finally:
            with ExitStack() as stack:
                # Each is called, also after one that raises.
                for each in held:
                    stack.callback(each.restore)


def is_array(value: Any) -> bool:
    """Whether a value among the arguments is an input, and not a part of the program."""
    if isinstance(value, (Tensor, np.random.Generator)):
        return True
    if isinstance(value, StandIn):
        return False
    return isinstance(value, (np.ndarray, np.generic, float)) and np.asarray(value).dtype.kind in "biufc"


def is_holder(value: Any) -> bool:
    """Whether a value among the arguments is a layer or an optimiser, which keeps inputs."""
    return is_layer(value) or bool(state_of(value))


def slots_of_holder(value: Any) -> list[Slot]:
    """What a layer or an optimiser keeps."""
    return _slots(value, "", 0, "")


def slots_of_layer(layer: Any, argument: int | None, path: str = "") -> list[Slot]:
    """What a layer holds: its Tensors, and its generators."""
    found = [Slot(tensor, name, argument, path, HeldTensor(tensor)) for name, tensor in distinct_tensors(layer)]
    return found + [Slot(each.read(), each.attribute, argument, path, each) for each in generators_of(layer)]


def slots_of_state(value: Any, argument: int | None, path: str = "") -> list[Slot]:
    """What an optimiser keeps between steps."""
    found = []
    for name, owner, held in state_of(value):
        slot = Slot(held.read(), name, argument, path, held)
        slot.owner = owner
        found.append(slot)
    return found


def _slots(value: Any, name: str, argument: int, path: str) -> list[Slot]:
    """What a value in the arguments holds."""
    if is_layer(value):
        return slots_of_layer(value, argument, path)
    if not is_array(value):
        return slots_of_state(value, argument, path)
    own = value.name if isinstance(value, Tensor) and value.name and value.name.isidentifier() else None
    parts = re.findall(r"\w+", path)
    if own is None and parts:
        # The key of a dict or the field of a dataclass names it better than the whole does.
        own = parts[-1] if not parts[-1].isdigit() else f"{name}{''.join(parts)}"
    return [Slot(value, own or name, argument, path)]


def _rename(slots: Sequence[Slot]) -> None:
    """Make the names differ, and names of Python."""
    taken: set[str] = set()
    for slot in slots:
        name = slot.name if slot.name.isidentifier() else re.sub(r"\W+", "_", slot.name).strip("_") or "x"
        base, count = name, 2
        while name in taken:
            name, count = f"{base}_{count}", count + 1
        slot.name = name
        taken.add(name)


def _argument_names(function: Callable[..., Any], count: int) -> list[str]:
    """What the function calls its positional arguments."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names: list[str] = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}{position + 1}" for position in range(count - len(names))]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    return [*names, *(f"x{position + 1}" for position in range(len(names), count))][:count]
