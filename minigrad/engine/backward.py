"""How gradients flow back through a graph.

Nothing here knows what a gradient is: arrays flow in a first-order pass, and whatever `lift` makes of them
(recorded values, when the pass itself is to be differentiated) in a pass of higher order. What is on its way is kept by
the pass, not by the graph: passes in several threads, and passes that were interrupted, cannot meet.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from minigrad.engine.constants import check_unchanged
from minigrad.engine.graph import NO_PARAMS, Node, Primitive, ancestors, newest_first
from minigrad.engine.hooks import after_hooks
from minigrad.engine.ownership import is_ours_alone
from minigrad.engine.recording import Observer
from minigrad.engine.shares import SCALARS, checked

Lift = Callable[[Any, Node], Any]


def backpropagate(
    roots: Sequence[tuple[Node, Any]],
    *,
    wanted: Collection[Node] | None = None,
    keep_graph: bool = False,
    lift: Lift | None = None,
    observer: Observer | None = None,
) -> dict[Node, Any]:
    """The gradients of ``sum(seed * root)`` over all roots, by leaves and by results that keep their gradient.

    Args:
        roots: results to differentiate, each with its seed, of its shape and dtype.
        wanted: the only nodes whose gradients are needed; every leaf when None.
        keep_graph: whether the graph can be differentiated again; otherwise it is released as the pass goes.
        lift: makes a recorded value of an array and its node. With it the rules run on such values, so that the
            gradients are themselves part of a graph.
        observer: is shown the gradient that arrives at each node.

    Returns:
        One entry for each node reached. No array is shared with another or with the graph.

    Raises:
        RuntimeError: through a part that was released, or after a leaf or a large constant has changed.
        TypeError: where a gradient would have to pass an argument without a derivative.
    """
    # Nothing older than the oldest of the wanted nodes was computed from any of them.
    oldest = min([node.order for node in wanted], default=0) if wanted else 0
    pending = ancestors([node for node, _ in roots], oldest)
    nodes = newest_first(pending)
    relevant = None if wanted is None else _on_the_way(nodes, wanted)
    watched = observer is not None or wanted is not None
    collected: dict[Node, Any] = {}
    # Nodes whose gradient on its way is an array that this pass made, and may therefore add to.
    sums: set[Node] = set()
    take, ndarray = pending.pop, np.ndarray
    for root, seed in roots:
        pending[root] = seed if pending[root] is None else pending[root] + seed
    node = nodes[0]
    try:
        for node in nodes:
            gradient = take(node)
            if gradient is None:
                continue
            op, args, out, params, parents = node.op, node.args, node.out, node.params, node.parents
            if watched or node.special:
                if node.hooks:
                    gradient = after_hooks(node, gradient, lift is not None)
                if observer is not None:
                    observer.cotangent(node, gradient)
                if node.special:
                    check_unchanged(node)
                if op is not None and (node in wanted if wanted is not None else node.keeps_grad):
                    collected[node] = np.positive(gradient)
            if op is None:
                # What is collected shares its memory with nothing, not even with what a rule may remember.
                collected[node] = gradient if lift is None and is_ours_alone(gradient) else np.positive(gradient)
                continue
            assert parents is not None
            rules = op.rules
            if op.variadic:
                rules = tuple([op.rule(position) for position in range(len(parents))])
            elif op.overwriting is not None and lift is None and is_ours_alone(gradient):
                rules = (op.overwriting,)
            if lift is not None:
                args = [arg if parent is None else lift(arg, parent) for arg, parent in zip(args, parents, strict=True)]
                out = lift(out, node)
            for position, parent in enumerate(parents):
                if parent is None or (relevant is not None and parent not in relevant):
                    continue
                rule = rules[position]
                if rule is None:
                    raise _without_rule(op, position, parent)
                share = rule(gradient, out, *args, **params) if params else rule(gradient, out, *args)
                target = parent.out
                # Numbers of one type need no comparison of shapes and dtypes, which takes longer than computing them.
                kind = type(share)
                if kind is not type(target) or (
                    kind not in SCALARS
                    if kind is not ndarray
                    else share.dtype is not target.dtype or share.shape != target.shape
                ):
                    share = checked(share, target, op, position)
                held = pending[parent]
                if held is None:
                    pending[parent] = share
                elif parent in sums:
                    np.add(held, share, out=held)
                else:
                    pending[parent] = held = held + share
                    if lift is None and type(held) is ndarray:
                        sums.add(parent)
            if not keep_graph and (relevant is None or any(parent in relevant for parent in parents)):
                # Nothing the node kept alive is needed any more.
                node.args, node.parents, node.params, node.out = (), None, NO_PARAMS, None
                if node.special:
                    node.stamps = node.hooks = None
            # So that only the pass refers to what is on its way.
            gradient = share = held = None
    except BaseException as error:
        error.add_note(f"while going back through {node.describe()}")
        raise
    return collected


def _on_the_way(nodes: list[Node], wanted: Collection[Node]) -> set[Node]:
    """The nodes through which a gradient must pass to arrive at the wanted ones, those included."""
    relevant = set(wanted)
    for node in reversed(nodes):
        if any(parent in relevant for parent in node.parents or ()):
            relevant.add(node)
    return relevant


def _without_rule(op: Primitive, position: int, parent: Node) -> TypeError:
    return TypeError(
        f"{op.name} has no derivative with respect to its argument {position}, {parent.describe()}, which requires a "
        "gradient; give it .detach() of that, or .numpy(), where a constant is meant"
    )
