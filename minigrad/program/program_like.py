"""What of a program do those read whom it asks: its views, its source?

`minigrad.program.program` imports them, so that they do not import it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from minigrad.program.ir import Guard, Input, Instruction, Size, Var


class ProgramLike(Protocol):
    """The attributes of a `Program`, which says what they are."""

    name: str
    arguments: list[str]
    inputs: list[Input]
    code: list[Instruction]
    result: Any
    gradients: list[Var | None]
    names: dict[Var, str]
    size_names: dict[Size, str]
    gradient_of: dict[Var, Var]
    guards: list[Guard]
    examples: list[Any]
    samples: list[Sequence[Any]]
    settings: list[tuple[Any, str, Any]]

    def of_arrays(self, values: Sequence[Any]) -> list[Any]:
        """As in `Program`."""
        ...

    @property
    def outputs(self) -> Sequence[Var]:
        """As in `Program`."""
        ...
