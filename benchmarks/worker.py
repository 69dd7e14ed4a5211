"""How does each peer work in a process of its own, and only when it is its turn?

In one process for all, peers share the heap, the collector of cycles and threads, and each is slower for it.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import time
import traceback
from multiprocessing.connection import Connection
from tempfile import TemporaryDirectory
from typing import Any, Self
from unittest import mock

import numpy as np

from benchmarks.machine import environment, limit_threads

# Whose threads share batches of images.
_OWN_THREADS = ("minigrad", "minigrad compiled")


class WorkerError(Exception):
    """What a peer was asked to do failed."""


class Worker:
    """A process in which one peer does what one workload asks for.

    Args:
        peer: its name.
        workload: the name of a module of `benchmarks.workloads`.
        threads: how many the peer may use.
        quick: whether the workload is to be small.
    """

    def __init__(self, peer: str, workload: str, threads: int, *, quick: bool) -> None:
        self.peer = peer
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, peer, workload, threads, quick), daemon=True)
        with mock.patch.dict(os.environ, environment(threads)):
            self._process.start()
        other.close()

    def result(self, position: int) -> list[Any]:
        """The arrays that the first step of a case gives, with which later steps go on."""
        with TemporaryDirectory() as folder:
            count = self.ask("prepare", position, folder)
            return [np.load(_file(folder, each)) for each in range(count)]

    def first(self) -> float:
        """The time of that first step, in seconds."""
        return self.ask("first")  # type: ignore[no-any-return]

    def seconds(self) -> float:
        """The time of another step of that case."""
        return self.ask("seconds")  # type: ignore[no-any-return]

    def ask(self, request: str, *args: Any) -> Any:
        """The answer of a method of `_Work`.

        Raises:
            WorkerError: where it raised, with its traceback, or where the process ended.
        """
        try:
            self._connection.send((request, args))
            succeeded, answer = self._connection.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            raise WorkerError(f"the process of {self.peer} ended with {self._process.exitcode}") from None
        if not succeeded:
            raise WorkerError(f"{self.peer} failed:\n{answer}")
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._connection.close()
        self._process.join()


class _Work:
    """What can be asked of a worker."""

    def __init__(self, peer: str, workload: str, threads: int, quick: bool) -> None:
        self._module = importlib.import_module(f"benchmarks.workloads.{workload}")
        limit_threads(threads, divides_batches=peer in _OWN_THREADS and self._module.DIVIDES_BATCHES)
        self._peer = peer
        self._quick = quick
        # Threads of the peer before may still wait busily for more work, and this one's have to wake.
        self._warming = 0.05 if threads > 1 else 0.0
        self._cases: Any = None
        self._way: Any = None
        self._first = 0.0

    def prepare(self, position: int, folder: str) -> int:
        """Take one step of a case, and write the arrays it gives to a folder; how many they are."""
        if self._cases is None:
            self._cases = self._module.cases(self._quick)
        self._way = self._cases[position].ways[self._peer]()
        start = time.perf_counter()
        self._way.step()
        self._first = time.perf_counter() - start
        arrays = self._way.result()
        # To files, without copies: the C library keeps more memory after large blocks were freed, and a peer would be
        # faster for having been asked.
        for position, array in enumerate(arrays):
            np.save(_file(folder, position), np.asarray(array))
        return len(arrays)

    def first(self) -> float:
        """The time of the first step of the case."""
        return self._first

    def seconds(self) -> float:
        """The time of one step, after one or more that bring back to the caches what it works on."""
        warm = time.perf_counter() + self._warming
        self._way.step()
        while time.perf_counter() < warm:
            self._way.step()
        start = time.perf_counter()
        self._way.step()
        return time.perf_counter() - start

    def call(self, function: str, *args: Any) -> Any:
        """What another function of the workload returns."""
        return getattr(self._module, function)(*args)


def _file(folder: str, position: int) -> str:
    return f"{folder}/{position}.npy"


def _serve(connection: Connection, peer: str, workload: str, threads: int, quick: bool) -> None:
    work = None
    while True:
        try:
            request, args = connection.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            if work is None:
                work = _Work(peer, workload, threads, quick)
            answer = True, getattr(work, request)(*args)
        except Exception:
            answer = False, traceback.format_exc()
        connection.send(answer)
