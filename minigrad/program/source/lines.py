"""What is a line of the source, before it is indented?"""

from __future__ import annotations

from dataclasses import dataclass

from minigrad.program.ir import Instruction


@dataclass
class Line:
    """One line, or several that belong together.

    Attributes:
        text: without indentation.
        instruction: what it computes; None for what is no call.
    """

    text: str
    instruction: Instruction | None = None
