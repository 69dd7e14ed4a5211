"""What does a loop ask of the block in which it stands?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Protocol

from minigrad.program.ir import Instruction, Var
from minigrad.program.source.lines import Line
from minigrad.program.source.scope import Scope
from minigrad.program.source.text import Text


class Surrounding(Protocol):
    """A block, which knows loops, while loops do not know it."""

    scope: Scope
    width: int
    picks: dict[Var, dict[int, Var]]

    def argument(self, part: Any) -> Text:
        """What stands for an argument of a call."""

    def give_line(self, var: Var) -> None:
        """Let a value be computed before the loop."""

    def needed_alone(self) -> set[Var]:
        """The values that are needed by themselves."""

    def looked_up_later(self, call: Instruction) -> Iterator[Sequence[Any]]:
        """What other loops are given step by step."""

    def inner(self, code: Sequence[Instruction], scope: Scope, kept: Collection[Var], width: int) -> list[Line]:
        """The lines of a block inside this one."""
