"""What is recorded: primitives, the nodes their results leave behind, and what a result depends on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any

from minigrad.engine.stand_ins import with_kernel

Rule = Callable[..., Any]
Positions = frozenset[int]


class Primitive:
    """A function of arrays, and for each of its array arguments the rule of its derivative.

    Attributes:
        name: what error messages and printed graphs call it.
        meaning: ``meaning(*arrays, **params)``, plain NumPy as a person would write it.
        forward: gives the same for arrays: the meaning itself, or a kernel in its place that takes less time.
        careful: gives the same also for what stands in for arrays.
        rules: ``rules[i](g, out, *arrays, **params)`` gives the vector-Jacobian product with respect to argument i;
            ``None`` where there is none. A `variadic` primitive has one, which takes the position first.
        broadcasts: whether arguments are broadcast against each other, so that a rule may return the shape of the
            result; the engine sums it down to the argument's shape. The rules of any other primitive return exactly
            the shape of their argument.
        reads: ``reads[i]`` holds what rule i takes values from: positions of arguments, and -1 for the result. Of
            all else it looks at shape and dtype only, so that a graph need not keep the values. None if unknown.
        ever_read: the positions of arguments that some rule takes values from; None if unknown.
        variadic: whether it takes any number of arrays, for which it has one rule.
        overwriting: the rule of the only argument once more, which writes into g; None if there is none.
        operator: computes what `forward` does where a Tensor is among the arguments; Python's operator instead of the
            ufunc if there is one, because it takes a tenth of the time for NumPy's scalars.
    """

    __slots__ = (
        "broadcasts",
        "careful",
        "ever_read",
        "forward",
        "meaning",
        "name",
        "operator",
        "overwriting",
        "reads",
        "rules",
        "variadic",
    )

    def __init__(
        self,
        name: str,
        meaning: Callable[..., Any],
        rules: Sequence[Rule | None],
        broadcasts: bool,
        reads: Sequence[Positions] | None = None,
        operator: Callable[..., Any] | None = None,
        variadic: bool = False,
        kernel: Callable[..., Any] | None = None,
    ) -> None:
        self.name = name
        self.meaning = meaning
        self.forward = meaning if kernel is None else kernel
        self.careful = meaning if kernel is None else with_kernel(meaning, kernel)
        self.rules = tuple(rules)
        self.broadcasts = broadcasts
        self.reads = reads
        self.ever_read = None if reads is None else tuple(sorted(Positions().union(*reads) - {-1}))
        self.operator = operator or self.forward
        self.variadic = variadic
        self.overwriting: Rule | None = None

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def rule(self, position: int) -> Rule | None:
        """The rule of one argument; None if there is no derivative with respect to it."""
        if not self.variadic:
            return self.rules[position]
        (every,) = self.rules
        assert every is not None
        return partial(every, position)

    def read_by(self, position: int) -> Positions | None:
        """What the rule of one argument takes values from, as in `reads`; None if that is unknown."""
        return None if self.reads is None else self.reads[0 if self.variadic else position]


def values_read(primitive: Primitive, parents: Sequence[Node | None]) -> Positions | None:
    """What the rules of those arguments read that have a node; None if that is unknown."""
    if primitive.reads is None:
        return None
    return _values_read(primitive, tuple([parent is not None for parent in parents]))


@lru_cache(maxsize=1024)
def _values_read(primitive: Primitive, wanted: tuple[bool, ...]) -> Positions:
    return Positions().union(*[primitive.read_by(position) or () for position, asked in enumerate(wanted) if asked])


next_order = itertools.count().__next__
NO_PARAMS: dict[str, Any] = {}
# Stands in `Node.depends` for whatever is no variable of a transform: parameters, for example.
OUTSIDE = 0


class _Notes:
    """What is known of few nodes only, which then hold it in their `__dict__`.

    Attributes:
        grad: the gradient deposited for the user.
        changed: whether the array of this leaf was updated, or the leaf frozen, since.
        name: that the user gave.
        stamps: tell whether large constants among the arguments have changed since; see `minigrad.engine.constants`.
        keeps_grad: whether the gradient of this result is to be deposited for the user.
        is_variable: whether a transform, such as `minigrad.grad`, differentiates by this leaf or result.
        hooks: functions of the user that are shown the gradient of this leaf or result; see `minigrad.engine.hooks`.
        seen: what an observer has noted about it.
    """

    __slots__ = ("__dict__",)

    grad: Any = None
    changed: bool = False
    name: str | None = None
    stamps: Any = None
    keeps_grad: bool = False
    is_variable: bool = False
    hooks: dict[int, Callable[[Any], Any]] | None = None
    seen: Any = None


class Node(_Notes):
    """How one result was made: the operation, its arguments, the nodes those came from, and its parameters.

    A leaf (a Tensor that the user made) is a node without an operation. Large arguments and results whose values no
    rule will read are hollow. `order` counts the nodes made so far, `special` says whether a pass has to look at stamps
    or at `keeps_grad`, and `depends` has the numbers of the transforms on whose variables the result depends.
    """

    __slots__ = ("args", "op", "order", "out", "params", "parents", "special")

    depends = frozenset({OUTSIDE})

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
        self.special = False
        self.order = next_order()

    def describe(self) -> str:
        """A short phrase for error messages."""
        if self.op is None:
            return f"the Tensor {self.name!r}" if self.name else f"a Tensor of shape {self.out.shape}"
        return f"the result {self.name!r} of {self.op.name}" if self.name else f"a result of {self.op.name}"


class TracedNode(Node):
    """A node made while a transform, such as `minigrad.grad`, is calling a function."""

    __slots__ = ("depends",)


def leaf(array: Any, name: str | None = None) -> Node:
    """The node of a Tensor that was not computed but made by the user."""
    node = Node(None, (), (), NO_PARAMS, array)
    if name is not None:
        node.name = name
    return node


# The numbers of the transforms that are calling a function now, in any thread. Single operations of sets are atomic, so
# that no lock is needed; no number is used twice.
active_traces: set[int] = set()
new_trace_number = itertools.count(1).__next__


def inherit_traces(node: Node, parents: Iterable[Node | None]) -> None:
    """Let a node depend on whatever its parents depend on."""
    depends = None
    for parent in parents:
        if parent is not None:
            found = parent.depends
            if depends is None or depends is found:
                depends = found
            elif not found <= depends:
                depends = found if depends <= found else still_active(depends | found)
    node.depends = depends or frozenset()


def still_active(numbers: Iterable[int]) -> frozenset[int]:
    """What of `Node.depends` has a meaning: transforms that have returned are forgotten."""
    return frozenset([number for number in numbers if number == OUTSIDE or number in active_traces])


def depends_on_a_variable(node: Node | None) -> bool:
    """Whether a result depends on a variable of a transform that is calling its function now, in any thread."""
    return node is not None and bool(active_traces) and not active_traces.isdisjoint(node.depends)


def is_variable(node: Node | None) -> bool:
    """Whether a transform differentiates, or has differentiated, by the Tensor of this node."""
    return node is not None and node.is_variable


def ancestors(roots: Iterable[Node], oldest: int = 0) -> dict[Node, Any]:
    """Every node that the roots depend on, themselves included, each with None as its value.

    Found without recursion. Results older than `oldest` are left out, with all that leads to nothing but them.

    Raises:
        RuntimeError: where a part of the graph was released by an earlier pass, or a leaf has changed since.
    """
    found: dict[Node, Any] = dict.fromkeys(roots)
    waiting = list(found)
    wait = waiting.append
    # What is appended on the way is visited, too.
    for node in waiting:
        parents = node.parents
        if parents is None:
            raise RuntimeError(
                f"cannot differentiate: the graph behind {node.describe()} was released by an earlier backward pass; "
                "give retain_graph=True to that earlier pass if two passes, or two losses, share a part of the graph"
            )
        for parent in parents:
            if parent is not None and parent not in found:
                if oldest and parent.order < oldest and parent.op is not None:
                    continue
                found[parent] = None
                wait(parent)
        if node.op is None and node.changed:
            raise RuntimeError(
                f"cannot differentiate: {node.describe()} was updated after it was used, and its old values "
                "are gone; compute the result again, and update or freeze parameters (optimizer.step(), "
                "`.data = ...`, requires_grad_(False)) only after backward()"
            )
    return found


def newest_first(nodes: Iterable[Node]) -> list[Node]:
    """Nodes in an order in which each comes before all that it was computed from."""
    return sorted(nodes, key=attrgetter("order"), reverse=True)
