"""What else did the passes do than compute: did they write into what they were given, or return what they keep?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.testing.checking.invariants import Claim
from minigrad.testing.checking.outcome import Finding
from minigrad.testing.subjects.base import Subject


def side_effects(subject: Subject, forward: bool) -> list[Finding]:
    """What the forward pass, or the backward pass, wrote into."""
    return [
        Finding(name, f"mutation.{kind}", f"{who} wrote into {what}", f"compute a new array, or copy {what} first")
        for name, kind, who, what in sorted(subject.mutations)
        if (who == "the forward pass") == forward
    ]


def kept_buffers(subject: Subject, raw: Sequence[Any], claims: Sequence[Claim]) -> list[Finding]:
    """Which of the arrays that the backward pass returned have changed since they were read."""
    text = "the array that was returned changed when the backward pass ran again: it returns a kept buffer"
    return [
        Finding(leaf.name, "state.aliased", text, "return a copy of it")
        for leaf, kept, claim in zip(subject.leaves, raw, claims, strict=True)
        if isinstance(kept, np.ndarray)
        and kept.shape == claim.value.shape
        and not np.array_equal(kept, claim.value, equal_nan=True)
    ]
