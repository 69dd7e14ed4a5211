"""Does a pass know a gradient that nobody else knows, so that it may write into it?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def _never(array: Any) -> bool:
    return False


_alone: Callable[[Any], bool] = _never


def is_ours_alone(array: Any) -> bool:
    """Whether an array can be written to, and nothing but one variable of the caller refers to it or its memory.

    False is always a right answer, and the only one unless something faster is installed.
    """
    return _alone(array)


def install(alone: Callable[[Any], bool]) -> None:
    """Let a function that knows more answer: see `minigrad.kernels.buffers`."""
    global _alone
    _alone = alone
