"""Which results of a recorded pass are a sigmoid, a softmax or the like, that the user wrote out in several steps?"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from minigrad.engine.graph import Node, Primitive
from minigrad.testing.diagnosis.edges import Array, edges_of, node_op, parent_of
from minigrad.testing.diagnosis.folded_operations import (
    ALONG_AXES,
    ELEMENTWISE,
    MULTIPLY,
    REDUCING,
    SIGMOID,
    STANDARDISE,
)
from minigrad.testing.diagnosis.tape import Tape

# A function that is written out takes no more steps than this.
STEPS = 40
# Larger arrays are not compared: what a user wrote shows in small ones as well.
LARGEST = 20_000
# Epsilons are smaller than this.
EPSILON = 0.1

# No function that is recognised does without all of these.
TELLING = {"exp", "expm1", "exp2", "tanh", "sinh", "logaddexp", "logsumexp", "sqrt", "std", "power"}

Match = tuple[Primitive, dict[str, Any]]


def folded(tape: Tape) -> Tape | None:
    """The same computation with one node for each function that was written out; None where there is none.

    A result belongs to such a function if it depends on one earlier result alone, and has the values that the function
    gives for that. How it was written does not matter: with masks, in place, with or without a shift by the maximum.
    """
    return _Folding(tape).tape()


class _Folding:
    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._copies: dict[Node, Node] = {}
        self._values: dict[tuple[Node, Primitive, Any], Array] = {}
        self._found = False

    def tape(self) -> Tape | None:
        if not any(node_op(node).name in TELLING for node in self._tape.nodes):
            return None
        for node in reversed(self._tape.nodes):
            self._copies[node] = self._copied(node)
        if not self._found:
            return None
        again = copy.copy(self._tape)
        again.replace_nodes(self._copies)
        return again

    def _copied(self, node: Node) -> Node:
        parents = tuple(None if p is None else self._copies.get(p, p) for p in node.parents or ())
        new = Node(node.op, node.args, parents, node.params, node.out)
        new.order, new.name = node.order, node.name
        new = self._gate(new) or new
        start, match = self._whole(new)
        if start is None or match is None:
            return new
        self._found = True
        whole = Node(match[0], [start.out], (start,), match[1], node.out)
        whole.order, whole.name = node.order, node.name
        return whole

    def _gate(self, node: Node) -> Node | None:
        """A quotient with 1 + exp(-x) below, as it is in x / (1 + exp(-x)): a product with a sigmoid."""
        if node_op(node).name not in ("divide", "true_divide") or len(node.args) != 2:
            return None
        top, below = node.parents or (None, None)
        if top is None or below is None or np.size(below.out) > LARGEST or np.min(below.out, initial=0.0) < 0:
            return None
        for start in sorted(self._region(below), key=lambda each: each.order):
            if np.shape(start.out) != np.shape(below.out) or not self._alone(below, start):
                continue
            x, out = np.asarray(start.out), 1.0 / np.asarray(below.out)
            if not self._equal(start, SIGMOID, {}, x, out):
                continue
            gate = Node(SIGMOID, [x], (start,), {}, out)
            gate.order = below.order
            product = Node(MULTIPLY, [node.args[0], out], (top, gate), {}, node.out)
            product.order, product.name = node.order, node.name
            self._found = True
            return product
        return None

    def _reducing(self, start: Node, out: Array) -> Match | None:
        x = np.asarray(start.out)
        for axes in subsets(x.ndim):
            kept = tuple(1 if axis in axes else n for axis, n in enumerate(x.shape))
            left = tuple(n for axis, n in enumerate(x.shape) if axis not in axes)
            for shape, keepdims in ((kept, True), (left, False)):
                if shape != out.shape:
                    continue
                for primitive in REDUCING:
                    params = {"axis": axes, "keepdims": keepdims}
                    if _near(np.asarray(primitive.forward(x, **params)), out):
                        return primitive, params
        return None

    def _whole(self, node: Node) -> tuple[Node | None, Match | None]:
        """The result of which a node is a known function, and the function."""
        out = node.out
        if np.size(out) > LARGEST or getattr(out, "dtype", None) != np.float64 or not np.any(out):
            return None, None
        before = self._region(node)
        # Scores before and after a shift by their maximum have the same softmax: the shift belongs to it.
        for start in sorted(before, key=lambda each: each.order):
            reduced = np.ndim(start.out) and np.size(start.out) > out.size
            if (np.shape(start.out) != out.shape and not reduced) or not self._alone(node, start):
                continue
            match = self._reducing(start, out) if reduced else self._matching(node, start)
            if match is not None:
                direct = edges_of(node) == [(node, 0)] and parent_of((node, 0)) is start
                # Not where it is one step already.
                return (None, None) if direct else (start, match)
        return None, None

    @staticmethod
    def _region(node: Node) -> list[Node]:
        """What is behind a node, up to results that have a name, and not too far."""
        seen: dict[Node, None] = {}
        waiting = [node]
        while waiting and len(seen) < STEPS:
            for edge in edges_of(waiting.pop(0)):
                parent = parent_of(edge)
                if parent not in seen:
                    seen[parent] = None
                    if parent.name is None:
                        waiting.append(parent)
        return list(seen)

    @staticmethod
    def _alone(node: Node, start: Node) -> bool:
        """Whether a node depends on one earlier result and on nothing else but constants."""
        seen, waiting = {start, node}, [node]
        while waiting:
            current = waiting.pop()
            if current.op is None or (current is not node and current.name is not None) or len(seen) > STEPS:
                return False
            parents = [parent_of(edge) for edge in edges_of(current)]
            waiting += [parent for parent in parents if parent not in seen]
            seen.update(parents)
        return True

    def _matching(self, node: Node, start: Node) -> Match | None:
        x, out = np.asarray(start.out), node.out
        if np.array_equal(x, out):
            return None
        for primitive in ELEMENTWISE:
            if self._equal(start, primitive, {}, x, out):
                return primitive, {}
        for axes in subsets(x.ndim):
            if all(x.shape[axis] == 1 for axis in axes):
                continue
            for primitive in ALONG_AXES:
                if self._equal(start, primitive, {"axis": axes}, x, out):
                    return primitive, {"axis": axes}
        return _standardised(x, out)

    def _equal(self, start: Node, primitive: Primitive, params: dict[str, Any], x: Array, out: Array) -> bool:
        key = (start, primitive, params.get("axis"))
        if key not in self._values:
            self._values[key] = np.asarray(primitive.forward(x, **params))
        return _near(self._values[key], out)


def _standardised(x: Array, out: Array) -> Match | None:
    for axes in subsets(x.ndim):
        if all(x.shape[axis] == 1 for axis in axes):
            continue
        centred = x - x.mean(axis=axes, keepdims=True)
        variance = x.var(axis=axes, keepdims=True)
        weight = np.sum(out * out, axis=axes, keepdims=True)
        if not np.all(weight) or not np.all(variance):
            continue
        spread = np.sum(centred * out, axis=axes, keepdims=True) / weight
        if not _near(spread * out, centred):
            continue
        for inside, rest in ((True, spread**2 - variance), (False, spread - np.sqrt(variance))):
            epsilon = float(np.mean(rest))
            epsilon = 0.0 if abs(epsilon) < 1e-13 * float(np.max(variance)) else epsilon
            params = {"axis": axes, "epsilon": epsilon, "inside": inside}
            if 0.0 <= epsilon <= EPSILON and _near(np.asarray(STANDARDISE.forward(x, **params)), out):
                return STANDARDISE, params
    return None


def subsets(count: int) -> Iterator[tuple[int, ...]]:
    """Every choice of at least one among so many axes."""
    for length in range(1, count + 1):
        yield from itertools.combinations(range(count), length)


def _near(a: Array, b: Array) -> bool:
    return bool(np.max(np.abs(a - b), initial=0.0) <= 1e-12 * float(np.max(np.abs(b), initial=0.0)))
