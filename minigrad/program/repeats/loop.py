"""Instructions that run several times, as one instruction of a program.

The instruction calls a `Loop`, which is a function: its arguments are what is outside of the loop, and its results are
picked one by one. So a program with loops is a flat list of instructions like any other, and runs as they do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from minigrad.program.ir import Instruction, Size, Var
from minigrad.program.run import evaluated
from minigrad.program.simplify.keys import is_pure


@dataclass(eq=False)
class Carried:
    """A value that each step takes over from the step before, as the state of a recurrence.

    Attributes:
        inside: what it is called inside the loop, before it changes.
        after: the value of the body that the next step is given.
        starts_at_zero: whether the first step is given zeros, and not an argument.
    """

    inside: Var
    after: Var
    starts_at_zero: bool = False


class Result(NamedTuple):
    """What a value of the body was in one step."""

    inside: Var
    step: int


@dataclass(eq=False)
class Loop:
    """A function that runs instructions several times.

    It is called with four tuples: for each carried value the first one, or None; for each indexed value one of each
    step; the shared values; and the measured ones.

    Attributes:
        count: how often.
        body: what is done in each step.
        carried: what goes from step to step.
        indexed: what is another value in each step: a counter, a weight of a list, what an earlier loop has kept.
        shared: what is the same in all steps.
        measured: values outside of the loop whose sizes the body asks for.
        results: what it gives, in the order in which it is picked.
    """

    count: int
    body: list[Instruction]
    carried: list[Carried]
    indexed: list[Var]
    shared: list[Var]
    measured: list[Var]
    results: list[Result] = field(default_factory=list)

    def __call__(self, firsts: Any, values: Any, shared: Any, measured: Any) -> list[Any]:
        """The results, from the values outside of the loop."""
        wanted = list(dict.fromkeys([*[each.after for each in self.carried], *[each.inside for each in self.results]]))
        given = dict(zip((*self.shared, *self.measured), (*shared, *measured), strict=True))
        shapes = {var: np.shape(value) for var, value in given.items()}
        state = [
            _zeros(each.inside, shapes) if each.starts_at_zero else first
            for each, first in zip(self.carried, firsts, strict=True)
        ]
        found: dict[Result, Any] = {}
        for step in range(self.count):
            given |= zip([each.inside for each in self.carried], state, strict=True)
            given |= zip(self.indexed, [each[step] for each in values], strict=True)
            made = evaluated(self.body, given, wanted)
            state = [made[each.after] for each in self.carried]
            found |= {result: made[result.inside] for result in self.results if result.step == step}
        return [found[result] for result in self.results]

    def __repr__(self) -> str:
        return f"<loop of {self.count} steps and {len(self.body)} instructions>"

    @property
    def is_pure(self) -> bool:
        """Whether it only computes: no branch has to be the same, and no random numbers are drawn."""
        return all(is_pure(each.function) for each in self.body)

    def inputs(self) -> list[Var]:
        """What the body is given."""
        return [*[each.inside for each in self.carried], *self.indexed, *self.shared, *self.measured]

    def outputs(self) -> list[Var]:
        """What is wanted of the body."""
        found = [*[each.after for each in self.carried], *[each.inside for each in self.results]]
        return list(dict.fromkeys(found))


def plus_at(total: Any, index: Any, values: Any) -> Any:
    """A copy of an array, to a part of which values are added."""
    found = total.copy()
    found[index] += values
    return found


def flattened(code: Sequence[Instruction]) -> list[Instruction]:
    """The instructions, those in the bodies of loops included."""
    found: list[Instruction] = []
    for instruction in code:
        found.append(instruction)
        if isinstance(instruction.function, Loop):
            found += flattened(instruction.function.body)
    return found


def loops(code: Sequence[Instruction]) -> Iterator[Loop]:
    """The loops among these instructions, and in the bodies of loops."""
    for instruction in code:
        if isinstance(instruction.function, Loop):
            yield instruction.function
            yield from loops(instruction.function.body)


def _zeros(like: Var, shapes: dict[Var, tuple[int, ...]]) -> Any:
    assert like.shape is not None
    shape = tuple([size.value(shapes) if isinstance(size, Size) else size for size in like.shape])
    return np.zeros(shape, like.dtype)[()]
