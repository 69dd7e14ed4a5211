"""Was the first or the last sample, step, row or column forgotten?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minigrad.engine.graph import Node
from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis.arrivals import Change, Named, at_the_leaf, on_the_way, uses_leaf
from minigrad.testing.diagnosis.edges import Edge, nothing, parent_of
from minigrad.testing.diagnosis.evidence import Array, Evidence
from minigrad.testing.diagnosis.tape import Tape

_FIX = "let the loop, or the slice, run over all: range(n), not range(n - 1)"


def row_missing(e: Evidence) -> Finding | None:
    """The first or the last row of the gradient itself is zero; or the turn of a loop that begins or ends it is."""
    name = at_the_leaf(e, _changes(e.truth.ndim))
    if name is not None:
        return e.finding("samples.missing", f"{name} of the gradient is zero: all others are right", _FIX)
    return _turn_missing(e)


def _turn_missing(e: Evidence) -> Finding | None:
    """What the first or the last turn of a loop adds to the gradient is not there."""
    if e.tape is None or e.actual.shape != e.truth.shape:
        return None
    edges = [edge for edge in e.tape.edges_towards(e.position) if parent_of(edge) is e.tape.leaves[e.position]]
    for group in e.tape.groups(edges):
        # Newest first: the last turn is the first here.
        ends = (("last", group[0]), ("first", group[-1])) if len(group) > 2 and not _is_one_line(group) else ()
        for word, edge in ends:
            if e.tape.log.site(edge[0]) is not None and e.fits({edge: nothing}):
                place = e.tape.place(edge[0])
                text = f"what the {word} of the {len(group)} turns of the loop contributes, through {place}, is missing"
                return e.finding("samples.missing", text, _FIX, place)
    return None


def _is_one_line(group: list[Edge]) -> bool:
    """Whether a line of code uses the leaf several times, as q, k, v = x @ wq, x @ wk, x @ wv does: that is no loop."""
    others = [[p for p in node.parents or () if p is not parent_of((node, k))] for node, k in group]
    inputs = {p for each in others for p in each if p is not None and p.op is None}
    return len(inputs) == len(group)


def _is_end(tape: Tape, node: Node, position: int) -> bool:
    """Whether a result is the output, or computed from the leaf directly."""
    return node is tape.root or uses_leaf(tape, node, position)


def samples_missing(e: Evidence) -> Finding | None:
    """What comes from the last or the first of several samples, steps, rows or columns is not there."""
    found = on_the_way(e, list(_changes(4)), _is_end)
    if found is None:
        return None
    name, place = found
    text = f"{name} is left out of what comes back to {place}: all others are right"
    return e.finding("samples.missing", text, _FIX, place)


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
