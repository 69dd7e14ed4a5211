"""Are several copies of instructions the steps of one loop, and what do they hand to each other?

Every argument of every step has to be, in all copies alike: the same value everywhere (shared), a value of the same
step (internal), a value of the step before (carried), or another value in each step that was there before the loop
(indexed). In the first copy the sum with a carried value may be missing: then zeros are carried into it. In the last
copy what nobody needs may be missing.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from minigrad.program.ir import Instruction, Size, Var, atoms
from minigrad.program.simplify.keys import constant_key

Copies: TypeAlias = "list[list[Instruction | None]]"
ZEROS = "zeros"


class MismatchError(Exception):
    """The copies are not steps of one loop.

    Attributes:
        copy: the first that does not go with the ones before it.
    """

    def __init__(self, copy: int) -> None:
        super().__init__(copy)
        self.copy = copy


@dataclass(frozen=True)
class Internal:
    """The value that instruction `position` of the same step gives."""

    position: int


@dataclass(frozen=True)
class CarriedFrom:
    """The value that instruction `position` of the step before gives; in the first step the value `first`."""

    position: int
    first: Hashable


@dataclass(frozen=True)
class Shared:
    """The same in all steps; the key tells it from others."""

    key: Hashable


@dataclass(frozen=True)
class IndexedBy:
    """Another value in each step; the keys tell it from others."""

    keys: tuple[Hashable, ...]


Source: TypeAlias = "Internal | CarriedFrom | Shared | IndexedBy"


class Wiring:
    """How the copies of a body hang together.

    Args:
        copies: for each step its instructions, in one order; None for what is missing in the first or last.

    Attributes:
        sources: for each instruction of the body, where each of its arguments comes from.
        templates: for each instruction of the body, one that is there.
        values: by key, the values that are not made in the loop.

    Raises:
        MismatchError: if they are not steps of one loop.
    """

    def __init__(self, copies: Copies) -> None:
        self.copies = copies
        self._made = {
            instruction.out: (step, position)
            for step, copy in enumerate(copies)
            for position, instruction in enumerate(copy)
            if instruction is not None
        }
        whole = [step for step, copy in enumerate(copies) if step and None not in copy]
        if not whole:
            raise MismatchError(1)
        self._step = whole[-1]
        template = copies[self._step]
        self.templates = [instruction for instruction in template if instruction is not None]
        self._atoms = [[None if i is None else parts(i) for i in copy] for copy in copies]
        for step, copy in enumerate(self._atoms):
            for own, other in zip(copy, self._atoms[self._step], strict=True):
                if own is not None and (other is None or len(own) != len(other)):
                    raise MismatchError(step)
        self.values: dict[Hashable, Any] = {}
        self.sources: list[list[Source]] = []
        self._given: list[dict[int, Var]] = [{} for _ in copies]
        self._classify()

    def given(self, step: int, position: int) -> Var | None:
        """The value that an instruction of the body gives in one step, also where it is left out in the first."""
        instruction = self.copies[step][position]
        return self._given[step].get(position) if instruction is None else instruction.out

    def _classify(self) -> None:
        # First what a copy from the middle says of each argument, then whether all copies agree.
        kinds = [
            [self._kind(value) for value in (self._atoms[self._step][position] or ())]
            for position in range(len(self.templates))
        ]
        self._leave_out(kinds)
        for position, own in enumerate(kinds):
            self.sources.append([self._source(position, place, kind) for place, kind in enumerate(own)])
        self._fill_holes()
        if None in self.copies[-1]:
            self._check_sizes()

    def _check_sizes(self) -> None:
        """Whether what the last copy leaves out could be computed: its sizes are alike where those of others are."""
        last = len(self.copies) - 1
        pairs: list[tuple[Any, Any]] = []
        for own, other in zip(self.templates, self.copies[-1], strict=True):
            if other is not None:
                pairs.append((own.out, other.out))
        for source in self.indexed():
            pairs.append((self.values[source.keys[self._step]], self.values[source.keys[-1]]))
        sizes: dict[Any, Any] = {}
        for first, second in pairs:
            if type(first) is Var and first.shape is not None:
                for size, now in zip(first.shape, second.shape, strict=True):
                    if sizes.setdefault(size, now) != now:
                        raise MismatchError(last)

    def _kind(self, value: Any) -> tuple[str, int]:
        made = self._made.get(value) if type(value) is Var else None
        if made is None:
            if type(value) is Size and any(dim.var in self._made for dim in value.dims()):
                raise MismatchError(self._step)
            return "outer", 0
        step, position = made
        if step == self._step:
            return "internal", position
        if step == self._step - 1:
            return "carried", position
        raise MismatchError(self._step)

    def _leave_out(self, kinds: list[list[tuple[str, int]]]) -> None:
        """Let sums that the first copy leaves out give what they would add zeros to."""
        for position, instruction in enumerate(self.copies[0]):
            if instruction is not None:
                continue
            kept = [own for own, _ in kinds[position]]
            if self.templates[position].function is not np.add or sorted(kept) not in (
                ["carried", "internal"],
                ["carried", "outer"],
            ):
                raise MismatchError(1)
            name, inner = next(each for each in kinds[position] if each[0] != "carried")
            found = self.given(0, inner) if name == "internal" else None
            if found is None or found.dtype != self.templates[position].out.dtype:
                raise MismatchError(1)
            self._given[0][position] = found

    def _source(self, position: int, place: int, kind: tuple[str, int]) -> Source:
        """Where an argument comes from, if all copies agree."""
        name, from_ = kind
        found: list[Any] = []
        for step, copy in enumerate(self._atoms):
            own = copy[position]
            if own is None:
                found.append(None)
                continue
            value = own[place]
            found.append(value)
            if name == "internal" and value is not self.given(step, from_):
                raise MismatchError(step)
            if name == "carried" and step and value is not self.given(step - 1, from_):
                raise MismatchError(step)
            if (name == "outer" or (name == "carried" and not step)) and type(value) is Var and value in self._made:
                raise MismatchError(max(step, 1))
        if name == "internal":
            return Internal(from_)
        if name == "carried":
            first = self._atoms[0][position]
            return CarriedFrom(from_, ZEROS if first is None else self._key(first[place]))
        is_there = [copy[position] is not None for copy in self._atoms]
        there = [step for step, is_it in enumerate(is_there) if is_it]
        keys = [self._key(value) if is_it else None for value, is_it in zip(found, is_there, strict=True)]
        known = [keys[step] for step in there]
        if all(key == known[0] for key in known):
            return Shared(known[0])
        return IndexedBy(tuple(self._counted(keys, found, there)))

    def _counted(self, keys: list[Hashable], found: list[Any], there: list[int]) -> list[Hashable]:
        """Values that are other ones in each step, if they go together."""
        first = found[there[0]]
        for step in there:
            if type(found[step]) is not type(first):
                raise MismatchError(step)
            if type(first) is Var and not _alike(found[step], first):
                raise MismatchError(step)
        if type(first) is int:
            if len(there) < len(found):
                # What the missing number would be may not even exist: an index behind the last element.
                raise MismatchError(keys.index(None) or 1)
            rise = found[1] - first
            for step, (before, number) in enumerate(itertools.pairwise(found), 1):
                if number - before != rise or not rise:
                    raise MismatchError(step)
        return keys

    def _fill_holes(self) -> None:
        """Find what a missing instruction would be given, from others that are given the same."""
        whole = {each.keys for own in self.sources for each in own if type(each) is IndexedBy and None not in each.keys}
        for position, own in enumerate(self.sources):
            for place, each in enumerate(own):
                if type(each) is not IndexedBy or None not in each.keys:
                    continue
                fits = [
                    keys
                    for keys in whole
                    if all(mine is None or mine == key for mine, key in zip(each.keys, keys, strict=True))
                ]
                if not fits:
                    raise MismatchError(each.keys.index(None) or 1)
                self.sources[position][place] = IndexedBy(fits[0])

    def _key(self, value: Any) -> Hashable:
        key: Hashable = value if type(value) is Var else constant_key(value)
        self.values[key] = value
        return key

    def carried(self) -> list[CarriedFrom]:
        """What each step takes over from the one before, each once."""
        found = [each for own in self.sources for each in own if type(each) is CarriedFrom]
        return list(dict.fromkeys(found))

    def is_recurrence(self) -> bool:
        """Whether a step depends on the step before, so that the steps cannot change places."""
        depends: list[bool] = []
        for own in self.sources:
            depends.append(
                any(type(each) is CarriedFrom or (type(each) is Internal and depends[each.position]) for each in own)
            )
        return any(depends[each.position] for each in self.carried())

    def indexed(self) -> list[IndexedBy]:
        """What is another value in each step, each once."""
        found = [each for own in self.sources for each in own if type(each) is IndexedBy]
        return list(dict.fromkeys(found))


def parts(instruction: Instruction) -> list[Any]:
    """The arguments of a call, those in lists, tuples and slices one by one."""
    return atoms((instruction.args, instruction.kwargs))


def _alike(first: Var, second: Var) -> bool:
    if first.shape is None or second.shape is None:
        return first.shape is second.shape
    return first.dtype == second.dtype and len(first.shape) == len(second.shape)


def whole_copies(items: Sequence[Instruction], period: int, count: int) -> Copies:
    """Instructions cut into copies of one length."""
    return [list(items[step * period : (step + 1) * period]) for step in range(count)]
