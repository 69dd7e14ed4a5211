"""By how much do gradients change when everything that they are computed from changes in its last place?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.graph import Node
from minigrad.engine.shares import fitted
from minigrad.testing.diagnosis.edges import edges_of, node_op, parent_of, true_share
from minigrad.testing.diagnosis.tape import Tape
from minigrad.testing.subjects.base import Array

# So often everything is changed.
CALLS = 6
# Rounding may be so many times what was seen of it.
ROUNDING = 20.0


def shaken(value: Array, rng: np.random.Generator, blank: bool = False) -> Array:
    """A value with other digits in the last place; `blank` where all there is are zeros, which have no last place."""
    steps = float(np.finfo(value.dtype).eps) * rng.choice([-2.0, -1.0, 1.0, 2.0], size=value.shape)
    return np.asarray(value + steps * (1.0 if blank else value)).astype(value.dtype)


def spreads_on_tape(
    tape: Tape, nodes: Sequence[Node | None], others: Sequence[Tape] = ()
) -> list[NDArray[np.float64] | None]:
    """By how much rounding changes the gradients of some results; None for one that has none.

    The gradients of all results and the shares of them are changed, each in its own way. What cancels shows, and what
    does not cancel stays as it is; sums of sizes would grow without bounds in a long chain.

    Args:
        tape: the computation.
        nodes: the results.
        others: the same computation from inputs that differ in the last place, so that values change as well.
    """
    with np.errstate(all="ignore"):
        right = tape.run({})
    found = [None if node is None or node not in right else np.zeros(np.shape(right[node])) for node in nodes]
    rng = np.random.default_rng(0)
    alike = [other for other in others if len(other.nodes) == len(tape.nodes)] or [tape]
    for number in range(CALLS):
        other = alike[number % len(alike)]
        same = dict(zip([*tape.nodes, *tape.leaves], [*other.nodes, *other.leaves], strict=True))
        arrived = _shaken_run(other, {same[node]: shaken(g, rng) for node, g in tape.given.items()}, rng)
        for node, spread in zip(nodes, found, strict=True):
            if node is not None and spread is not None and same[node] in arrived:
                with np.errstate(invalid="ignore"):
                    np.fmax(spread, np.abs(arrived[same[node]] - right[node]), out=spread)
    return found


def _shaken_run(tape: Tape, given: Mapping[Node | None, Array], rng: np.random.Generator) -> dict[Node | None, Array]:
    arrived: dict[Node | None, Array] = {tape.root: tape.seed}
    for node in tape.nodes:
        gradient = given.get(node, arrived.get(node))
        if gradient is None:
            continue
        for edge in edges_of(node):
            with np.errstate(all="ignore"):
                share = shaken(np.asarray(true_share(*edge, shaken(np.asarray(gradient), rng))), rng)
            parent = parent_of(edge)
            share = fitted(share, parent.out, node_op(node), edge[1])
            arrived[parent] = share if parent not in arrived else arrived[parent] + share
    return arrived
