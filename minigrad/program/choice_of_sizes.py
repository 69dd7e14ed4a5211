"""Which sizes of the inputs may change, and which change together?"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

from minigrad.program.components import Components
from minigrad.program.fresh_inputs import GROWTH, Kind, drawn
from minigrad.program.inputs import Slot
from minigrad.program.ir import Var
from minigrad.program.record import Recording

# An axis, by slot and position; and what is done with it: the class of axes that it belongs to.
Axis = tuple[int, int]
Record = Callable[[Sequence[Any]], Recording]
# How the size of a class follows from those of others, by their identity.
Rule = Callable[[Mapping[int, int]], int]


class SizeClass:
    """Axes that are of one size, and change together.

    Attributes:
        axes: by slot and position.
        size: at the example.
        rule: None for a class that changes freely; else how its size follows from those of other classes.
    """

    def __init__(self, axes: Sequence[Axis], size: int) -> None:
        self.axes, self.size = list(axes), size
        self.rule: Rule | None = None


class Choice:
    """The sizes to record with.

    Args:
        slots: what the function takes.
        first_code: the instructions of a recording at the examples.
        record: makes a recording from arrays for all slots; whatever it raises says that these do not fit.

    Attributes:
        classes: those whose sizes change.
    """

    def __init__(self, slots: Sequence[Slot], first_code: Sequence[Any], record: Record) -> None:
        self.slots, self.first_code, self._record = slots, first_code, record
        self._arrays = [slot.value for slot in slots]
        self._made: dict[Hashable, Recording] = {}
        self._refused: set[Hashable] = set()
        self._components: tuple[Components, Recording] | None = None
        # Axes at which the function fails where they alone are of another size than others of their class.
        self._failing: set[Axis] = set()
        candidates = self._grouped()
        self.classes: list[SizeClass] = []
        if not candidates:
            return
        found = self._tried(candidates, 0)
        if found is None:
            candidates = self._those_that_fit(candidates)
            found = self._tried(candidates, 0) if candidates else None
        if found is None:
            candidates = self._one_by_one(candidates)
            found = self._tried(candidates, 0) if candidates else None
        if found is not None:
            candidates = self._split(candidates, found)
        self.classes = candidates

    def belong_together(self, first: Axis, second: Axis) -> bool:
        """Whether two axes have to be of one size for calls that fail where they are not, as `x @ y` does."""
        if self._components is None:
            return True
        if first in self._failing or second in self._failing:
            return True
        components, recording = self._components
        one, other = [components.root_for_sure(recording.inputs_made[slot], axis) for slot, axis in (first, second)]
        return bool(one == other)

    def sizes(self, classes: Sequence[SizeClass], round_: int) -> dict[Axis, int]:
        """The size of every axis that changes, in one of the recordings."""
        growth = GROWTH[round_]
        by_class: dict[int, int] = {}
        result: dict[Axis, int] = {}
        for position, each in enumerate(each for each in classes if each.rule is None):
            grown = each.size + growth[position % len(growth)] + len(growth) * (position // len(growth))
            by_class[id(each)] = grown
            result |= dict.fromkeys(each.axes, grown)
        for each in classes:
            if each.rule is not None:
                result |= dict.fromkeys(each.axes, each.rule(by_class))
        return result

    def arrays(self, classes: Sequence[SizeClass], round_: int, kind: Kind = "mild") -> list[Any]:
        """Arrays of such sizes, of values that differ little, much, or have nothing to do with the example."""
        return drawn(self._arrays, self.sizes(classes, round_), round_ + 1, kind)

    def arrays_of(self, classes: Sequence[SizeClass], chosen: Mapping[int, int]) -> list[Any]:
        """Arrays of these sizes, by the identity of classes that change freely; others follow, or stay."""
        free = {id(each): chosen.get(id(each), each.size) for each in classes if each.rule is None}
        sizes = {
            axis: free[id(each)] if each.rule is None else each.rule(free) for each in classes for axis in each.axes
        }
        return drawn(self._arrays, sizes, 11 + sum(free.values()))

    def _tried(self, classes: Sequence[SizeClass], round_: int) -> Recording | None:
        try:
            key = self._key(classes, round_, "mild")
        except KeyError:
            # One of the classes follows another, which is not among them.
            return None
        if key in self._refused:
            return None
        try:
            return self.recording(classes, round_)
        except Exception:
            # Whatever a function raises for sizes that it does not take.
            self._refused.add(key)
            return None

    def _key(self, classes: Sequence[SizeClass], round_: int, kind: Kind) -> Hashable:
        return tuple(sorted(self.sizes(classes, round_).items())), round_, kind

    def recording(self, classes: Sequence[SizeClass], round_: int, kind: Kind = "mild") -> Recording:
        """A recording at such arrays, which is made once."""
        key = self._key(classes, round_, kind)
        if key not in self._made:
            self._made[key] = self._record(self.arrays(classes, round_, kind))
        return self._made[key]

    def _grouped(self) -> list[SizeClass]:
        """Axes of equal sizes, but for empty ones and those of parameters of layers."""
        groups: dict[int, list[Axis]] = {}
        for position, slot in enumerate(self.slots):
            if slot.held is not None:
                continue
            for axis, size in enumerate(slot.value.shape):
                if size > 1 or (size == 1 and not (slot.wanted and slot.requires_grad)):
                    groups.setdefault(size, []).append((position, axis))
        return [SizeClass(axes, size) for size, axes in groups.items()]

    def _one_by_one(self, candidates: Sequence[SizeClass]) -> list[SizeClass]:
        """Classes that change together, of those that change alone."""
        kept: list[SizeClass] = []
        for each in candidates:
            if each.rule is not None or self._tried([*kept, each], 0) is not None:
                kept.append(each)
                continue
            kept = self._led_by(each, kept, kept)
        return kept

    def _those_that_fit(self, candidates: list[SizeClass]) -> list[SizeClass]:
        """The classes that can change alone, and those that can if another one follows."""
        fitting = [each for each in candidates if self._tried([each], 0) is not None]
        others = [each for each in candidates if each not in fitting]
        for leader in sorted(others, key=lambda each: each.size):
            if leader not in fitting and leader.rule is None:
                # What does not change alone, first; then what does, and may have to.
                fitting = self._led_by(leader, [*others, *fitting], fitting)
        return fitting

    def _led_by(
        self, leader: SizeClass, followers: Sequence[SizeClass], fitting: Sequence[SizeClass]
    ) -> list[SizeClass]:
        """The fitting classes, and one that may change because another one follows it: a multiple, a sum, one more."""
        if leader.size > 1:
            for kind in (_multiple, _sum, _next):
                for follower in followers:
                    if follower is leader or follower.rule is not None:
                        continue
                    rest = [each for each in fitting if each is not follower]
                    for rule in kind(leader, follower, rest):
                        follower.rule = rule
                        if self._tried([*rest, leader, follower], 0) or self._tried([leader, follower], 0):
                            return [*rest, leader, follower]
                        follower.rule = None
        return list(fitting)

    def _split(self, candidates: list[SizeClass], recording: Recording) -> list[SizeClass]:
        """Classes taken apart where their axes are of one size by chance alone."""
        if any(each.rule is not None for each in candidates) or all(len(each.axes) == 1 for each in candidates):
            return candidates
        self._components = components, _ = Components(recording), recording
        parts = [part for each in candidates for part in self._parts(each, components.root_for_sure)]
        if len(parts) > len(candidates) and self._fit([], parts, []):
            return parts
        # One class after the other, so that one that cannot be taken apart does not hold the others together.
        kept: list[SizeClass] = []
        for position, each in enumerate(candidates):
            kept += self._apart(each, kept, candidates[position + 1 :])
        return kept

    def _apart(self, whole: SizeClass, before: list[SizeClass], after: list[SizeClass]) -> list[SizeClass]:
        """One class taken apart; itself where the function does not take its parts at different sizes."""
        assert self._components is not None
        components, _ = self._components
        finest = self._parts(whole, components.root_for_sure)
        for own in (finest, self._parts(whole, components.root), *self._by_place(whole)):
            if len(own) > 1 and self._fit(before, own, after):
                return own
        for part in finest if len(finest) > 1 else ():
            others = SizeClass([axis for axis in whole.axes if axis not in part.axes], whole.size)
            if len(finest) > 2 and self._fit(before, [part, others], after):
                return [part, *self._apart(others, [*before, part], after)]
            if not any(self._tried([*before, *own, *after], 0) for own in ([part, others], [others, part])):
                self._failing.update(part.axes)
        return [whole]

    def _parts(self, whole: SizeClass, root: Callable[[Var, int], Any]) -> list[SizeClass]:
        assert self._components is not None
        _, recording = self._components
        groups: dict[Any, list[Axis]] = {}
        for slot, axis in whole.axes:
            groups.setdefault(root(recording.inputs_made[slot], axis), []).append((slot, axis))
        return [SizeClass(axes, whole.size) for axes in groups.values()]

    def _fit(self, before: list[SizeClass], own: list[SizeClass], after: list[SizeClass]) -> bool:
        """Whether the function takes these classes, whichever of them is the largest."""
        return all(self._tried([*before, *order, *after], 0) is not None for order in (own, own[::-1]))

    def _by_place(self, whole: SizeClass) -> Iterator[list[SizeClass]]:
        """A class taken apart where an argument has several of its axes: those at the same place stay together."""
        if whole.rule is not None or len({slot for slot, _ in whole.axes}) == len(whole.axes):
            return
        for from_the_last in (True, False):
            groups: dict[int, list[Axis]] = {}
            for slot, axis in whole.axes:
                place = axis - self.slots[slot].value.ndim if from_the_last else axis
                groups.setdefault(place, []).append((slot, axis))
            yield [SizeClass(axes, whole.size) for axes in groups.values()]


def _multiple(leader: SizeClass, follower: SizeClass, others: Sequence[SizeClass]) -> list[Rule]:
    factor, rest = divmod(follower.size, leader.size)
    return [lambda sizes: factor * sizes[id(leader)]] if factor > 1 and not rest else []


def _sum(leader: SizeClass, follower: SizeClass, others: Sequence[SizeClass]) -> list[Rule]:
    found: list[Rule] = []
    for other in others:
        if other.rule is None and follower.size == leader.size + other.size:
            found.append(functools.partial(_sum_of, leader, other))
    return found


def _sum_of(first: SizeClass, second: SizeClass, sizes: Mapping[int, int]) -> int:
    return sizes[id(first)] + sizes.get(id(second), second.size)


def _next(leader: SizeClass, follower: SizeClass, others: Sequence[SizeClass]) -> list[Rule]:
    difference = follower.size - leader.size
    return [lambda sizes: sizes[id(leader)] + difference] if abs(difference) == 1 else []


def symbols_of(classes: Sequence[SizeClass], choice: Choice, rounds: Sequence[int]) -> dict[Axis, tuple[int, ...]]:
    """The sizes of every axis that changes, in each of the recordings."""
    found = [choice.sizes(classes, round_) for round_ in rounds]
    return {axis: tuple(sizes[axis] for sizes in found) for axis in (found[0] if found else {})}
