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

    def of(self, position: int, claim: Claim, rtol: float) -> Examined:
        """Look at one leaf."""
        leaf = self.point.subject.leaves[position]
        total = sum(value.size for value in self.point.values)
        small = leaf.value.size <= DENSE and total <= 4 * DENSE
        dense = self.mode == "dense" or (self.mode == "auto" and small)
        if claim.value.shape != leaf.value.shape:
            places = None if dense else self._places(leaf, None)
            return Examined(_misshapen(leaf, claim), self.point.elements(position, places), places)
        lost = np.flatnonzero(~np.isfinite(claim.value.reshape(-1)))
        if lost.size and not dense:
            places = lost[:SAMPLE]
            reference = self.point.elements(position, places)
            found = self._judged(position, claim.value.reshape(-1)[places], reference, rtol, chosen=places)
            return Examined(found, reference, places)
        if dense:
            reference = self.point.elements(position)
            found = self._judged(position, claim.value.reshape(-1), reference, rtol)
            return Examined(_noted(found, claim), reference)
        return self._projected(position, leaf, claim, rtol)

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

        def judged() -> LeafResult:
            return judge(
                leaf.name, leaf.value.shape, actual, reference, rtol, self.accept, chosen, along is not None,
                self.useful,
            )  # fmt: skip

        found = judged()
        flat = reference.flat and not actual.any()
        if not actual.size or not np.isfinite(actual).all():
            return found
        clear = np.max(np.abs(actual)) > self.useful**2 * self.rounding.nearby(position)
        if found.verdict == "pass" and clear and not flat:
            return found
        # Something is wrong, or cannot be seen, or there is nothing: perhaps terms cancel, and the rest is rounding.
        floor = self.rounding.floor(position)
        if along is not None:
            floor = np.array([stretch.times_size(floor) for stretch in along])
        reference.floor = floor if chosen is None or along is not None else floor[chosen]
        terms = self.rounding.terms(position)
        # Nothing is seen of a function that changes nowhere: neither its terms, where those are not known.
        reference.scale = (terms or 0.0) if flat else self.rounding.scale(position)
        found = judged()
        if found.verdict != "pass" or (found.note != ZERO and not flat):
            return found
        if self.rounding.independent(position):
            return replace(found, note=f"{ZERO}: the output does not depend on {leaf.name}")
        return replace(found, note=f"{ZERO} at this point") if found.note else found

    def _projected(self, position: int, leaf: Leaf, claim: Claim, rtol: float) -> Examined:
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
        actual = claim.value.reshape(-1)
        along = np.array([stretch.times(actual) for stretch in stretches])
        reference = Reference.of(slopes, len(slopes))
        found = self._judged(position, along, reference, rtol, stretches)
        if found.verdict != "fail":
            return Examined(_noted(replace(found, note=note or found.note), claim), reference)
        off = np.nan_to_num(np.abs(along - reference.value), nan=np.inf)
        places = self._places(leaf, self._wrong_element(position, actual, stretches[int(np.argmax(off))]))
        reference = self.point.elements(position, places)
        located = self._judged(position, actual[places], reference, rtol, chosen=places)
        return Examined(located if located.verdict == "fail" else found, reference, places)

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


def _noted(found: LeafResult, claim: Claim) -> LeafResult:
    """A missing gradient is no mistake where the true one is 0; one of a wrong kind always is."""
    if claim.problem is None or claim.problem.rule == "structure.missing" or found.verdict == "fail":
        return found
    return replace(found, verdict="fail", wrong=0, index=None, kinks=0, note=claim.problem.text)
