"""Which arrays does an object keep that its methods compute with, and how are others put there for a while?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.testing.subjects.reachable import attributes_of, is_library

Array = NDArray[Any]


@dataclass(eq=False)
class Place:
    """Where an object keeps an array.

    Attributes:
        path: what the array is called.
        array: what is there.
        spots: what holds it, under which key, by the path to it; there may be several.
    """

    path: str
    array: Array
    spots: dict[str, tuple[Any, Any]]

    def put(self, value: Any) -> None:
        """Have something else there."""
        for holder, key in self.spots.values():
            if isinstance(holder, (dict, list)):
                holder[key] = value
            elif not isinstance(holder, tuple):
                setattr(holder, key, value)


def places_of(owner: Any) -> list[Place]:
    """Every floating-point array that an object keeps, in lists, dicts and other objects as well, each once."""
    found: dict[int, Place] = {}
    seen: set[int] = set()
    waiting = [("", owner)]
    while waiting:
        path, holder = waiting.pop(0)
        if id(holder) in seen:
            continue
        seen.add(id(holder))
        for key, name, item in _items(holder, path):
            if not isinstance(item, np.ndarray):
                waiting.append((name, item))
            elif item.dtype.kind == "f":
                found.setdefault(id(item), Place(name, item, {})).spots[name] = (holder, key)
    return list(found.values())


def _items(holder: Any, path: str) -> list[tuple[Any, str, Any]]:
    if isinstance(holder, dict):
        return [(key, f"{path}.{key}" if path else str(key), item) for key, item in holder.items()]
    if isinstance(holder, (list, tuple)):
        return [(key, f"{path}[{key}]", item) for key, item in enumerate(holder)]
    if is_library(type(holder)) or attributes_of(holder) is None:
        return []
    return [(key, f"{path}.{key}" if path else key, item) for key, item in vars(holder).items()]


@contextlib.contextmanager
def lent(places: Sequence[Place], values: Sequence[Any]) -> Iterator[None]:
    """Have other values in the places; the arrays that were there are put back with what was in them."""
    before = [place.array.copy() for place in places]
    try:
        for place, value in zip(places, values, strict=True):
            if isinstance(value, np.ndarray) and value.dtype == place.array.dtype and place.array.flags.writeable:
                place.array[...] = value
            else:
                place.put(value.copy() if isinstance(value, np.ndarray) else value)
        yield
    finally:
        for place, content in zip(places, before, strict=True):
            if place.array.flags.writeable:
                place.array[...] = content
            place.put(place.array)
