"""How are the findings shown: Markdown tables of ratios, and a bar chart?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import Timing, geometric_mean

PEERS = ("NumPy", "PyTorch", "JAX", "autograd", "MyGrad")
# Which tables of compiled code there are, and beside whom each engine stands in its own.
COMPILED = {
    "minigrad compiled": ("minigrad", "NumPy", "tight NumPy", "PyTorch", "PyTorch compiled", "JAX"),
    "minigrad on JAX": ("minigrad", "minigrad compiled", "PyTorch", "PyTorch compiled", "JAX"),
}
COMPILING = (*COMPILED, "PyTorch compiled", "JAX")


def machine_text(machine: Mapping[str, Any]) -> str:
    """One paragraph on the conditions."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    settings = ", ".join(f"{key}={value}" for key, value in machine["allocator settings"].items()) or "as it comes"
    return (
        f"Python {machine['python']}, {versions}; {machine['blas']}; {machine['platform']}, "
        f"{machine['processors']} processors, {machine['threads']} thread(s); allocator {machine['allocator']}, "
        f"{settings}; every peer in a process of its own, in turns.\n"
        "minigrad's time / the peer's; below 1, minigrad is faster. In brackets, the quartiles of minigrad's time."
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def ratio_rows(title: str, timings: Sequence[Timing]) -> list[list[str]]:
    """The row of a workload of one case, or one row for each group of cases, with geometric means."""
    if len(timings) == 1:
        (timing,) = timings
        low, high = timing.spread("minigrad")
        own = f"{duration(timing.median('minigrad'))} ({duration(low)}-{duration(high)})"
        return [[title, own, *(f"{timing.ratio(peer):.2f}" if peer in timing.seconds else "-" for peer in PEERS)]]
    rows = []
    for group in dict.fromkeys(timing.group for timing in timings):
        members = [timing for timing in timings if timing.group == group]
        name = f"{title}, {len(members)} shapes" + (f", {group}" if group else "")
        rows.append([name, "", *(_summary([t.ratio(peer) for t in members if peer in t.seconds]) for peer in PEERS)])
    return rows


def compiled_rows(title: str, timings: Sequence[Timing], own: str) -> list[list[str]]:
    """The row of a workload that is compiled, or none: ratios, and when compiling has paid."""
    if len(timings) != 1 or own not in timings[0].seconds:
        return []
    (timing,) = timings
    calls = timing.pays_after(own)
    return [
        [
            title,
            duration(timing.median(own)),
            *(f"{timing.ratio(peer, own):.2f}" if peer in timing.seconds else "-" for peer in COMPILED[own]),
            "never" if math.isinf(calls) else f"{math.ceil(calls):,} calls",
        ]
    ]


def preparation_rows(title: str, timings: Sequence[Timing]) -> list[list[str]]:
    """What compiling costs each peer that does, for a workload that is compiled."""
    if len(timings) != 1 or not any(own in timings[0].seconds for own in COMPILED):
        return []
    (timing,) = timings
    cells = (duration(timing.preparation(each)) if each in timing.first else "-" for each in COMPILING)
    return [[title, *cells]]


def _summary(ratios: Sequence[float]) -> str:
    return f"{geometric_mean(ratios):.2f} (worst {max(ratios):.2f})" if ratios else "-"


def case_rows(timings: Sequence[Timing]) -> list[list[str]]:
    """One row for each case."""
    return [
        [
            timing.name,
            timing.group,
            duration(timing.median("minigrad")),
            *(f"{timing.ratio(peer):.2f}" if peer in timing.seconds else "-" for peer in PEERS),
        ]
        for timing in timings
    ]


def growth_text(found: Mapping[str, Any]) -> str:
    """The tables of time against size."""
    unit = next(row["off"] for row in found["chains"] if row["length"] == 1000)
    chains = [
        [f"{row['length']:,}", f"{row['off'] * 1e6:.2f} us", f"{row['off'] / unit:.2f}", f"{row['on'] / unit:.2f}"]
        for row in found["chains"]
    ]
    arrays = [[f"{row['length']:,}", f"{row['seconds'] * 1e6:.1f} us"] for row in found["arrays"]]
    batches = [[str(row["batch"]), f"{row['seconds'] * 1e6:.1f} us"] for row in found["batches"]]
    return "\n\n".join(
        [
            table(["operations", "time of one", "collector off", "collector on"], chains),
            table(["operations on 64 KiB", "time of one"], arrays),
            table(["batch", "time of a sample"], batches),
        ]
    )


def duration(seconds: float) -> str:
    """Three digits, in milliseconds or seconds."""
    return f"{seconds:#.3g} s" if seconds >= 0.9995 else f"{seconds * 1e3:.3g} ms"


def draw(ratios: Mapping[str, Mapping[str, float]], file: Path) -> None:
    """A bar chart of ratios by workload and peer.

    Raises:
        ImportError: without matplotlib.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('a chart needs matplotlib: pip install "minigrad-numpy[bench]"') from error
    figure = Figure(figsize=(9, 1 + 0.8 * len(ratios)), layout="constrained")
    axes = figure.subplots()
    height = 0.8 / len(PEERS)
    for position, peer in enumerate(PEERS):
        places = [row + (position - (len(PEERS) - 1) / 2) * height for row in range(len(ratios))]
        lengths = [found.get(peer, float("nan")) for found in ratios.values()]
        # From the line where both take the same time.
        axes.barh(places, [length - 1.0 for length in lengths], left=1.0, height=height, label=peer)
    axes.axvline(1.0, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks(range(len(ratios)), list(ratios))
    axes.invert_yaxis()
    figure.supxlabel("minigrad's time / the peer's: left of the line, minigrad is faster")
    figure.legend(loc="outside upper center", ncols=len(PEERS))
    figure.savefig(file)
