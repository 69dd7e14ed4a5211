"""Convolution and correlation of sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from minigrad.engine.apply import shape_of
from minigrad.engine.examples import reals
from minigrad.engine.table import Table

table = Table(__name__)

Mode = Literal["full", "same", "valid"]

# Every mode is the full convolution, cropped, so that the rules put the gradient back where it lies there.


def _uncropped(g: Any, x: Any, y: Any, mode: str) -> Any:
    sizes = np.size(x), np.size(y)
    start = {"full": 0, "same": (min(sizes) - 1) // 2, "valid": min(sizes) - 1}[mode]
    return np.pad(g, [(start, sum(sizes) - 1 - start - g.size)])


_SEQUENCES = [(reals(5), reals(shape), {"mode": mode}) for mode in ("full", "same", "valid") for shape in (2, 3)]
_SEQUENCES += [(reals(2), reals(5), {"mode": "same"}), (reals(3), reals(4), {"mode": "valid"})]


@table.primitive(
    lambda g, out, x, y, mode: np.reshape(np.correlate(_uncropped(g, x, y, mode), np.reshape(y, -1)), x.shape),
    lambda g, out, x, y, mode: np.reshape(np.correlate(_uncropped(g, x, y, mode), np.reshape(x, -1)), y.shape),
    reads=("y", "x"),
    overrides=[np.convolve],
    examples=[*_SEQUENCES, (reals(), reals(3))],
)
def convolve(x: Any, y: Any, mode: Mode = "full") -> Any:
    """Convolution of two sequences of N and M numbers, which are not empty.

    `mode` says how much of it: "full" (N + M - 1), "same" (max(N, M)) or "valid" (max(N, M) - min(N, M) + 1).
    """
    return np.convolve(x, y, mode)


@table.composite(overrides=[np.correlate], examples=_SEQUENCES)
def correlate(x: Any, y: Any, mode: Mode = "valid") -> Any:
    """Cross-correlation of two sequences: y slides over x without being flipped. `mode` as in `convolve`."""
    if shape_of(x) < shape_of(y):
        return np.flip(correlate(y, x, mode))
    return convolve(x, np.flip(y), mode)


if not TYPE_CHECKING:
    __all__ = table.names
