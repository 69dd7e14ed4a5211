"""At which further sizes does a program have to give what the function gives?

A function may do something else for one size than for others: `if len(x) == 1`, `min(x.shape)`. Nothing tells of it
while other sizes are recorded. So the function is called at small sizes, at sizes on both sides of every integer that
its code or its variables hold, and at sizes of which one is below another.
"""

from __future__ import annotations

import dis
from collections.abc import Iterable, Iterator, Sequence
from types import CodeType
from typing import Any

from minigrad.program.choice_of_sizes import SizeClass

# What is larger takes time.
_LARGEST = 1100
LARGEST_PROBE = 300_000
# Of programs of more instructions fewer recordings are made, and fewer sizes tried.
LONG = 2000
# So many integers are tried, the smallest first.
_MOST = 30


def sizes_to_try(classes: Sequence[SizeClass], integers: Iterable[int], is_long: bool) -> Iterator[dict[int, int]]:
    """Sizes of classes, by their identity; those left out stay as at the example.

    Args:
        classes: axes that change together.
        integers: where a function may do something else.
        is_long: whether a call takes long, so that only the smallest sizes are tried.
    """
    free = [each for each in classes if each.rule is None]
    limits = [number for number in sorted(integers) if 1 < number <= _LARGEST][:_MOST]
    for small in (1, 2, 3):
        yield {id(each): small for each in free}
    yield from in_both_orders(free, 2)
    for each in free:
        sizes = {1, 2, 3} if len(free) > 1 else set()
        if not is_long:
            for limit in limits:
                # The example is on one side; a size that equals the limit, and one on the other.
                sizes |= {limit, limit + 1} if each.size <= limit else {limit - 1, limit}
        for size in sorted(sizes - {each.size}):
            yield {id(each): size}


def in_both_orders(classes: Sequence[SizeClass], first: int) -> Iterator[dict[int, int]]:
    """Sizes of which each is larger than the one before, from the first class on and from the last."""
    for rising in (range(len(classes)), range(len(classes))[::-1]):
        yield {id(each): first + place for each, place in zip(classes, rising, strict=True)}


def integers_in(codes: Iterable[CodeType], numbers: Iterable[int]) -> set[int]:
    """The whole numbers that functions were written with, and those that their variables held."""
    found = set(numbers)
    for code in codes:
        found.update(_whole(code.co_consts))
        # Newer Pythons do not list small ones among the constants, but in the instructions.
        found.update(each.argval for each in dis.get_instructions(code) if each.opname == "LOAD_SMALL_INT")
    return found


def _whole(constants: Iterable[Any]) -> Iterator[int]:
    for value in constants:
        if isinstance(value, (tuple, frozenset)):
            yield from _whole(value)
        elif isinstance(value, slice):
            # Newer Pythons make them when they compile.
            yield from _whole((value.start, value.stop, value.step))
        elif type(value) in (int, float) and value % 1 == 0 and abs(value) < 1e6:
            yield int(value)
