"""Which line of the user's code is running? Nothing but a message may ask."""

from __future__ import annotations

import linecache
import re
import sys
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from minigrad.engine.tensor import Tensor

_LIBRARIES = frozenset({"minigrad", "numpy", "scipy"})
# Whose functions are worth telling where the user's line just calls a model or a loss.
_LOSSES = "minigrad.losses"
_TOLD = ("minigrad.nn", _LOSSES)
# So many lines below the one that failed may belong to the same formula.
_FORMULA = 5


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the user's code.

    Attributes:
        file, line: where it is.
        function: that it belongs to.
        inside: the function of a layer or loss of minigrad's that it has called, such as ``Dense.forward``, or "".
    """

    file: str
    line: int
    function: str
    inside: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    def text(self) -> str:
        """The line itself; nothing where the file cannot be read."""
        return linecache.getline(self.file, self.line).strip()

    def formula(self) -> str:
        """The line and the next ones of its block, as far as they go on with what the line gives a name."""
        lines = [linecache.getline(self.file, self.line + step) for step in range(_FORMULA)]
        indented = len(lines[0]) - len(lines[0].lstrip())
        given = re.match(r"\s*(\w+)\s*=[^=]", lines[0])
        kept, depth = lines[:1], _open(lines[0])
        for line in lines[1:]:
            if not line.strip() or len(line) - len(line.lstrip()) < indented or re.match(r"\s*(def |class |@)", line):
                break
            if given is None or depth > 0 or re.search(rf"\b{given[1]}\b", line):
                kept.append(line)
            depth += _open(line)
        return "".join(kept)


def _open(line: str) -> int:
    """How many more brackets a line opens than it closes."""
    return sum(line.count(each) for each in "([{") - sum(line.count(each) for each in ")]}")


def users_place() -> Place | None:
    """The innermost line that runs now and is neither minigrad's, nor NumPy's, nor SciPy's; None if there is none."""
    frame, inside = _users_frame()
    if frame is None:
        return None
    return Place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, inside)


def users_name(array: Any) -> str:
    """What the user's function calls an array, or one with the same elements; nothing if it is no variable of it."""
    frame, _ = _users_frame()
    for name, value in ({} if frame is None else frame.f_locals).items():
        own = value._array if isinstance(value, Tensor) else value
        if type(own) is not np.ndarray or own.shape != array.shape or own.dtype != array.dtype:
            continue
        if own is array or np.array_equal(own, array, equal_nan=True):
            return (value.name if isinstance(value, Tensor) else None) or name
    return ""


def _users_frame() -> tuple[FrameType | None, str]:
    """The innermost frame of the user's, and the function of a layer or loss of minigrad's that it has called."""
    frame: FrameType | None = sys._getframe(2)
    inside = ""
    while frame is not None:
        module = frame.f_globals.get("__name__") or ""
        if module.partition(".")[0] not in _LIBRARIES:
            break
        # Of a layer it is the innermost one; of a loss what the user has called, and none of its parts.
        if module.startswith(_TOLD) and (not inside or module.startswith(_LOSSES)):
            inside = frame.f_code.co_qualname
        frame = frame.f_back
    return frame, inside
