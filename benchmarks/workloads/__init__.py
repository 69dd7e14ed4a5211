"""Which workloads are measured, and in which module is each of them?"""

from __future__ import annotations

# A module has a TITLE, NOTES, and either `cases(quick)` to be timed, or functions of its own that the command knows.
# DIVIDES_BATCHES says whether minigrad's own threads have something to share in it.
NAMES = (
    *("chain", "mlp_sample", "mlp_batch", "cnn", "cnn_sample", "conv2d", "max_pool2d"),
    *("memory", "ode", "kalman", "growth"),
)
