"""Run a script in several processes that compute together: ``python examples/launch.py --processes 2 train.py``.

The script needs no other line than ``mg.compile(step, engine="jax", devices=8)``, or ``mg.train(..., compile={"engine":
"jax", "devices": 8})``. Every process runs all of it, with the same seeds and the same batches, and computes its share.
On several machines, start one process on each, with the same address of the first one:

    python launch.py --processes 2 --rank 0 --coordinator first.machine:5123 train.py      # on the first
    python launch.py --processes 2 --rank 1 --coordinator first.machine:5123 train.py      # on the second
"""

from __future__ import annotations

import argparse
import os
import runpy
import socket
import subprocess
import sys
import time
from collections.abc import Sequence


def free_address() -> str:
    """An address of this machine that nobody uses."""
    with socket.socket() as found:
        found.bind(("localhost", 0))
        return f"localhost:{found.getsockname()[1]}"


def run_one(args: argparse.Namespace) -> None:
    """Join the others as one of the processes, and run the script."""
    if args.devices:
        os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={args.devices}"
    try:
        import jax
    except ImportError:
        raise SystemExit('several processes need JAX: pip install "minigrad-numpy[jax]"') from None

    # Processors talk to each other by this library; graphics cards have their own.
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(args.coordinator, num_processes=args.processes, process_id=args.rank)
    sys.argv = [args.script, *args.arguments]
    runpy.run_path(args.script, run_name="__main__")


def run_all(args: argparse.Namespace, command: Sequence[str]) -> int:
    """Start all processes on this machine; where one fails, end the others."""
    coordinator = args.coordinator or free_address()
    given = ["--processes", str(args.processes), "--coordinator", coordinator, "--devices", str(args.devices or 0)]
    running = [
        subprocess.Popen([sys.executable, __file__, *given, "--rank", str(rank), *command])
        for rank in range(args.processes)
    ]
    try:
        while any(process.poll() is None for process in running):
            for rank, process in enumerate(running):
                if process.poll():
                    print(
                        f"process {rank} of {len(running)} ended with {process.returncode}, and the others are ended; "
                        "start again, from the last checkpoint where the script saves one",
                        file=sys.stderr,
                    )
                    return 1
            time.sleep(0.1)
    finally:
        for process in running:
            process.kill()
            process.wait()
    return max(process.returncode for process in running)


def main(argv: Sequence[str] | None = None) -> int:
    """Start the script as often as asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=2, help="of all machines together (default %(default)s)")
    parser.add_argument("--devices", type=int, help="count each process's processor as so many devices, to try it")
    parser.add_argument("--rank", type=int, help="which of the processes this one is; without it, all are started here")
    parser.add_argument("--coordinator", metavar="HOST:PORT", help="an address of the machine of process 0")
    parser.add_argument("script")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="of the script")
    args = parser.parse_args(argv)
    if args.rank is None:
        return run_all(args, [args.script, *args.arguments])
    if not 0 <= args.rank < args.processes or args.coordinator is None:
        parser.error("--rank is at least 0 and below --processes, and needs --coordinator")
    run_one(args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
