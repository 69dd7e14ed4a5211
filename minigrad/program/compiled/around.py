"""Which arrays, Tensors and generators around a function become inputs of its code, and does it leave all as it was?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad.engine.stand_ins import StandIn
from minigrad.engine.tensor import Tensor
from minigrad.program.compiled.watched import Attribute, DictItem, ListItem, Variable, Watched
from minigrad.program.errors import ProgramError
from minigrad.program.held import HeldAttribute, HeldTensor, HeldVariable
from minigrad.program.inputs import Slot


def variables_in(watches: Sequence[Watched], arrays: Sequence[Watched], known: Sequence[Slot]) -> list[Slot]:
    """The generators in variables of functions, each once, those of layers are known; and some arrays.

    An array in a tuple is one wherever that tuple is. What is in a place that cannot be changed is left out.
    """
    seen = {id(slot.held.read()) for slot in known if isinstance(slot.held, (HeldAttribute, HeldVariable))}
    generators: dict[int, Watched] = {}
    for each in watches:
        if isinstance(each.value, np.random.Generator) and id(each.value) not in seen:
            generators.setdefault(id(each.value), each)
    found: dict[Any, Slot] = {}
    for each in (*generators.values(), *arrays):
        places = list(_places(each.holder, each.key, (), watches))
        if all(not isinstance(place.holder, tuple) for place in places):
            for place in places:
                found.setdefault(place.key, Slot(each.value, each.name, None, "", place))
    return list(found.values())


def _places(holder: Any, name: Any, path: tuple[int, ...], watches: Sequence[Watched]) -> Iterator[HeldVariable]:
    around = [each for each in watches if each.value is holder] if isinstance(holder, tuple) else []
    if not around:
        yield HeldVariable(holder, name, path)
    for each in around:
        yield from _places(each.holder, each.key, (name, *path), watches)


def tensors_in(watches: Sequence[Watched], known: Sequence[Slot]) -> list[Slot]:
    """The Tensors in variables that are not known, each once."""
    seen = {id(slot.held.tensor) for slot in known if isinstance(slot.held, HeldTensor)}
    found = []
    for each in watches:
        if isinstance(each.value, Tensor) and each.value.is_leaf and id(each.value) not in seen:
            seen.add(id(each.value))
            found.append(Slot(each.value, each.name, None, "", HeldTensor(each.value)))
    return found


@contextmanager
def unchanged(watches: Sequence[Watched]) -> Iterator[None]:
    """A block in which a function is recorded, after which everything around it is as it was.

    Raises:
        ProgramError: where the function has changed something, or keeps a stand-in.
    """
    dicts = {id(each.holder): each.holder for each in watches if isinstance(each.holder, dict)}
    keys = {number: set(holder) for number, holder in dicts.items()}
    kept: list[str] = []
    try:
        yield
    finally:
        for number, holder in dicts.items():
            for key in [key for key in holder if key not in keys[number] and _is_stand_in(holder[key])]:
                del holder[key]
                kept.append(str(key))
        changed = [each.name for each in watches if not each.holds()]
        for each in watches:
            if not each.holds():
                _put_back(each)
    for name in (*changed, *kept):
        raise ProgramError(
            f"the function changes {name} while it runs, which compiled code would not do; pass it as an argument, "
            "return its new value, or change it outside of the function"
        )


def _put_back(each: Watched) -> None:
    """Let a place hold what it held, where something can be put there."""
    if isinstance(each, (Variable, DictItem, ListItem, Attribute)) and not isinstance(each.holder, tuple):
        HeldVariable(each.holder, each.key).put(each.value)


def _is_stand_in(value: Any) -> bool:
    return isinstance(value._array if isinstance(value, Tensor) else value, StandIn)
