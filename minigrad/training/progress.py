"""What does a person see of a training run, and how can they end it?"""

from __future__ import annotations

import signal
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from types import FrameType
from typing import Any


class ProgressBar:
    """A bar for one epoch, with running loss, throughput and time left; nothing where nobody would see it.

    Args:
        batches: what the epoch goes through; the bar knows its end if that has a length.
        title: what stands before the bar.
        progress: whether a bar is wanted. None is shown if standard error is not a terminal.
    """

    def __init__(self, batches: Iterable[Any], title: str, progress: bool) -> None:
        self._bar: Any = None
        # There is no standard error at all in a program without a console on Windows.
        if progress and sys.stderr is not None and sys.stderr.isatty():
            total = len(batches) if isinstance(batches, Sized) else None
            self._bar = _tqdm(total, title)

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def update(self, values: Mapping[str, float]) -> None:
        """One more batch is done; show these running values."""
        if self._bar is not None:
            self._bar.set_postfix({name: f"{value:.4g}" for name, value in values.items()}, refresh=False)
            self._bar.update()


def _tqdm(total: int | None, title: str) -> Any:
    try:
        from tqdm import tqdm
    except ImportError:
        # A missing ornament must not cost anybody a training run.
        warnings.warn(
            'no progress bar without tqdm: pip install "minigrad[progress]", or pass progress=False', stacklevel=4
        )
        return None
    return tqdm(total=total, desc=title, unit="batch", leave=True)


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets, instead of breaking off in the middle of an update; a second Ctrl-C does break off.

    Only the main thread receives signals, and a handler that somebody else installed stays: there, and elsewhere,
    Ctrl-C raises KeyboardInterrupt as ever.
    """
    pressed = threading.Event()
    in_charge = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )

    def handler(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        pressed.set()

    if in_charge:
        signal.signal(signal.SIGINT, handler)
    try:
        yield pressed
    finally:
        if in_charge:
            signal.signal(signal.SIGINT, signal.default_int_handler)
