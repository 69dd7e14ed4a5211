"""Convolution and correlation of sequences, and of single planes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

# Its parts are imported when they are used; scipy.signal takes most of a second.
import scipy

from minigrad.engine.examples import reals
from minigrad.engine.stand_ins import in_one_step
from minigrad.engine.table import Table
from minigrad.engine.values import shape_of

table = Table(__name__)

Mode = Literal["full", "same", "valid"]

# Sequences. Every mode is the full convolution, cropped, so that the rules put the gradient back where it lies there.


def _in_one_row(x: Any) -> Any:
    return x if np.ndim(x) == 1 else np.reshape(x, -1)


def _uncropped_sequence(g: Any, x: Any, y: Any, mode: str) -> Any:
    if mode == "full":
        return g
    sizes = np.size(x), np.size(y)
    start = (min(sizes) - 1) // 2 if mode == "same" else min(sizes) - 1
    return np.pad(g, [(start, sum(sizes) - 1 - start - g.size)])


_SEQUENCES = [(reals(5), reals(shape), {"mode": mode}) for mode in ("full", "same", "valid") for shape in (2, 3)]
_SEQUENCES += [(reals(2), reals(5), {"mode": "same"}), (reals(3), reals(4), {"mode": "valid"})]


@table.primitive(
    lambda g, out, x, y, mode: np.reshape(np.correlate(_uncropped_sequence(g, x, y, mode), _in_one_row(y)), x.shape),
    lambda g, out, x, y, mode: np.reshape(np.correlate(_uncropped_sequence(g, x, y, mode), _in_one_row(x)), y.shape),
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


# Planes. Here too every mode is the full correlation, cropped.


def _uncropped_plane(g: Any, x: Any, kernel: Any, mode: str, *, flipped: bool) -> Any:
    """The gradient of the full correlation (or, `flipped`, convolution), from that of the part a mode keeps."""
    if mode == "full":
        return g
    starts = []
    for size, taps in zip(x.shape, kernel.shape, strict=True):
        # SciPy centres an even kernel one element later in a correlation than in a convolution.
        starts.append(min(size, taps) - 1 if mode == "valid" else (taps - 1) // 2 if flipped else taps // 2)
    full = [size + taps - 1 for size, taps in zip(x.shape, kernel.shape, strict=True)]
    return np.pad(g, [(start, total - start - kept) for start, total, kept in zip(starts, full, g.shape, strict=True)])


_PLANES = [(reals(4, 5), reals(3, 2), {"mode": mode}) for mode in ("full", "same", "valid")] + [
    (reals(4, 4), reals(4, 2), {"mode": "same"}),
    (reals(2, 3), reals(3, 5), {"mode": "valid"}),
]


@table.primitive(
    lambda g, out, x, kernel, mode: convolve2d(_uncropped_plane(g, x, kernel, mode, flipped=False), kernel, "valid"),
    lambda g, out, x, kernel, mode: np.flip(
        correlate2d(_uncropped_plane(g, x, kernel, mode, flipped=False), x, "valid")
    ),
    reads=("kernel", "x"),
    examples=_PLANES,
)
def correlate2d(x: Any, kernel: Any, mode: str = "valid") -> Any:
    """Cross-correlation of two planes by ``scipy.signal.correlate2d``: the kernel slides over x without being flipped.

    Args:
        x: shape (H, W).
        kernel: shape (h, w).
        mode: "valid" (H - h + 1, W - w + 1), "same" (H, W) or "full" (H + h - 1, W + w - 1).
    """
    return in_one_step(scipy.signal.correlate2d, x, kernel, mode)


@table.primitive(
    lambda g, out, x, kernel, mode: correlate2d(_uncropped_plane(g, x, kernel, mode, flipped=True), kernel, "valid"),
    lambda g, out, x, kernel, mode: correlate2d(_uncropped_plane(g, x, kernel, mode, flipped=True), x, "valid"),
    reads=("kernel", "x"),
    examples=_PLANES,
)
def convolve2d(x: Any, kernel: Any, mode: str = "full") -> Any:
    """Convolution of two planes by ``scipy.signal.convolve2d``: `correlate2d` with the kernel flipped.

    Args:
        x: shape (H, W).
        kernel: shape (h, w).
        mode: "full" (H + h - 1, W + w - 1), "same" (H, W) or "valid" (H - h + 1, W - w + 1).
    """
    return in_one_step(scipy.signal.convolve2d, x, kernel, mode)


if not TYPE_CHECKING:
    __all__ = table.names
