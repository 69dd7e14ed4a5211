"""(j) Does anything grow faster than its work: a chain with its length, a training step with its batch?"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.workloads.chain import chain
from benchmarks.workloads.mlp_batch import initial, minigrad_step

TITLE = "(j) time against size, minigrad alone"
NOTES = ["(j) Forward, backward and freeing, in units of the time at 1,000 operations with the collector off."]
DIVIDES_BATCHES = False


def chains(quick: bool, rounds: int) -> list[dict[str, Any]]:
    """Seconds for an operation of a scalar chain, by its length, with the collector of cycles off and on."""
    import minigrad as mg

    def run(length: int) -> None:
        x = mg.Tensor(0.5, requires_grad=True)
        chain(mg.tanh, x, length).backward()

    rows = []
    for length in [100, 1_000, 10_000] if quick else [100, 1_000, 10_000, 100_000, 1_000_000]:
        repeats = max(1, 10_000 // length)
        row: dict[str, Any] = {"length": length}
        for collector in (False, True):
            with _Collector(collector):
                turns = rounds if length < 1_000_000 else min(rounds, 3)
                row["on" if collector else "off"] = _seconds(lambda n=length: run(n), turns, repeats) / length  # type: ignore[misc]
        rows.append(row)
    return rows


def arrays(quick: bool, rounds: int) -> list[dict[str, Any]]:
    """Seconds for an operation on arrays of 64 KiB in a chain, all of which are alive at its end, by its length."""
    import minigrad as mg

    def run(length: int) -> None:
        x = mg.Tensor(np.ones((128, 128), np.float32), requires_grad=True)
        y = x
        for _ in range(length):
            y = mg.relu(y)
        y.backward(x.data)

    return [
        {"length": length, "seconds": _seconds(lambda n=length: run(n), min(rounds, 5), 1) / length}  # type: ignore[misc]
        for length in ([10, 100] if quick else [100, 1_000, 4_000, 16_000])
    ]


def batches(quick: bool, rounds: int) -> list[dict[str, Any]]:
    """Seconds for a sample in a training step of the MLP of (c), by the size of the batch."""
    rng = np.random.default_rng(0)
    rows = []
    for size in [1, 8] if quick else [1, 4, 16, 64, 256, 1024]:
        x, labels = rng.random((size, 784), dtype=np.float32), rng.integers(0, 10, size)
        step = minigrad_step(initial(rng))
        rows.append({"batch": size, "seconds": _seconds(lambda: step(x, labels), rounds, 5) / size})  # noqa: B023
    return rows


class _Collector:
    """The collector of cycles on or off, as it was before afterwards."""

    def __init__(self, on: bool) -> None:
        self._on = on

    def __enter__(self) -> None:
        self._before = gc.isenabled()
        gc.collect()
        (gc.enable if self._on else gc.disable)()

    def __exit__(self, *exception: object) -> None:
        (gc.enable if self._before else gc.disable)()


def _seconds(run: Callable[[], object], rounds: int, repeats: int) -> float:
    """The median time of a run, after one to warm up."""
    run()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(repeats):
            run()
        times.append((time.perf_counter() - start) / repeats)
    return statistics.median(times)
