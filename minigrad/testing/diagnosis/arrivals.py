"""Would the claimed gradient follow if what arrives at one result of the computation were changed as a whole?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from minigrad.engine.graph import Node
from minigrad.testing.diagnosis.edges import Array, Share, edges_of, node_op, parent_of, true_share
from minigrad.testing.diagnosis.evidence import Evidence
from minigrad.testing.diagnosis.tape import WORK, Tape

# The gradient that arrives and the value that it belongs to; the gradient that a mistake makes of it, None for none.
Change = Callable[[Array, Array], Array | None]
# A mistake in words, and what it does.
Named = tuple[str, Change]


def own_value(e: Evidence) -> Array | None:
    """The value of the leaf in question."""
    if e.point is not None:
        return np.asarray(e.point.values[e.position])
    if e.tape is not None:
        leaf = e.tape.leaves[e.position]
        return None if leaf is None else np.asarray(leaf.out)
    return e.tensors.get(e.leaf)


def at_the_leaf(e: Evidence, changes: Iterable[Named]) -> str | None:
    """Which change of the right gradient of the leaf itself gives the claimed one."""
    if e.sampled or e.actual.shape != e.truth.shape:
        return None
    value = own_value(e)
    for name, change in changes:
        candidate = change(e.truth, e.truth if value is None else value)
        if candidate is not None and e.explains(candidate) and not e.is_true(candidate):
            return name
    return None


def on_the_way(
    e: Evidence,
    changes: Sequence[Named],
    where: Callable[[Tape, Node, int], bool] | None = None,
    work: int = WORK,
) -> tuple[str, str] | None:
    """Which change of what arrives at a result gives the claimed gradient of the leaf, and at which result.

    Args:
        e: what is known.
        changes: the mistakes that might have been made.
        where: tells at which results, given the tape, the result and the position of the leaf; everywhere by default.
        work: how many rules may be evaluated.
    """
    if e.tape is None or e.actual.shape != e.truth.shape:
        return None
    groups = [g for g in _groups(e) if where is None or where(e.tape, g[0], e.position)]
    candidates = ((name, change, group) for group in groups for name, change in changes)
    for name, change, group in e.tape.affordable(candidates, work):
        share = _share(change)
        edges = [edge for node in group for edge in edges_of(node) if edge not in e.tape.pruned]
        if edges and e.fits(dict.fromkeys(edges, share)):
            return name, e.tape.place(group[0])
    return None


def uses_leaf(tape: Tape, node: Node, position: int) -> bool:
    """Whether a result is computed from the leaf directly."""
    return any(parent_of(edge) is tape.leaves[position] for edge in edges_of(node))


def is_taken_apart(tape: Tape, node: Node, position: int) -> bool:
    """Whether parts of a result are used one by one, or it was put together from parts."""
    parts = [user for user in tape.users.get(node, ()) if node_op(user).name == "getitem"]
    return len(parts) > 1 or node_op(node).name in ("concatenate", "stack", "assign")


def _groups(e: Evidence) -> list[list[Node]]:
    """The results between the output and the leaf: those of one place of a loop together, then one by one."""
    assert e.tape is not None
    nodes = list(dict.fromkeys(edge[0] for edge in e.tape.edges_towards(e.position)))
    nodes = [node for node in nodes if np.ndim(node.out)]
    sites: dict[Any, list[Node]] = {}
    for node in nodes:
        site = e.tape.log.site(node)
        sites.setdefault((site, node.op) if site is not None else node, []).append(node)
    return [*(group for group in sites.values() if len(group) > 1), *([node] for node in nodes)]


def _share(change: Change) -> Share:
    def share(node: Node, position: int, g: Array) -> Array:
        changed = change(g, np.asarray(node.out))
        if changed is None:
            raise ValueError("this mistake cannot be made here")
        return true_share(node, position, changed)

    return share


def operations_towards(e: Evidence, names: Sequence[str]) -> Iterator[list[Node]]:
    """The operations of these names on the way to the leaf, in the groups in which one line of code makes them."""
    if e.tape is None or e.actual.shape != e.truth.shape:
        return
    for group in _groups(e):
        if node_op(group[0]).name in names:
            yield group
