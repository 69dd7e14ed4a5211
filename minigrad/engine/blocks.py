"""How is recording switched inside a `with` block or a decorated function?"""

from __future__ import annotations

import functools
import inspect
import io
from collections.abc import Callable, Iterator
from threading import get_ident
from typing import Any, TypeVar, overload

from minigrad.engine.recording import (
    Block,
    Changes,
    Observer,
    Recording,
    current_recording,
    latest_recording,
    set_place,
    set_recording,
)

F = TypeVar("F", bound=Callable[..., Any])


class _Exit(io.IOBase):
    """Something whose `__exit__` is written in C, and calls a function.

    Python looks for signals when it starts a function that is written in Python, before the first line of it. Such an
    `__exit__` may be interrupted before it has done anything. That of Python's files is written in C, and calls
    `close`.
    """

    closed = True  # nothing has to be done when this object is gone


class _Leaving:
    """The attribute `__exit__` of `recording`, which `with` looks up before it enters."""

    def __get__(self, instance: recording | None, owner: type[recording]) -> Callable[..., None]:
        if instance is None:
            # contextlib.ExitStack asks the class. It is written in Python, as whoever calls `__enter__` and `__exit__`
            # by name is: Ctrl-C may come before they have called this, and then they never leave.
            return _leave
        block = Block(instance._changes)
        instance._prepared[get_ident()] = block
        leaving, steps = _Exit(), instance._leaving(block)
        next(steps)
        leaving.close = steps.__next__  # type: ignore[method-assign]  # each has its own
        return leaving.__exit__


def _leave(instance: recording, *exception: object) -> None:
    instance.__exit__(*exception)


class recording:  # noqa: N801  # called like a function
    """Change how operations are recorded inside a `with` block or a decorated function.

    Leaving takes away what this block has set and nothing else, whichever block is left first: a generator may leave
    its block in the middle of somebody else's. One object may be entered again, also by several threads: each time is
    a block of its own.

    Args:
        enabled, complete, observer: as in `Recording`; what is None stays as it is.
    """

    def __init__(
        self, enabled: bool | None = None, complete: bool | None = None, observer: Observer | None = None
    ) -> None:
        self._changes: Changes = enabled, complete, observer
        # By thread, the block whose `__exit__` was looked up last, and which is to be entered now.
        self._prepared: dict[int, Block] = {}
        self._entered: list[Block] = []

    def __enter__(self) -> None:
        before, thread = current_recording(), get_ident()
        # Who calls `__enter__` and `__exit__` by name looks up the second one later.
        block = self._prepared.pop(thread, None) or Block(self._changes)
        try:
            block.thread = thread
            block.place = set_place(None)
            self._entered.append(block)
            # What follows in this function is safe: the `with` block protects itself from the next instruction on.
            set_recording(block.within(before))
        except BaseException:
            block.left = True
            current_recording()
            raise

    __exit__ = _Leaving()

    def _leaving(self, block: Block) -> Iterator[None]:
        """Leave a block at the second step: at once, even if that step begins with Ctrl-C."""
        called = True
        try:
            yield
            if block.place is None:
                block = self._newest_block()
        except GeneratorExit:
            # Nobody called it.
            called = False
        finally:
            if called and block.place is not None:
                block.left = True
                self._entered.remove(block)
                block.take_away()
        if called:
            yield

    def _newest_block(self) -> Block:
        """What is left if `__exit__` was looked up after `__enter__`: the newest of this context, if there is one."""
        entered = [block for block in self._entered if not block.left]
        level: Recording | None = latest_recording()
        while level is not None:
            if level.block is not None and level.block in entered:
                return level.block
            level = level.outer
        if not entered:
            raise RuntimeError("__exit__ was called for a block that was not entered; write `with mg.no_grad():`")
        return entered[-1]

    def __call__(self, function: F) -> F:
        """The function, whose body runs inside such a block."""
        return _decorated(function, lambda: recording(*self._changes))


class no_grad(recording):  # noqa: N801  # called like a function
    """Record nothing inside a `with` block or a decorated function.

    Results computed inside have ``requires_grad == False``. Afterwards the mode is what it was before, also after
    Ctrl-C at any moment of the `with` block or the function.

    The mode belongs to the current thread and context: a thread started inside the block records as usual. A context
    that is copied inside the block, as asyncio does for a task, records nothing, also after the block.

    ``@mg.no_grad`` and ``@mg.no_grad()`` do the same. A decorated generator or coroutine records nothing while its
    own code runs. A `with` block in a generator that holds a `yield` also holds for the code that takes the values.

    Raises:
        TypeError: if it decorates a class, or what is no function.

    Examples:
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
        return _decorated(function, cls)

    def __init__(self) -> None:
        self._changes, self._prepared, self._entered = (False, None, None), {}, []


def _decorated(function: F, block: Callable[[], Any]) -> F:
    """A function whose body runs inside a block, and only its body if that is run in several steps."""
    if isinstance(function, type):
        raise TypeError(f"no_grad was given the class {function.__name__}; decorate its methods instead")
    if isinstance(function, (staticmethod, classmethod, property)):
        kind = type(function).__name__
        raise TypeError(f"no_grad was given a {kind}; write @mg.no_grad below @{kind}")
    if not callable(function):
        raise TypeError(f"no_grad takes a function to decorate or nothing, not {function!r}: `with mg.no_grad():`")
    # An object that can be called has its code in `__call__`.
    code = (function, type(function).__call__)
    if any(map(inspect.isgeneratorfunction, code)):
        wrapper: Any = _generator(function, block)
    elif any(map(inspect.isasyncgenfunction, code)):
        wrapper = _async_generator(function, block)
    elif any(map(inspect.iscoroutinefunction, code)):

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
            finally:
                # An error refers to this function, which must not refer to the error.
                value = None
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
            finally:
                value = None
            try:
                step, value = steps.asend, (yield produced)
            except GeneratorExit:
                with block():
                    await steps.aclose()
                raise
            except BaseException as error:
                step, value = steps.athrow, error

    return wrapper
