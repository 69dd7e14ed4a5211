"""How long does each of several ways to do the same take, and do they do the same?"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class Way:
    """One peer's way to do the work of a case.

    Attributes:
        step: does it once, and waits until it is done.
        result: the arrays that the last step gave or left behind, in an order that all peers share.
    """

    step: Callable[[], object]
    result: Callable[[], Sequence[Any]]


@dataclass(frozen=True)
class Case:
    """Work that several peers can do.

    Attributes:
        name: of the case within its workload.
        ways: for each peer a function that prepares its way.
        tolerance: by how much results may differ, relative to the largest element of an array.
        group: cases of a group are summarised together.
        calls: how often a step calls what is compiled, where a peer compiles.
    """

    name: str
    ways: Mapping[str, Callable[[], Way]]
    tolerance: float
    group: str = ""
    calls: int = 1


class Worker(Protocol):
    """Where one peer works."""

    peer: str

    def result(self, position: int) -> Sequence[Any]:
        """The arrays that the first step of a case gives, with which later steps go on."""

    def first(self) -> float:
        """The time of that first step, in seconds."""

    def seconds(self) -> float:
        """The time of another step of that case."""


@dataclass
class Timing:
    """The times of one case in seconds, by peer; `first` are those of first steps, which may compile."""

    name: str
    group: str
    seconds: dict[str, list[float]] = field(default_factory=dict)
    first: dict[str, float] = field(default_factory=dict)
    calls: int = 1

    def median(self, peer: str) -> float:
        """The median time of a peer."""
        return statistics.median(self.seconds[peer])

    def spread(self, peer: str) -> tuple[float, float]:
        """The first and the third quartile."""
        low, _, high = statistics.quantiles(self.seconds[peer], n=4, method="inclusive")
        return low, high

    def ratio(self, peer: str, own: str = "minigrad") -> float:
        """One peer's time in units of another's: the median over rounds, in each of which both were measured."""
        pairs = zip(self.seconds[own], self.seconds[peer], strict=True)
        return statistics.median(mine / other for mine, other in pairs)

    def preparation(self, peer: str) -> float:
        """By how much the first step of a peer took longer than the others, in seconds: what compiling costs."""
        return max(self.first[peer] - self.median(peer), 0.0)

    def pays_after(self, own: str) -> float:
        """The number of calls after which compiling has paid, beside minigrad as it comes; infinite if never."""
        saved = (self.median("minigrad") - self.median(own)) / self.calls
        return self.preparation(own) / saved if saved > 0 else math.inf


class DisagreementError(Exception):
    """Two peers gave different results for the same work."""


def timed(case: Case, position: int, workers: Sequence[Worker], rounds: int) -> Timing:
    """The times of all peers for a case, in turns, after their results were found to agree.

    Args:
        case: the work.
        position: of the case in its workload.
        workers: one for each peer that is to be measured, minigrad among them.
        rounds: how often each peer is measured; there are two rounds of warm-up before.

    Raises:
        DisagreementError: where results differ by more than the tolerance of the case.
        WorkerError: where a peer fails.
    """
    able = [worker for worker in workers if worker.peer in case.ways]
    check_agreement(case, {worker.peer: worker.result(position) for worker in able})
    first = {worker.peer: worker.first() for worker in able}
    timing = Timing(case.name, case.group, {worker.peer: [] for worker in able}, first, case.calls)
    for turn in range(rounds + 2):
        for worker in able:
            elapsed = worker.seconds()
            if turn >= 2:
                timing.seconds[worker.peer].append(elapsed)
    return timing


def check_agreement(case: Case, results: Mapping[str, Sequence[Any]]) -> None:
    """Raise DisagreementError unless all peers gave the same arrays."""
    (first, expected), *others = results.items()
    for peer, arrays in others:
        if len(arrays) != len(expected):
            raise DisagreementError(f"{case.name}: {peer} gave {len(arrays)} arrays, {first} {len(expected)}")
        for position, (array, reference) in enumerate(zip(arrays, expected, strict=True)):
            found, wanted = np.asarray(array, dtype=float), np.asarray(reference, dtype=float)
            if found.shape != wanted.shape:
                raise DisagreementError(
                    f"{case.name}: array {position} of {peer} has shape {found.shape}, that of {first} {wanted.shape}"
                )
            difference = float(np.max(np.abs(found - wanted))) / max(float(np.max(np.abs(wanted))), 1e-30)
            if not difference <= case.tolerance:
                raise DisagreementError(
                    f"{case.name}: array {position} of {peer} differs from that of {first} by {difference:.2g} of its "
                    f"largest element; {case.tolerance:.2g} is allowed"
                )


def geometric_mean(ratios: Sequence[float]) -> float:
    """The mean of ratios that does not depend on which of two peers is called the other."""
    return math.exp(statistics.fmean(map(math.log, ratios)))
