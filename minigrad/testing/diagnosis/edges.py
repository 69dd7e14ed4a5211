"""What flows from a result to one of its arguments, rightly or by a mistake?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.graph import Node

Array = NDArray[Any]
# A result, and the position of one of its arguments.
Edge = tuple[Node, int]
# What flows from a node to one of its arguments, given the gradient of the node; None for nothing.
Share = Callable[[Node, int, Array], Array | None]


def node_op(node: Node) -> Any:
    """The operation of a node that has one."""
    assert node.op is not None
    return node.op


def edges_of(node: Node) -> list[Edge]:
    """The edges from a node to the arguments that have a derivative."""
    if node.op is None or node.parents is None:
        return []
    return [(node, k) for k, p in enumerate(node.parents) if p is not None and node.op.rule(k) is not None]


def parent_of(edge: Edge) -> Node:
    """The node that an edge leads to."""
    node, position = edge
    assert node.parents is not None
    parent = node.parents[position]
    assert parent is not None
    return parent


def true_share(node: Node, position: int, gradient: Array) -> Array:
    """What the rule gives."""
    rule = node_op(node).rule(position)
    return rule(gradient, node.out, *node.args, **node.params)  # type: ignore[no-any-return]


def with_operands(out: Array, args: list[Array], node: Node, position: int, g: Array) -> Array:
    """What the rule gives, told another output or other arguments than those there were."""
    return node_op(node).rule(position)(g, out, *args, **node.params)  # type: ignore[no-any-return]


def told(replaced: Mapping[Node, Array]) -> Share:
    """The rule of what uses some results, with others in their place."""

    def share(user: Node, position: int, g: Array) -> Array:
        pairs = zip(user.args, user.parents or (), strict=True)
        args = [replaced.get(parent, arg) if parent is not None else arg for arg, parent in pairs]
        return with_operands(node_op(user).forward(*args, **user.params), args, user, position, g)

    return share


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
