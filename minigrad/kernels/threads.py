"""How do several threads share the work on a batch of samples?"""

from __future__ import annotations

import contextvars
import functools
import os
import threading
from _thread import start_new_thread
from collections.abc import Callable
from itertools import pairwise
from queue import SimpleQueue
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


class _Job:
    """One part of the work: what is done for it, and what it gives.

    Args:
        run: does it.
        done: where None is put when it is done.
    """

    def __init__(self, run: Callable[[], Any], done: SimpleQueue[None]) -> None:
        self.run, self.done = run, done
        self.result: Any = None
        self.error: BaseException | None = None

    def do(self) -> None:
        """Do it. An error is for the one who waits."""
        try:
            self.result = self.run()
        except BaseException as error:
            self.error = error
        # Nothing refers to the arrays any more when the one who waits goes on.
        del self.run
        self.done.put(None)


def _work(jobs: SimpleQueue[_Job | None]) -> None:
    # A variable in the loop would keep the last job, and its result, while this waits for the next one.
    while _did(jobs.get()):
        pass


def _did(job: _Job | None) -> bool:
    if job is None:
        return False
    job.do()
    return True


class _Workers:
    """The threads beside the main one, started when they are first needed.

    Jobs go through a queue that is written in C. ThreadPoolExecutor takes locks in Python code, one of them for all
    executors of the process, and Ctrl-C could leave them held: then everybody would wait for ever.
    """

    def __init__(self) -> None:
        # Threads of BLAS wait busily for more work, and take the processors from these.
        self.count = _available() if BLAS_HAS_ONE_THREAD else 1
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._started = 0
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
                    'pip install "minigrad-numpy[threads]", or set OPENBLAS_NUM_THREADS=1 before Python is started'
                ) from error
            self._limit = threadpool_limits(limits=1, user_api="blas")
        elif self.count == 1 and self._limit is not None:
            # Another thread may do this, too.
            limit, self._limit = self._limit, None
            limit.restore_original_limits()

    def jobs(self, threads: int) -> SimpleQueue[_Job | None]:
        """Where jobs are put for so many threads, at least one.

        Threads are started and ended here alone, on the main thread before it puts jobs, so that somebody is there to
        do them, whoever sets the count meanwhile. If Ctrl-C comes between two lines, there is one thread more than
        known, which does no harm.

        Raises:
            RuntimeError: when no thread can be started, because the interpreter is about to end.
        """
        while self._started < threads:
            start_new_thread(_work, (self._jobs,))
            self._started += 1
        while self._started > threads:
            self._started -= 1
            self._jobs.put(None)
        return self._jobs

    def forget(self) -> None:
        """Start new threads when they are needed again."""
        self._jobs, self._started = SimpleQueue(), 0


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

    Examples:
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
    _workers.limit_blas()


def for_each_part(task: Callable[[slice], T], samples: int, operations: float) -> list[T]:
    """What a task gives for each part of a batch, in order; the parts may run at the same time.

    Args:
        task: given the samples of one part; it may write only to what belongs to them.
        samples: in the batch.
        operations: multiplications for the whole batch, roughly.
    """
    count = _workers.count
    parts = min(count, samples, max(1, int(operations // WORTHWHILE)))
    if parts < 2 or threading.current_thread() is not threading.main_thread():
        return [task(slice(0, samples))]
    bounds = [samples * part // parts for part in range(parts + 1)]
    first, *others = [slice(start, end) for start, end in pairwise(bounds)]
    done: SimpleQueue[None] = SimpleQueue()
    # Each in the caller's context: NumPy's error handling is part of it.
    jobs = [_Job(functools.partial(contextvars.copy_context().run, task, part), done) for part in others]
    try:
        queue = _workers.jobs(count - 1)
    except RuntimeError:
        # The interpreter is about to end, and starts nothing any more.
        return [task(slice(0, samples))]
    put: list[None] = []
    try:
        try:
            # One call of C: Ctrl-C comes before all of it, or after.
            put.extend(map(queue.put, jobs))
            result = task(first)
        finally:
            # They write to arrays of the caller, also if the first part has failed.
            for _ in put:
                done.get()
        for job in jobs:
            if job.error is not None:
                raise job.error
        return [result, *[job.result for job in jobs]]
    finally:
        # An error refers to the functions it came through, which must not refer to the error.
        for job in jobs:
            job.error = None
