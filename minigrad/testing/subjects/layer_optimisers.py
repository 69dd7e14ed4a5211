"""Which gradients does a layer hand to the optimiser inside it, and what takes its place during a check?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.testing.subjects.attributes import Array, Place, Step, is_float, items, reached
from minigrad.testing.subjects.gradient_names import assigned

# What optimisers, and the attributes that hold them, are called; and the methods in which they are given gradients.
_CALLED = re.compile(r"opt|updater|solver|sgd|adam|adagrad|adadelta|rmsprop|momentum|nesterov|descent", re.IGNORECASE)
_UPDATES = (
    "update", "step", "apply", "apply_gradients", "apply_gradient", "optimize", "optimise", "update_params",
    "update_weights", "update_parameters", "update_param", "get_update", "get_updates", "compute_update", "calculate",
    "minimize", "__call__",
)  # fmt: skip
_PASSES = ("forward", "forward_pass", "backward", "backward_pass")


def optimisers_in(layer: Any) -> list[tuple[Place, Any]]:
    """The places of optimisers inside a layer, by what they or their classes are called."""
    found = []
    for holder in reached(layer):
        for step, value in items(holder.value):
            if isinstance(value, (type, *_PLAIN)) or any(hasattr(value, name) for name in _PASSES):
                continue
            named = isinstance(step.key, str) and _CALLED.search(step.key)
            if (named or _CALLED.search(type(value).__name__)) and any(
                callable(getattr(type(value), name, None)) for name in _UPDATES
            ):
                found.append((Place(_joined(holder.place.path, step), (*holder.place.steps, step)), value))
    return found


class StandIn:
    """In the place of an optimiser: it takes down what it is given, and changes nothing.

    Args:
        original: the optimiser, for everything else that it is asked; None where there is none.
        parameters: gives the arrays of the parameters as they are now, by name.
        factor: what a gradient is multiplied by that it gives back as the step to be taken.
    """

    def __init__(self, original: Any, parameters: Callable[[], Mapping[str, Any]], factor: float) -> None:
        self._original, self._parameters, self._factor = original, parameters, factor
        self.gradients: dict[str, Array] = {}
        self.was_called = False

    def __getattr__(self, name: str) -> Any:
        if name in _UPDATES:
            return self._taken
        return getattr(self._original, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The update, of an optimiser that is a function."""
        return self._taken(*args, **kwargs)

    def _taken(self, *args: Any, **kwargs: Any) -> Any:
        self.was_called = True
        known = self._parameters()
        given = list(_flat([*args, *kwargs.values()]))
        mine = [(path, _same(value, known)) for path, value in given if is_float(value)]
        parameters = [(path, name) for path, name in mine if name is not None]
        gradients = [(path, value) for path, value in given if is_float(value) and _same(value, known) is None]
        # A learning rate is no gradient, unless the parameters are plain numbers.
        arrays = [(path, value) for path, value in gradients if np.ndim(value) or len(gradients) == len(parameters)]
        if parameters and len(parameters) == len(arrays):
            for (_, name), (_, value) in zip(parameters, arrays, strict=True):
                self.gradients[name] = np.array(value)
        elif not parameters and (own := self._parameters_kept(known, [np.shape(value) for _, value in arrays])):
            for name, (_, value) in zip(own, arrays, strict=True):
                self.gradients[name] = np.array(value)
        elif not parameters:
            names = [value for _, value in given if isinstance(value, str)]
            called = {names[0]: arrays[0][1]} if len(names) == len(arrays) == 1 else dict(arrays)
            for name, found in assigned(list(called), list(known), same=True).items():
                self.gradients[name] = np.array(called[found])
        return self._answer(args, parameters)

    def _parameters_kept(self, known: Mapping[str, Any], shapes: Sequence[tuple[int, ...]]) -> list[str]:
        """The names of the parameters that the optimiser itself holds, if it is given one gradient for each."""
        kept = [_same(value, known) for _, value in _flat(getattr(self._original, "__dict__", {}))]
        # Moments and velocities come after the parameters.
        names = list(dict.fromkeys(name for name in kept if name is not None))[: len(shapes)]
        return names if [np.shape(known[name]) for name in names] == shapes else []

    def _answer(self, args: Sequence[Any], parameters: Sequence[Any]) -> Any:
        """The same parameters, as the new ones; or the gradient, as the step to be taken."""
        for arg in args:
            if parameters and any(is_float(value) and _same(value, self._parameters()) for _, value in _flat([arg])):
                return arg
        first = next((arg for arg in args if is_float(arg) and np.ndim(arg)), None)
        return None if parameters or first is None else np.array(first) * self._factor


_PLAIN = (str, bytes, int, float, list, tuple, dict, set, np.ndarray, np.generic, type(None))


def _joined(path: str, step: Step) -> str:
    return f"{path}.{step.key}" if path else str(step.key)


def _same(value: Any, known: Mapping[str, Any]) -> str | None:
    """The name of the parameter that this is, or a view of the whole of."""
    for name, array in known.items():
        if value is array:
            return name
        alike = isinstance(value, np.ndarray) and isinstance(array, np.ndarray) and value.shape == array.shape
        if alike and value.size and value.__array_interface__["data"] == array.__array_interface__["data"]:
            return name
    return None


def _flat(values: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Everything in lists, tuples and dicts, and in objects that hold a parameter and its gradient, by path."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            yield from _flat(value, f"{path}.{key}" if path else str(key))
    elif isinstance(values, (list, tuple)):
        for position, value in enumerate(values):
            yield from _flat(value, f"{path}[{position}]")
    else:
        yield path, values
