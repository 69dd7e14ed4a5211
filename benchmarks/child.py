"""Measure one workload in this process, and print what was found as JSON on the last line."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from dataclasses import asdict
from typing import Any

from benchmarks.machine import description, limit_threads
from benchmarks.measure import DisagreementError, timed


def main() -> int:
    """Run the workload that the command line names; 1 where peers disagree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workload")
    parser.add_argument("--peers", nargs="*", required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--alone", action="store_true")
    options = parser.parse_args()
    limit_threads(options.threads)
    module = importlib.import_module(f"benchmarks.workloads.{options.workload}")
    try:
        found = _measured(module, options)
    except DisagreementError as error:
        print(f"{options.workload}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(found | {"machine": description(options.threads, alone=options.alone)}))
    return 0


def _measured(module: Any, options: argparse.Namespace) -> dict[str, Any]:
    if options.workload == "memory":
        return {"bytes": module.growth(options.peers[0], options.quick)}
    if options.workload == "growth":
        return {
            "chains": module.chains(options.quick, options.rounds),
            "batches": module.batches(options.quick, options.rounds),
        }
    timings = []
    for case in module.cases(options.quick):
        timings.append(asdict(timed(case, options.rounds, only=options.peers)))
        print(f"  {case.name}", file=sys.stderr)
    return {"timings": timings}


if __name__ == "__main__":
    raise SystemExit(main())
