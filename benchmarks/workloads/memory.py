"""(g) By how much does the memory of a process grow in a training step of the convolutional network?"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.workloads.cnn import STEPS, batch

TITLE = "(g) growth of peak memory, CNN of (d), batch 256"
NOTES = ["(g) Resident memory in a process of its own, after a step with a batch of 2."]
DIVIDES_BATCHES = True
PEERS = tuple(STEPS)


def growth(peer: str, quick: bool) -> int:
    """Bytes by which the largest resident set of this process grows in three steps of one peer.

    Raises:
        OSError: where the system does not tell, as outside Linux.
    """
    step = STEPS[peer]()
    x, labels = batch(8 if quick else 256)
    step(x[:2], labels[:2])
    # What was the largest until now is forgotten, so that imports do not count.
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    for _ in range(3):
        step(x, labels)
    return max(_status("VmHWM") - before, 0)


def is_measurable() -> bool:
    """Whether this system tells the largest resident set of a process."""
    return sys.platform == "linux"


def _status(entry: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(entry + ":"):
            return int(line.split()[1]) * 1024
    raise OSError(f"/proc/self/status has no line {entry}")
