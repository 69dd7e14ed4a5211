"""How are all random numbers that some functions draw made the same in every call?"""

from __future__ import annotations

import copy
import random
from typing import Any

import numpy as np

from minigrad.testing.subjects.reachable import reachable


class Generators:
    """The sources of random numbers that the roots can get at, in attributes, closures, defaults, globals; NumPy's own.

    Args:
        roots: functions, objects, anything that holds some.
    """

    def __init__(self, *roots: Any) -> None:
        kinds = (np.random.Generator, np.random.RandomState, random.Random)
        self._found = [value for value in reachable(*roots) if isinstance(value, kinds)]
        self._before = [_state(value) for value in self._found]
        self._globals = np.random.get_state(), random.getstate()

    def __len__(self) -> int:
        return len(self._found)

    def set(self, seed: int) -> None:
        """Start all of them anew, as after ``np.random.seed(seed)``."""
        np.random.seed(seed)
        random.seed(seed)
        for number, value in enumerate(self._found):
            if isinstance(value, np.random.Generator):
                bits = value.bit_generator
                # Streams of their own, so that two masks are not the same.
                bits.state = type(bits)(np.random.SeedSequence([seed, number])).state
            else:
                value.seed((1000 * seed + number + 1) % 2**32)

    def put_back(self) -> None:
        """Leave all of them as they were found."""
        np.random.set_state(self._globals[0])
        random.setstate(self._globals[1])
        for value, state in zip(self._found, self._before, strict=True):
            if isinstance(value, np.random.Generator):
                value.bit_generator.state = state
            elif isinstance(value, np.random.RandomState):
                value.set_state(state)
            else:
                value.setstate(state)


def _state(value: Any) -> Any:
    if isinstance(value, np.random.Generator):
        return copy.deepcopy(value.bit_generator.state)
    return value.get_state() if isinstance(value, np.random.RandomState) else value.getstate()
