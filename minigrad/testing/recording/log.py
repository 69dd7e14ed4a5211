"""Where in the user's code was each result computed?"""

from __future__ import annotations

import bisect
import sys
from types import CodeType, FrameType

from minigrad.engine.graph import Node
from minigrad.engine.tensor import Tensor

# In the globals of functions that are recorded, so that their frames are known.
MARK = "__recorded_by_minigrad__"
Site = tuple[CodeType, int, int]

# An assignment keeps the whole array as it was before; a long loop would keep too many of them.
LARGEST = 100_000_000
# So many calls inside each other are told apart.
DEEPEST = 6


class Log:
    """Where in the code each result was computed."""

    def __init__(self) -> None:
        self._orders: list[int] = []
        self._stacks: list[tuple[Site, ...]] = []
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
        stack: list[Site] = []
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and len(stack) < DEEPEST:
            if MARK in frame.f_globals:
                stack.append((frame.f_code, frame.f_lasti, frame.f_lineno))
            frame = frame.f_back
        if not self._orders or tensor._node.order > self._orders[-1]:
            self._orders.append(tensor._node.order)
            self._stacks.append(tuple(stack))

    def stack(self, node: Node) -> tuple[Site, ...]:
        """The calls that made a result, the innermost first: of each the code, the instruction and the line."""
        place = bisect.bisect_left(self._orders, node.order)
        return self._stacks[place] if place < len(self._stacks) else ()

    def site(self, node: Node) -> Site | None:
        """The innermost of these calls; None where that is not known."""
        return next(iter(self.stack(node)), None)
