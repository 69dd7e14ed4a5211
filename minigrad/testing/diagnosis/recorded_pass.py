"""How is the forward pass of a subject recorded, whatever it may do with a Tensor?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minigrad.engine.blocks import recording
from minigrad.engine.tensor import Tensor
from minigrad.testing.diagnosis.budget import Budget
from minigrad.testing.diagnosis.edges import Array
from minigrad.testing.diagnosis.tape import Tape
from minigrad.testing.recording.recorder import Recorder
from minigrad.testing.subjects.base import Subject


def traced(
    subject: Subject, values: Sequence[Array], upstream: Sequence[Array], budget: Budget | None = None
) -> Tape | None:
    """The tape of a subject's function; None for one that cannot be recorded."""
    tensors = [Tensor(v, requires_grad=True, name=leaf.name) for leaf, v in zip(subject.leaves, values, strict=True)]
    recorder = Recorder()
    try:
        with recording(complete=True), np.errstate(all="ignore"):
            output = subject.traced(tensors, recorder)
            if output.shape != upstream[0].shape:
                return None
            return Tape(output, tensors, upstream[0], recorder.log, budget)
    except Exception:
        # Any function may do anything with a Tensor; then there is no tape, and nothing else is lost.
        return None
