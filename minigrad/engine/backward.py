"""How gradients flow back through a graph.

Nothing here knows what a gradient is: arrays flow in a first-order pass, and whatever `lift` makes of them
(recorded values, when the pass itself is to be differentiated) in a pass of higher order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from minigrad.engine.graph import NO_PARAMS, Node, Primitive, ancestors
from minigrad.kernels.buffers import holds_alone

Lift = Callable[[Any, Node], Any]


def backpropagate(
    root: Node,
    seed: Any,
    *,
    wanted: Collection[Node] | None = None,
    keep_graph: bool = False,
    lift: Lift | None = None,
) -> dict[Node, Any]:
    """The gradients of ``sum(seed * root)`` with respect to leaves and to results that keep their gradient.

    Args:
        root: the result to differentiate.
        seed: the gradient of `root`, of its shape and dtype.
        wanted: the only nodes whose gradients are needed; every leaf when None.
        keep_graph: whether the graph can be differentiated again; otherwise it is released as the pass goes.
        lift: makes a recorded value of an array and its node. With it the rules run on such values, so that the
            gradients are themselves part of a graph.

    Returns:
        One entry for each node reached. No array is shared with another or with the graph.
    """
    # Nothing older than the oldest of the wanted nodes was computed from any of them.
    nodes = ancestors(root, min([node.order for node in wanted], default=0) if wanted else 0)
    relevant = None if wanted is None else _on_the_way(nodes, wanted)
    collected: dict[Node, Any] = {}
    # Nodes whose gradient on its way is an array that this pass made, and may therefore add to in place.
    sums: set[Node] = set()
    ndarray = np.ndarray
    root.pending = seed
    node = root
    try:
        for node in nodes:
            if node.pending is None:
                continue
            op, args, out, params, parents = node.op, node.args, node.out, node.params, node.parents
            if op is None:
                # What is collected shares its memory with nothing, not even with what a rule may remember.
                collected[node] = node.pending if lift is None and holds_alone(node) else np.positive(node.pending)
                node.pending = None
                continue
            assert parents is not None
            rules = op.rules
            if op.in_place is not None and lift is None and holds_alone(node):
                rules = (op.in_place,)
            gradient, node.pending = node.pending, None
            if node.keeps_grad if wanted is None else node in wanted:
                collected[node] = np.positive(gradient)
            if lift is not None:
                # The outputs of a function, taken as one, have parents alone.
                pairs = zip(args, parents, strict=bool(args))
                args = [arg if parent is None else lift(arg, parent) for arg, parent in pairs]
                out = lift(out, node)
            for position, parent in enumerate(parents):
                if parent is None or (relevant is not None and parent not in relevant):
                    continue
                rule = rules[position]
                if rule is None:
                    continue
                share = rule(gradient, out, *args, **params) if params else rule(gradient, out, *args)
                target = parent.out
                # Numbers of one type need no comparison of shapes and dtypes, which takes longer than computing them.
                if type(share) is not type(target) or (
                    type(share) is ndarray and (share.dtype is not target.dtype or share.shape != target.shape)
                ):
                    share = _checked(share, target, op, position)
                if parent.pending is None:
                    parent.pending = share
                elif parent in sums:
                    np.add(parent.pending, share, out=parent.pending)
                else:
                    parent.pending = parent.pending + share
                    if lift is None and type(parent.pending) is ndarray:
                        sums.add(parent)
            if not keep_graph and (relevant is None or any(parent in relevant for parent in parents)):
                # Nothing the node kept alive is needed any more.
                node.args, node.parents, node.params, node.out = (), None, NO_PARAMS, None
            # So that only the nodes refer to what is on its way.
            gradient = share = None
    except BaseException as error:
        error.add_note(f"while going back through {node.describe()}")
        for node in nodes:
            node.pending = None
        raise
    return collected


def _on_the_way(nodes: list[Node], wanted: Collection[Node]) -> set[Node]:
    """The nodes through which a gradient must pass to arrive at the wanted ones, those included."""
    relevant = set(wanted)
    for node in reversed(nodes):
        if any(parent in relevant for parent in node.parents or ()):
            relevant.add(node)
    return relevant


def _checked(share: Any, target: Any, op: Primitive, position: int) -> Any:
    """What a rule returned, as an array in exactly the shape and dtype of the argument it belongs to."""
    try:
        fits = share.shape == target.shape and (share.dtype is target.dtype or share.dtype == target.dtype)
    except AttributeError:
        kind = type(share).__name__
        hint = " (does the rule return something?)" if share is None else ""
        raise TypeError(f"the rule of {op.name} for argument {position} returned {kind}, not an array{hint}") from None
    return share if fits else fitted(share, target, op, position)


def fitted(share: Any, target: Any, op: Primitive, position: int) -> Any:
    """What a rule returned, in exactly the shape and dtype of the argument it belongs to."""
    if share.shape != target.shape:
        if not op.broadcasts or not _broadcasts_to(target.shape, share.shape):
            raise ValueError(
                f"the rule of {op.name} for argument {position} returned shape {share.shape}; "
                f"the argument has shape {target.shape}"
            )
        share = _summed_to(share, target.shape)
    if share.dtype != target.dtype:
        if share.dtype.kind not in "fiub":
            raise TypeError(f"the rule of {op.name} for argument {position} returned dtype {share.dtype}")
        share = share.astype(target.dtype)
    return share


def _broadcasts_to(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether an array of `shape` can be broadcast to `target`."""
    aligned = target[len(target) - len(shape) :]
    return len(shape) <= len(target) and all(own in (1, other) for own, other in zip(shape, aligned, strict=True))


def _summed_to(gradient: Any, shape: tuple[int, ...]) -> Any:
    """Undo broadcasting: sum over the axes along which an argument of `shape` was repeated."""
    added = gradient.ndim - len(shape)
    if gradient.size == math.prod(shape):
        return np.reshape(gradient, shape)
    stretched = [added + axis for axis, size in enumerate(shape) if size == 1 and gradient.shape[added + axis] != 1]
    axes = (*range(added), *stretched)
    return np.reshape(np.sum(gradient, axis=axes), shape)
