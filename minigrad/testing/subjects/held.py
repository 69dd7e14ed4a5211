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


@dataclass(frozen=True, eq=False)
class Place:
    """Where an object keeps an array: the path to it, and what holds it, under which key."""

    path: str
    holder: Any
    key: Any
    array: Array

    def put(self, value: Any) -> None:
        """Have something else there."""
        if isinstance(self.holder, tuple):
            return
        if isinstance(self.holder, (dict, list)):
            self.holder[self.key] = value
        else:
            setattr(self.holder, self.key, value)


def places_of(owner: Any) -> list[Place]:
    """Every floating-point array that an object keeps, in lists, dicts and other objects as well, each once."""
    return list(_places(owner, "", set()))


def _places(holder: Any, path: str, seen: set[int]) -> Iterator[Place]:
    if id(holder) in seen:
        return
    seen.add(id(holder))
    if isinstance(holder, dict):
        items = [(key, f"{path}.{key}" if path else str(key), item) for key, item in holder.items()]
    elif isinstance(holder, (list, tuple)):
        items = [(key, f"{path}[{key}]", item) for key, item in enumerate(holder)]
    elif is_library(type(holder)) or attributes_of(holder) is None:
        return
    else:
        items = [(key, f"{path}.{key}" if path else key, item) for key, item in vars(holder).items()]
    for key, name, item in items:
        if isinstance(item, np.ndarray):
            if item.dtype.kind == "f" and id(item) not in seen:
                seen.add(id(item))
                yield Place(name, holder, key, item)
        else:
            yield from _places(item, name, seen)


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
