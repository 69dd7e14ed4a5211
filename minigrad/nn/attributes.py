"""Which layers and Tensors do the attributes of a layer hold, alone or in lists, tuples and dicts?"""

from __future__ import annotations

from collections import UserDict, UserList, deque
from collections.abc import Iterable, Iterator
from dataclasses import fields
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np

from minigrad.engine.graph import depends_on_a_variable
from minigrad.engine.pytrees import is_dataclass
from minigrad.engine.tensor import Tensor

# Of a line of text that shows a layer.
_WIDTH = 88


def is_layer(value: object) -> bool:
    """Whether this is a `Layer`, which stands on this file."""
    return hasattr(type(value), "named_children")


def written(name: str, parts: list[str]) -> str:
    """A call as one writes it: in one line if that is short, else with a line for each argument."""
    line = f"{name}({', '.join(parts)})"
    if len(line) <= _WIDTH:
        return line
    indented = ",\n".join(parts).replace("\n", "\n    ")
    return f"{name}(\n    {indented},\n)"


def contents(path: str, value: object) -> Iterator[tuple[str, object]]:
    """What an attribute holds, alone or in lists, tuples and dicts, each with its path."""
    if isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            yield from contents(f"{path}.{position}", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from contents(f"{path}.{key}", item)
    else:
        yield path, value


def refuse_hidden(name: str, value: object) -> None:
    """Raise for layers and parameters in containers and objects in which they are not found."""
    if any(is_layer(item) or (isinstance(item, Tensor) and item.is_leaf) for item in _hidden(value)):
        raise TypeError(
            f"the attribute {name} is a {type(value).__name__} of layers or parameters, which would not be trained; "
            "put them in a list, a tuple or a dict"
        )


def _hidden(value: Any) -> Iterable[object]:
    """What is held by a value that nobody looks into."""
    if isinstance(value, (set, frozenset, deque, UserList)):
        return value
    if isinstance(value, (MappingProxyType, UserDict)):
        return value.values()
    if isinstance(value, np.ndarray) and value.dtype.hasobject:
        return value.ravel().tolist()
    if is_dataclass(value):
        return [getattr(value, each.name, None) for each in fields(value)]
    return vars(value).values() if isinstance(value, SimpleNamespace) else ()


def refuse_all_results(layer: Any) -> None:
    """The same for all that a layer holds when it has been made; those inside of it may remember results."""
    for name, value in vars(layer).items():
        refuse_results(type(layer).__name__, name, value)


def refuse_results(owner: str, name: str, value: object) -> None:
    """Raise for results of operations, which no optimiser could train, as attributes of a layer that is being made.

    Raises:
        TypeError: with what to write instead.
    """
    for path, item in contents(name, value):
        if isinstance(item, Tensor) and not item.is_leaf and not depends_on_a_variable(item._node):
            raise TypeError(
                f"{owner}.{path} is the result of an operation, which no optimiser could train; compute with arrays, "
                f"and write mg.Tensor(values, requires_grad=True)"
            )
