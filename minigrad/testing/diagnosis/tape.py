"""How did this result come about, and which gradient would a mistake at one place of the backward pass give?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.backprop import fitted
from minigrad.graph import Node, ancestors
from minigrad.modes import recording
from minigrad.tensor import Tensor
from minigrad.testing.subject import Subject

Array = NDArray[Any]
Edge = tuple[Node, int]
# What flows from a node to one of its arguments, given the gradient of the node; None for nothing.
Share = Callable[[Node, int, Array], Array | None]


class Tape:
    """A recorded computation, through which gradients can be sent back with a mistake somewhere.

    Attributes:
        root: the output.
        seed: its gradient.
        nodes: all results, newest first.
        leaves: the nodes whose gradients are asked for, by position.
        pruned: edges along which nothing that matters flows, such as the maximum that a stable softmax subtracts; a
            hand-written pass leaves them out, so mistakes are made without them.
        given: gradients that take the place of those that arrive at some nodes, on the way further down.
    """

    def __init__(self, output: Tensor, leaves: Sequence[Tensor], seed: Array) -> None:
        if output._node is None:
            raise ValueError("nothing was recorded")
        self.root = output._node
        self.seed = np.asarray(seed, dtype=output.dtype)
        self.nodes = ancestors(self.root)
        self.leaves = [tensor._node for tensor in leaves]
        self.given: Mapping[Node, Array] = {}
        self.pruned: Mapping[Edge, Share] = {}

    def gradient(
        self, position: int, changes: Mapping[Edge, Share] | None = None, skip: tuple[Node, Node] | None = None
    ) -> Array:
        """The gradient of one leaf, with mistakes as `run` makes them."""
        leaf = self.leaves[position]
        assert leaf is not None
        found = self.run({**self.pruned, **(changes or {})}, skip)
        gradient = found.get(leaf)
        return np.zeros_like(leaf.out) if gradient is None else np.asarray(gradient)

    def run(self, changes: Mapping[Edge, Share], skip: tuple[Node, Node] | None = None) -> dict[Node, Array]:
        """The gradients that arrive at all nodes.

        Args:
            changes: other shares along some edges.
            skip: two nodes; the gradient of the first goes to the second, past all that lies between.
        """
        arrived: dict[Node, Array] = {self.root: self.seed}
        for node in self.nodes:
            gradient = self.given.get(node, arrived.get(node))
            if gradient is None:
                continue
            if skip is not None and node is skip[0]:
                arrived[skip[1]] = gradient if skip[1] not in arrived else arrived[skip[1]] + gradient
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
        self.pruned = {}
        arrived = self.run({})
        tiny = 1e-12 * max((float(np.max(np.abs(g), initial=0.0)) for g in arrived.values()), default=0.0)
        idle = {node for node, g in arrived.items() if node.op is not None and np.max(np.abs(g), initial=0.0) <= tiny}
        edges = [edge for node in self.nodes for edge in edges_of(node) if parent_of(edge) in idle]
        self.pruned = dict.fromkeys(edges, nothing)

    def budget(self, position: int) -> int:
        """How many gradients may be computed in search of one explanation: more of a small tape."""
        return max(200, 200_000 // max(1, len(self.edges_towards(position))))

    def values(self) -> list[tuple[str, Array]]:
        """The arrays that occur in the computation, leaves first, each in words; no two are equal."""
        leaves = {parent_of(edge) for node in self.nodes for edge in edges_of(node)} - set(self.nodes)
        found: list[tuple[str, Array]] = []
        for node in [*sorted(leaves, key=lambda leaf: leaf.order), *reversed(self.nodes)]:
            array = np.asarray(node.out)
            if array.size > 1 and not any(np.array_equal(array, other) for _, other in found):
                found.append((self.place(node), array))
        return found

    def divides_by(self, array: Array) -> bool:
        """Whether something is divided by an array, of this shape or broadcast to it."""
        divisors = [np.asarray(node.args[1]) for node in self.nodes if node_op(node).name == "divide"]
        return any(
            divisor.ndim <= array.ndim and np.array_equal(np.broadcast_to(divisor, array.shape), array)
            for divisor in divisors
            if all(own in (1, other) for own, other in zip(divisor.shape[::-1], array.shape[::-1], strict=False))
        )

    def place(self, node: Node) -> str:
        """A node in words: its name, or its operation and which one of them it is, in the order of computation."""
        if node.op is None:
            return node.name or f"an input of shape {np.shape(node.out)}"
        if node.name is not None:
            return f"{node.name} ({node.op.name})"
        same = [other for other in reversed(self.nodes) if other.op is node.op]
        which = f" no. {same.index(node) + 1} of {len(same)}" if len(same) > 1 else ""
        return f"{node.op.name}{which} {np.shape(node.out)}"


def node_op(node: Node) -> Any:
    """The operation of a node that has one."""
    assert node.op is not None
    return node.op


def edges_of(node: Node) -> list[Edge]:
    """The edges from a node to the arguments that have a derivative."""
    if node.op is None or node.parents is None:
        return []
    return [(node, k) for k, p in enumerate(node.parents) if p is not None and node.op.rules[k] is not None]


def parent_of(edge: Edge) -> Node:
    """The node that an edge leads to."""
    node, position = edge
    assert node.parents is not None
    parent = node.parents[position]
    assert parent is not None
    return parent


def true_share(node: Node, position: int, gradient: Array) -> Array:
    """What the rule gives."""
    rule = node_op(node).rules[position]
    return rule(gradient, node.out, *node.args, **node.params)  # type: ignore[no-any-return]


def with_operands(out: Array, args: list[Array], node: Node, position: int, g: Array) -> Array:
    """What the rule gives, told another output or other arguments than those there were."""
    return node_op(node).rules[position](g, out, *args, **node.params)  # type: ignore[no-any-return]


def passed_on(node: Node, position: int, g: Array) -> Array:
    """The share of an operation whose derivative was left out."""
    shape = np.shape(parent_of((node, position)).out)
    if np.shape(g) == shape or node_op(node).broadcasts:
        return g
    axis = node.params.get("axis")
    # The gradient of a reduction, given to every element.
    return np.broadcast_to(g if axis is None or node.params.get("keepdims") else np.expand_dims(g, axis), shape)


def nothing(node: Node, position: int, gradient: Array) -> None:
    """The share of a path that was left out."""


def forks(edges: Collection[Edge]) -> set[Node]:
    """The nodes that are used more than once."""
    seen: set[Node] = set()
    twice: set[Node] = set()
    for edge in edges:
        (twice if parent_of(edge) in seen else seen).add(parent_of(edge))
    return twice


def by_kind(edges: Collection[Edge]) -> list[list[Edge]]:
    """The edges in groups of the same argument of the same operation."""
    groups: dict[object, list[Edge]] = {}
    for edge in edges:
        groups.setdefault((edge[0].op, edge[1]), []).append(edge)
    return list(groups.values())


def traced(subject: Subject, values: Sequence[Array], upstream: Sequence[Array]) -> Tape | None:
    """The tape of a subject's function; None for one that does not take Tensors."""
    tensors = [Tensor(v, requires_grad=True, name=leaf.name) for leaf, v in zip(subject.leaves, values, strict=True)]
    try:
        with recording(), np.errstate(all="ignore"):
            output = subject.traced(tensors)
            return Tape(output, tensors, upstream[0]) if output.shape == upstream[0].shape else None
    except Exception:
        # Any function may do anything with a Tensor; then there is no tape, and nothing else is lost.
        return None
