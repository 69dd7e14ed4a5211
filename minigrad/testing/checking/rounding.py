"""How large can a gradient be that is zero but for rounding, where the terms that it is a sum of cancel?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.blocks import recording
from minigrad.engine.tensor import Tensor
from minigrad.testing.checking.invariants import read_claim
from minigrad.testing.checking.last_place import CALLS, ROUNDING, shaken, spreads_on_tape
from minigrad.testing.diagnosis.recorded_pass import traced
from minigrad.testing.diagnosis.tape import Tape
from minigrad.testing.numerical.reference import Point
from minigrad.testing.subjects.base import Array, Subject, TensorSubject

# Two gradients for the same inputs may differ by so many units in the last place of their terms.
_UNITS = 32.0


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
        self._steepness: dict[int, float] = {}

    def floor(self, position: int) -> NDArray[np.float64]:
        """For each element of a leaf, in a row, what rounding alone can make of it; 0 where it cannot be rounding."""
        found = ROUNDING * self._spreads[position]
        if self._recorded is not None:
            spread, derived = self._recorded[position]
            found = np.maximum(found, ROUNDING * spread)
            claim = self.claims[position]
            if claim.shape == derived.shape:
                # What differs from the derivative of the recorded function is no rounding of it.
                found = np.where(np.abs(claim - derived) <= 2.0 * found, found, 0.0)
        return np.where(found <= self.largest * self.scale(position), found, 0.0).reshape(-1)

    def scale(self, position: int) -> float:
        """How large the gradient would be if its terms did not cancel."""
        terms = self.terms(position)
        if self._spreads[position].any():
            return max(terms or 0.0, self.nearby(position))
        # A gradient of plain zeros shows no rounding; only the terms themselves can tell that they cancel, or the
        # output, if it stays the same wherever the leaf goes.
        return terms if terms is not None else self.steepness(position) or self.nearby(position)

    def scale_when(self, position: int, flat: bool) -> float:
        """The same; `flat` for a gradient of zeros and a function that changes nowhere nearby.

        Such a function has no terms, unless it has them and rounding hides a small slope.
        """
        if not flat:
            return self.scale(position)
        terms = self.terms(position)
        return self.steepness(position) if terms is None else terms

    def of_output(self, position: int) -> float:
        """How much rounding there may be in the weighted output when a leaf changes."""
        return self._tiny(position) * self.scale(position) * self.point.unit(position)

    def steepness(self, position: int) -> float:
        """How fast the output changes on the way to other values of a leaf, far away too; 0 where that is rounding."""
        if position not in self._steepness:
            self._steepness[position] = _Far(self.point, position, self.terms(position) or 0.0).steepness()
        return self._steepness[position]

    def independent(self, position: int) -> bool:
        """Whether the output stays the same but for rounding whatever values a leaf has."""
        return _Far(self.point, position, self.scale(position)).constant()

    def terms(self, position: int) -> float | None:
        """How large the terms are, by what rounding makes of them; None where the function could not be recorded."""
        if self._recorded is None:
            return None
        return float(np.max(self._recorded[position][0], initial=0.0)) / self._tiny(position)

    def nearby(self, position: int) -> float:
        """The weighted output, here and where all leaves are as different as they are large, over the leaf's size."""
        return self._reach / self.point.unit(position)

    @cached_property
    def _reach(self) -> float:
        point = self.point
        directions = [point.unit(i) * _direction(value.shape) for i, value in enumerate(point.values)]
        sizes = [float(np.abs(point.upstream) @ np.abs(point.center))]
        for step in (0.5, -0.5, 1.0, -1.0):
            moved = [(v + step * d).astype(v.dtype) for v, d in zip(point.values, directions, strict=True)]
            sizes.append(float(np.abs(point.upstream) @ np.abs(point.far(moved))))
        return max((size for size in sizes if np.isfinite(size)), default=0.0)

    def between_calls(self, position: int) -> float:
        """How much two gradients for the same inputs may differ: by sums in another order."""
        terms = self.terms(position)
        size = self.nearby(position) if terms is None else terms
        return _UNITS * self._tiny(position) * max(size, float(np.max(np.abs(self.claims[position]), initial=0.0)))

    def _tiny(self, position: int) -> float:
        return float(np.finfo(self.point.values[position].dtype).eps)

    @cached_property
    def _spreads(self) -> list[NDArray[np.float64]]:
        """By how much the claimed gradients change with the last place of inputs and upstream gradients."""
        point, rng = self.point, np.random.default_rng(0)
        spreads = [np.zeros(value.shape) for value in point.values]
        blank = not any(value.any() for value in point.values)
        for _ in range(CALLS):
            values = [shaken(value, rng, blank) for value in point.values]
            upstream = [shaken(g, rng, blank=False) for g in self.upstream]
            with np.errstate(all="ignore"):
                found = point.subject.claimed(values, upstream)
            for leaf, gradient, claim, spread in zip(point.subject.leaves, found, self.claims, spreads, strict=True):
                value = read_claim(leaf, gradient, exact=False).value
                if value.shape == claim.shape == spread.shape:
                    with np.errstate(invalid="ignore"):
                        np.fmax(spread, np.abs(value - claim), out=spread)
        return spreads

    @cached_property
    def _recorded(self) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]] | None:
        """The same on the tape of the function, by the rules of minigrad, and the gradients; None for none."""
        tape = _recorded(self.point.subject, self.point.values, self.upstream)
        if tape is None:
            return None
        with np.errstate(all="ignore"):
            arrived = tape.run({})
        zeros = [np.zeros(value.shape) for value in self.point.values]
        return [
            (zero, zero) if node is None or spread is None else (spread, np.asarray(arrived[node], dtype=np.float64))
            for node, spread, zero in zip(tape.leaves, spreads_on_tape(tape, tape.leaves), zeros, strict=True)
        ]


def _direction(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A direction of both signs and of different lengths, so that equal slopes do not cancel."""
    rng = np.random.default_rng(0)
    return np.asarray(rng.choice([-1.0, 1.0], size=shape) * rng.uniform(0.5, 1.5, size=shape), dtype=np.float64)


class _Far:
    """The weighted outputs where one leaf is different by as much as it is large, and by more."""

    def __init__(self, point: Point, position: int, terms: float) -> None:
        self.point, self.unit = point, point.unit(position)
        self.position, self.direction = position, self.unit * _direction(point.values[position].shape)
        tiny = float(np.finfo(f"f{point.itemsize}").eps)
        self.noise = 1e2 * tiny * max(
            float(np.max(np.abs(point.upstream * point.center), initial=0.0)), terms * self.unit
        )  # fmt: skip

    def changes(self, step: float) -> NDArray[np.float64]:
        """By how much the outputs change over so many times the size of the leaf; zeros where they are not finite."""
        with np.errstate(all="ignore"):
            found = self.point.upstream * (self._at(step) - self.point.center)
        return found if np.isfinite(found).all() else np.zeros_like(found)

    def _at(self, step: float) -> NDArray[np.float64]:
        values, own = list(self.point.values), self.point.values[self.position]
        values[self.position] = (own + step * self.direction).astype(own.dtype)
        return self.point.far(values)

    def constant(self) -> bool:
        """Whether all changes are rounding; where sums grow, it grows."""
        return all(not np.any(np.abs(self.changes(s)) > (1 + abs(s)) * self.noise) for s in (0.5, -1.0, 30.0))

    def steepness(self) -> float:
        """The fastest change that is none of rounding: it goes on steadily from place to place."""
        found = 0.0
        for step in (0.5, -1.0, 30.0, -2e4):
            changes = self.changes(step)
            largest = float(np.max(np.abs(changes), initial=0.0))
            if largest > self.noise and np.max(np.abs(changes - self.changes(1.001 * step))) < 0.1 * largest:
                found = max(found, float(np.sum(np.abs(changes))) / (abs(step) * self.unit))
        return found


def _recorded(subject: Subject, values: Sequence[Array], upstream: Sequence[Array]) -> Tape | None:
    """The tape of the weighted sum of all outputs, or of the only output; None where nothing can be recorded."""
    if len(upstream) == 1 or not isinstance(subject, TensorSubject):
        return traced(subject, values, upstream)
    tensors = [Tensor(value, requires_grad=True) for value in values]
    with recording(complete=True), np.errstate(all="ignore"):
        weighted: list[Any] = [np.sum(out * g) for out, g in zip(subject._called(tensors), upstream, strict=True)]
        total = sum(weighted[1:], weighted[0])
        return Tape(total, tensors, np.ones(())) if total.requires_grad else None
