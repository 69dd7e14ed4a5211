"""How are the two methods of a layer called: which arguments, which of them a gradient, an input, a cache, a rate?"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from minigrad.testing.subjects.attributes import MISSING, Array, is_float
from minigrad.testing.subjects.gradient_names import is_upstream
from minigrad.testing.subjects.layer_methods import SLOPES
from minigrad.testing.subjects.roles import is_cache, is_target

RATES = ("lr", "learningrate", "learnrate", "lrate", "rate", "eta", "step", "stepsize", "alpha")
# Names that may as well mean something else: the slope of a leaky ReLU, the rate of a dropout.
_UNCLEAR_RATES = ("rate", "eta", "step", "alpha")
_OPTIMISERS = ("optimizer", "optimiser", "optim", "opt", "updater", "solver")
_OUTPUTS = ("out", "output", "outputs", "a", "y", "s", "activation", "result")
# Where layers keep their output that return nothing.
_KEPT_OUTPUTS = ("output", "outputs", "out", "y", "a", "A", "activation", "result", "Z", "z")

Kind = Literal["g", "gs", "input", "output", "cache", "rate", "optimiser"]


@dataclass(frozen=True)
class Argument:
    """What a backward pass is given for one of its parameters; `which` is an input's name, or a position."""

    kind: Kind
    which: Any = None
    keyword: str | None = None


@dataclass(frozen=True)
class Result:
    """What a forward pass gave: its outputs, and what else it returned for the backward pass."""

    outputs: list[Any]
    caches: list[Any]


def plain_name(name: str) -> str:
    """A name without what does not matter: capitals and underscores."""
    return name.replace("_", "").lower()


def is_rate(name: str) -> bool:
    """Whether this is what a learning rate is called."""
    return plain_name(name) in RATES


class Calls:
    """How the backward pass of a layer is called, known from what both are called like and what the forward pass gives.

    Attributes:
        arguments: of the backward pass.
        outputs: how many of the results of the forward pass have an upstream gradient.
        is_slope: whether the backward pass gives the slope of each element, to be multiplied by the upstream gradient.
        is_summed: whether the outputs are added up, because all of them have one gradient.
        takes_upstream: whether it is given an upstream gradient; otherwise that of a loss is 1.
        rate: the name of the parameter that is the learning rate; None without one.
        may_take_rate: whether any number of arguments fits, and one may be a learning rate.
        says_rate: whether there is no doubt that this is a learning rate.
        remark: what the reader should know.
    """

    def __init__(
        self,
        backward: Callable[..., Any],
        backward_name: str,
        inputs: Sequence[str],
        result: Any,
        layer: Any,
        has_weights: bool,
        is_loss: bool = False,
    ) -> None:
        self.remark = ""
        self.rate: str | None = None
        self.says_rate = False
        self.may_take_rate = False
        self._inputs = list(inputs)
        parts = list(result) if isinstance(result, tuple) and len(result) > 1 else [result]
        is_scalar = np.shape(parts[0]) == () and is_float(parts[0])
        is_loss = is_loss or is_scalar
        required, self.arguments = self._known(backward, has_weights, is_loss)
        arrays = 0
        while arrays < len(parts) and (is_float(parts[arrays]) or parts[arrays] is None):
            arrays += 1
        self.outputs = max(1, arrays)
        caches = len(parts) - self.outputs
        names = [parameter.name for parameter in required]
        if caches == 0 and self.outputs > 1 and len(names) == self.outputs and not is_upstream(names[-1]):
            # The last of the arrays that are returned is kept for the backward pass.
            self.outputs, caches = self.outputs - 1, 1
        # A pass that is given what the forward pass is given has no place for an upstream gradient.
        is_loss = is_loss or (len(names) > 1 and names == self._inputs and backward_name not in SLOPES)
        kinds = self._of_a_loss(names, caches, layer) if is_loss else self._slope(backward_name, names, caches)
        self.is_slope = bool(kinds) and not is_loss
        kinds = self._general(names, caches) if kinds is None else kinds
        given = [
            Argument(kind, which, None if parameter.kind is not parameter.KEYWORD_ONLY else parameter.name)
            for parameter, (kind, which) in zip(required, kinds, strict=True)
        ]
        self.arguments = self._ordered(backward, required, given)
        self.takes_upstream = any(argument.kind in ("g", "gs") for argument in self.arguments)
        # The numbers that a loss gives for all samples are added up, where it is asked for their gradient at once.
        self.is_summed = not self.takes_upstream and not self.is_slope and not is_scalar
        if self.is_summed:
            self.remark = "the gradient of the sum of all that the forward pass gives was checked"
        if self.outputs > 1 and not any(argument.kind == "gs" for argument in self.arguments):
            taken = sum(argument.kind == "g" for argument in self.arguments)
            if taken < self.outputs:
                self.outputs = taken
                self.remark = f"only the first result of the forward pass has an upstream gradient in {backward_name}"

    def _known(
        self, backward: Callable[..., Any], has_weights: bool, is_loss: bool
    ) -> tuple[list[inspect.Parameter], list[Argument]]:
        """The parameters that have to be given, and the arguments that are clear by their names alone."""
        only_g = [inspect.Parameter("g", inspect.Parameter.POSITIONAL_ONLY)]
        try:
            parameters = list(inspect.signature(backward).parameters.values())
        except (TypeError, ValueError):
            return only_g, []
        self.may_take_rate = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        if parameters and all(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
            return only_g, []
        required: list[inspect.Parameter] = []
        clear: list[Argument] = []
        for parameter in parameters:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            has_default = parameter.default is not parameter.empty
            name = plain_name(parameter.name)
            if name in RATES and parameter.name not in self._inputs and self.rate is None:
                if has_default and name in _UNCLEAR_RATES and not has_weights:
                    continue
                self.rate, self.says_rate = parameter.name, True
                clear.append(Argument("rate", None, parameter.name))
            elif name in _OPTIMISERS:
                clear.append(Argument("optimiser", None, parameter.name))
            elif not has_default or (not is_loss and not required and is_upstream(parameter.name)):
                # A loss whose upstream gradient is 1 by default is asked for that.
                required.append(parameter)
        return required, clear

    def _slope(self, backward_name: str, names: Sequence[str], caches: int) -> list[tuple[Kind, Any]] | None:
        """The slope of each element takes the input, and no gradient."""
        if backward_name not in SLOPES or len(names) != len(self._inputs) or caches or self.outputs > 1:
            return None
        if all(name in self._inputs for name in names):
            return [("input", name) for name in names]
        if len(names) > 1 or is_upstream(names[0]):
            return None
        return [("output", 0) if plain_name(names[0]) in _OUTPUTS else ("input", self._inputs[0])]

    def _of_a_loss(self, names: Sequence[str], caches: int, layer: Any) -> list[tuple[Kind, Any]] | None:
        """A loss may need no upstream gradient: its own is 1."""
        if not names and not caches:
            return []
        if caches or not names:
            return None
        if all(name in self._inputs for name in names):
            return [("input", name) for name in names]
        known = [("input", self._input(name)) if self._input(name) else None for name in names]
        if len(names) == len(self._inputs) > 1 and not (is_upstream(names[0]) and plain_name(names[0]) != "dvalues"):
            if plain_name(names[0]) == "dvalues" and isinstance(getattr(layer, "output", None), np.ndarray):
                # Called with what the loss itself computed before, such as the softmax.
                return [("output", "output"), *(("input", name) for name in self._inputs[1:])]
            ordered: list[tuple[Kind, Any]] = [("input", name) for name in self._inputs]
            return ordered
        if len(names) == 1 and known[0] is not None and not is_upstream(names[0]):
            return [("input", self._input(names[0]))]
        return None

    def _general(self, names: Sequence[str], caches: int) -> list[tuple[Kind, Any]]:
        """Gradients of the outputs first; then what the forward pass returned, and inputs by their names."""
        found: list[tuple[Kind, Any] | None] = [None] * len(names)
        open_places = list(range(len(names)))
        for position, name in enumerate(names):
            own = self._input(name)
            if len(open_places) > self.outputs and own is not None and not is_upstream(name):
                found[position] = ("input", own)
                open_places.remove(position)
        # Those that are called a cache, and then the last ones.
        likely = sorted(
            open_places,
            key=lambda place: (not is_cache(names[place]), is_upstream(names[place]), -place),
        )
        places = sorted(likely[: max(0, min(caches, len(open_places) - self.outputs))])
        for number, position in enumerate(places):
            found[position] = ("cache", number)
            open_places.remove(position)
        if len(open_places) == self.outputs + 1 and self.rate is None:
            last = open_places.pop()
            self.rate = names[last]
            found[last] = ("rate", None)
        if len(open_places) > self.outputs:
            given = f"{self.outputs} upstream gradient{'s' if self.outputs > 1 else ''}"
            raise TypeError(
                f"the backward pass takes {', '.join(names)}; there is {given} to give. Name the inputs as in the "
                "forward pass, the learning rate lr, what the forward pass returned besides cache, or give the others "
                "a default"
            )
        if len(open_places) == 1 and self.outputs > 1:
            plural = plain_name(names[open_places[0]])
            if plural.endswith("s") or plural.startswith(("grads", "gradients")):
                found[open_places[0]] = ("gs", None)
                open_places = []
        for number, position in enumerate(open_places):
            found[position] = ("g", number)
        return [each for each in found if each is not None]

    def _input(self, name: str) -> str | None:
        """The input that a parameter of the backward pass means."""
        if name in self._inputs:
            return name
        same = [own for own in self._inputs if plain_name(own) == plain_name(name)]
        if not same and is_target(name):
            same = [own for own in self._inputs if is_target(own)] or self._inputs[1:2]
        return same[0] if same else None

    def _ordered(
        self, backward: Callable[..., Any], required: Sequence[inspect.Parameter], given: Sequence[Argument]
    ) -> list[Argument]:
        """All arguments: by position as far as that goes, and the others by name."""
        by_name = {parameter.name: argument for parameter, argument in zip(required, given, strict=True)}
        by_name |= {argument.keyword: argument for argument in self.arguments if argument.keyword is not None}
        try:
            parameters = list(inspect.signature(backward).parameters.values())
        except (TypeError, ValueError):
            parameters = []
        ordered, positional = [], True
        for parameter in parameters:
            if parameter.name not in by_name:
                positional = positional and parameter.kind is not parameter.POSITIONAL_OR_KEYWORD
                continue
            argument = by_name.pop(parameter.name)
            free = positional and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
            ordered.append(Argument(argument.kind, argument.which, None if free else parameter.name))
        return [*ordered, *(Argument(each.kind, each.which) for each in by_name.values())]

    def add_rate(self) -> None:
        """Give a learning rate after the upstream gradient."""
        self.rate, self.may_take_rate = "learning_rate", False
        self.arguments = [*self.arguments, Argument("rate")]

    def result(self, returned: Any, layer: Any) -> Result:
        """What the forward pass gave, in parts."""
        several = isinstance(returned, tuple) and len(returned) > 1
        parts = list(returned) if several else [returned[0] if _is_single(returned) else returned]
        if parts[0] is None:
            parts[0] = kept_output(layer)
        return Result(parts[: self.outputs], parts[self.outputs :])

    def call(
        self,
        backward: Callable[..., Any],
        seeds: Sequence[Array],
        inputs: dict[str, Any],
        result: Result,
        layer: Any,
        rate: float,
        optimiser: Any,
    ) -> Any:
        """Call the backward pass."""
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        for argument in self.arguments:
            value: Any
            if argument.kind == "g":
                value = seeds[argument.which]
            elif argument.kind == "gs":
                value = tuple(seeds)
            elif argument.kind == "input":
                value = inputs[argument.which]
            elif argument.kind == "output":
                value = getattr(layer, "output") if argument.which == "output" else result.outputs[0]  # noqa: B009
            elif argument.kind == "cache":
                value = result.caches[argument.which]
            else:
                value = rate if argument.kind == "rate" else optimiser
            if argument.keyword is None:
                args.append(value)
            else:
                kwargs[argument.keyword] = value
        return backward(*args, **kwargs)


def kept_output(layer: Any) -> Any:
    """The output of a layer that returns nothing and keeps it."""
    for name in _KEPT_OUTPUTS:
        found = getattr(layer, name, MISSING)
        if is_float(found):
            return found
    return None


def _is_single(returned: Any) -> bool:
    return isinstance(returned, (tuple, list)) and len(returned) == 1 and is_float(returned[0])
