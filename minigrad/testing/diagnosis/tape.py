"""How did this result come about, and which gradient would a mistake at one place of the backward pass give?"""

from __future__ import annotations

import copy
import heapq
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from minigrad.engine.graph import Node, ancestors, newest_first
from minigrad.engine.shares import fitted
from minigrad.engine.tensor import Tensor
from minigrad.testing.diagnosis.budget import Budget
from minigrad.testing.diagnosis.edges import (
    Array,
    Edge,
    Share,
    by_kind,
    edges_of,
    node_op,
    nothing,
    parent_of,
    true_share,
)
from minigrad.testing.diagnosis.probes import Probes
from minigrad.testing.recording.log import DEEPEST, Log

Candidate = TypeVar("Candidate")
# So many rules may be evaluated in search of one kind of explanation; one for so many elements counts twice.
WORK = 10_000
ELEMENTS = 2000
# What it costs to pass by one node, and to look at one candidate that does not even come to a rule.
NODE = 0.05
LOOK = 0.1
# So many arrays of a computation are tried in the place of others.
VALUES = 100


class Tape:
    """A recorded computation, through which gradients can be sent back with a mistake somewhere.

    Attributes:
        root: the output.
        seed: its gradient.
        nodes: all results, newest first.
        leaves: the nodes whose gradients are asked for, by position.
        pruned: edges along which nothing that matters flows, such as the maximum that a stable softmax subtracts; a
            hand-written pass leaves them out, so mistakes are made without them.
        cause: what explained the gradient of another leaf: the number of the rule, its name, and where.
        given: gradients that take the place of those that arrive at some nodes, on the way further down.
    """

    def __init__(
        self,
        output: Tensor,
        leaves: Sequence[Tensor],
        seed: Array,
        log: Log | None = None,
        budget: Budget | None = None,
    ) -> None:
        if output._node is None:
            raise ValueError("nothing was recorded")
        self.root = output._node
        self.seed = np.asarray(seed, dtype=output.dtype)
        self.nodes = [node for node in newest_first(ancestors([self.root])) if node.op is not None]
        self.leaves = [tensor._node for tensor in leaves]
        self.log = log or Log()
        self.given: Mapping[Node, Array] = {}
        self.pruned: Mapping[Edge, Share] = {}
        self.cause: tuple[int, str, str] | None = None
        self._right: dict[Node, Array] | None = None
        self.budget = budget or Budget()
        self.budget.knows(len(self.nodes))
        self._probes: dict[int, Probes | None] = {}

    def replace_nodes(self, others: Mapping[Node, Node]) -> None:
        """Other nodes in the place of some, with the same results."""
        self.root = others[self.root]
        self.nodes = [node for node in newest_first(ancestors([self.root])) if node.op is not None]
        self.leaves = [None if leaf is None else others.get(leaf, leaf) for leaf in self.leaves]
        self.given = {others.get(node, node): gradient for node, gradient in self.given.items()}
        self.pruned, self._right, self._probes = {}, None, {}
        # What was found out about the nodes before belongs to those.
        self.__dict__.pop("values", None)
        self.__dict__.pop("_made_by", None)
        self.__dict__.pop("users", None)
        self.__dict__.pop("_numbers", None)

    def gradient(
        self, position: int, changes: Mapping[Edge, Share] | None = None, skip: tuple[Node, Node] | None = None
    ) -> Array:
        """The gradient of one leaf, with mistakes on the way.

        Args:
            position: of the leaf.
            changes: other shares along some edges.
            skip: two nodes; the gradient of the first goes to the second, past all that lies between.
        """
        leaf = self.leaves[position]
        assert leaf is not None
        arrived = self.arrived()
        zero: Array = np.zeros_like(leaf.out)
        changes = changes or {}
        # What the mistakes change flows back by itself, because the way back is linear.
        changed: dict[Node, Array] = {}
        if skip is not None:
            if skip[0] not in arrived:
                return zero
            changed[skip[1]] = arrived[skip[0]]
            changes = {**dict.fromkeys(edges_of(skip[0]), nothing), **changes}
        # Only what the mistakes touch is gone through, newest first.
        affected = {edge[0] for edge in changes} | changed.keys()
        waiting = [self._numbers[node] for node in affected if node in self._numbers]
        heapq.heapify(waiting)
        seen = set(waiting)
        while waiting:
            node = self.nodes[heapq.heappop(waiting)]
            self.spend(NODE)
            right = self.given.get(node, arrived.get(node))
            difference = None if node in self.given else changed.get(node)
            for edge in edges_of(node):
                parent = parent_of(edge)
                for sign, share, gradient in self._differing(edge, changes.get(edge), right, difference):
                    found = share(*edge, gradient)
                    self.spend(1.0 + (0 if found is None else found.size) / ELEMENTS)
                    if found is not None:
                        found = sign * fitted(found, parent.out, node_op(node), edge[1])
                        changed[parent] = found if parent not in changed else changed[parent] + found
                        number = self._numbers.get(parent)
                        if number is not None and number not in seen:
                            seen.add(number)
                            heapq.heappush(waiting, number)
        total: Array = np.asarray(arrived.get(leaf, zero))
        return np.asarray(total + changed[leaf]) if leaf in changed else total

    def arrived(self) -> Mapping[Node, Array]:
        """The gradients that arrive at all nodes when no mistake is made."""
        if self._right is None:
            self._right = self.run(self.pruned)
        return self._right

    def probes(self, position: int) -> Probes | None:
        """By which to see, without sending anything back, what a change somewhere does to a leaf's gradient.

        None where the results cannot be computed again at other values.
        """
        if position not in self._probes:
            leaf = self.leaves[position]
            assert leaf is not None
            try:
                found = Probes(leaf, self.nodes, self.arrived(), self.pruned, self.given)
            except Exception:
                # The forward pass of an operation may refuse what is only a little different.
                found = None
            self._probes[position] = found
        return self._probes[position]

    def _differing(
        self, edge: Edge, change: Share | None, right: Array | None, difference: Array | None
    ) -> list[tuple[float, Share, Array]]:
        """The shares along an edge that were not there, or not like this, before a mistake was made.

        Args:
            edge: where.
            change: the mistake that is made there, if any.
            right: the right gradient that arrives, None for none.
            difference: what mistakes further up add to it.
        """
        there = edge not in self.pruned
        if change is None:
            return [(1.0, true_share, difference)] if there and difference is not None else []
        whole = right if difference is None else difference if right is None else right + difference
        return [
            *([(-1.0, true_share, right)] if there and right is not None else []),
            *([(1.0, change, whole)] if whole is not None else []),
        ]

    def run(self, changes: Mapping[Edge, Share]) -> dict[Node, Array]:
        """The gradients that arrive at all nodes, with other shares along some edges."""
        self.spend(len(self.nodes))
        arrived: dict[Node, Array] = {self.root: self.seed}
        for node in self.nodes:
            gradient = self.given.get(node, arrived.get(node))
            if gradient is None:
                continue
            for edge in edges_of(node):
                share = (changes.get(edge) or true_share)(*edge, gradient)
                if share is None:
                    continue
                parent = parent_of(edge)
                share = fitted(share, parent.out, node_op(node), edge[1])
                arrived[parent] = share if parent not in arrived else arrived[parent] + share
        return arrived

    def edges_towards(self, position: int) -> list[Edge]:
        """The edges along which a gradient arrives at a leaf, newest first."""
        leaf = self.leaves[position]
        reached: set[Node | None] = {leaf}
        for node in reversed(self.nodes):
            if any(parent_of(edge) in reached for edge in edges_of(node)):
                reached.add(node)
        return [edge for node in self.nodes if node in reached for edge in edges_of(node) if parent_of(edge) in reached]

    def prune(self, position: int) -> None:
        """Find the edges to nodes without a gradient of their own worth the name, when all is right."""
        self.pruned, self._right, self._probes = {}, None, {}
        arrived = self.run({})
        tiny = 1e-12 * max((float(np.max(np.abs(g), initial=0.0)) for g in arrived.values()), default=0.0)
        idle = {node for node, g in arrived.items() if node.op is not None and np.max(np.abs(g), initial=0.0) <= tiny}
        edges = [edge for node in self.nodes for edge in edges_of(node) if parent_of(edge) in idle]
        self.pruned = dict.fromkeys(edges, nothing)

    def unpruned(self) -> Tape:
        """The same with all edges, those as well along which nothing flows when all is right."""
        other = copy.copy(self)
        other.pruned, other._right = {}, None
        return other

    def affordable(self, candidates: Iterable[Candidate], work: int = WORK) -> Iterator[Candidate]:
        """Candidates for an explanation, until they have cost enough work."""
        start = self.budget.spent
        for candidate in candidates:
            if self.budget.spent - start > work or not self.budget.allows(0):
                return
            self.spend(LOOK)
            yield candidate

    def spend(self, work: float) -> None:
        """Note that something was tried."""
        self.budget.spend(work)

    def groups(self, edges: Sequence[Edge]) -> list[list[Edge]]:
        """Edges where one mistake in the code may be: the same place of a loop, single ones, all of a kind."""
        looped: list[list[Edge]] = []
        # A function that is called in several places: by the whole way to each of them first, then all at once.
        for depth in range(DEEPEST, 0, -1):
            sites: dict[tuple[object, object, int], list[Edge]] = {}
            for edge in edges:
                sites.setdefault((self.log.stack(edge[0])[:depth], edge[0].op, edge[1]), []).append(edge)
            looped += [
                group for (stack, _, _), group in sites.items() if stack and len(group) > 1 and group not in looped
            ]
        kinds = [kind for kind in by_kind(edges) if len(kind) > 1 and kind not in looped]
        # In x * x both arguments are one value.
        twice = [[a, b] for a, b in itertools.pairwise(edges) if a[0] is b[0] and parent_of(a) is parent_of(b)]
        return [*looped, *([edge] for edge in edges), *twice, *kinds]

    @cached_property
    def _numbers(self) -> dict[Node, int]:
        """Which of the results each is, newest first."""
        return {node: number for number, node in enumerate(self.nodes)}

    @cached_property
    def users(self) -> dict[Node, list[Node]]:
        """What is computed from each result directly."""
        found: dict[Node, list[Node]] = {}
        for node in self.nodes:
            for parent in {parent for parent in node.parents or () if parent is not None}:
                found.setdefault(parent, []).append(node)
        return found

    @cached_property
    def values(self) -> list[tuple[str, Array]]:
        """The arrays that occur in the computation, leaves first, each in words; no two are equal, and not too many."""
        leaves = {parent_of(edge) for node in self.nodes for edge in edges_of(node)} - set(self.nodes)
        found: dict[tuple[tuple[int, ...], bytes], tuple[str, Array]] = {}
        for node in [*sorted(leaves, key=lambda leaf: leaf.order), *reversed(self.nodes)]:
            array = np.asarray(node.out)
            key = (array.shape, array.tobytes())
            if array.size > 1 and key not in found:
                found[key] = (self.place(node), array)
                if len(found) == VALUES:
                    break
        return list(found.values())

    def divides_by(self, array: Array) -> bool:
        """Whether something is divided by an array, of this shape or broadcast to it."""
        divisors = [np.asarray(node.args[1]) for node in self.nodes if node_op(node).name == "divide"]
        return any(
            divisor.ndim <= array.ndim and np.array_equal(np.broadcast_to(divisor, array.shape), array)
            for divisor in divisors
            if all(own in (1, other) for own, other in zip(divisor.shape[::-1], array.shape[::-1], strict=False))
        )

    def places(self, edges: Sequence[Edge]) -> str:
        """Where some edges start, in words."""
        found = list(dict.fromkeys(self.place(node) for node, _ in edges))
        return ", ".join(found[:2]) + (f" and {len(found) - 2} more" if len(found) > 2 else "")

    def place(self, node: Node) -> str:
        """A node in words: its name, or its operation and which one of them it is, in the order of computation."""
        if node.op is None:
            return node.name or f"an input of shape {np.shape(node.out)}"
        if node.name is not None:
            return f"{node.name} ({node.op.name})"
        site = self.log.site(node)
        same = self._made_by[node.op]
        which = f" no. {same[site or node] + 1} of {len(same)}" if len(same) > 1 else ""
        return f"{node.op.name}{which} {np.shape(node.out)}" + (
            f" in {Path(site[0].co_filename).name}:{site[2]}" if site else ""
        )

    @cached_property
    def _made_by(self) -> dict[object, dict[object, int]]:
        """For each operation, where in the code it is called, numbered in the order of computation.

        A loop makes the same thing many times; in the code it is there once.
        """
        found: dict[object, dict[object, int]] = {}
        for node in reversed(self.nodes):
            places = found.setdefault(node.op, {})
            places.setdefault(self.log.site(node) or node, len(places))
        return found
