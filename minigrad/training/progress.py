"""What does a person see of a training run, and how can they end it?"""

from __future__ import annotations

import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import FrameType
from typing import Any, Self, TypeVar

T = TypeVar("T")


class Silent:
    """What is seen of one epoch: nothing."""

    def __init__(self, batches: Iterable[Any], title: str, done: int = 0) -> None:
        self._title = title

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def update(self, values: Callable[[], Mapping[str, float]]) -> None:
        """One more batch is done; `values` gives the means until now."""

    def finish(self, record: Mapping[str, float]) -> None:
        """The epoch is done, and this is its record."""


# How many seconds pass between two lines within an epoch.
_SECONDS = 30.0


class Line(Silent):
    """One line when the epoch is done, on standard output, for logs and for whatever cannot draw a bar.

    An epoch that takes long has lines in between.
    """

    def __init__(self, batches: Iterable[Any], title: str, done: int = 0) -> None:
        super().__init__(batches, title)
        self._done, self._total = done, number_of(batches)
        self._last = time.monotonic()

    def update(self, values: Callable[[], Mapping[str, float]]) -> None:
        """Print how far it is, if the last line is long ago."""
        self._done += 1
        if time.monotonic() - self._last >= _SECONDS:
            self._last = time.monotonic()
            of_all = "" if self._total is None else f" of {self._total}"
            print(f"{self._title}, batch {self._done}{of_all}: {', '.join(_values(values()))}", flush=True)  # noqa: T201

    def finish(self, record: Mapping[str, float]) -> None:
        """Print the record."""
        print(f"{self._title}: {', '.join(_values(record))} ({record['seconds']:.1f} s)", flush=True)  # noqa: T201


class Bar(Silent):
    """A bar on standard error, with the means until now, batches a second, and the time left.

    It knows its end if the batches have a length.
    """

    def __init__(self, batches: Iterable[Any], title: str, done: int = 0, *, tqdm: Any) -> None:
        self._bar = tqdm(total=number_of(batches), initial=done, desc=title, unit="batch", leave=True)

    def __exit__(self, *exception: object) -> None:
        self._bar.close()

    def update(self, values: Callable[[], Mapping[str, float]]) -> None:
        """One step further."""
        self._bar.set_postfix_str(", ".join(_values(values(), "=")), refresh=False)
        self._bar.update()

    def finish(self, record: Mapping[str, float]) -> None:
        """Show the values of the validation, too."""
        self._bar.set_postfix_str(", ".join(_values(record, "=")))


def number_of(batches: Any) -> int | None:
    """How many batches there are, if they know it."""
    try:
        return len(batches)
    except TypeError:
        return None


def way_to_show(progress: bool) -> Callable[[Iterable[Any], str, int], Silent]:
    """How epochs are shown here: given the batches, a title and how many are done, something to enter for an epoch.

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
