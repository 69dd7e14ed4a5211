"""Did numbers grow and grow before they went bad: along a recurrence, or from step to step of a training?"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any
from weakref import ref

import numpy as np

from minigrad.debugging.causes import Cause
from minigrad.debugging.numbers import shown, size_of
from minigrad.debugging.places import Place
from minigrad.debugging.scenes import Note, backwards
from minigrad.engine.graph import Node

# Numbers that grow so often by such a factor, again and again, will overflow.
_TIMES = 4
_FACTOR = 1.5
# So much larger than they were in the beginning, or than 1, are weights that run away.
_RUN_AWAY = 30.0
_LOOKED_AT = 10_000

Step = tuple[str, Place | None, float]


@dataclass(slots=True)
class _Sizes:
    """How large a leaf was in the passes so far."""

    array: ref[Any]
    first: float
    passes: int = 0
    latest: deque[float] = field(default_factory=lambda: deque(maxlen=8))


class Leaves:
    """The sizes of all leaves that gradients have arrived at, by their arrays, which optimisers write to."""

    def __init__(self) -> None:
        self._sizes: dict[int, _Sizes] = {}

    def note(self, leaf: Node) -> None:
        """Note how large a leaf is in a pass."""
        array = leaf.out
        if type(array) is not np.ndarray:
            return
        sizes = self._sizes.get(id(array))
        if sizes is None or sizes.array() is not array:
            self._sizes = {key: each for key, each in list(self._sizes.items()) if each.array() is not None}
            sizes = self._sizes[id(array)] = _Sizes(ref(array), size_of(array))
        sizes.passes += 1
        sizes.latest.append(size_of(array))

    def was_finite(self, leaf: Node) -> bool:
        """Whether a leaf was seen in an earlier pass, and held finite numbers there."""
        sizes = self._known(leaf)
        return sizes is not None and math.isfinite(sizes.latest[-1])

    def grown(self, nodes: Iterable[Node]) -> Cause | None:
        """The cause, where a leaf among some nodes is much larger than it was, and still growing."""
        for node in nodes:
            sizes = self._known(node) if node.op is None else None
            if sizes is None:
                continue
            before, now = sizes.first, size_of(node.out)
            last = sizes.latest[-1]
            growing = not now < last and all(a <= b for a, b in pairwise(list(sizes.latest)[-3:]))
            if growing and not now < _RUN_AWAY * max(before, 1.0):
                return Cause(
                    "learning rate too high",
                    f"the weights grow from step to step: {node.describe()} held numbers up to {shown(before)} in the "
                    f"first pass, up to {shown(last)} in pass {sizes.passes}, and holds {shown(now)} now",
                    "make the learning rate smaller, by a factor of 10 to begin with; or bound the gradients with "
                    "max_norm= in the optimiser",
                )
        return None

    def _known(self, leaf: Node) -> _Sizes | None:
        sizes = self._sizes.get(id(leaf.out))
        return sizes if sizes is not None and sizes.array() is leaf.out and sizes.latest else None


def along_values(node: Node) -> Cause | None:
    """The cause, where the values of a line that is run again and again grow each time."""
    steps = [
        (each.op.name, each.seen.place, size_of(each.out))
        for each in islice(backwards(node), 1, _LOOKED_AT)
        if each.op is not None and type(each.seen) is Note
    ]
    return _recurrence(steps[::-1], "values", "")


def along_gradients(steps: Sequence[Step]) -> Cause | None:
    """The cause, where the gradients of a line that was run again and again grow each time on the way back."""
    return _recurrence(steps, "gradients", "; max_norm= of an optimiser bounds gradients while they are finite")


def _recurrence(steps: Sequence[Step], what: str, further: str) -> Cause | None:
    by_line: dict[tuple[str, Place | None], list[float]] = {}
    for name, place, size in steps:
        by_line.setdefault((name, place), []).append(size)
    for (name, place), sizes in by_line.items():
        kept = [size for size in sizes if 0.0 < size < math.inf]
        latest = kept[-_TIMES - 1 :]
        if place is None or len(latest) <= _TIMES:
            continue
        if all(after >= _FACTOR * before for before, after in pairwise(latest)):
            factor = (latest[-1] / latest[0]) ** (1.0 / _TIMES) if latest[-1] / latest[0] < math.inf else math.inf
            return Cause(
                "exploding recurrence",
                f"the {what} grow by a factor of about {shown(factor)} each time that {name} runs in line "
                f"{place.line} of {place.file}, {len(kept)} times in this graph, up to {shown(latest[-1])}",
                "scale what is multiplied again and again (smaller weights, or an orthogonal matrix), normalise inside "
                f"the loop, or use fewer steps{further}",
            )
    return None
