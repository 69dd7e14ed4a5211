"""What is recorded: primitives, the nodes their results leave behind, and the way back from a result."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

Rule = Callable[..., Any]


class Primitive:
    """A function of arrays, and for each of its array arguments the rule of its derivative.

    Attributes:
        name: what error messages and printed graphs call it.
        forward: ``forward(*arrays, **params)``, plain NumPy.
        rules: ``rules[i](g, out, *arrays, **params)`` gives the vector-Jacobian product with respect to argument i;
            ``None`` where there is none.
        broadcasts: whether arguments are broadcast against each other, so that a rule may return the shape of the
            result; the engine sums it down to the argument's shape. The rules of any other primitive return exactly
            the shape of their argument.
        reads: ``reads[i]`` holds what rule i takes values from: positions of arguments, and -1 for the result. Of
            all else it looks at shape and dtype only, so that a graph need not keep the values. None if unknown.
        in_place: the rule of the only argument once more, which writes into g; None if there is none.
        operator: computes what `forward` does where a Tensor is among the arguments; Python's operator instead of the
            ufunc if there is one, because it takes a tenth of the time for NumPy's scalars.
    """

    __slots__ = ("broadcasts", "forward", "in_place", "name", "operator", "reads", "rules")

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        rules: Sequence[Rule | None],
        broadcasts: bool,
        reads: Sequence[frozenset[int]] | None = None,
        operator: Callable[..., Any] | None = None,
    ) -> None:
        self.name = name
        self.forward = forward
        self.rules = rules
        self.broadcasts = broadcasts
        self.reads = reads
        self.operator = operator or forward
        self.in_place: Rule | None = None

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


_next_order = itertools.count().__next__
NO_PARAMS: dict[str, Any] = {}


class _Notes:
    """What is known of few nodes only, which then hold it in their `__dict__`.

    Attributes:
        grad: the gradient deposited for the user.
        changed: whether the array of this leaf was updated, or the leaf frozen, since.
        traced: whether this leaf is a variable of a transform, such as `minigrad.grad`.
        family: weak references to the Tensors that share memory with the one of this node, itself included.
        name: that the user gave.
    """

    __slots__ = ("__dict__",)

    grad: Any = None
    changed: bool = False
    traced: bool = False
    family: Any = None
    name: str | None = None


class Node(_Notes):
    """How one result was made: the operation, its arguments, the nodes those came from, and its parameters.

    A leaf (a Tensor that the user made) is a node without an operation. Large arguments and results whose values no
    rule will read are hollow. `order` counts the nodes made so far, `pending` is a gradient on its way through the
    current pass, and `keeps_grad` says whether the gradient of a result is to be deposited for the user.
    """

    __slots__ = ("args", "keeps_grad", "op", "order", "out", "params", "parents", "pending")

    def __init__(
        self,
        op: Primitive | None,
        args: Sequence[Any],
        parents: tuple[Node | None, ...] | None,
        params: dict[str, Any],
        out: Any,
    ) -> None:
        self.op = op
        self.args = args
        self.parents = parents
        self.params = params
        self.out = out
        self.order = _next_order()
        self.pending: Any = None
        self.keeps_grad = False

    def describe(self) -> str:
        """A short phrase for error messages."""
        if self.op is None:
            return f"the Tensor {self.name!r}" if self.name else f"a Tensor of shape {self.out.shape}"
        return f"the result {self.name!r} of {self.op.name}" if self.name else f"a result of {self.op.name}"


def leaf(array: Any, name: str | None = None, grad: Any = None) -> Node:
    """The node of a Tensor that was not computed but made by the user."""
    node = Node(None, (), (), NO_PARAMS, array)
    if name is not None:
        node.name = name
    if grad is not None:
        node.grad = grad
    return node


def ancestors(root: Node, oldest: int = 0) -> list[Node]:
    """Every node that `root` depends on, itself included, newest first.

    Newest first is an order in which each node comes before all that it was computed from, found without recursion.
    Results older than `oldest` are left out, with all that leads to nothing but them.

    Raises:
        RuntimeError: where a part of the graph was released by an earlier pass, or a leaf has changed since.
    """
    found = [root]
    seen = {root}
    # What is appended on the way is visited, too.
    for node in found:
        parents = node.parents
        if parents is None:
            raise RuntimeError(
                f"cannot differentiate: the graph behind {node.describe()} was released by an earlier backward pass; "
                "give retain_graph=True to that earlier pass if two passes, or two losses, share a part of the graph"
            )
        for parent in parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                if oldest and parent.order < oldest and parent.op is not None:
                    continue
                found.append(parent)
        if node.op is None and node.changed:
            raise RuntimeError(
                f"cannot differentiate: {node.describe()} was updated after it was used, and its old values "
                "are gone; compute the result again, and update or freeze parameters (optimizer.step(), "
                "`.data = ...`, requires_grad_(False)) only after backward()"
            )
    found.sort(key=attrgetter("order"), reverse=True)
    return found
