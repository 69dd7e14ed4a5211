"""How do several threads share the work on a batch of samples?"""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import pairwise
from typing import Any, TypeVar

T = TypeVar("T")

# OpenBLAS has threads of its own for products of matrices, unless told otherwise before it is loaded.
_TOLD = os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS")
BLAS_HAS_ONE_THREAD = _TOLD == "1"

# Parts with fewer multiplications take longer in several threads, which take turns in what is not NumPy.
WORTHWHILE = 5_000_000


def _available() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Workers:
    """The threads beside the main one, started when they are first needed."""

    def __init__(self) -> None:
        # Threads of BLAS wait busily for more work, and take the processors from these.
        self.count = _available() if BLAS_HAS_ONE_THREAD else 1
        self._pool: ThreadPoolExecutor | None = None
        self._limit: Any = None

    def limit_blas(self) -> None:
        """Keep BLAS to one thread, if there are others; without others, leave it as it was.

        Raises:
            ImportError: without threadpoolctl.
        """
        if self.count > 1 and not BLAS_HAS_ONE_THREAD and self._limit is None:
            try:
                from threadpoolctl import threadpool_limits
            except ImportError as error:
                self.count = 1
                raise ImportError(
                    "NumPy's own threads would get in the way of minigrad's: "
                    'pip install "minigrad[threads]", or set OPENBLAS_NUM_THREADS=1 before Python is started'
                ) from error
            self._limit = threadpool_limits(limits=1, user_api="blas")
        elif self.count == 1 and self._limit is not None:
            self._limit.restore_original_limits()
            self._limit = None

    def pool(self) -> ThreadPoolExecutor:
        """The threads."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.count - 1, "minigrad")
        return self._pool

    def forget(self) -> None:
        """Start new threads when they are needed again."""
        self._pool = None


_workers = _Workers()
if hasattr(os, "register_at_fork"):
    # Threads do not survive a fork, and a child that waited for them would wait forever.
    os.register_at_fork(after_in_child=_workers.forget)


def get_num_threads() -> int:
    """Into how many threads convolution and pooling may divide a batch; see `set_num_threads`."""
    return _workers.count


def set_num_threads(count: int) -> None:
    """Divide batches in convolution and pooling among so many threads of minigrad's own; 1 for none.

    By default there are as many as processors where OPENBLAS_NUM_THREADS=1 or OMP_NUM_THREADS=1 is set, and 1
    elsewhere: then NumPy's matrix products use threads of their own, and nothing else is divided. Where that variable
    is not set, more than one keeps NumPy's and SciPy's BLAS to one thread, in the whole process; 1 undoes that.

    Results are the same to the last bit for the same number of threads. Work that is started in another thread than
    the main one is not divided, because others are then at work already.

    Raises:
        TypeError: for anything but an integer.
        ValueError: for less than 1.
        ImportError: without threadpoolctl (extra `threads`), where BLAS has to be limited.

    Example:
        >>> before = mg.get_num_threads()
        >>> mg.set_num_threads(1)
        >>> mg.get_num_threads()
        1
        >>> mg.set_num_threads(before)
    """
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"a number of threads is an integer, not {count!r}")
    if count < 1:
        raise ValueError(f"a number of threads is at least 1, not {count}")
    _workers.count = count
    _workers.forget()
    _workers.limit_blas()


def for_each_part(task: Callable[[slice], T], samples: int, operations: float) -> list[T]:
    """What a task gives for each part of a batch, in order; the parts may run at the same time.

    Args:
        task: given the samples of one part; it may write only to what belongs to them.
        samples: in the batch.
        operations: multiplications for the whole batch, roughly.
    """
    parts = min(_workers.count, samples, max(1, int(operations // WORTHWHILE)))
    if parts < 2 or threading.current_thread() is not threading.main_thread():
        return [task(slice(0, samples))]
    bounds = [samples * part // parts for part in range(parts + 1)]
    first, *others = [slice(start, end) for start, end in pairwise(bounds)]
    running: list[Future[T]] = []
    try:
        for part in others:
            # Each in the caller's context: NumPy's error handling is part of it.
            running.append(_workers.pool().submit(contextvars.copy_context().run, task, part))
    except RuntimeError:
        # The interpreter is about to end, and starts nothing any more.
        wait(running)
        return [task(slice(0, samples))]
    try:
        return [task(first), *[each.result() for each in running]]
    finally:
        # They write to arrays of the caller, also if the first part has failed.
        wait(running)
