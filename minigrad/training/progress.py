"""What does a person see of a training run, and how can they end it?"""

from __future__ import annotations

import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping, Sized
from functools import partial
from types import FrameType
from typing import Any, Self, TypeVar

T = TypeVar("T")


class Silent:
    """What is seen of one epoch: nothing."""

    def __init__(self, batches: Iterable[Any], title: str) -> None:
        self._title = title

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def update(self, values: Mapping[str, float]) -> None:
        """One more batch is done; these are the means until now."""

    def finish(self, record: Mapping[str, float]) -> None:
        """The epoch is done, and this is its record."""


class Line(Silent):
    """One line when the epoch is done, on standard output, for logs and for whatever cannot draw a bar."""

    def finish(self, record: Mapping[str, float]) -> None:
        """Print the record."""
        print(f"{self._title}: {', '.join(_values(record))} ({record['seconds']:.1f} s)", flush=True)  # noqa: T201


class Bar(Silent):
    """A bar on standard error, with the means until now, batches a second, and the time left.

    It knows its end if the batches have a length.
    """

    def __init__(self, batches: Iterable[Any], title: str, tqdm: Any) -> None:
        total = len(batches) if isinstance(batches, Sized) else None
        self._bar = tqdm(total=total, desc=title, unit="batch", leave=True)

    def __exit__(self, *exception: object) -> None:
        self._bar.close()

    def update(self, values: Mapping[str, float]) -> None:
        """One step further."""
        self._bar.set_postfix_str(", ".join(_values(values, "=")), refresh=False)
        self._bar.update()

    def finish(self, record: Mapping[str, float]) -> None:
        """Show the values of the validation, too."""
        self._bar.set_postfix_str(", ".join(_values(record, "=")))


def way_to_show(progress: bool) -> Callable[[Iterable[Any], str], Silent]:
    """How epochs are shown here: given the batches and a title, something to enter for the time of an epoch.

    A bar needs tqdm, and a terminal or a notebook to be drawn on; elsewhere an epoch is a line.
    """
    if not progress:
        return Silent
    tqdm = _find_tqdm()
    return Line if tqdm is None else partial(Bar, tqdm=tqdm)


def _find_tqdm() -> Any:
    """What draws bars on the terminal or in the notebook that this is; None if it is neither."""
    try:
        with warnings.catch_warnings():
            # In a notebook without ipywidgets, tqdm warns that it cannot draw. Lines can be read there, too.
            warnings.simplefilter("ignore")
            from tqdm.autonotebook import tqdm
            from tqdm.std import tqdm as drawn_with_characters
    except ImportError:
        return None
    # There is no standard error at all in a program without a console on Windows.
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    return tqdm if is_terminal or tqdm is not drawn_with_characters else None


def _values(record: Mapping[str, float], between: str = " ") -> list[str]:
    return [f"{name}{between}{value:.4g}" for name, value in record.items() if name != "seconds"]


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
