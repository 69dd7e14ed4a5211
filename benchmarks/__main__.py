"""Measure minigrad and its peers, and print Markdown tables of ratios."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.machine import description
from benchmarks.measure import DisagreementError, Timing, geometric_mean, timed
from benchmarks.peers import MODULES, is_installed
from benchmarks.worker import Worker, WorkerError
from benchmarks.workloads import NAMES

# With --quick, peers that compile for seconds are tried in one workload.
_SLOW_TO_START, _WITH_ALL = ("JAX", "minigrad on JAX", "PyTorch compiled"), "mlp_batch"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the workloads that the command line names; 1 if one of them fails."""
    options = _options(arguments)
    peers = [peer for peer in MODULES if is_installed(peer)]
    missing = [peer for peer in MODULES if peer not in peers]
    machine = description(options.threads)
    findings: dict[str, Any] = {}
    for name in options.only or NAMES:
        print(f"{name} ...", file=sys.stderr)
        try:
            findings[name] = _measured(name, peers, options)
        except (WorkerError, DisagreementError) as error:
            print(f"{name} failed: {error}", file=sys.stderr)
            return 1
        if options.json:  # Now, so that what was measured outlasts a workload that fails.
            options.json.write_text(json.dumps({"machine": machine} | findings, indent=1) + "\n")
    _show(machine, findings, missing, options)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=NAMES, metavar="NAME", help=f"some of {', '.join(NAMES)}")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="everything once and small, to see that it works; what compiles for seconds in one workload alone",
    )
    parser.add_argument("--threads", type=int, default=1, help="for every peer (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=9, help="measurements of each peer (default: %(default)s)")
    parser.add_argument("--details", action="store_true", help="a line for every shape")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all times there")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw the ratios there")
    options = parser.parse_args(arguments)
    if options.threads < 1 or options.rounds < 2:
        parser.error("--threads is at least 1, and --rounds at least 2")
    if options.chart and find_spec("matplotlib") is None:
        parser.error('a chart needs matplotlib: pip install "minigrad-numpy[bench]"')
    if options.quick:
        options.rounds = 2
    return options


def _measured(name: str, peers: Sequence[str], options: argparse.Namespace) -> dict[str, Any]:
    """What the peers' processes found for one workload."""
    if name == "memory":
        return _memory(peers, options)
    with contextlib.ExitStack() as stack:

        def started(able: Iterable[str]) -> list[Worker]:
            return [stack.enter_context(Worker(each, name, options.threads, quick=options.quick)) for each in able]

        if name == "growth":
            (worker,) = started(["minigrad"])
            return {
                each: worker.ask("call", each, options.quick, options.rounds)
                for each in ("chains", "arrays", "batches")
            }
        cases = importlib.import_module(f"benchmarks.workloads.{name}").cases(options.quick)
        able = [peer for peer in peers if any(peer in case.ways for case in cases)]
        workers = started(peer for peer in able if not (options.quick and name != _WITH_ALL and peer in _SLOW_TO_START))
        timings = []
        for position, case in enumerate(cases):
            print(f"  {case.name}", file=sys.stderr)
            timings.append(asdict(timed(case, position, workers, options.rounds)))
        return {"timings": timings}


def _memory(peers: Sequence[str], options: argparse.Namespace) -> dict[str, Any]:
    """The growth of memory, by peer: medians of a few processes."""
    from benchmarks.workloads import memory

    if not memory.is_measurable():
        return {"bytes": {}}
    measured = {}
    for peer in (each for each in memory.PEERS if each in peers):
        found = []
        for _ in range(1 if options.quick else 3):
            with Worker(peer, "memory", options.threads, quick=options.quick) as worker:
                found.append(worker.ask("call", "growth", peer, options.quick))
        measured[peer] = statistics.median(found)
    return {"bytes": measured}


def _show(
    machine: dict[str, Any], findings: dict[str, Any], missing: Sequence[str], options: argparse.Namespace
) -> None:
    """Print everything, and draw the chart."""
    timings = {
        name: [Timing(**each) for each in found["timings"]] for name, found in findings.items() if "timings" in found
    }
    modules = {name: importlib.import_module(f"benchmarks.workloads.{name}") for name in findings}
    print(report.machine_text(machine), end="\n\n")
    rows = [row for name, found in timings.items() for row in report.ratio_rows(modules[name].TITLE, found)]
    if "memory" in findings:
        rows.append(_memory_row(modules["memory"].TITLE, findings["memory"]["bytes"]))
    if rows:
        print(report.table(["workload", "minigrad", *report.PEERS], rows), end="\n\n")
    for own, others in report.COMPILED.items():
        rows = [row for name, found in timings.items() for row in report.compiled_rows(modules[name].TITLE, found, own)]
        if rows:
            header = ["workload", own, *(f"/ {peer}" for peer in others), "has paid after"]
            print(report.table(header, rows), end="\n\n")
    rows = [row for name, found in timings.items() for row in report.preparation_rows(modules[name].TITLE, found)]
    if rows:
        print(report.table(["what compiling costs", *report.COMPILING], rows), end="\n\n")
    if missing:
        print(f"Not installed, and left out: {', '.join(missing)}.")
    print("\n".join(note for module in modules.values() for note in module.NOTES), end="\n\n")
    if "growth" in findings:
        print(report.growth_text(findings["growth"]), end="\n\n")
    if options.details:
        cases = [row for found in timings.values() for row in report.case_rows(found)]
        print(report.table(["case", "group", "minigrad", *report.PEERS], cases), end="\n\n")
    if options.chart:
        report.draw({modules[name].TITLE: _means(found) for name, found in timings.items()}, options.chart)


def _memory_row(title: str, found: dict[str, float]) -> list[str]:
    own = found.get("minigrad")
    cells = [f"{own / found[peer]:.2f}" if own and found.get(peer) else "-" for peer in report.PEERS]
    return [title, f"{own / 2**20:.0f} MiB" if own else "-", *cells]


def _means(timings: Sequence[Timing]) -> dict[str, float]:
    """For each peer the geometric mean of its ratios."""
    peers = [peer for peer in report.PEERS if peer in timings[0].seconds]
    return {peer: geometric_mean([timing.ratio(peer) for timing in timings]) for peer in peers}


if __name__ == "__main__":
    raise SystemExit(main())
