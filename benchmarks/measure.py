"""How long does each of several ways to do the same take, and do they do the same?"""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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
    """

    name: str
    ways: Mapping[str, Callable[[], Way]]
    tolerance: float
    group: str = ""


@dataclass
class Timing:
    """The times of one case in seconds, by peer."""

    name: str
    group: str
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def median(self, peer: str) -> float:
        """The median time of a peer."""
        return statistics.median(self.seconds[peer])

    def spread(self, peer: str) -> tuple[float, float]:
        """The first and the third quartile."""
        low, _, high = statistics.quantiles(self.seconds[peer], n=4, method="inclusive")
        return low, high

    def ratio(self, peer: str) -> float:
        """minigrad's time in units of a peer's: the median over rounds, in each of which both were measured."""
        pairs = zip(self.seconds["minigrad"], self.seconds[peer], strict=True)
        return statistics.median(own / other for own, other in pairs)


class DisagreementError(Exception):
    """Two peers gave different results for the same work."""


def timed(case: Case, rounds: int, *, only: Sequence[str]) -> Timing:
    """The times of all peers for a case, in turns, after their results were found to agree.

    Args:
        case: the work.
        rounds: how often each peer is measured; there are two rounds of warm-up before.
        only: the peers to measure.

    Raises:
        DisagreementError: where results differ by more than the tolerance of the case.
    """
    ways = {peer: prepare() for peer, prepare in case.ways.items() if peer in only}
    for way in ways.values():
        way.step()
    check_agreement(case, {peer: way.result() for peer, way in ways.items()})
    timing = Timing(case.name, case.group, {peer: [] for peer in ways})
    # The collector of cycles stays on, but is not to look through what other peers hold in the time of one.
    gc.collect()
    gc.freeze()
    for turn in range(rounds + 2):
        for peer, way in ways.items():
            # What one peer leaves to the collector of cycles is not the next one's to collect.
            gc.collect()
            start = time.perf_counter()
            way.step()
            elapsed = time.perf_counter() - start
            if turn >= 2:
                timing.seconds[peer].append(elapsed)
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
