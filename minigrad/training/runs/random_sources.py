"""From which random generators does a training draw, and where does each of them stand?"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minigrad.nn.generators import bits, put, python_state, state_of
from minigrad.training.runs.reaching import everything_in

_KINDS = (np.random.Generator, np.random.BitGenerator, np.random.RandomState, random.Random)


class RandomSources:
    """Every generator that a training may draw from: those it finds in some things, and those that belong to everybody.

    The latter are what `np.random.seed` and `random.seed` set. The order is the same in the next process that runs the
    same script, so that states can be kept by position.

    Args:
        things: what takes part in a training: layers, data, functions. `everything_in` says what is found in them.
    """

    def __init__(self, *things: object) -> None:
        self.found = list(_found_in(things))

    def __len__(self) -> int:
        return len(self.found)

    def states(self) -> list[Any]:
        """Where each stands. `plain` gives what JSON can hold."""
        return [np.random.get_state(legacy=False), random.getstate(), *map(state_of, self.found)]

    def set(self, states: Sequence[Any]) -> None:
        """Put each of them where it stood.

        Raises:
            ValueError: for states of other generators, or none; no generator has changed then.
        """
        if not isinstance(states, list) or len(states) < 2:
            raise ValueError("it has no states of random generators")
        everybodys, own = states[:2], states[2:]
        if len(own) != len(self.found):
            raise ValueError(
                f"it was saved by a training that draws from {len(own)} random generators; this one draws from "
                f"{len(self.found)}"
            )
        for source, state in zip(self.found, own, strict=True):
            put(copy.deepcopy(source), state)
        put(np.random.RandomState(), everybodys[0])
        put(random.Random(), everybodys[1])
        for source, state in zip(self.found, own, strict=True):
            put(source, state)
        np.random.set_state(everybodys[0])
        random.setstate(python_state(everybodys[1]))


def _found_in(things: Sequence[object]) -> Iterator[Any]:
    places: set[int] = set()
    for thing in everything_in(things):
        # What the system gives stands nowhere.
        if isinstance(thing, _KINDS) and not isinstance(thing, random.SystemRandom):
            # Two generators of NumPy may share the place where they stand.
            place = bits(thing)
            if id(place) not in places:
                places.add(id(place))
                yield thing


def plain(state: Any) -> Any:
    """A state as numbers, strings, lists and dicts that JSON can hold."""
    if isinstance(state, dict):
        return {key: plain(value) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return [plain(value) for value in state]
    return state.tolist() if isinstance(state, (np.ndarray, np.generic)) else state
