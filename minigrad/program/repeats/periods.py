"""Where does a list of labels repeat, one copy right after the other?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# So many instructions make a body at least.
SHORTEST = 2


class Run(NamedTuple):
    """``labels[start + i] == labels[start + i + period]`` for all i below length."""

    start: int
    period: int
    length: int

    @property
    def covered(self) -> int:
        """How many labels belong to it."""
        return self.length + self.period


def runs(labels: Sequence[int]) -> list[Run]:
    """All repetitions of at least two whole copies, those that cover most first, of these the shortest period first."""
    array = np.asarray(labels)
    found: list[Run] = []
    for period in _distances(labels):
        equal = np.concatenate(([False], array[:-period] == array[period:], [False]))
        edges = np.flatnonzero(equal[1:] != equal[:-1])
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            if stop - start >= period:
                found.append(Run(start, period, stop - start))
    return sorted(found, key=lambda run: (-run.covered, run.period, run.start))


def _distances(labels: Sequence[int]) -> list[int]:
    """Between equal labels that might belong to neighbouring copies."""
    last: dict[int, list[int]] = {}
    found: set[int] = set()
    for position, label in enumerate(labels):
        before = last.setdefault(label, [])
        # A label may stand several times in one copy.
        found.update([position - each for each in before[-_IN_ONE_COPY:]])
        before.append(position)
    return sorted(distance for distance in found if distance >= SHORTEST and 2 * distance <= len(labels))


_IN_ONE_COPY = 60
