"""From which random generators does a training draw, and where does each of them stand?"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minigrad.training.reaching import everything_in

_KINDS = (np.random.Generator, np.random.RandomState, random.Random)


class RandomSources:
    """Every generator that a training may draw from: those it finds in some things, and those that belong to everybody.

    The latter are what `np.random.seed` and `random.seed` set. The order is the same in the next process that runs the
    same script, so that states can be kept by position.

    Args:
        things: what takes part in a training: layers, data, functions with what they use from around them. Attributes,
            lists, tuples and dicts are looked into.
    """

    def __init__(self, *things: object) -> None:
        self.found = list(_found_in(things))

    def __len__(self) -> int:
        return len(self.found)

    def states(self) -> list[Any]:
        """Where each stands, as numbers, strings, lists and dicts that JSON can hold."""
        return [_plain(np.random.get_state(legacy=False)), _plain(random.getstate()), *map(_state, self.found)]

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
            _put(copy.deepcopy(source), state)
        _put(np.random.RandomState(), everybodys[0])
        _put(random.Random(), everybodys[1])
        for source, state in zip(self.found, own, strict=True):
            _put(source, state)
        np.random.set_state(everybodys[0])
        random.setstate(_python_state(everybodys[1]))


def _found_in(things: Sequence[object]) -> Iterator[Any]:
    places: set[int] = set()
    for thing in everything_in(things):
        if isinstance(thing, _KINDS):
            # Two generators of NumPy may share the place where they stand.
            place = thing.bit_generator if isinstance(thing, np.random.Generator) else thing
            if id(place) not in places:
                places.add(id(place))
                yield thing


def _state(source: Any) -> Any:
    if isinstance(source, np.random.Generator):
        return _plain(source.bit_generator.state)
    return _plain(source.getstate() if isinstance(source, random.Random) else source.get_state(legacy=False))


def _put(source: Any, state: Any) -> None:
    """Set one generator.

    Raises:
        ValueError: where the state is none of a generator of this kind.
    """
    try:
        if isinstance(source, np.random.Generator):
            source.bit_generator.state = state
        elif isinstance(source, random.Random):
            source.setstate(_python_state(state))
        else:
            source.set_state(state)
    except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
        kind = type(getattr(source, "bit_generator", source)).__name__
        raise ValueError(f"it has no state of a {kind} generator ({error})") from error


def _python_state(state: Any) -> Any:
    version, numbers, gauss = state
    return version, tuple(numbers), gauss


def _plain(state: Any) -> Any:
    """The same with lists for arrays and tuples."""
    if isinstance(state, dict):
        return {key: _plain(value) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return [_plain(value) for value in state]
    return state.tolist() if isinstance(state, np.ndarray) else state
