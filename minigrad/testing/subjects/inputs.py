"""Which numbers in these inputs are to be differentiated, and what are they called?"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.pytrees import is_dataclass, mapped, parts
from minigrad.engine.tensor import Tensor
from minigrad.nn import Layer


@dataclass(frozen=True)
class Leaf:
    """One floating-point array somewhere in the inputs, by its path such as ``params.W1`` or ``xs[0]``."""

    name: str
    value: NDArray[Any]
    is_parameter: bool = False


def nearby(leaf: Leaf, rng: np.random.Generator) -> NDArray[Any]:
    """Other values in the same domain: positive numbers stay positive, probabilities below 1."""
    return np.asarray(leaf.value * rng.uniform(0.8, 1.0, size=leaf.value.shape)).astype(leaf.value.dtype)


class Inputs:
    """The arguments of a function, taken apart into leaves and constants, to be put together with other values.

    Args:
        function: whose parameters name the arguments; the parameters of a Layer are leaves themselves.
        inputs: a tuple of positional arguments, a dict of keyword arguments, or one argument.
        configurations: whether what is in a dict or a dataclass beside text or booleans is constant.
        wanted: the names of what is a leaf in any case.
        may_be_empty: whether there may be other leaves than those in the inputs.

    Raises:
        ValueError: where there is no floating-point leaf.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        inputs: Any,
        *,
        configurations: bool = False,
        wanted: str | Sequence[str] | None = None,
        may_be_empty: bool = False,
    ) -> None:
        self.args, self.kwargs = _arguments(function, inputs)
        self._configurations = configurations
        self._wanted = [wanted] if isinstance(wanted, str) else list(wanted or ())
        self._function = function
        self.names = [*_names(function, len(self.args)), *self.kwargs]
        self._collect_all()
        if not may_be_empty:
            self.see_that_there_are_leaves()

    def _collect_all(self) -> None:
        # For each number that might be a leaf, in the order of the inputs, whether it is one.
        self._is_leaf: list[bool] = []
        self.configured: list[str] = []
        # What was given for each leaf.
        self.given: dict[str, Any] = {}
        self._layers: dict[str, Tensor] = {}
        self.leaves: list[Leaf] = []
        self.constants: dict[str, Any] = {}
        if isinstance(self._function, Layer):
            self._collect_layer("", self._function)
        # For each argument, the positions of the leaves in it.
        self.arguments: list[list[int]] = []
        for name, value in zip(self.names, [*self.args, *self.kwargs.values()], strict=True):
            start = len(self.leaves)
            self._collect(name, value)
            self.arguments.append(list(range(start, len(self.leaves))))

    def free(self, names: Sequence[str]) -> None:
        """Take these for leaves, though they are part of a configuration."""
        self._wanted += names
        self._collect_all()

    def see_that_there_are_leaves(self) -> None:
        """Raise where there is nothing to differentiate."""
        if not self.leaves:
            given = ", ".join(f"{name}: {_kind(value)}" for name, value in self.constants.items()) or "no arguments"
            raise ValueError(
                f"nothing was checked: there is no floating-point array in the inputs ({given}). Integers have no "
                "derivative; write 3.0 for 3, or give an array dtype=float"
            )

    def _collect(self, path: str, value: Any, constant: bool = False) -> None:
        if isinstance(value, Layer):
            self._collect_layer(path, value)
        elif isinstance(value, dict):
            constant = constant or self._is_configuration(value)
            for key, item in value.items():
                self._collect(f"{path}.{key}", item, constant)
        elif isinstance(value, (list, tuple)):
            for position, item in enumerate(value):
                self._collect(f"{path}[{position}]", item, constant)
        elif is_dataclass(value):
            constant = constant or self._is_configuration(parts(value))
            for name, item in parts(value).items():
                self._collect(f"{path}.{name}", item, constant)
        elif _is_leaf(value):
            kept = not constant or any(is_below(path, name) for name in self._wanted)
            self._is_leaf.append(kept)
            if kept:
                self.given[path] = value
                self.leaves.append(Leaf(path, np.array(value.data if isinstance(value, Tensor) else value)))
            else:
                self.constants[path] = value
                self.configured.append(path)
        else:
            self.constants[path] = value

    def _is_configuration(self, values: dict[Any, Any]) -> bool:
        return self._configurations and any(isinstance(v, (str, bool, np.bool_)) for v in values.values())

    def fix(self, names: Sequence[str]) -> None:
        """Take these leaves for constants."""
        positions = [position for position, is_leaf in enumerate(self._is_leaf) if is_leaf]
        own = [leaf for leaf in self.leaves if not leaf.is_parameter]
        for position, leaf in zip(positions, own, strict=True):
            if leaf.name in names:
                self._is_leaf[position] = False
                self.constants[leaf.name] = leaf.value
        kept = [i for i, leaf in enumerate(self.leaves) if leaf.name not in names]
        self.arguments = [[kept.index(i) for i in each if i in kept] for each in self.arguments]
        self.leaves = [self.leaves[i] for i in kept]

    def _collect_layer(self, path: str, layer: Layer) -> None:
        for name, parameter in layer.named_parameters():
            if not any(parameter is other for other in self._layers.values()):
                full = f"{path}.{name}" if path else name
                self._layers[full] = parameter
                self.leaves.append(Leaf(full, parameter.data.copy(), is_parameter=True))

    def call(self, function: Callable[..., Any], values: Sequence[Any]) -> Any:
        """The function with these values in the places of the leaves, in their order."""
        by_name = {leaf.name: value for leaf, value in zip(self.leaves, values, strict=True)}
        args, kwargs = self.filled(values)
        with self._parameters_set(by_name):
            return function(*args, **kwargs)

    def filled(self, values: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """New arguments, positional and by keyword, with these values in the places of the leaves."""
        own = zip(self.leaves, values, strict=True)
        remaining = iter([value for leaf, value in own if not leaf.is_parameter])
        flags = iter(self._is_leaf)
        args = [_filled(value, flags, remaining) for value in self.args]
        return args, {name: _filled(value, flags, remaining) for name, value in self.kwargs.items()}

    @contextlib.contextmanager
    def _parameters_set(self, by_name: dict[str, Any]) -> Iterator[None]:
        """Lend values to the parameters of layers; what the user holds is neither written to nor copied."""
        before = {name: (tensor._array, tensor._node) for name, tensor in self._layers.items()}
        try:
            for name, tensor in self._layers.items():
                value = by_name[name]
                recorded = isinstance(value, Tensor)
                tensor._array, tensor._node = (value._array, value._node) if recorded else (value, None)
            yield
        finally:
            for name, tensor in self._layers.items():
                tensor._array, tensor._node = before[name]

    def chosen(self, wrt: str | Sequence[str] | None) -> list[int]:
        """The positions of the leaves that `wrt` names, by whole paths or their beginnings; all for None.

        Raises:
            ValueError: for a name that no leaf has.
        """
        return chosen_of([leaf.name for leaf in self.leaves], wrt)


def chosen_of(names: Sequence[str], wrt: str | Sequence[str] | None, others: Sequence[str] = ()) -> list[int]:
    """The positions of the names that `wrt` means, by whole paths or their beginnings; all for None.

    Args:
        names: of leaves.
        wrt: what is asked for.
        others: names that may be asked for, too, and have no position.

    Raises:
        ValueError: for a name that there is not.
    """
    if wrt is None:
        return list(range(len(names)))
    found = []
    if not wrt:
        raise ValueError("nothing was checked: wrt names no leaf")
    for name in [wrt] if isinstance(wrt, str) else wrt:
        matching = [i for i, own in enumerate(names) if is_below(own, name)]
        if not matching and not any(is_below(other, name) for other in others):
            raise ValueError(f"wrt: {unknown_name(name, [*names, *others])}")
        found += matching
    return sorted(set(found))


def unknown_name(name: str, known: Sequence[str]) -> str:
    """What to say of a name that is not among the known ones."""
    lowered = {other.lower(): other for other in known}
    close = get_close_matches(name.lower(), lowered, n=1)
    hint = f"; did you mean {lowered[close[0]]!r}?" if close else ""
    return f"there is no {name!r} among {', '.join(map(repr, known)) or 'nothing'}{hint}"


def is_below(path: str, name: str) -> bool:
    """Whether a path is a name, or leads to something inside what has that name."""
    return path == name or path.startswith((f"{name}.", f"{name}["))


def _is_leaf(value: Any) -> bool:
    if isinstance(value, (np.ndarray, np.generic, Tensor)):
        return value.dtype.kind == "f"
    return isinstance(value, float)


def _kind(value: Any) -> str:
    return f"{type(value).__name__} of {value.dtype}" if hasattr(value, "dtype") else type(value).__name__


def _filled(tree: Any, flags: Iterator[bool], remaining: Iterator[Any]) -> Any:
    """The same structure with the next values in the places of its leaves."""

    def fill(value: Any) -> Any:
        if _is_leaf(value) and next(flags):
            return next(remaining)
        # Constants stay as they are; a function that writes into one would be checked at another point the next time.
        return value.copy() if isinstance(value, np.ndarray) else value

    return mapped(tree, fill)


def _arguments(function: Callable[..., Any], inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and keyword arguments; a list or a dict is one argument where the function takes it so."""
    if isinstance(inputs, tuple) and not hasattr(inputs, "_fields"):
        return inputs, {}
    if isinstance(inputs, dict) and _takes(function, (), inputs):
        return (), dict(inputs)
    if isinstance(inputs, list) and not _takes(function, (inputs,), {}):
        return tuple(inputs), {}
    return (inputs,), {}


def _takes(function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return False
    return True


def _names(function: Callable[..., Any], count: int) -> list[str]:
    """The names of the first positional parameters of a function; ``args[i]`` beyond those."""
    target = function.forward if isinstance(function, Layer) else function
    if isinstance(target, np.ufunc):
        # Before NumPy 2.4 ufuncs had no signature.
        return ["x"] if count == 1 else [f"x{position + 1}" for position in range(count)]
    try:
        parameters = list(inspect.signature(target).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][:count]
    return names + [f"args[{position}]" for position in range(len(names), count)]
