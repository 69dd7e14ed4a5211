"""Which element of which list is a value, and which elements does a loop go through?"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from minigrad.program.ir import Var
from minigrad.program.source.text import PRODUCT, SUM, Text


class Element(NamedTuple):
    """One way to write a value: ``before[position]after``; for a loop ``before[start + rise * step]after``."""

    before: str
    start: int
    after: str
    rise: int = 0


@dataclass
class Steps:
    """The steps of a loop, and what its variable is called.

    Attributes:
        count: how many.
        is_reversed: whether the variable goes down from ``count - 1``.
        name: of the variable.
        length: another way to write the count, such as ``len(weights)``.
    """

    count: int
    is_reversed: bool
    name: str = ""
    length: str = ""

    def header(self) -> str:
        """What the variable goes through."""
        whole = f"range({self.length or self.count})"
        return f"reversed({whole})" if self.is_reversed else whole

    def text(self, start: int, rise: int) -> Text:
        """A number that is `start` in the first step and grows by `rise` from step to step."""
        if self.is_reversed:
            start, rise = start + rise * (self.count - 1), -rise
        if not rise:
            return Text(str(start))
        turning = self.name if abs(rise) == 1 else f"{abs(rise)} * {self.name}"
        if not start:
            return Text(turning, is_name=True) if rise == 1 else Text(turning if rise > 0 else f"-{turning}", PRODUCT)
        if rise < 0:
            return Text(f"{start} - {turning}", SUM)
        return Text(f"{turning} {'+' if start > 0 else '-'} {abs(start)}", SUM)


def counted(values: Sequence[Any]) -> tuple[int, int] | None:
    """Whole numbers that grow evenly, as the first and by how much."""
    if not all(type(value) is int for value in values):
        return None
    rise = values[1] - values[0]
    return (values[0], rise) if all(y - x == rise for x, y in itertools.pairwise(values)) else None


def affine(ways: Sequence[Sequence[Element]], count: int) -> Element | None:
    """The elements of one list that a loop goes through, given the ways to write each of its values."""
    if len(ways) != count or count < 2:
        return None
    for first in ways[0]:
        seconds = [each for each in ways[1] if (each.before, each.after) == (first.before, first.after)]
        for second in seconds:
            rise = second.start - first.start
            wanted = [Element(first.before, first.start + rise * step, first.after) for step in range(count)]
            if rise and all(each in way for each, way in zip(wanted, ways, strict=True)):
                return first._replace(rise=rise)
    return None


def element(path: str) -> Element | None:
    """A path into a list, such as ``layers[2]["w"]``."""
    before, bracket, rest = path.partition("[")
    number, closing, after = rest.partition("]")
    return Element(before, int(number), after) if bracket and closing and number.isdigit() else None


def word_of(path: str) -> str:
    """The last word of a path such as ``layers[t]["W"]``: what a person would call it."""
    words = re.findall(r"[A-Za-z_]\w*", re.sub(r"\[[^\]\"]*\]", "", path))
    return words[-1] if words else "x"


def words(text: str) -> set[str]:
    """The names in a piece of source."""
    return set(re.findall(r"\w+", text))


def is_reversed(values: Sequence[Sequence[Any]], elements: dict[Var, list[Element]]) -> bool:
    """Whether the steps go through lists from the end."""
    rises = []
    for each in values:
        found = counted(each)
        place = None if found is not None else affine([elements.get(v, []) for v in each if type(v) is Var], len(each))
        rises.append(found[1] if found is not None else place.rise if place is not None else 0)
    return any(rise < 0 for rise in rises) and not any(rise > 0 for rise in rises)


def unit_vectors(values: Sequence[Any]) -> tuple[int, int] | None:
    """The columns of an identity in order, as the position of the one and by how much it moves."""
    if not all(isinstance(value, np.ndarray) and value.shape == (len(values),) for value in values):
        return None
    return (0, 1) if np.array_equal(np.stack(values), np.eye(len(values))) and values[0].dtype == np.float64 else None
