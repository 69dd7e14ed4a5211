"""Who may go on while a function is recorded, when Tensors and variables hold stand-ins for their values?"""

from __future__ import annotations

import os
from threading import Condition, get_ident

# Any number of threads run code at the same time, or one of them records. This is so for all compiled functions
# together, because they may use the same parameters.
_changed = Condition()
# How many blocks each thread is in, of running code and of recording.
_running: dict[int, int] = {}
_recording: dict[int, int] = {}


class Running:
    """A block that reads what a recording would replace; it waits for the recording of another thread."""

    def __enter__(self) -> None:
        me = get_ident()
        with _changed:
            while _recording and me not in _recording:
                _changed.wait()
            _running[me] = _running.get(me, 0) + 1

    def __exit__(self, *exception: object) -> None:
        _leave(_running)


class Recording:
    """A block in which a function is recorded; it waits for all other threads, and may be inside another one."""

    def __enter__(self) -> None:
        me = get_ident()
        with _changed:
            while (_recording and me not in _recording) or any(thread != me for thread in _running):
                _changed.wait()
            _recording[me] = _recording.get(me, 0) + 1

    def __exit__(self, *exception: object) -> None:
        _leave(_recording)


def _leave(blocks: dict[int, int]) -> None:
    me = get_ident()
    with _changed:
        blocks[me] -= 1
        if not blocks[me]:
            del blocks[me]
            _changed.notify_all()


RUNNING = Running()
RECORDING = Recording()


def _begin_anew() -> None:
    """The other threads do not exist in a child."""
    global _changed
    _changed = Condition()
    for blocks in (_running, _recording):
        mine = blocks.get(get_ident())
        blocks.clear()
        if mine:
            blocks[get_ident()] = mine


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
