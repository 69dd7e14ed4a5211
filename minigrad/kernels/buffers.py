"""Where do large arrays come from?

The C library hands large arrays back to the system when they are freed, and the system has to find and clear every
page again for the next one: an array of 3 MB took 30 times as long to fill as one that had been filled before. So
arrays are made here of memory that was used before, as soon as nobody refers to it any longer.
"""

from __future__ import annotations

import itertools
import math
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
T = TypeVar("T")

# Smaller arrays are reused by the C library itself.
WORTH_LENDING = 1 << 16
_UNCACHED = 1 << 22
# So much may be kept that nobody uses.
_LIMIT = 1 << 28
# So many buffers are looked at in search of an unused one.
_TRIES = 16


def untraced(calibrate: Callable[[], T]) -> T:
    """The result of a function that counts references: a tracer that looks at variables would hold some, too."""
    trace, profile = sys.gettrace(), sys.getprofile()
    # A profiler written in C, such as cProfile, looks at no variables, and could not be set again from here.
    is_python = callable(profile)
    sys.settrace(None)
    if is_python:
        sys.setprofile(None)
    try:
        return calibrate()
    finally:
        sys.settrace(trace)
        if is_python:
            sys.setprofile(profile)


def _referred_to(buffers: Iterable[Array], times: int) -> Iterator[Array]:
    for buffer in buffers:
        if sys.getrefcount(buffer) == times:
            yield buffer


class _Buffers:
    """Memory that was lent out, by size."""

    def __init__(self) -> None:
        # Code that the collector of cycles or a signal runs in the middle of `take` may need memory, too.
        self.lock = threading.RLock()
        self._by_size: dict[int, list[Array]] = {}
        self._owners: set[int] = set()
        self._bytes = 0
        self._next = 0
        self._calls_without_search = 0
        # Counting is not exact where threads count independently.
        self.counts: bool = getattr(sys, "_is_gil_enabled", lambda: True)()
        self._references = next((count for count in range(1, 9) if list(_referred_to([np.empty(0)], count))), 0)
        lent = np.empty(1, np.uint8)
        holder = [lent]
        del lent
        self._used_once = self._references_to_base(np.ndarray(1, np.uint8, holder[0]))

    @staticmethod
    def _references_to_base(array: Array) -> int:
        return sys.getrefcount(array.base)

    def take(self, size: int) -> Array:
        """So many bytes, of memory that nobody refers to."""
        # A `with` block is not safe: a signal may arrive when the lock is taken, but the block does not protect it yet.
        # Whatever happens here, the first call on the way out gives the lock back.
        try:
            self.lock.acquire()
            return self._found(size)
        finally:
            try:  # noqa: SIM105  # contextlib.suppress would be a call before that one
                self.lock.release()
            except RuntimeError:
                # This thread does not have the lock: it was interrupted while it waited.
                pass

    def _found(self, size: int) -> Array:
        buffer = self._unused(size)
        if buffer is None and size >= _UNCACHED:
            # What is smaller may still be in the cache if it is of the same size.
            for fitting in sorted(each for each in self._by_size if size < each <= 2 * size):
                if buffer is None:
                    buffer = self._unused(fitting)
        if buffer is not None:
            return buffer
        if self._bytes + size > _LIMIT:
            self._drop_unused()
        buffer = np.empty(size, np.uint8)
        if self.counts and self._bytes + size <= _LIMIT:
            self._by_size.setdefault(size, []).append(buffer)
            self._owners.add(id(buffer))
            self._bytes += size
        return buffer

    def _unused(self, size: int) -> Array | None:
        """A buffer that nobody refers to: one of the oldest, and where all of those are used, one of a few others."""
        buffers = self._by_size.get(size)
        if buffers is None:
            return None
        found = next(_referred_to(itertools.islice(buffers, _TRIES), self._references), None)
        if found is None and len(buffers) > _TRIES:
            start = self._next % len(buffers)
            self._next = start + _TRIES
            found = next(_referred_to(itertools.islice(buffers, start, start + _TRIES), self._references), None)
        return found

    def _drop_unused(self) -> None:
        """Give all unused memory back; not again soon, because a search takes time for every buffer."""
        if self._calls_without_search:
            self._calls_without_search -= 1
            return
        for size, buffers in list(self._by_size.items()):
            unused = {id(buffer) for buffer in _referred_to(buffers, self._references)}
            self._bytes -= size * len(unused)
            self._by_size[size] = [buffer for buffer in buffers if id(buffer) not in unused]
            if not self._by_size[size]:
                del self._by_size[size]
        self._owners = {id(buffer) for buffers in self._by_size.values() for buffer in buffers}
        self._calls_without_search = len(self._owners)

    def has_only(self, array: Array) -> bool:
        """Whether an array is the only one in memory that was lent out."""
        return id(array.base) in self._owners and self._references_to_base(array) == self._used_once


_buffers = untraced(_Buffers)


def _unlock() -> None:
    # A thread that does not exist in the child may have held it.
    _buffers.lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """``np.empty``, of memory that was used before if the array is large."""
    size = math.prod(shape) * dtype.itemsize
    if size < WORTH_LENDING or dtype.hasobject:
        return np.empty(shape, dtype)
    return np.ndarray(shape, dtype, _buffers.take(size))


def zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """``np.zeros``, of memory that was used before if the array is large."""
    array = empty(shape, dtype)
    array[...] = 0
    return array


def like(array: Any) -> Array | None:
    """Room for a result of the same shape and dtype as a large array of floats; None where that is not worth it."""
    if type(array) is not np.ndarray or array.nbytes < WORTH_LENDING or array.dtype.kind != "f":
        return None
    return empty(array.shape, array.dtype)


def is_only_array(array: Array) -> bool:
    """Whether no other array shares the memory of this one: it is its own, or lent out by `empty` to it alone."""
    return array.base is None or _buffers.has_only(array)


def count_owners(install: Callable[[Callable[[Array], Any]], None], ask: Callable[[Array], Any]) -> None:
    """Install a function that tells whether only a variable of the one who asks refers to an array and its memory.

    Args:
        install: lets a function answer.
        ask: calls that function with an array in a variable, as it will be called later.
    """
    if not _buffers.counts:
        return

    def calibrate() -> int:
        install(lambda array: sys.getrefcount(array))
        array = np.empty(0)
        return int(ask(array))

    references = untraced(calibrate)

    def is_alone(array: Array) -> bool:
        if sys.getrefcount(array) != references:
            return False
        return type(array) is np.ndarray and array.flags.writeable and is_only_array(array)

    install(is_alone)
