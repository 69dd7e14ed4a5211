"""Where do large arrays come from?

The C library hands large arrays back to the system when they are freed, and the system has to find and clear every
page again for the next one: an array of 3 MB took 30 times as long to fill as one that had been filled before. So
arrays are made here of memory that was used before, as soon as nobody refers to it any longer.
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Smaller arrays are reused by the C library itself.
LARGE = 1 << 16
_UNCACHED = 1 << 22
# So much may be kept that nobody uses.
_LIMIT = 1 << 28


def _referred_to(buffers: list[Array], times: int) -> Iterator[Array]:
    for buffer in buffers:
        if sys.getrefcount(buffer) == times:
            yield buffer


class _Buffers:
    """Memory that was lent out, by size."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_size: dict[int, list[Array]] = {}
        self._owners: set[int] = set()
        self._bytes = 0
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
        with self._lock:
            sizes = [size]
            if size >= _UNCACHED:
                # What is smaller may still be in the cache if it is of the same size.
                sizes += sorted(each for each in self._by_size if size < each <= 2 * size)
            for fitting in sizes:
                for buffer in self._unused(fitting):
                    return buffer
            if self._bytes + size > _LIMIT:
                self._drop_unused()
            buffer = np.empty(size, np.uint8)
            if self.counts and self._bytes + size <= _LIMIT:
                self._by_size.setdefault(size, []).append(buffer)
                self._owners.add(id(buffer))
                self._bytes += size
            return buffer

    def _unused(self, size: int) -> Iterator[Array]:
        return _referred_to(self._by_size.get(size, []), self._references)

    def _drop_unused(self) -> None:
        for size, buffers in self._by_size.items():
            unused = {id(buffer) for buffer in self._unused(size)}
            self._bytes -= size * len(unused)
            self._by_size[size] = [buffer for buffer in buffers if id(buffer) not in unused]
        self._owners = {id(buffer) for buffers in self._by_size.values() for buffer in buffers}

    def has_only(self, array: Array) -> bool:
        """Whether an array is the only one in memory that was lent out."""
        return id(array.base) in self._owners and self._references_to_base(array) == self._used_once


_buffers = _Buffers()


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """``np.empty``, of memory that was used before if the array is large."""
    size = math.prod(shape) * dtype.itemsize
    if size < LARGE or dtype.hasobject:
        return np.empty(shape, dtype)
    return np.ndarray(shape, dtype, _buffers.take(size))


def zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """``np.zeros``, of memory that was used before if the array is large."""
    array = empty(shape, dtype)
    array[...] = 0
    return array


def like(array: Any) -> Array | None:
    """Room for a result of the same shape and dtype as a large array of floats; None where that is not worth it."""
    if type(array) is not np.ndarray or array.nbytes < LARGE or array.dtype.kind != "f":
        return None
    return empty(array.shape, array.dtype)


def is_only_array(array: Array) -> bool:
    """Whether no other array shares the memory of this one: it is its own, or lent out by `empty` to it alone."""
    return array.base is None or _buffers.has_only(array)


class _Holder:
    __slots__ = ("pending",)

    pending: Any


def _references_if_alone() -> int:
    if not _buffers.counts:
        return 0
    holder = _Holder()
    holder.pending = np.empty(0)
    return sys.getrefcount(holder.pending)


_ALONE = _references_if_alone()


def holds_alone(holder: Any) -> bool:
    """Whether ``holder.pending`` is an array that can be written to, and nothing else refers to it or its memory."""
    # Counted first: a variable would be one more reference.
    if sys.getrefcount(holder.pending) != _ALONE:
        return False
    array = holder.pending
    return type(array) is np.ndarray and array.flags.writeable and is_only_array(array)
