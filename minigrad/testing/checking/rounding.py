"""How large can a gradient be that is zero but for rounding, where the terms that it is a sum of cancel?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.blocks import recording
from minigrad.engine.graph import Node
from minigrad.engine.shares import fitted
from minigrad.engine.tensor import Tensor
from minigrad.testing.checking.invariants import read_claim
from minigrad.testing.diagnosis.edges import Edge, edges_of, node_op, parent_of, true_share
from minigrad.testing.diagnosis.tape import Tape, traced
from minigrad.testing.numerical.reference import Point
from minigrad.testing.subjects.base import Array, Subject, TensorSubject

# So often the backward pass is called at points that differ by rounding.
_CALLS = 6
# Rounding may be so many times what was seen of it, and so many units in the last place of the terms.
_MARGIN, _UNITS = 20.0, 32.0


class Rounding:
    """What rounding does to the claimed gradients of a check; looked at only when it is asked for.

    There are two ways to know. A gradient that is nothing but rounding is another one when inputs and upstream gradient
    change in the last place. And where the function can be recorded, its terms are known, cancelled or not.

    Args:
        point: where the subject is judged.
        upstream: the upstream gradients there.
        claims: the gradients in question.
        largest: which share of the terms rounding can make up at the most; more than that is something else.
    """

    def __init__(self, point: Point, upstream: Sequence[Array], claims: Sequence[Array], largest: float) -> None:
        self.point, self.upstream, self.claims, self.largest = point, upstream, claims, largest
        self._independent: dict[int, bool] = {}
        self._nearby: dict[int, float] = {}

    def floor(self, position: int) -> NDArray[np.float64]:
        """For each element of a leaf, in a row, what rounding alone can make of it; 0 where it cannot be rounding."""
        value = self.point.values[position]
        tiny = float(np.finfo(value.dtype).eps)
        found = _MARGIN * self._spreads[position]
        if self._terms is not None:
            found = np.maximum(found, _UNITS * tiny * self._terms[position])
        return np.where(found <= self.largest * self.scale(position), found, 0.0).reshape(-1)

    def scale(self, position: int) -> float:
        """How large the gradient would be if its terms did not cancel."""
        terms = self.terms(position)
        if terms is not None and not self._spreads[position].any():
            # A gradient of plain zeros shows no rounding; only the terms themselves can tell that they cancel.
            return terms
        return max(terms or 0.0, self.nearby(position))

    def terms(self, position: int) -> float | None:
        """The largest sum of the sizes of terms; None where the function could not be recorded."""
        return None if self._terms is None else float(np.max(self._terms[position], initial=0.0))

    def nearby(self, position: int) -> float:
        """The weighted output, here and where the leaf is as different as it is large, over the size of the leaf."""
        if position not in self._nearby:
            point = self.point
            line = point.line(position, point.unit(position) * _signs(point.values[position].shape))
            sizes = [float(np.abs(point.upstream) @ np.abs(line(step))) for step in (0.0, 0.5, -0.5, 1.0, -1.0)]
            self._nearby[position] = max((s for s in sizes if np.isfinite(s)), default=0.0) / point.unit(position)
        return self._nearby[position]

    def independent(self, position: int) -> bool:
        """Whether the output stays the same but for rounding however much a leaf changes."""
        if position not in self._independent:
            self._independent[position] = not depends(self.point, position)
        return self._independent[position]

    def between_calls(self, position: int) -> float:
        """How much two gradients for the same inputs may differ: by sums in another order."""
        tiny = float(np.finfo(self.point.values[position].dtype).eps)
        terms = self.terms(position)
        size = self.nearby(position) if terms is None else terms
        return _UNITS * tiny * max(size, float(np.max(np.abs(self.claims[position]), initial=0.0)))

    @cached_property
    def _spreads(self) -> list[NDArray[np.float64]]:
        """By how much the claimed gradients change with the last place of inputs and upstream gradients."""
        point, rng = self.point, np.random.default_rng(0)
        spreads = [np.zeros(value.shape) for value in point.values]
        blank = not any(value.any() for value in point.values)
        for _ in range(_CALLS):
            values = [_shaken(value, rng, blank) for value in point.values]
            upstream = [_shaken(g, rng, blank=False) for g in self.upstream]
            with np.errstate(all="ignore"):
                found = point.subject.claimed(values, upstream)
            for leaf, gradient, claim, spread in zip(point.subject.leaves, found, self.claims, spreads, strict=True):
                value = read_claim(leaf, gradient, exact=False).value
                if value.shape == claim.shape == spread.shape:
                    with np.errstate(invalid="ignore"):
                        np.fmax(spread, np.abs(value - claim), out=spread)
        return spreads

    @cached_property
    def _terms(self) -> list[NDArray[np.float64]] | None:
        tape = _recorded(self.point.subject, self.point.values, self.upstream)
        if tape is None:
            return None
        sizes = sizes_of_terms(tape)
        none = [np.zeros(value.shape) for value in self.point.values]
        return [
            zero if node is None else np.asarray(sizes.get(node, zero), dtype=np.float64)
            for node, zero in zip(tape.leaves, none, strict=True)
        ]


def _shaken(value: Array, rng: np.random.Generator, blank: bool) -> Array:
    """A value with other digits in the last place; `blank` where all there is are zeros, which have no last place."""
    steps = float(np.finfo(value.dtype).eps) * rng.choice([-2.0, -1.0, 1.0, 2.0], size=value.shape)
    return np.asarray(value + steps * (1.0 if blank else value)).astype(value.dtype)


def _signs(shape: tuple[int, ...]) -> NDArray[np.float64]:
    return np.asarray(np.random.default_rng(0).choice([-1.0, 1.0], size=shape), dtype=np.float64)


def depends(point: Point, position: int) -> bool:
    """Whether the output changes by more than rounding when a leaf changes by as much as it is large, or by more."""
    line = point.line(position, point.unit(position) * _signs(point.values[position].shape))
    noise = 1e2 * np.finfo(f"f{point.itemsize}").eps * np.abs(point.center)
    for step in (0.5, -1.0, 2e2, -2e4):
        there = line(step)
        # What is rounding differs as much between two points that are next to each other.
        scatter = np.max([np.abs(line(step * (1 + k * 1e-9)) - there) for k in (1, 2, 3)], axis=0, initial=0.0)
        change = np.abs(there - point.center)
        with np.errstate(invalid="ignore"):
            if np.isfinite(there).all() and np.any(change > 1e2 * np.max(scatter, initial=0.0) + noise):
                return True
    return False


def _recorded(subject: Subject, values: Sequence[Array], upstream: Sequence[Array]) -> Tape | None:
    """The tape of the weighted sum of all outputs, or of the only output; None where nothing can be recorded."""
    if len(upstream) == 1 or not isinstance(subject, TensorSubject):
        return traced(subject, values, upstream)
    tensors = [Tensor(value, requires_grad=True) for value in values]
    with recording(complete=True), np.errstate(all="ignore"):
        weighted = [np.sum(out * g) for out, g in zip(subject._called(tensors), upstream, strict=True)]
        total: Tensor = sum(weighted[1:], weighted[0])
        return Tape(total, tensors, np.ones(())) if total.requires_grad else None


def sizes_of_terms(tape: Tape) -> Mapping[Node, Array]:
    """For each result, how large its gradient would be if none of the terms that it is a sum of cancelled."""
    arrived: dict[Node, Array] = {tape.root: np.abs(tape.seed)}
    for node in tape.nodes:
        gradient = arrived.get(node)
        for edge in edges_of(node) if gradient is not None else ():
            assert gradient is not None
            share = size_of_share(edge, gradient)
            parent = parent_of(edge)
            arrived[parent] = share if parent not in arrived else arrived[parent] + share
    return arrived


def size_of_share(edge: Edge, gradient: Array) -> Array:
    """The sizes of the terms that one use of a result adds to its gradient, in the shape of the result.

    A rule may hold sums that cancel, as that of softmax does; with signs drawn at random they do not.
    """
    node, position = edge
    signs = np.random.default_rng(0)
    sizes = []
    for number in range(4):
        turned = signs.choice([-1.0, 1.0], size=np.shape(gradient)) if number else 1.0
        with np.errstate(all="ignore"):
            share = np.abs(true_share(node, position, np.asarray(turned * np.abs(gradient), dtype=gradient.dtype)))
        sizes.append(np.where(np.isfinite(share), share, 0.0))
    found: Array = fitted(np.max(sizes, axis=0), parent_of(edge).out, node_op(node), position)
    return found
