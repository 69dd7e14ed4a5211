"""Which of the arrays that a backward pass leaves is the gradient of which parameter?"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.testing.subjects.attributes import Place
from minigrad.testing.subjects.gradient_names import agreement
from minigrad.testing.subjects.layer_parameters import GRADIENTS, Parameter

# Lists that are in the order of others.
_PARAMETERS = ("params", "parameters", "weights", "variables", "trainable", "trainable_weights", "theta", "vars")


@dataclass(frozen=True)
class Made:
    """An array that the backward pass made or changed.

    Attributes:
        place: where it is.
        value: what it was after the pass.
        reacts: whether it is another one for another upstream gradient.
    """

    place: Place
    value: Any
    reacts: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return tuple(np.shape(self.value))


def matched(made: Sequence[Made], parameters: Sequence[Parameter], by_name_only: bool = False) -> dict[str, Made]:
    """For each parameter the array that is its gradient: by names, then by the order of lists, then by shape.

    What is close is looked at first: the object that holds the parameter, then the one around it. Never are values
    compared.
    """
    found: dict[str, Made] = {}
    # Not a set: its order is another one in every run.
    scopes = sorted(dict.fromkeys(scope for p in parameters for scope in _scopes(p)), key=len, reverse=True)
    for step in (_by_name,) if by_name_only else (_by_name, _by_order, _by_shape):
        for scope in scopes:
            free = [p for p in parameters if p.name not in found and scope in _scopes(p)]
            used = {id(each.value) for each in found.values()}
            unused = [each for each in made if _below(each.place, scope) and id(each.value) not in used]
            if free and unused:
                found.update(step(unused, free, len(scope)))
    return found


def _scopes(parameter: Parameter) -> list[tuple[Any, ...]]:
    """What a parameter is inside of, by the steps to get there, the whole object last."""
    steps = parameter.places[0].steps
    return [steps[:count] for count in range(len(steps) - 1, -1, -1)]


def _below(place: Place, scope: tuple[Any, ...]) -> bool:
    return place.steps[: len(scope)] == scope


def _within(place: Place, depth: int) -> str:
    return Place.of(place.steps[depth:]).path


def _by_name(made: Sequence[Made], parameters: Sequence[Parameter], depth: int) -> dict[str, Made]:
    """By names: the whole paths, then the last part of each."""
    found: dict[str, Made] = {}
    for last_only, rank in itertools.product((False, True), (4, 3, 2, 1)):
        used = {id(each.value) for each in found.values()}
        offers: dict[str, Made] = {}
        for parameter in parameters:
            if parameter.name in found:
                continue
            alike = [
                each for each in made
                if id(each.value) not in used and _rank(each.place, parameter, depth, last_only) == rank
            ]  # fmt: skip
            if len({id(each.value) for each in alike}) > 1:
                alike = [each for each in alike if each.shape == parameter.start.shape]
            if len({id(each.value) for each in alike}) == 1:
                offers[parameter.name] = alike[0]
        wanted = [id(each.value) for each in offers.values()]
        found.update({name: each for name, each in offers.items() if wanted.count(id(each.value)) == 1})
    return found


def _rank(place: Place, parameter: Parameter, depth: int, last_only: bool) -> int:
    """How well a name says that this is the gradient of a parameter."""
    best = 0
    for own in parameter.places:
        if last_only:
            # An item of a list is known by its list and its number.
            names, values = _ending(place), _ending(own)
        else:
            names, values = _within(place, depth), _within(own, depth) if len(own.steps) > depth else own.path
        best = max(best, agreement(names, values))
        if place.owner.steps == own.owner.steps and place.name in GRADIENTS and own.path != parameter.name:
            # A parameter object has one value and one gradient.
            best = max(best, 3)
    return best


def _ending(place: Place) -> str:
    steps = place.steps
    numbered = 0
    while numbered < len(steps) - 1 and not isinstance(steps[len(steps) - 1 - numbered].key, str):
        numbered += 1
    return Place.of(steps[len(steps) - 1 - numbered :]).path


def _by_order(made: Sequence[Made], parameters: Sequence[Parameter], depth: int) -> dict[str, Made]:
    """A list of gradients in the order of a list of parameters, or of the parameters as attributes."""
    lists: dict[tuple[Any, ...], list[Made]] = {}
    for each in made:
        for count in range(depth + 1, len(each.place.steps)):
            rest = each.place.steps[count:]
            if all(not step.is_attribute for step in rest):
                lists.setdefault(each.place.steps[:count], []).append(each)
    for members in lists.values():
        for order in _orders(parameters):
            if len(order) != len(members):
                continue
            for gradients in (members, members[::-1]):
                if all(g.shape == p.start.shape for g, p in zip(gradients, order, strict=True)):
                    return {p.name: g for g, p in zip(gradients, order, strict=True)}
            if order is not parameters:
                return {p.name: g for g, p in zip(members, order, strict=True)}
    return {}


def _orders(parameters: Sequence[Parameter]) -> list[Sequence[Parameter]]:
    """The parameters in the order of a list that holds them, and as they are."""
    listed: dict[tuple[Any, ...], list[tuple[Any, Parameter]]] = {}
    for parameter in parameters:
        for place in parameter.places:
            if not place.steps[-1].is_attribute and isinstance(place.name, int):
                listed.setdefault(place.owner.steps, []).append((place.name, parameter))
    orders: list[Sequence[Parameter]] = [
        [parameter for _, parameter in sorted(members, key=lambda member: member[0])]
        for steps, members in listed.items()
        if str(steps[-1].key).strip("_").lower() in _PARAMETERS or len(members) == len(parameters)
    ]
    return [*orders, parameters]


def _by_shape(made: Sequence[Made], parameters: Sequence[Parameter], depth: int) -> dict[str, Made]:
    """The only array of the shape of the only parameter that has this shape."""
    found = {}
    for parameter in parameters:
        shape = parameter.start.shape
        alike = {id(each.value): each for each in made if each.shape == shape and each.reacts}
        if len(alike) == 1 and sum(other.start.shape == shape for other in parameters) == 1:
            found[parameter.name] = next(iter(alike.values()))
    return found


def returned_parts(found: Any) -> dict[str, Any]:
    """Everything that a backward pass returned, in lists, tuples and dicts, by path; one alone has the path ""."""
    parts: dict[str, Any] = {}

    def collect(path: str, value: Any) -> None:
        if isinstance(value, Mapping):
            for key, item in value.items():
                collect(f"{path}.{key}" if path else str(key), item)
        elif isinstance(value, (list, tuple)) and not _is_array(value):
            for position, item in enumerate(value):
                collect(f"{path}[{position}]", item)
        else:
            parts[path] = value

    collect("", found)
    return parts


def _is_array(value: Sequence[Any]) -> bool:
    """Whether nested lists of numbers are an array."""
    flat: list[Any] = list(value)
    while flat and isinstance(flat[0], (list, tuple)):
        flat = list(flat[0])
    return bool(flat) and isinstance(value, list) and all(isinstance(item, (int, float)) for item in flat)
