"""What is raised where a number went bad?"""

from __future__ import annotations

from typing import Any


class NotFiniteError(FloatingPointError):
    """Raised inside `mg.debug` at the first number that turned from finite to NaN or infinity.

    Attributes:
        operation: that made it, such as ``"log"``.
        file, line: where the user's code called that operation; "" and 0 where it was called outside of the block.
        cause: the usual one, in a few words, such as ``"log of 0"``.
    """

    def __init__(self, message: str, operation: str, file: str, line: int, cause: str) -> None:
        super().__init__(message)
        self.operation, self.file, self.line, self.cause = operation, file, line, cause

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.operation, self.file, self.line, self.cause)
