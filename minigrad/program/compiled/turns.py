"""Who may go on while a function is recorded, when Tensors and variables hold stand-ins for their values?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, get_ident


class Turns:
    """Any number of threads run code at the same time, or one of them records."""

    def __init__(self) -> None:
        self._changed = Condition()
        # How many blocks each thread is in.
        self._running: dict[int, int] = {}
        self._recording: int | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """A block that reads what a recording would replace; it waits for the recording of another thread."""
        me = get_ident()
        with self._changed:
            while self._recording not in (None, me):
                self._changed.wait()
            self._running[me] = self._running.get(me, 0) + 1
        try:
            yield
        finally:
            with self._changed:
                self._running[me] -= 1
                if not self._running[me]:
                    del self._running[me]
                    self._changed.notify_all()

    @contextmanager
    def recording(self) -> Iterator[None]:
        """A block in which a function is recorded; it waits for all other threads, and may be inside another one."""
        me = get_ident()
        with self._changed:
            while self._recording not in (None, me) or any(thread != me for thread in self._running):
                self._changed.wait()
            before, self._recording = self._recording, me
        try:
            yield
        finally:
            with self._changed:
                self._recording = before
                self._changed.notify_all()


# Of all compiled functions together, because they may use the same parameters.
TURNS = Turns()
if hasattr(os, "register_at_fork"):
    # The other threads do not exist in the child.
    os.register_at_fork(after_in_child=TURNS.__init__)  # type: ignore[misc]  # begins anew
