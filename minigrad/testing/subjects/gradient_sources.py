"""Where does a layer leave the gradient of each input and parameter, and how is it read from there?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from minigrad.testing.subjects.attributes import MISSING, Place, is_float
from minigrad.testing.subjects.gradient_names import agreement, assigned
from minigrad.testing.subjects.inputs import Leaf
from minigrad.testing.subjects.layer_parameters import Parameter
from minigrad.testing.subjects.roles import is_target
from minigrad.testing.subjects.stored_gradients import Made, returned_parts

Kind = Literal["returned", "stored", "update", "optimiser"]


@dataclass(frozen=True)
class Source:
    """Where a gradient is read from.

    Attributes:
        kind: what the backward pass returns, what it stores, how it changes the weights, what it hands to an optimiser.
        key: where in what is returned.
        place: where it is stored.
        before: what an accumulated gradient is added to.
    """

    kind: Kind
    key: str = ""
    place: Place | None = None
    before: Any = None

    def read(self, layer: Any, traces: Traces) -> Any:
        """The gradient that the last backward pass left; None where there is none this time."""
        if self.kind == "returned":
            return traces.returned.get(self.key)
        if self.kind == "optimiser":
            return traces.recorded.get(self.key)
        assert self.place is not None
        found = self.place.get(layer)
        if found is MISSING or found is None:
            return None
        # A copy, because what is kept in a layer changes with the next pass.
        return np.array(found) if self.before is None else np.array(found) - self.before


@dataclass
class Traces:
    """What one backward pass left: what it returned, whole and by path, and what optimisers got, by parameter."""

    raw: Any
    returned: Mapping[str, Any]
    recorded: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Allotment:
    """Which of the returned gradients belongs to which input or parameter, and what is wrong with their number."""

    sources: dict[str, Source] = field(default_factory=dict)
    complaint: str = ""


def from_returned(
    returned: Any, inputs: Sequence[Leaf], parameters: Sequence[Parameter], numbers: Sequence[Parameter] = ()
) -> Allotment:
    """By their names where they have names; else in the order of the inputs, then of the parameters.

    Args:
        returned: by the backward pass.
        inputs: of the forward pass.
        parameters: arrays.
        numbers: parameters that are plain numbers, which have a gradient if there is one for each parameter.
    """
    parts = {path: value for path, value in returned_parts(returned).items() if value is not None or path}
    named = {path: value for path, value in parts.items() if is_named(path)}
    ordered = {path: value for path, value in parts.items() if not is_named(path)}
    allotted = Allotment()
    keys = {path[path.index("].") + 2 :] if path.startswith("[") else path: path for path in named}
    own = {leaf.name: leaf.name for leaf in inputs} | {_called(each, list(keys)): each.name for each in parameters}
    for name, key in assigned(list(keys), list(own), same=True).items():
        allotted.sources[own[name]] = Source("returned", keys[key])
    free = [leaf for leaf in inputs if leaf.name not in allotted.sources]
    rest = [parameter for parameter in parameters if parameter.name not in allotted.sources]
    paths = list(ordered)
    for learned in (rest, [*rest, *numbers]):
        gradients = [ordered[path] for path in paths]
        if len(paths) == len(learned) and not _fits_first(ordered, free):
            fitting = _by_shapes(learned, gradients)
            if _fit(gradients, fitting):
                # Those of all parameters, and of no input: the pass of a model.
                free, rest = [], fitting
                break
    if 0 < len(paths) < len(free):
        predictions = [leaf for leaf in free if not is_target(leaf.name)]
        free = predictions if len(predictions) == len(paths) else free[: len(paths)]
    for leaf, path in zip(free, paths, strict=False):
        if ordered[path] is not None:
            allotted.sources[leaf.name] = Source("returned", path)
    paths = [path for path in paths[len(free) :] if ordered[path] is not None]
    if len(paths) > len(rest):
        count = f"{len(paths) - len(rest)} gradient{'s' if len(paths) - len(rest) > 1 else ''}"
        allotted.complaint = f"the backward pass returned {count} more than there are inputs and parameters"
    for parameter, path in zip(_by_shapes(rest, [ordered[path] for path in paths]), paths, strict=False):
        allotted.sources[parameter.name] = Source("returned", path)
    return allotted


def _called(parameter: Parameter, keys: Sequence[str]) -> str:
    """By which of its names, where it is kept in several places, a parameter has a gradient."""
    names = [parameter.name, *[place.path for place in parameter.places]]
    return max(names, key=lambda name: max((agreement(key, name, same=True) for key in keys), default=0))


def input_gradient(leaf: Leaf, made: Sequence[Made]) -> Made | None:
    """The stored array that says by its name that it is the gradient of an input."""
    best: list[Made] = []
    highest = 0
    for each in made:
        name = str(each.place.name)
        rank = max(agreement(name, leaf.name), agreement(name, "input"), agreement(name, "inputs"))
        if rank and rank >= highest:
            best = [each] if rank > highest else [*best, each]
            highest = rank
    different = {id(each.value): each for each in best}
    return next(iter(different.values())) if len(different) == 1 else None


def is_named(path: str) -> bool:
    """Whether this is the path to something that was returned under a name."""
    return bool(path) and (not path.startswith("[") or "]." in path)


def _fit(gradients: Sequence[Any], parameters: Sequence[Parameter]) -> bool:
    return all(np.shape(g) == p.start.shape for g, p in zip(gradients, parameters, strict=True))


def _fits_first(ordered: Mapping[str, Any], inputs: Sequence[Leaf]) -> bool:
    first: Any = next(iter(ordered.values()), None)
    return bool(inputs) and is_float(first) and np.shape(first) == inputs[0].value.shape


def _by_shapes(parameters: Sequence[Parameter], gradients: Sequence[Any]) -> list[Parameter]:
    """The parameters in the order of gradients: as they are, unless their shapes say otherwise."""
    if len(parameters) != len(gradients) or _fit(gradients, parameters):
        return list(parameters)
    left, found = list(parameters), []
    for gradient in gradients:
        alike = [parameter for parameter in left if parameter.start.shape == np.shape(gradient)]
        if len(alike) != 1:
            return list(parameters)
        found += alike
        left.remove(alike[0])
    return found
