"""How are the forward and the backward pass of a layer run, and what was in the layer before and after?"""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from minigrad.testing.subjects.attributes import MISSING, Array, Place, numbers_in, reached
from minigrad.testing.subjects.generators import Generators
from minigrad.testing.subjects.gradient_sources import Traces
from minigrad.testing.subjects.inputs import Inputs
from minigrad.testing.subjects.layer_calls import Calls, Result
from minigrad.testing.subjects.layer_optimisers import StandIn
from minigrad.testing.subjects.layer_parameters import Parameter
from minigrad.testing.subjects.stored_gradients import returned_parts

# A power of two is exact, and a large one keeps the rounding of the weights out of their gradients.
RATE = 1024.0


@dataclass(frozen=True)
class Seen:
    """A floating-point array or number inside a layer, and a copy of its contents."""

    place: Place
    value: Any
    content: Array

    def is_like(self, other: Seen | None) -> bool:
        """Whether the contents are the same, bit by bit."""
        if other is None or self.content.shape != other.content.shape:
            return False
        return self.content.tobytes() == other.content.tobytes()

    def is_same(self, other: Seen | None) -> bool:
        """Whether it is the same array, with the same contents."""
        return other is not None and (other.value is self.value or np.ndim(self.value) == 0) and self.is_like(other)


def floats_in(layer: Any) -> dict[str, Seen]:
    """Every floating-point array and number inside a layer, by path."""
    return {each.place.path: Seen(each.place, each.value, np.array(each.value)) for each in numbers_in(layer)}


def lists_in(layer: Any) -> list[tuple[Any, list[Any]]]:
    """Every list inside a layer, and what is in it."""
    return [(each.value, list(each.value)) for each in reached(layer) if isinstance(each.value, (list, deque))]


@dataclass
class Ran:
    """A forward pass that was run.

    Attributes:
        given: the arrays that it was given.
        method: what was called.
        args, kwargs: what it was called with.
        returned: what it returned.
    """

    given: list[Any]
    method: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    returned: Any

    @cached_property
    def arguments(self) -> dict[str, Any]:
        """What it was called with, by the names of its parameters."""
        try:
            return dict(inspect.signature(self.method).bind(*self.args, **self.kwargs).arguments)
        except (TypeError, ValueError):
            return {f"args[{position}]": value for position, value in enumerate(self.args)} | self.kwargs


class Passes:
    """The two passes of a layer.

    Attributes:
        layer: the object.
        inputs: of the forward pass.
        calls: how the backward pass is called, once that is known.
        is_loss: whether the user says so, so that the backward pass is given no upstream gradient.
        parameters: for the optimisers, which are told these by name.
        rates: attributes that hold a learning rate, to be replaced in the backward pass.
        optimisers: the places of optimisers, which do nothing in the backward pass.
        growing: lists that get longer in each pass, and what they begin with.
    """

    def __init__(
        self, layer: Any, methods: tuple[str, str], inputs: Any, seed: int | None, is_loss: bool = False
    ) -> None:
        self.layer = layer
        self.forward_name, self.backward_name = methods
        self.inputs = Inputs(self.forward_method, inputs, configurations=True, may_be_empty=True)
        self.calls: Calls | None = None
        self.is_loss = is_loss
        self.parameters: list[Parameter] = []
        self.rates: list[Place] = []
        self.optimisers: list[tuple[Place, Any]] = []
        self.growing: list[tuple[Any, list[Any]]] = []
        self._seed = seed
        self._generators = None if seed is None else Generators(layer)

    @property
    def forward_method(self) -> Callable[..., Any]:
        """The forward pass."""
        method: Callable[..., Any] = getattr(self.layer, self.forward_name)
        return method

    @property
    def backward_method(self) -> Callable[..., Any]:
        """The backward pass."""
        method: Callable[..., Any] = getattr(self.layer, self.backward_name)
        return method

    def forward(self, values: Sequence[Any], method: Callable[..., Any] | None = None) -> Ran:
        """Run the forward pass, always from the same random numbers if there is a seed."""
        for entries, content in self.growing:
            entries.clear()
            entries.extend(content)
        if self._generators is not None and self._seed is not None:
            self._generators.set(self._seed)
        method = method or self.forward_method
        given, used = list(values), method

        def called(*args: Any, **kwargs: Any) -> Ran:
            return Ran(given, self.forward_method, args, kwargs, used(*args, **kwargs))

        ran: Ran = self.inputs.call(called, given)
        return ran

    def result(self, ran: Ran) -> Result:
        """The outputs of a forward pass, and what else it returned."""
        assert self.calls is not None
        return self.calls.result(ran.returned, self.layer)

    def backward(self, ran: Ran, result: Result, seeds: Sequence[Array], rate: float = RATE) -> Traces:
        """Run the backward pass after a forward pass."""
        assert self.calls is not None
        stand_ins = [StandIn(original, self._now, rate) for _, original in self.optimisers]
        # One for a backward pass that is given its optimiser.
        stand_ins.append(StandIn(None, self._now, rate))
        before = [(place, place.get(self.layer)) for place in self.rates]
        before += [(place, original) for place, original in self.optimisers]
        try:
            for (place, _), stand_in in zip(self.optimisers, stand_ins, strict=False):
                place.put(self.layer, stand_in)
            for place in self.rates:
                place.put(self.layer, rate)
            returned = self.calls.call(
                self.backward_method, seeds, ran.arguments, result, self.layer, rate, stand_ins[-1]
            )
        finally:
            for place, value in before:
                place.put(self.layer, value)
        recorded = {name: gradient for each in stand_ins for name, gradient in each.gradients.items()}
        return Traces(returned, returned_parts(returned), recorded)

    def _now(self) -> dict[str, Any]:
        """The parameters as they are in the middle of a pass."""
        found = {each.name: each.now(self.layer) for each in self.parameters}
        return {name: value for name, value in found.items() if value is not MISSING}
