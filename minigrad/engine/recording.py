"""Are operations being recorded, here and now?"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator
from contextvars import ContextVar, Token
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])

_SUSPENDED_FUNCTIONS = (inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction)

OFF, ON, IN_FULL, APART = 0, 1, 2, 3

_recording: ContextVar[int] = ContextVar("minigrad_recording", default=ON)

# How operations are recorded in this thread and context: OFF, ON, IN_FULL, with values that no rule reads, or APART,
# with copies of arrays that a function written for NumPy may write to afterwards.
recording_mode = _recording.get


def is_grad_enabled() -> bool:
    """Whether operations are recorded in this thread and context."""
    return recording_mode() != OFF


class _Recording(contextlib.ContextDecorator):
    """Sets how operations are recorded for as long as a `with` block or a decorated function runs."""

    _mode: int

    def __init__(self) -> None:
        self._tokens: list[Token[int]] = []

    def __enter__(self) -> None:
        self._tokens.append(_recording.set(self._mode))

    def __exit__(self, *exception: object) -> None:
        _recording.reset(self._tokens.pop())

    def __call__(self, function: F) -> F:
        if any(test(function) for test in _SUSPENDED_FUNCTIONS):
            # Such a function returns at once, and its body runs later, in whatever mode there is then.
            raise TypeError(
                f"{type(self).__name__} cannot decorate a generator or a coroutine; use a `with` block in it"
            )
        return super().__call__(function)

    def _recreate_cm(self) -> _Recording:
        # A decorated function may run in several threads at once: each call needs tokens of its own.
        return type(self)()


class no_grad(_Recording):  # noqa: N801  # called like a function
    """Record nothing inside a `with` block or a decorated function.

    Results computed inside have ``requires_grad == False``. The mode belongs to the current thread and context:
    a thread started inside the block records as usual.

    Example:
        >>> x = mg.Tensor([1.0, 2.0], requires_grad=True)
        >>> with mg.no_grad():
        ...     y = x * 2.0
        >>> y.requires_grad
        False
    """

    _mode = OFF


class recording(_Recording):  # noqa: N801  # called like a function
    """Record inside a `with` block, whatever the mode around it: what `create_graph=True` needs."""

    _mode = ON


_AS_BEFORE = contextlib.nullcontext()


def recording_if(wanted: bool) -> contextlib.AbstractContextManager[None]:
    """`recording`, or a `with` block that changes nothing."""
    return recording() if wanted else _AS_BEFORE


class recording_in_full(_Recording):  # noqa: N801  # called like a function
    """Record inside a `with` block, and keep every value: for tools that look at all results of a computation."""

    _mode = IN_FULL


_tracing: ContextVar[bool] = ContextVar("minigrad_tracing", default=False)

# Whether a transform, such as `minigrad.grad`, is calling a function in this thread and context.
is_tracing = _tracing.get

# Calls of functions by transforms that are going on, in all threads.
_calls: set[object] = set()


def is_anything_traced() -> bool:
    """Whether a transform is calling a function in any thread."""
    return bool(_calls)


@contextlib.contextmanager
def tracing() -> Iterator[None]:
    """Record inside a `with` block, in which a function is called by a transform."""
    token, call = _tracing.set(True), object()
    mode = None if recording_mode() == IN_FULL else _recording.set(APART)
    _calls.add(call)
    try:
        yield
    finally:
        _calls.discard(call)
        if mode is not None:
            _recording.reset(mode)
        _tracing.reset(token)
