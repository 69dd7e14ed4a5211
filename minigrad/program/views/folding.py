"""Which blocks of instructions repeat, one after the other, three times or more?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.program.ir import Instruction, Size, Var, mapped_atoms

_FEWEST = 3
_LONGEST_PERIOD = 256


@dataclass(frozen=True)
class Repeat:
    """Blocks of equal instructions.

    Attributes:
        start: the position of the first instruction.
        period: the number of instructions in a block.
        count: the number of blocks.
    """

    start: int
    period: int
    count: int

    @property
    def stop(self) -> int:
        """The position after the last instruction."""
        return self.start + self.period * self.count


def repeats(code: Sequence[Instruction]) -> list[Repeat]:
    """The repeated blocks, in order, none inside another one.

    Blocks are equal if they call the same functions with the same constants for the same lines and kinds of layers,
    give values of the same shapes as far as these are fixed, and are connected in the same way inside and from one
    block to the next.
    """
    kinds: dict[Any, int] = {}
    marks = np.array([kinds.setdefault(_mark(each), len(kinds)) for each in code], int)
    made = {instruction.out: position for position, instruction in enumerate(code)}
    sources = [[made.get(var, -1) for var in instruction.uses()] for instruction in code]
    found: list[Repeat] = []
    remaining = [(0, len(code))]
    while remaining:
        start, stop = remaining.pop()
        # What covers most; then what lies before and after it.
        for candidate in _candidates(code, marks, start, stop):
            if _is_wired_alike(sources, candidate):
                found.append(candidate)
                remaining += [(start, candidate.start), (candidate.stop, stop)]
                break
    return sorted(found, key=lambda repeat: repeat.start)


def _candidates(code: Sequence[Instruction], marks: Any, start: int, stop: int) -> list[Repeat]:
    found: list[Repeat] = []
    own = marks[start:stop]
    for period in range(1, min(_LONGEST_PERIOD, (stop - start) // _FEWEST) + 1):
        same = np.concatenate([[False], own[:-period] == own[period:], [False]])
        edges = np.flatnonzero(same[1:] != same[:-1])
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            count = (end - begin) // period + 1
            if count >= _FEWEST:
                spare = end - begin - (count - 1) * period
                first = start + begin
                found.append(Repeat(_beginning(code, first, first + spare), period, count))
    return sorted(found, key=lambda each: (each.start - each.stop, each.period))


def _beginning(code: Sequence[Instruction], first: int, last: int) -> int:
    """Where the first block begins best: where a layer or a line does."""
    positions = [position for position in range(first, last + 1) if position]
    for position in positions:
        if code[position - 1].scope[:2] != code[position].scope[:2]:
            return position
    for position in positions:
        if code[position - 1].where != code[position].where:
            return position
    return first


def _is_wired_alike(sources: list[list[int]], repeat: Repeat) -> bool:
    """Whether values come from the same places inside each block, and of the block before it."""
    for offset in range(repeat.period):
        first, second, *others = [
            _wiring(sources, repeat, block, repeat.start + block * repeat.period + offset)
            for block in range(repeat.count)
        ]
        if any(other != second for other in others):
            return False
        # Before the first block stands something else.
        if [each for each in first if each[0] == "own"] != [each for each in second if each[0] == "own"]:
            return False
    return True


def _wiring(sources: list[list[int]], repeat: Repeat, block: int, position: int) -> list[tuple[str, int]]:
    start = repeat.start + block * repeat.period
    found = []
    for source in sources[position]:
        if source >= start:
            found.append(("own", position - source))
        elif block and source >= start - repeat.period:
            found.append(("before", position - source))
        else:
            found.append(("outside", 0))
    return found


def _mark(instruction: Instruction) -> Any:
    """What equal instructions share."""
    scope = tuple(re.sub(r"\d+", "#", name) for name in instruction.scope)
    shape = None if instruction.out.shape is None else tuple(_plain(size) for size in instruction.out.shape)
    constants = repr(mapped_atoms((instruction.args, instruction.kwargs), _plain))
    place = instruction.where
    return instruction.function, constants, shape, str(instruction.out.dtype), instruction.phase, scope, place


def _plain(part: Any) -> Any:
    if isinstance(part, Var):
        return "value"
    if isinstance(part, Size):
        return "size"
    if isinstance(part, np.ndarray):
        return part.shape, str(part.dtype), part.tobytes()
    return part
