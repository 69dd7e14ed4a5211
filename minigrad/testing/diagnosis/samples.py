"""Was the first or the last sample, step, row or column forgotten?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis.arrivals import Change, Named, at_the_leaf, on_the_way
from minigrad.testing.diagnosis.evidence import Array, Evidence


def samples_missing(e: Evidence) -> Finding | None:
    """What comes from the last or the first of several samples, steps, rows or columns is not there."""
    place = ""
    name = at_the_leaf(e, _changes(e.truth.ndim))
    if name is None:
        found = on_the_way(e, list(_changes(4)))
        if found is None:
            return None
        name, place = found
    at = f", at {place}" if place else ""
    text = f"{name} is left out of the gradient{at}: all others are right"
    return e.finding(
        "samples.missing", text, "let the loop, or the slice, run over all: range(n), not range(n - 1)", place
    )


def _changes(most: int) -> Iterator[Named]:
    words = ("sample or row", "step or column")
    for axis in range(most):
        what = words[axis] if axis < len(words) else "element"
        for end, word in ((-1, "last"), (0, "first")):
            yield f"the {word} {what} (index {end} along axis {axis})", _without(axis, end)


def _without(axis: int, index: int) -> Change:
    def change(g: Array, value: Array) -> Array | None:
        if axis >= g.ndim or g.shape[axis] < 3:
            return None
        changed = g.copy()
        changed[(slice(None),) * axis + (index,)] = 0.0
        return changed if np.any(changed) else None

    return change
