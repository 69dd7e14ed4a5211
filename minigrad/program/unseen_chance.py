"""Did a function draw random numbers that no recording sees: of the whole process, or of an object that it uses?"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad.program.errors import ProgramError

# How to ask for a state, and how to go back to it.
_Source = tuple[Callable[[], Any], Callable[[Any], Any]]


@contextmanager
def without_unseen_chance(name: str, things: Iterable[Any]) -> Iterator[None]:
    """A block in which a function is recorded, which may draw from recorded generators alone.

    Where the recording is refused, all others are again where they were: the function may be called as it is next.

    Args:
        name: of the function.
        things: what it uses; generators of random numbers among them are looked at.

    Raises:
        ProgramError: where it has drawn from one of them, or from `np.random` or `random` themselves.
    """
    sources: list[tuple[str, _Source]] = [
        ("np.random itself", (lambda: np.random.get_state(legacy=False), np.random.set_state)),
        ("random itself", (random.getstate, random.setstate)),
        *((f"a {type(each).__name__}", found) for each in things if (found := _source(each)) is not None),
    ]
    before = [ask() for _, (ask, _) in sources]
    try:
        yield
        for (called, (ask, _)), state in zip(sources, before, strict=True):
            if not _is_same(state, ask()):
                raise ProgramError(
                    f"{name} draws from {called} while it is recorded, and what it draws would be the same in every "
                    "call; write rng.random(), with rng = np.random.default_rng() as an argument"
                )
    except ProgramError:
        for (_, (_, go_back)), state in zip(sources, before, strict=True):
            go_back(state)
        raise


def _source(thing: Any) -> _Source | None:
    if isinstance(thing, np.random.RandomState):
        return lambda: thing.get_state(legacy=False), thing.set_state
    if type(thing) is np.random.Generator:
        bits = thing.bit_generator
        return lambda: bits.state, lambda state: setattr(bits, "state", state)
    if isinstance(thing, random.Random) and not isinstance(thing, random.SystemRandom):
        return thing.getstate, thing.setstate
    return None


def _is_same(mine: Any, other: Any) -> bool:
    """Whether two states are the same: dicts of numbers and arrays."""
    if isinstance(mine, dict):
        return mine.keys() == other.keys() and all(_is_same(mine[key], other[key]) for key in mine)
    return bool(np.array_equal(mine, other)) if isinstance(mine, np.ndarray) else bool(mine == other)
