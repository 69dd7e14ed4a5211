"""Where in the user's code was each result computed?"""

from __future__ import annotations

import bisect
import sys
from types import CodeType

from minigrad.engine.graph import Node
from minigrad.engine.tensor import Tensor

# In the globals of functions that are recorded, so that their frames are known.
MARK = "__recorded_by_minigrad__"
Site = tuple[CodeType, int, int]

# An assignment keeps the whole array as it was before; a long loop would keep too many of them.
LARGEST = 100_000_000


class Log:
    """Where in the code each result was computed."""

    def __init__(self) -> None:
        self._orders: list[int] = []
        self._sites: list[Site | None] = []
        self._bytes = 0

    def note(self, tensor: Tensor) -> None:
        """Everything recorded since the last note comes from where the recorded code is now.

        Raises:
            RuntimeError: where the results take too much memory.
        """
        if tensor._node is None:
            return
        self._bytes += 1000 + tensor.nbytes
        if self._bytes > LARGEST:
            raise RuntimeError("this is too much to be recorded")
        frame = sys._getframe(1)
        while frame is not None and MARK not in frame.f_globals:
            frame = frame.f_back  # type: ignore[assignment]
        site = None if frame is None else (frame.f_code, frame.f_lasti, frame.f_lineno)
        if not self._orders or tensor._node.order > self._orders[-1]:
            self._orders.append(tensor._node.order)
            self._sites.append(site)

    def site(self, node: Node) -> Site | None:
        """The code, the instruction and the line that made a result; None where that is not known."""
        place = bisect.bisect_left(self._orders, node.order)
        return self._sites[place] if place < len(self._sites) else None
