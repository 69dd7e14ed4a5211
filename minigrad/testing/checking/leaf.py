"""Is the claimed gradient of one leaf right, element by element, or along directions through a large one?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from minigrad.testing.checking.invariants import Claim
from minigrad.testing.checking.outcome import ZERO, LeafResult
from minigrad.testing.checking.rounding import Rounding
from minigrad.testing.checking.verdict import judge
from minigrad.testing.numerical.reference import Point, Reference
from minigrad.testing.numerical.richardson import Slope
from minigrad.testing.subjects.base import Array
from minigrad.testing.subjects.inputs import Leaf

Mode = Literal["auto", "dense", "projected"]

# Leaves above this size are checked along random directions unless mode="dense".
DENSE = 2000
# So many elements of a large leaf are looked at one by one when a direction through it is wrong.
SAMPLE = 200
# Into so many pieces at the most a direction is taken apart that meets kinks.
PIECES = 1000
# Up to which share of the largest element a bar is of use, by the precision in which the function computes.
USEFUL = {8: 1e-4, 4: 2e-2, 2: 2e-1}


@dataclass(frozen=True)
class Examined:
    """What was seen of one leaf.

    Attributes:
        result: the verdict.
        reference: the numerical gradient by elements, all of them or those in `places`, where the verdict is *fail*.
        places: the elements that were compared, if not all were.
    """

    result: LeafResult
    reference: Reference
    places: NDArray[Any] | None = None


@dataclass(frozen=True)
class Stretch:
    """A part of a direction through the elements of a leaf, from `start` up to `stop`."""

    whole: Array
    start: int
    stop: int

    @property
    def size(self) -> int:
        """How many elements it goes through."""
        return self.stop - self.start

    def array(self) -> Array:
        """The direction, 0 outside of this part."""
        piece = np.zeros(self.whole.size)
        piece[self.start : self.stop] = self.whole[self.start : self.stop]
        return piece

    def times(self, gradient: Array) -> float:
        """The derivative along it, of a gradient in a row."""
        return float(gradient[self.start : self.stop] @ self.whole[self.start : self.stop])

    def times_size(self, sizes: Array) -> float:
        """How large the derivative along it can be where the elements of the gradient are not above some sizes."""
        return float(sizes[self.start : self.stop] @ np.abs(self.whole[self.start : self.stop]))

    def halves(self) -> list[Stretch]:
        """Its two halves."""
        middle = (self.start + self.stop) // 2
        return [Stretch(self.whole, self.start, middle), Stretch(self.whole, middle, self.stop)]


class Examination:
    """How leaves are examined: the options of a check that matter for one of them.

    Args:
        point: where the subject is judged.
        rounding: what rounding does to the claimed gradients there.
        mode, directions: as for `gradcheck`.
        accept: whether any slope between the one-sided ones is right at a kink.
        rng: the source of directions and samples.
    """

    def __init__(
        self,
        point: Point,
        rounding: Rounding,
        mode: Mode,
        directions: int,
        accept: bool,
        rng: np.random.Generator,
    ) -> None:
        self.point, self.rounding, self.mode, self.count = point, rounding, mode, directions
        self.accept, self.rng = accept, rng
        self.useful = USEFUL[point.itemsize]
        # By position, where terms may cancel: what rounding can make of the gradient, and how large the terms are.
        self.floors: dict[int, Array] = {}
        self.scales: dict[int, float] = {}

    def of(self, position: int, claim: Claim, rtol: float) -> Examined:
        """Look at one leaf; if there may be nothing but rounding to see, once more in the light of that."""
        leaf = self.point.subject.leaves[position]
        total = sum(value.size for value in self.point.values)
        small = leaf.value.size <= DENSE and total <= 4 * DENSE
        dense = self.mode == "dense" or (self.mode == "auto" and small)
        if claim.value.shape != leaf.value.shape:
            places = None if dense else self._places(leaf, None)
            return Examined(_misshapen(leaf, claim), self.point.elements(position, places), places)
        look = self._dense if dense else self._projected
        actual = claim.value.reshape(-1)
        lost = np.flatnonzero(~np.isfinite(actual))
        if lost.size:
            return self._noted(self._chosen(position, actual, rtol, None if dense else lost[:SAMPLE]), claim)
        seen = look(position, actual, rtol)
        flat = seen.reference.flat and not actual.any()
        size = max(self.rounding.nearby(position), float(np.max(np.abs(self.point.upstream), initial=0.0)))
        clear = actual.size and np.max(np.abs(actual)) > self.useful**2 * size
        if not actual.size or (seen.result.verdict == "pass" and clear and not flat):
            return self._noted(seen, claim)
        floor = self.rounding.floor(position)
        cancelled = (np.abs(actual) <= floor) & (floor > 0)
        if flat or seen.result.verdict == "inconclusive" or cancelled.any():
            # Perhaps terms cancel. Then rounding blurs the values as well, even where those nearby show little of it.
            self.floors[position] = floor
            self.scales[position] = self.rounding.scale_when(position, flat)
            self.point.rounding[position] = self.rounding.of_output(position)
            seen = look(position, actual, rtol)
        return self._noted(self._told(position, seen, flat), claim)

    def _told(self, position: int, seen: Examined, flat: bool) -> Examined:
        """What was seen, with a word about a gradient of zeros."""
        result = seen.result
        if result.verdict != "pass" or not (result.note == ZERO or flat):
            return seen
        name = self.point.subject.leaves[position].name
        if self.rounding.independent(position):
            return replace(seen, result=replace(result, note=f"{ZERO}: the output does not depend on {name}"))
        return replace(seen, result=replace(result, note=f"{ZERO} at this point" if result.note else ""))

    @staticmethod
    def _noted(seen: Examined, claim: Claim) -> Examined:
        """A missing gradient is no mistake where the true one is 0; one of a wrong kind always is."""
        if claim.problem is None or claim.problem.rule == "structure.missing" or seen.result.verdict == "fail":
            return seen
        note = claim.problem.text
        return replace(seen, result=replace(seen.result, verdict="fail", wrong=0, index=None, kinks=0, note=note))

    def _judged(
        self,
        position: int,
        actual: Array,
        reference: Reference,
        rtol: float,
        along: Sequence[Stretch] | None = None,
        chosen: Array | None = None,
    ) -> LeafResult:
        leaf = self.point.subject.leaves[position]
        floor = self.floors.get(position)
        if floor is not None:
            if along is not None:
                floor = np.array([stretch.times_size(floor) for stretch in along])
            reference.floor = floor if chosen is None else floor[chosen]
            reference.scale = self.scales[position]
        return judge(
            leaf.name, leaf.value.shape, actual, reference, rtol, self.accept, chosen, along is not None, self.useful
        )  # fmt: skip

    def _dense(self, position: int, actual: Array, rtol: float) -> Examined:
        return self._chosen(position, actual, rtol, None)

    def _chosen(self, position: int, actual: Array, rtol: float, places: Array | None) -> Examined:
        """Element by element: all of them, or those in some places."""
        reference = self.point.elements(position, places)
        chosen = actual if places is None else actual[places]
        return Examined(self._judged(position, chosen, reference, rtol, chosen=places), reference, places)

    def _projected(self, position: int, actual: Array, rtol: float) -> Examined:
        leaf = self.point.subject.leaves[position]
        # Of different lengths, so that equal derivatives do not cancel.
        sides = [
            self.rng.choice([-1.0, 1.0], size=leaf.value.shape) * self.rng.uniform(0.5, 1.5, size=leaf.value.shape)
            for _ in range(self.count)
        ]
        whole = [Stretch(side.reshape(-1), 0, side.size) for side in sides]
        slopes = [self._slope(position, stretch) for stretch in whole]
        stretches = [stretch for stretch, slope in zip(whole, slopes, strict=True) if not slope.kinked]
        slopes = [slope for slope in slopes if not slope.kinked]
        note = ""
        if len(stretches) < len(whole):
            # The slopes of several kinks add up to almost anything.
            unkinked, left = self._pieces(position, whole[0])
            stretches += [stretch for stretch, _ in unkinked]
            slopes += [slope for _, slope in unkinked]
            note = f"{left} elements beside kinks not looked at" if left else ""
        along = np.array([stretch.times(actual) for stretch in stretches])
        reference = Reference.of(slopes, len(slopes))
        found = self._judged(position, along, reference, rtol, stretches)
        if found.verdict != "fail":
            return Examined(replace(found, note=note or found.note), reference)
        off = np.nan_to_num(np.abs(along - reference.value), nan=np.inf)
        places = self._places(leaf, self._wrong_element(position, actual, stretches[int(np.argmax(off))]))
        located = self._chosen(position, actual, rtol, places)
        return located if located.result.verdict == "fail" else replace(located, result=found)

    def _slope(self, position: int, stretch: Stretch) -> Slope:
        return self.point.direction(position, stretch.array().reshape(self.point.values[position].shape))

    def _pieces(self, position: int, whole: Stretch) -> tuple[list[tuple[Stretch, Slope]], int]:
        """A direction in pieces, so small that none but single elements meet kinks, and how many elements are left."""
        waiting, done, left = [whole], [], 0
        while waiting:
            stretch = waiting.pop()
            slope = self._slope(position, stretch)
            if not slope.kinked or stretch.size == 1:
                done.append((stretch, slope))
            elif len(done) + len(waiting) < PIECES:
                waiting += stretch.halves()
            else:
                left += stretch.size
        return done, left

    def _places(self, leaf: Leaf, also: int | None) -> NDArray[Any]:
        places = self.rng.choice(leaf.value.size, size=min(SAMPLE, leaf.value.size), replace=False)
        return np.unique(places if also is None else np.append(places, also))

    def _wrong_element(self, position: int, actual: Array, stretch: Stretch) -> int:
        """An element whose derivative is wrong, by halving: the worse half of a direction, and so on."""
        while stretch.size > 1:
            halves = stretch.halves()
            first, second = (abs(half.times(actual) - self._slope(position, half).value) for half in halves)
            stretch = halves[0] if not first < second else halves[1]
        return stretch.start


def _misshapen(leaf: Leaf, claim: Claim) -> LeafResult:
    text = claim.problem.text if claim.problem is not None else f"it has shape {claim.value.shape}"
    return LeafResult(leaf.name, leaf.value.shape, "fail", resolution=float("nan"), note=text)
