"""Did a contribution get lost, or counted wrongly, where a value is used several times?"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis.edges import Edge, Share, by_kind, edges_of, forks, nothing, parent_of, true_share
from minigrad.testing.diagnosis.evidence import Evidence
from minigrad.testing.diagnosis.form import named_factor
from minigrad.testing.diagnosis.tape import Tape


def path_missing(e: Evidence) -> Finding | None:
    """One of several uses of a value contributes nothing, or twice."""
    for group, factor in _scaled_edges(e):
        assert e.tape is not None
        place = e.tape.places(group)
        if abs(factor) < 1e-6:
            text = f"the contribution through {place} is missing"
            return e.finding("path.missing", text, "add what comes from each use of a value", place)
        if abs(factor - 2.0) < 1e-6:
            text = f"the contribution through {place} is counted twice"
            return e.finding("path.repeated", text, "add it once", place)
    return None


def path_scaled(e: Evidence) -> Finding | None:
    """What one of several uses of a value contributes has a wrong sign, or a factor that is the size of something."""
    telling = ("path.sign", "scale.batch", "scale.dimension")
    return next((found for found in _rescaled(e) if found.rule in telling), None)


def path_rescaled(e: Evidence) -> Finding | None:
    """What one of several uses of a value contributes has a wrong factor."""
    return next(_rescaled(e), None)


def _rescaled(e: Evidence) -> Iterator[Finding]:
    for group, factor in _scaled_edges(e):
        assert e.tape is not None
        place = e.tape.places(group)
        if abs(factor + 1.0) < 1e-6:
            text = f"the contribution through {place} has the wrong sign"
            yield e.finding("path.sign", text, "change its sign", place)
        else:
            name, text, fix = named_factor(factor, e)
            yield e.finding(name, f"of the contribution through {place} only: {text}", fix, place)


def _scaled_edges(e: Evidence) -> list[tuple[list[Edge], float]]:
    """The edges along which a factor explains the gradient, with the factor; found once for several rules."""
    if e.tape is None or e.actual.shape != e.truth.shape:
        return []
    if e.screen.scaled is None:
        e.screen.scaled = list(_found_edges(e))
    return e.screen.scaled


def _found_edges(e: Evidence) -> Iterator[tuple[list[Edge], float]]:
    assert e.tape is not None
    edges = e.tape.edges_towards(e.position)
    split = forks(edges)
    # Where a value is used several times first: further along the same path the numbers would be the same.
    groups = sorted(e.tape.groups(edges), key=lambda group: parent_of(group[0]) not in split)
    for group in e.tape.affordable(groups):
        if not e.screen.may_scale(group):
            continue
        without = e.tape.gradient(e.position, dict.fromkeys(group, nothing))
        through = e.truth - without
        if not without.any() or np.max(np.abs(through), initial=0.0) <= 10 * e.tolerance:
            continue
        factor = float(np.sum((e.actual - without) * through) / np.sum(through * through))
        # One edge of the group may feed another; then a factor is there several times.
        if e.explains(without + factor * through) and (len(group) == 1 or e.fits(_scaled(group, factor))):
            yield group, factor


def _scaled(group: list[Edge], factor: float) -> dict[Edge, Share]:
    return dict.fromkeys(group, lambda node, position, g: factor * true_share(node, position, g))


def paths_missing(e: Evidence) -> Finding | None:
    """Several contributions are missing at once: all of a kind, all but some of the leaf's own, or two results."""
    if e.tape is None or e.actual.shape != e.truth.shape:
        return None
    for dropped in e.tape.affordable(_sets_of_edges(e.tape, e.position)):
        if not dropped or not e.screen.may_drop(dropped):
            continue
        without = e.tape.gradient(e.position, dict.fromkeys(dropped, nothing))
        if without.any() and not e.is_true(without) and e.explains(without):
            shown = e.tape.places(dropped)
            text = f"the contribution through {shown} is missing"
            return e.finding("path.missing", text, "add what comes from each use of a value", shown)
    return None


def _sets_of_edges(tape: Tape, position: int) -> Iterator[list[Edge]]:
    edges = tape.edges_towards(position)
    starts = {node for node, _ in edges}
    results = [node for node in tape.nodes if node in starts and node is not tape.root]
    yield from (edges_of(node) for node in results)
    kinds = by_kind(edges)
    yield from (kind for kind in kinds if len(kind) > 1)
    split = forks(edges)
    # An edge to a fork, of one kind: h @ W in every step, but not the h @ W that is asked for.
    yield from (
        [edge for edge in kind if parent_of(edge) in split and parent_of(edge) is not tape.leaves[position]]
        for kind in kinds
    )
    own = [edge for edge in edges if parent_of(edge) is tape.leaves[position]]
    if len(own) <= 9:
        for length in range(2, len(own)):
            yield from (list(chosen) for chosen in itertools.combinations(own, length))
    if len(results) <= 40:
        for pair in itertools.combinations(results, 2):
            yield [edge for node in pair for edge in edges_of(node)]
