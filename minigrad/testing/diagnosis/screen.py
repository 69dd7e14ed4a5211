"""Which mistakes are out of the question, as far as two numbers tell?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.engine.graph import Node
from minigrad.testing.diagnosis.edges import Array, Edge, Share, edges_of
from minigrad.testing.diagnosis.tape import ELEMENTS, Tape


class Screen:
    """Lets mistakes pass whose effect on a leaf's gradient may be the difference that is to be explained.

    Args:
        tape: through which gradients go back.
        position: of the leaf.
        difference: of the claimed gradient from the right one.
        tolerance: how exactly that is to be met.
    """

    def __init__(self, tape: Tape, position: int, difference: Array, tolerance: float) -> None:
        self._tape, self._probes = tape, tape.probes(position)
        # Edges, and the factor on them that explains the difference; None before they are looked for.
        self.scaled: list[tuple[list[Edge], float]] | None = None
        self._feeding: dict[tuple[Edge, ...], bool] = {}
        directions = [] if self._probes is None else self._probes.directions
        total = max([float(np.sum(np.abs(direction))) for direction in directions], default=0.0)
        self._needed = np.array([float(np.sum(direction * difference)) for direction in directions])
        self._numbers = self._needed.tolist()
        self._margin = 2.0 * tolerance * total

    def may_fit(self, changes: Mapping[Edge, Share], skip: tuple[Node, Node] | None = None) -> bool:
        """Whether other shares along some edges, or a part that is skipped, may explain the difference."""
        probes = self._probes
        self._tape.spend(len(changes) or 0.2)
        if probes is None:
            return True
        if skip is not None:
            later = probes.arriving(skip[0])
            if changes or later is None:
                return later is not None
            effect = probes.effect(skip[1], later) - sum(probes.through(edge) for edge in edges_of(skip[0]))
            return self._may_explain(effect)
        found = [probes.change(edge, share) for edge, share in changes.items()]
        effects = [effect for effect in found if effect is not None]
        if not any(effect.any() for effect in effects):
            return False
        return self._feed(tuple(changes)) or self._may_explain(sum(effects))

    def may_skip_to(self, later: Node, others: Sequence[Node]) -> list[Node]:
        """To which of some results, of one shape, the gradient of a later one may have been passed on as it is."""
        self._tape.spend(0.2 + 2 * len(others) * np.size(later.out) / (50 * ELEMENTS))
        if self._probes is None:
            return list(others)
        gradient = self._probes.arriving(later)
        if gradient is None:
            return []
        effects = self._probes.effects(others, gradient) - sum(self._probes.through(edge) for edge in edges_of(later))
        near = np.abs(effects - self._needed) <= 1e-4 * np.abs(self._needed) + self._margin
        return [node for node, fits in zip(others, near.all(axis=1), strict=True) if fits]

    def may_drop(self, edges: Sequence[Edge]) -> bool:
        """Whether the claim may lack what comes through these edges."""
        self._tape.spend(0.2 * len(edges))
        if self._probes is None or self._feed(tuple(edges)):
            return True
        return self._may_explain(-np.sum([self._probes.through(edge) for edge in edges], axis=0))

    def may_scale(self, edges: Sequence[Edge]) -> bool:
        """Whether the claim may have a wrong factor on what comes through these edges."""
        self._tape.spend(0.2 * len(edges))
        if self._probes is None or self._feed(tuple(edges)):
            return True
        through = np.sum([self._probes.through(edge) for edge in edges], axis=0)
        # Both numbers have to be in one ratio.
        margins = (1e-4 * np.abs(self._needed) + self._margin) * np.abs(through[::-1])
        apart = self._needed[0] * through[1] - self._needed[1] * through[0]
        return bool(np.any(through)) and not abs(apart) > np.sum(margins)

    def _may_explain(self, effect: Any) -> bool:
        # Two numbers: plain ones are compared faster than arrays.
        return all(
            not abs(float(got) - needed) > 1e-4 * abs(needed) + self._margin
            for got, needed in zip(effect, self._numbers, strict=True)
        )

    def _feed(self, edges: tuple[Edge, ...]) -> bool:
        """Whether some edges feed others of them, so that the effects of changes do not just add up."""
        if self._probes is None or len({node for node, _ in edges}) < 2:
            return False
        if edges not in self._feeding:
            self._feeding[edges] = self._probes.feed(edges)
        return self._feeding[edges]
