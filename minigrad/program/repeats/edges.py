"""Which instructions before and after whole copies are one more copy, of which something may be missing?

The first copy of a backward pass has nothing yet to add its share to; the last has nobody who needs all it could give.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from minigrad.program.ir import Instruction, Var
from minigrad.program.repeats.wiring import (
    ZEROS,
    CarriedFrom,
    Copies,
    IndexedBy,
    Internal,
    MismatchError,
    Shared,
    Source,
    Wiring,
    parts,
)
from minigrad.program.simplify.keys import constant_key

Copy = list[Instruction | None]
_UNKNOWN = object()
# Shared instructions may stand between the copies.
_SLACK = 20


class Surroundings:
    """The instructions that may belong to further copies.

    Args:
        code: a list of instructions, in order.
        label: the number of the label of each instruction.
    """

    def __init__(self, code: Sequence[Instruction], label: Callable[[Instruction], int]) -> None:
        self.code, self.label = code, label
        self.made = {each.out: each for each in code}
        self.position = {each: position for position, each in enumerate(code)}
        self.users: dict[Var, list[Instruction]] = {}
        for each in code:
            for var in dict.fromkeys(each.uses()):
                self.users.setdefault(var, []).append(each)


def extended(copies: Copies, around: Surroundings) -> Wiring:
    """The copies, with as many more before and after them as there are.

    Raises:
        MismatchError: if the copies themselves are not steps of one loop.
    """
    wiring = Wiring(copies)
    for more in (_before, _after):
        while True:
            found = more(wiring, around)
            if found is None:
                break
            try:
                wiring = Wiring(found)
            except MismatchError:
                break
            if any(None in found[step] for step in (0, -1)) and None in (found[0] if more is _before else found[-1]):
                break
    return wiring


def _before(wiring: Wiring, around: Surroundings) -> Copies | None:
    known = _Known(wiring, around, None)
    matching = _Backward(wiring, around, known.taken)
    first: dict[int, Instruction | None] = {}
    for source in wiring.carried():
        if source.first is ZEROS:
            return None
        found = matching.bound(source.position, wiring.values[source.first], first, known.given)
        if found is None:
            return None
        first, known.given = found
    known.taken |= set(first.values())
    for position, template in enumerate(wiring.templates):
        if position in known.given:
            continue
        match = known.match(position)
        if match is not None:
            first[position] = match
            continue
        inner = next((each.position for each in wiring.sources[position] if type(each) is Internal), None)
        if template.function is not np.add or inner is None or inner not in known.given:
            return None
        first[position], known.given[position] = None, known.given[inner]
    copy = [first[position] for position in range(len(wiring.templates))]
    return [copy, *wiring.copies] if _is_most(copy) else None


def _after(wiring: Wiring, around: Surroundings) -> Copies | None:
    before = {
        position: var for position in range(len(wiring.templates)) if (var := wiring.given(-1, position)) is not None
    }
    known = _Known(wiring, around, before)
    copy = [known.match(position) for position in range(len(wiring.templates))]
    return [*wiring.copies, copy] if _is_most(copy) else None


def _is_most(copy: Copy) -> bool:
    return sum(each is not None for each in copy) * 2 >= len(copy)


class _Known:
    """What is known of one more copy, while its instructions are looked for in their order.

    Args:
        wiring: of the copies that are there.
        around: where it is looked for.
        before: what the instructions of the copy before it give; None if it is itself the first.
    """

    def __init__(self, wiring: Wiring, around: Surroundings, before: dict[int, Var] | None) -> None:
        self._wiring, self._around, self._before = wiring, around, before
        self.taken = {instruction for copy in wiring.copies for instruction in copy}
        self.given: dict[int, Var] = {}
        self._indexed: dict[Hashable, Any] = {}
        positions = [around.position[each] for each in self.taken if each is not None]
        first = min(positions)
        self._where = (
            range(max(positions) + 1, len(around.code))
            if before is not None
            else range(max(first - 2 * len(wiring.templates) - _SLACK, 0), first)
        )

    def match(self, position: int) -> Instruction | None:
        """The instruction of this copy that is at a position of the body; None if there is none."""
        wiring, around = self._wiring, self._around
        sources, label = wiring.sources[position], around.label(wiring.templates[position])
        fixed = [self._fixed(source) for source in sources]
        if any(each is _UNKNOWN for each in fixed):
            return None
        vars_ = [each for each in fixed if type(each) is Var]
        pool = (
            min((around.users.get(var, []) for var in vars_), key=len)
            if vars_
            else [around.code[place] for place in self._where]
        )
        for candidate in pool:
            if candidate in self.taken or around.position[candidate] not in self._where:
                continue
            if around.label(candidate) == label and self._fits(sources, fixed, parts(candidate)):
                self.taken.add(candidate)
                self.given[position] = candidate.out
                return candidate
        return None

    def _fixed(self, source: Source) -> Any:
        """What an argument has to be; None if it may be several, and _UNKNOWN if it can't be told."""
        if type(source) is Internal:
            return self.given.get(source.position, _UNKNOWN)
        if type(source) is CarriedFrom:
            return None if self._before is None else self._before.get(source.position, _UNKNOWN)
        if type(source) is Shared:
            return self._wiring.values[source.key]
        return self._indexed.get(source.keys) if type(source) is IndexedBy else _UNKNOWN

    def _fits(self, sources: Sequence[Source], fixed: Sequence[Any], values: Sequence[Any]) -> bool:
        indexed: dict[Hashable, Any] = {}
        for source, wanted, value in zip(sources, fixed, values, strict=True):
            if type(source) is IndexedBy:
                wanted = indexed.setdefault(source.keys, self._next(source) if wanted is None else wanted)
                if wanted is None:
                    wanted = indexed[source.keys] = value
                if not _same(wanted, value):
                    return False
            elif not (wanted is None and type(source) is CarriedFrom) and not _same(wanted, value):
                return False
        self._indexed |= indexed
        return True

    def _next(self, source: IndexedBy) -> Any:
        """The number that a counter goes on to."""
        values = [self._wiring.values[key] for key in source.keys]
        if type(values[0]) is not int or len(values) < 2:
            return None
        rise = values[1] - values[0]
        return values[0] - rise if self._before is None else values[-1] + rise


def _same(wanted: Any, value: Any) -> bool:
    if type(wanted) is Var or type(value) is Var:
        return wanted is value
    return bool(constant_key(wanted) == constant_key(value))


class _Backward:
    """Finds what made the values that the first copy takes over."""

    def __init__(self, wiring: Wiring, around: Surroundings, taken: set[Any]) -> None:
        self._wiring, self._around, self._taken = wiring, around, taken

    def bound(
        self, position: int, value: Any, first: dict[int, Instruction | None], given: dict[int, Var]
    ) -> tuple[dict[int, Instruction | None], dict[int, Var]] | None:
        """What is known of the copy before, if this value is what an instruction of it gives."""
        if position in given:
            return (first, given) if given[position] is value else None
        if type(value) is not Var:
            return None
        wiring, around = self._wiring, self._around
        instruction = around.made.get(value)
        template = wiring.templates[position]
        if (
            instruction is not None
            and instruction not in self._taken
            and instruction not in first.values()
            and around.label(instruction) == around.label(template)
        ):
            found = self._arguments(position, instruction, {**first, position: instruction}, {**given, position: value})
            if found is not None:
                return found
        sources = wiring.sources[position]
        inner = [each for each in sources if type(each) is Internal]
        if template.function is np.add and len(inner) == 1 and any(type(each) is CarriedFrom for each in sources):
            return self.bound(inner[0].position, value, {**first, position: None}, {**given, position: value})
        return None

    def _arguments(
        self, position: int, instruction: Instruction, first: dict[int, Instruction | None], given: dict[int, Var]
    ) -> tuple[dict[int, Instruction | None], dict[int, Var]] | None:
        for source, value in zip(self._wiring.sources[position], parts(instruction), strict=True):
            if type(source) is Shared and (value if type(value) is Var else constant_key(value)) != source.key:
                return None
            if type(source) is Internal:
                found = self.bound(source.position, value, first, given)
                if found is None:
                    return None
                first, given = found
        return first, given
