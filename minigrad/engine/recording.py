"""How are operations being recorded, here and now?"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class Observer:
    """Sees what is computed while it is part of the `Recording`; a subclass says what it wants to see."""

    def result(self, node: Any) -> None:
        """A result was recorded; `node` says how it was made."""

    def cotangent(self, node: Any, gradient: Any) -> None:
        """The whole gradient of a result or leaf has arrived at its node in a pass back."""

    def output(self, layer: Any, out: Any) -> None:
        """A layer has returned something."""


@dataclass(frozen=True)
class Recording:
    """How operations on Tensors are recorded in one thread and context.

    Attributes:
        enabled: whether results remember how they were made.
        complete: whether a graph keeps the values, too, that no rule reads: for tools that look at all of them.
        observer: sees every recorded result, every cotangent and every output of a layer.
        outer: the recording around this one, None for the outermost.
        entry: what set this one, None for the outermost.
    """

    enabled: bool = True
    complete: bool = False
    observer: Observer | None = None
    outer: Recording | None = field(default=None, repr=False)
    entry: recording | None = field(default=None, repr=False)


PLAIN = Recording()
_current: ContextVar[Recording] = ContextVar("minigrad_recording", default=PLAIN)

# Both are single calls of C, in the middle of which no signal arrives. Code that sets a recording sets the one of
# before as the first thing in a `finally` block, and then calls `leave_what_has_ended`.
current_recording = _current.get
set_recording = _current.set


def is_grad_enabled() -> bool:
    """Whether operations are recorded in this thread and context."""
    return current_recording().enabled


class recording:  # noqa: N801  # called like a function
    """Change how operations are recorded inside a `with` block or a decorated function.

    Leaving takes away what this block has set and nothing else, whichever block is left first: a generator may leave
    its block in the middle of somebody else's. What is interrupted between entering and the block itself is left when
    this object is gone.

    Args:
        enabled, complete, observer: as in `Recording`; what is None stays as it is.
    """

    _inside: list[recording] = []  # noqa: RUF012  # replaced, and empty where that was interrupted

    def __init__(
        self, enabled: bool | None = None, complete: bool | None = None, observer: Observer | None = None
    ) -> None:
        self._changes = enabled, complete, observer
        self._inside = []
        self._left = False

    def __enter__(self) -> None:
        # One object may be entered more than once, so each time gets an entry of its own.
        entry = recording(*self._changes)
        self._inside.append(entry)
        set_recording(entry._within(current_recording()))

    def __exit__(self, *exception: object) -> None:
        # Of several entries the newest of this context: threads may share this object.
        now: Recording | None = current_recording()
        while now is not None and now.entry not in self._inside:
            now = now.outer
        entry = self._inside[-1] if now is None or now.entry is None else now.entry
        entry._left = True
        leave_what_has_ended()
        # Removed last: whatever was interrupted before is done again when this object is gone.
        self._inside.remove(entry)

    def __del__(self) -> None:
        if self._inside:
            for entry in self._inside:
                entry._left = True
            leave_what_has_ended()

    def _within(self, outer: Recording) -> Recording:
        enabled, complete, observer = self._changes
        return Recording(
            outer.enabled if enabled is None else enabled,
            outer.complete if complete is None else complete,
            observer or outer.observer,
            outer,
            self,
        )

    def __call__(self, function: F) -> F:
        """The function, whose body runs inside such a block."""
        return _decorated(function, lambda: recording(*self._changes))


class no_grad(recording):  # noqa: N801  # called like a function
    """Record nothing inside a `with` block or a decorated function.

    Results computed inside have ``requires_grad == False``. The mode belongs to the current thread and context:
    a thread started inside the block records as usual. A decorated generator or coroutine records nothing while its
    own code runs. A `with` block in a generator that holds a `yield` also holds for the code that takes the values.

    Example:
        >>> x = mg.Tensor([1.0, 2.0], requires_grad=True)
        >>> with mg.no_grad():
        ...     y = x * 2.0
        >>> y.requires_grad
        False
        >>> @mg.no_grad
        ... def doubled(x):
        ...     return x * 2.0
        >>> doubled(x).requires_grad
        False
    """

    @overload
    def __new__(cls) -> no_grad: ...
    @overload
    def __new__(cls, function: F) -> F: ...  # type: ignore[misc]  # mypy wants an instance; pyright takes the function
    def __new__(cls, function: F | None = None) -> Any:
        """The block, or for ``@mg.no_grad`` without parentheses the decorated function."""
        if function is None:
            return super().__new__(cls)
        if not callable(function):
            raise TypeError(f"no_grad takes a function to decorate or nothing, not {function!r}: `with mg.no_grad():`")
        return _decorated(function, cls)

    def __init__(self) -> None:
        super().__init__(enabled=False)


def recorded_call(function: Callable[[], T]) -> T:
    """What a function gives that is called while operations are recorded, whatever the mode around it."""
    before = current_recording()
    try:
        if not before.enabled:
            set_recording(Recording(True, before.complete, before.observer, before))
        return function()
    finally:
        set_recording(before)
        leave_what_has_ended()


def leave_what_has_ended() -> None:
    """Take away from the current recording what blocks that have ended had set."""
    kept: list[recording] = []
    now: Recording | None = current_recording()
    ended = False
    while now is not None and now.entry is not None:
        if now.entry._left:
            ended = True
        else:
            kept.append(now.entry)
        now = now.outer
    if ended and now is not None:
        for entry in reversed(kept):
            now = entry._within(now)
        set_recording(now)


def _decorated(function: F, block: Callable[[], Any]) -> F:
    """A function whose body runs inside a block, and only its body if that is run in several steps."""
    if inspect.isgeneratorfunction(function):
        wrapper: Any = _generator(function, block)
    elif inspect.isasyncgenfunction(function):
        wrapper = _async_generator(function, block)
    elif inspect.iscoroutinefunction(function):

        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            with block():
                return await function(*args, **kwargs)

    else:

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with block():
                return function(*args, **kwargs)

    return functools.wraps(function)(wrapper)  # type: ignore[return-value]  # of the same signature


def _generator(function: Any, block: Callable[[], Any]) -> Any:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        steps = function(*args, **kwargs)
        step, value = steps.send, None
        while True:
            try:
                with block():
                    produced = step(value)
            except StopIteration as end:
                return end.value
            try:
                step, value = steps.send, (yield produced)
            except GeneratorExit:
                with block():
                    steps.close()
                raise
            except BaseException as error:
                step, value = steps.throw, error

    return wrapper


def _async_generator(function: Any, block: Callable[[], Any]) -> Any:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        steps = function(*args, **kwargs)
        step, value = steps.asend, None
        while True:
            try:
                with block():
                    produced = await step(value)
            except StopAsyncIteration:
                return
            try:
                step, value = steps.asend, (yield produced)
            except GeneratorExit:
                with block():
                    await steps.aclose()
                raise
            except BaseException as error:
                step, value = steps.athrow, error

    return wrapper
