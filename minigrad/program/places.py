"""Which line of the user's code is running, and what are the values called there?

Frames are looked at for messages and for names in printed source; what a program computes does not depend on them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

import numpy as np
import scipy

from minigrad.program.ir import Place

_HOMES = (os.path.dirname(os.path.dirname(__file__)), *(os.path.dirname(str(each.__file__)) for each in (np, scipy)))
_LIBRARIES = tuple(os.path.abspath(home) + os.sep for home in _HOMES)
_PYTHON = os.path.dirname(os.path.abspath(os.__file__)) + os.sep


class _Users(dict[CodeType, bool]):
    """By function, whether it was written by somebody else than minigrad, NumPy, SciPy, or Python itself."""

    def __missing__(self, code: CodeType) -> bool:
        name = code.co_filename
        is_pythons = name.startswith(_PYTHON) and "-packages" not in name
        found = not (name.startswith(("<frozen", *_LIBRARIES)) or is_pythons or _is_generated(code))
        self[code] = found
        return found


# Asked at every call that is watched, which is why it is no function: that would be watched, too.
_is_users = _Users()


def _is_generated(code: CodeType) -> bool:
    """Whether Python wrote a function itself: what dataclasses and named tuples are made with."""
    is_written = code.co_qualname.startswith("__create_fn__") or "_cls" in code.co_varnames[:1]
    return is_written and code.co_filename.startswith("<string>")


def users_place() -> Place | None:
    """The innermost line of the user's code that is running now."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not _is_users[frame.f_code]:
        frame = frame.f_back
    return None if frame is None else Place(frame.f_code.co_filename, frame.f_lineno)


class Watcher:
    """Shows the variables of the user's functions, whenever they call something or return.

    Args:
        note: is given the name and the value of each.
        is_news: whether something has happened since the last look, so that looking is worth the time.

    Attributes:
        codes: the functions of the user that were seen.
        can_watch: whether it looks by itself.
    """

    def __init__(self, note: Callable[[str, Any], None], is_news: Callable[[], bool]) -> None:
        self._note, self._is_news = note, is_news
        self.codes: set[CodeType] = set()
        self._before: Any = None
        self.can_watch = True

    def __enter__(self) -> Watcher:
        self._before = sys.getprofile()
        # A profiler written in C, such as cProfile, could not be set again from here: then somebody has to call `look`.
        self.can_watch = self._before is None or callable(self._before)
        if self.can_watch:
            sys.setprofile(self._look)
        return self

    def __exit__(self, *exception: object) -> None:
        if self.can_watch:
            sys.setprofile(self._before)

    def look(self) -> None:
        """Look at all functions of the user that are running."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if _is_users[frame.f_code]:
                self._look(frame, "return", None)
            frame = frame.f_back

    def _look(self, frame: FrameType, event: str, arg: Any) -> None:
        if event == "c_return":
            return
        where: FrameType | None = frame.f_back if event == "call" else frame
        if where is None or not _is_users[where.f_code]:
            return
        if where.f_globals.get("__name__", "").startswith("namedtuple_"):
            # Python's own code, which has no file.
            return
        self.codes.add(where.f_code)
        if event == "return" or self._is_news():
            for name, value in where.f_locals.items():
                self._note(name, value)
