"""From which random generators do layers draw, and where do these stand?"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from minigrad.nn.attributes import contents
from minigrad.nn.mode import every_layer

_SPAWNED = "spawned"
# What layers of users may draw from; those of `minigrad.nn` draw from the first.
_KINDS = (np.random.Generator, np.random.RandomState, random.Random)


def generators_of(layer: Any) -> list[Any]:
    """The generators that a layer and those inside of it hold, also in lists, tuples and dicts."""
    return [
        item
        for each in every_layer(layer)
        for name, value in vars(each).items()
        for _, item in contents(name, value)
        if isinstance(item, _KINDS)
    ]


def bits(source: Any) -> Any:
    """Where a new generator of NumPy has its state; the others have it themselves."""
    return source.bit_generator if isinstance(source, np.random.Generator) else source


def state_of(source: Any) -> Any:
    """Where a generator stands."""
    if isinstance(source, (np.random.Generator, np.random.BitGenerator)):
        return {**bits(source).state, _SPAWNED: _spawned(source)}
    return source.getstate() if isinstance(source, random.Random) else source.get_state(legacy=False)


def _spawned(source: Any) -> int:
    """How many generators a generator has made by its method `spawn`, which is no part of NumPy's state."""
    return getattr(bits(source).seed_seq, "n_children_spawned", 0)


def _spawn(source: Any, count: int) -> None:
    """Make so many, so that the next one is what it would be. A number that is too large already stays."""
    while (missing := count - _spawned(source)) > 0 and hasattr(bits(source).seed_seq, "n_children_spawned"):
        bits(source).seed_seq.spawn(min(missing, 1000))


def put(source: Any, state: Any) -> None:
    """Let a generator stand where it stood.

    Raises:
        ValueError: where the state is none of a generator of this kind.
    """
    try:
        if isinstance(source, (np.random.Generator, np.random.BitGenerator)):
            bits(source).state = state
            _spawn(source, int(state[_SPAWNED]))
        elif isinstance(source, random.Random):
            source.setstate(python_state(state))
        else:
            source.set_state(state)
    except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
        kind = type(bits(source)).__name__
        raise ValueError(f"it has no state of a {kind} generator ({error})") from error


def python_state(state: Any) -> Any:
    """A state of Python's generator with tuples, where JSON has made lists of them."""
    version, numbers, gauss = state
    return version, tuple(numbers), gauss
