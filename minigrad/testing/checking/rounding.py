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
from minigrad.testing.diagnosis.tape import Tape, traced
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
            found = np.maximum(found, ROUNDING * self._recorded[position])
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
            self._steepness[position] = _steepness(self.point, position, self.terms(position) or 0.0)
        return self._steepness[position]

    def terms(self, position: int) -> float | None:
        """How large the terms are, by what rounding makes of them; None where the function could not be recorded."""
        if self._recorded is None:
            return None
        return float(np.max(self._recorded[position], initial=0.0)) / self._tiny(position)

    def nearby(self, position: int) -> float:
        """The weighted output, here and where all leaves are as different as they are large, over the leaf's size."""
        return self._reach / self.point.unit(position)

    @cached_property
    def _reach(self) -> float:
        point = self.point
        directions = [point.unit(i) * _signs(value.shape) for i, value in enumerate(point.values)]
        sizes = [float(np.abs(point.upstream) @ np.abs(point.center))]
        for step in (0.5, -0.5, 1.0, -1.0):
            moved = [(v + step * d).astype(v.dtype) for v, d in zip(point.values, directions, strict=True)]
            sizes.append(float(np.abs(point.upstream) @ np.abs(point.at(moved))))
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
    def _recorded(self) -> list[NDArray[np.float64]] | None:
        """The same on the tape of the function, by the rules of minigrad; None where it could not be recorded."""
        tape = _recorded(self.point.subject, self.point.values, self.upstream)
        if tape is None:
            return None
        found = spreads_on_tape(tape, tape.leaves)
        zeros = [np.zeros(value.shape) for value in self.point.values]
        return [zero if spread is None else spread for spread, zero in zip(found, zeros, strict=True)]


def _signs(shape: tuple[int, ...]) -> NDArray[np.float64]:
    return np.asarray(np.random.default_rng(0).choice([-1.0, 1.0], size=shape), dtype=np.float64)


def _steepness(point: Point, position: int, terms: float) -> float:
    unit = point.unit(position)
    line = point.line(position, unit * _signs(point.values[position].shape))
    tiny = float(np.finfo(f"f{point.itemsize}").eps)
    size = max(float(np.max(np.abs(point.upstream * point.center), initial=0.0)), terms * unit)
    found = 0.0
    for step in (0.5, -1.0, 30.0, -2e4):
        with np.errstate(invalid="ignore"):
            changes = np.abs(point.upstream * (line(step) - point.center))
        # Where sums grow, their rounding grows.
        if np.isfinite(changes).all() and np.any(changes > 1e2 * tiny * (1 + abs(step)) * size):
            found = max(found, float(np.sum(changes)) / (abs(step) * unit))
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
