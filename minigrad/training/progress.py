"""What does a person see of a training run, and how can they end it?"""

from __future__ import annotations

import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping, Sized
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")


class ProgressBar:
    """A bar for one epoch, with running loss, throughput and time left; nothing where nobody would see it.

    Args:
        batches: what the epoch goes through; the bar knows its end if that has a length.
        title: what stands before the bar.
        tqdm: what `find_tqdm` gave.
    """

    def __init__(self, batches: Iterable[Any], title: str, tqdm: Any) -> None:
        total = len(batches) if isinstance(batches, Sized) else None
        self._bar = None if tqdm is None else tqdm(total=total, desc=title, unit="batch", leave=True)

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


def find_tqdm(progress: bool) -> Any:
    """What draws bars, if one is wanted and standard error is a terminal; None otherwise.

    A warning that it is not installed points at the caller of the caller.
    """
    # There is no standard error at all in a program without a console on Windows.
    if not progress or sys.stderr is None or not sys.stderr.isatty():
        return None
    try:
        from tqdm import tqdm
    except ImportError:
        # A missing ornament must not cost anybody a training run.
        warnings.warn(
            'no progress bar without tqdm: pip install "minigrad-numpy[progress]", or pass progress=False', stacklevel=3
        )
        return None
    return tqdm


def call_interruptible(function: Callable[[threading.Event], T]) -> T:
    """What a function returns, given an event that Ctrl-C sets instead of breaking off in the middle of an update.

    A second Ctrl-C does break off. Only the main thread receives signals, and a handler that somebody else installed
    stays: there, and elsewhere, Ctrl-C raises KeyboardInterrupt as ever.
    """
    pressed = threading.Event()
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        return function(pressed)

    def handler(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        pressed.set()

    # No `with` block, for the reason that `call_in_mode` gives.
    try:
        signal.signal(signal.SIGINT, handler)
        result = function(pressed)
        signal.signal(signal.SIGINT, signal.default_int_handler)
    except BaseException:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        raise
    return result
