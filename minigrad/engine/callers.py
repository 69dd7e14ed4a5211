"""How far up the stack is the code of the user, where a warning belongs?"""

from __future__ import annotations

import sys
from types import FrameType


def level_of_user() -> int:
    """The ``stacklevel`` with which `warnings.warn`, called where this is called, names the line of the user."""
    frame: FrameType | None = sys._getframe(1)
    level = 1
    while frame is not None and (frame.f_globals.get("__name__") or "").partition(".")[0] == "minigrad":
        frame, level = frame.f_back, level + 1
    return level
