"""What is known about a wrong gradient?"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.graph import Node
from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis.budget import Budget
from minigrad.testing.diagnosis.edges import Edge, Share, node_op
from minigrad.testing.diagnosis.folding import folded
from minigrad.testing.diagnosis.recorded_pass import traced
from minigrad.testing.diagnosis.screen import Screen
from minigrad.testing.diagnosis.tape import Tape
from minigrad.testing.numerical.reference import Point, Reference

Array = NDArray[Any]


@dataclass
class Evidence:
    """Everything that is known about one wrong gradient.

    Attributes:
        leaf: its name.
        actual: the gradient that is wrong, perhaps of another shape.
        truth: what it should be.
        error: how well the truth is known.
        tensors: other arrays that might explain the difference, by what they are called.
        dims: sizes of axes that might explain a factor, by what they are called.
        kinks: the positions in the flattened leaf of elements whose true gradient may be anything in an interval.
        sampled: whether `actual` and `truth` are only some of the elements, in a row.
        point, position, upstream: the check in which it was found, if it was one.
        elsewhere: the first values that the function was called with.
        recalled: calls the backward pass again with another array in the place of an operand.
        tape: how the output was computed, if its own gradient is right.
        suspect: how it was computed, if the claimed gradient is that of the tape: then one of its rules is wrong.
        jacobians: what was found of them, the true one and the claimed one.
        budget: what may still be tried.
    """

    leaf: str
    actual: Array
    truth: Array
    error: float = 0.0
    tensors: Mapping[str, Array] = field(default_factory=dict)
    dims: Mapping[str, int] = field(default_factory=dict)
    kinks: Sequence[int] = ()
    sampled: bool = False
    point: Point | None = None
    position: int = 0
    upstream: Sequence[Array] = ()
    elsewhere: Sequence[Array] = ()
    recalled: Callable[[str, Array], Array | None] | None = None
    tape: Tape | None = None
    suspect: Tape | None = None
    jacobians: dict[str, Array | None] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)

    def __post_init__(self) -> None:
        self.truth, self.actual = self._smooth(self.truth), self._smooth(self.actual)
        if self.tape is not None and not self.sampled:
            self.tape.prune(self.position)
            exact = self.tape.gradient(self.position)
            if self.close(self._smooth(exact), self.truth, 1e-6 * self.scale + 20 * self.error):
                # Derived, not measured: good to rounding.
                self.truth, self.error = self._smooth(exact), 1e-13 * self.scale
                return
            if self.close(self._smooth(exact), self.actual, 1e-9 * self.scale):
                self.suspect = self.tape
            self.tape = None

    @cached_property
    def folded(self) -> Evidence | None:
        """The same with one operation for each function that the user wrote out in several steps, if there is one."""
        if self.tape is None:
            return None
        tape = _folded(self.tape, self.point)
        if tape is None:
            return None
        other = copy.copy(self)
        # What was found out about the tape before belongs to that.
        other.__dict__ = {name: value for name, value in vars(self).items() if name != "screen"}
        other.tape = tape
        tape.prune(self.position)
        return other

    @cached_property
    def scale(self) -> float:
        """The largest element of the truth."""
        return float(np.max(np.abs(self.truth), initial=0.0))

    @cached_property
    def tolerance(self) -> float:
        """How close a candidate has to come to be the explanation: much closer than what it explains."""
        fits = self.actual.shape == self.truth.shape
        mismatch = float(np.max(np.abs(self.actual - self.truth), initial=0.0)) if fits else self.scale
        return max(20 * self.error, min(1e-6 * self.scale, 0.01 * mismatch))

    @cached_property
    def adds_small_constant(self) -> bool:
        """Whether the forward pass adds a small number, such as an epsilon, as far as can be seen."""
        if self.tape is None:
            return self.point is not None and self.point.subject.has_small_constant
        added = [node for node in self.tape.nodes if node_op(node).name == "add"]
        return any(np.ndim(arg) == 0 and 0 < arg <= 0.1 for node in added for arg in node.args)

    @staticmethod
    def close(a: Array, b: Array, tolerance: float) -> bool:
        """Whether two arrays have one shape and differ by no more than a tolerance."""
        return a.shape == b.shape and bool(np.max(np.abs(a - b), initial=0.0) <= tolerance)

    def explains(self, candidate: Any) -> bool:
        """Whether a candidate is what was claimed."""
        return self.close(self._smooth(candidate), self.actual, self.tolerance)

    def is_true(self, candidate: Any) -> bool:
        """Whether a candidate is what should have been claimed."""
        return self.close(self._smooth(candidate), self.truth, self.tolerance)

    def _smooth(self, gradient: Any) -> Array:
        """A gradient with zeros where the true one may be anything in an interval, so that those explain nothing."""
        array = np.asarray(gradient)
        if self.kinks and array.shape == self.truth.shape:
            array = array.copy()
            array.reshape(-1)[self.kinks] = 0.0
        return array

    def fits(self, changes: Mapping[Edge, Share], skip: tuple[Node, Node] | None = None) -> bool:
        """Whether mistakes on the way back through the tape give the claimed gradient, and not the right one."""
        assert self.tape is not None
        try:
            if not self.screen.may_fit(changes, skip):
                return False
            candidate = self.tape.gradient(self.position, changes, skip)
        except Exception:
            # A rule that is told other operands than those there were may do anything.
            return False
        return self.explains(candidate) and not self.is_true(candidate)

    @cached_property
    def screen(self) -> Screen:
        """What tells at little cost which mistakes are out of the question."""
        assert self.tape is not None
        difference = self.actual - self._smooth(self.tape.gradient(self.position))
        return Screen(self.tape, self.position, difference, self.tolerance)

    def finding(self, rule: str, text: str, fix: str = "", where: str = "", confidence: float = 0.95) -> Finding:
        """A finding about this leaf."""
        return Finding(self.leaf, rule, text, fix, where, confidence)


def evidence_of(
    point: Point,
    position: int,
    actual: Array,
    reference: Reference,
    upstream: Sequence[Array],
    elsewhere: Sequence[Array],
    places: NDArray[Any] | None,
) -> Evidence:
    """What a check knows about a wrong gradient.

    Args:
        point: where it was found.
        position: of the leaf.
        actual: the claimed gradient.
        reference: the numerical one, in a row; of the chosen `places` only if there are any.
        upstream, elsewhere: the upstream gradient, and the values of the first call.
        places: the positions of the chosen elements.
    """
    subject = point.subject
    leaf = subject.leaves[position]
    tensors: dict[str, Array] = {other.name: other.value for other in subject.leaves}
    outputs = [np.asarray(out) for out in subject.outputs(point.values)]
    if len(outputs) == 1:
        tensors |= {"the output": outputs[0], "the upstream gradient": np.asarray(upstream[0])}
    constants = {name: c for name, c in subject.constants.items() if isinstance(c, np.ndarray)}
    shapes = {**{name: t.shape for name, t in tensors.items()}, **{name: c.shape for name, c in constants.items()}}

    budget = _BUDGETS.setdefault(point, Budget())
    sampled = places is not None
    tape = None if sampled else _traced(point, upstream, budget)

    def recalled(name: str, array: Array) -> Array | None:
        if not budget.allows_calls(1):
            return None
        found = subject.recalled(point.values, upstream, name, array)
        return None if found is None or found[position] is None else np.asarray(found[position], dtype=np.float64)

    misfit = actual.shape != leaf.value.shape
    return Evidence(
        leaf.name,
        actual.reshape(-1)[places] if sampled and not misfit else actual,
        reference.value if sampled else reference.value.reshape(leaf.value.shape),
        float(np.max(reference.error[np.isfinite(reference.error)], initial=0.0)),
        tensors,
        named_sizes(shapes, outputs[0].shape if outputs else ()),
        list(reference.kinks),
        sampled,
        point,
        position,
        upstream,
        elsewhere,
        recalled,
        tape,
        budget=budget,
    )


# The leaves of a check have one recorded pass, and one budget, in common.
_BUDGETS: WeakKeyDictionary[Point, Budget] = WeakKeyDictionary()
_TAPES: WeakKeyDictionary[Point, Tape | None] = WeakKeyDictionary()
_WHOLE: WeakKeyDictionary[Tape, Tape | None] = WeakKeyDictionary()


def _traced(point: Point, upstream: Sequence[Array], budget: Budget) -> Tape | None:
    if point not in _TAPES:
        _TAPES[point] = traced(point.subject, point.values, upstream, budget)
    return _TAPES[point]


def _folded(tape: Tape, point: Point | None) -> Tape | None:
    if point is None:
        return folded(tape)
    if tape not in _WHOLE:
        _WHOLE[tape] = folded(tape)
    return _WHOLE[tape]


def named_sizes(shapes: Mapping[str, tuple[int, ...]], output: tuple[int, ...]) -> dict[str, int]:
    """Sizes that a wrong factor may come from, the batch first: the first axis of the output, or of the first input."""
    sizes: dict[str, int] = {}
    inputs = sorted((shape for shape in shapes.values() if shape), key=lambda shape: len(shape) == 1)
    batch = output or next(iter(inputs), ())
    if batch:
        sizes["the batch"] = batch[0]
    for name, shape in shapes.items():
        for axis, size in enumerate(shape):
            sizes[f"axis {axis} of {name}"] = size
        if len(shape) > 1:
            sizes[f"the number of elements of {name}"] = int(np.prod(shape))
    for count in range(2, len(output)):
        for axes in itertools.combinations(range(len(output)), count):
            sizes[f"the size of axes {axes} of the output"] = int(np.prod([output[axis] for axis in axes]))
    return {name: size for name, size in sizes.items() if size > 1}
