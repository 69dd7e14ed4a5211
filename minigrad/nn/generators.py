"""From which random generators do layers draw?"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from minigrad.nn.attributes import contents
from minigrad.nn.mode import every_layer

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


def state_of(generator: Any) -> Any:
    """Where a generator stands."""
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    return generator.getstate() if isinstance(generator, random.Random) else generator.get_state(legacy=False)


def put(generator: Any, state: Any) -> None:
    """Let a generator stand where it stood."""
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    elif isinstance(generator, random.Random):
        generator.setstate(state)
    else:
        generator.set_state(state)
