"""What would a mistake at one place do to a leaf's gradient, as far as two numbers can tell?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from minigrad.engine.graph import Node
from minigrad.engine.shares import fitted
from minigrad.testing.diagnosis.edges import Array, Edge, Share, edges_of, node_op, parent_of, true_share

STEP = 1e-5


class Probes:
    """Directions in which a leaf moves, and how every result moves with it.

    If t is how a result moves when the leaf moves by r, then what is added to the gradient d of that result changes
    the product of r and the leaf's gradient by the product of t and d. So two directions, found once in two passes
    forward, tell of any change in one place whether it may explain a gradient, without sending it back.
    """

    def __init__(
        self,
        leaf: Node,
        nodes: Sequence[Node],
        arrived: Mapping[Node, Array],
        pruned: Mapping[Edge, Share],
        given: Mapping[Node, Array],
    ) -> None:
        self._leaf, self._nodes, self._arrived, self._pruned, self._given = leaf, nodes, arrived, pruned, given
        rng = np.random.default_rng(0)
        shape = np.shape(leaf.out)
        self.directions = [np.asarray(rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 1.5, shape)) for _ in range(2)]
        both = [self._moving(direction) for direction in self.directions]
        self._moves = {node: np.stack([np.reshape(moves[node], -1) for moves in both]) for node in both[0]}
        self._stacks: dict[tuple[Node, ...], Array] = {}
        self._effects: dict[Edge, Array | None] = {}

    def _moving(self, direction: Array) -> dict[Node, Array]:
        value = np.asarray(self._leaf.out)
        step = STEP * (float(np.sqrt(np.mean(value * value))) or 1.0) if value.size else STEP
        ahead, behind = (self._replayed(value + sign * step * direction) for sign in (1.0, -1.0))
        return {node: (np.asarray(ahead[node]) - behind[node]) / (2.0 * step) for node in ahead}

    def _replayed(self, value: Array) -> dict[Node, Array]:
        values = {self._leaf: value}
        for node in reversed(self._nodes):
            moved = {
                k: values[parent_of((node, k))]
                for _, k in edges_of(node)
                if parent_of((node, k)) in values and self._follows((node, k))
            }
            if moved and node is not self._leaf:
                args = [moved.get(k, arg) for k, arg in enumerate(node.args)]
                values[node] = np.asarray(node_op(node).forward(*args, **node.params))
        return values

    def _follows(self, edge: Edge) -> bool:
        return edge not in self._pruned and (parent_of(edge) is self._leaf or parent_of(edge) not in self._given)

    def effect(self, node: Node, gradient: Array) -> Array:
        """What the products become larger by when a gradient is added to that of a result."""
        if node in self._given and node is not self._leaf:
            return np.zeros(2)
        moves = self._moves.get(node)
        return np.zeros(2) if moves is None else moves @ np.reshape(gradient, -1)

    def effects(self, nodes: Sequence[Node], gradient: Array) -> Array:
        """What the products become larger by when a gradient is added to that of one or another result, in rows."""
        key = tuple(nodes)
        if key not in self._stacks:
            still = np.zeros((2, np.size(gradient)))
            fixed = {node for node in nodes if node in self._given and node is not self._leaf}
            self._stacks[key] = np.array([still if n in fixed else self._moves.get(n, still) for n in nodes])
        return np.asarray(self._stacks[key] @ np.reshape(gradient, -1))

    def through(self, edge: Edge) -> Array:
        """What comes through an edge when all is right; nothing through one that is pruned."""
        if edge not in self._effects:
            gradient = self.arriving(edge[0])
            there = gradient is not None and edge not in self._pruned
            self._effects[edge] = self._sent(edge, true_share, gradient) if there and gradient is not None else None
        found = self._effects[edge]
        return np.zeros(2) if found is None else found

    def change(self, edge: Edge, share: Share) -> Array | None:
        """What another share along an edge changes; None where no gradient arrives."""
        gradient = self.arriving(edge[0])
        return None if gradient is None else self._sent(edge, share, gradient) - self.through(edge)

    def arriving(self, node: Node) -> Array | None:
        """The right gradient of a result."""
        return self._given.get(node, self._arrived.get(node))

    def _sent(self, edge: Edge, share: Share, gradient: Array) -> Array:
        found = share(*edge, gradient)
        if found is None:
            return np.zeros(2)
        parent = parent_of(edge)
        return self.effect(parent, fitted(found, parent.out, node_op(edge[0]), edge[1]))

    def feed(self, edges: Sequence[Edge]) -> bool:
        """Whether what comes through some of these edges goes on through others of them."""
        starts = {node for node, _ in edges}
        reached = {parent_of(edge) for edge in edges}
        for node in self._nodes:
            if node in reached and node not in self._given:
                if node in starts:
                    return True
                reached.update(parent_of(edge) for edge in edges_of(node))
        return False
