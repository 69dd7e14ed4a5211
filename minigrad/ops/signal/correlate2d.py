"""Correlation and convolution of single planes, by SciPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

# Its parts are imported when they are used; scipy.signal takes most of a second.
import scipy

from minigrad.engine.examples import reals
from minigrad.engine.table import Table

table = Table(__name__)

# Every mode is the full correlation, cropped; so the rules put a gradient back where it lies in the full result, and
# know only that case.


def _uncropped(g: Any, x: Any, kernel: Any, mode: str, *, flipped: bool) -> Any:
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
    lambda g, out, x, kernel, mode: convolve2d(_uncropped(g, x, kernel, mode, flipped=False), kernel, "valid"),
    lambda g, out, x, kernel, mode: np.flip(correlate2d(_uncropped(g, x, kernel, mode, flipped=False), x, "valid")),
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
    return scipy.signal.correlate2d(x, kernel, mode)


@table.primitive(
    lambda g, out, x, kernel, mode: correlate2d(_uncropped(g, x, kernel, mode, flipped=True), kernel, "valid"),
    lambda g, out, x, kernel, mode: correlate2d(_uncropped(g, x, kernel, mode, flipped=True), x, "valid"),
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
    return scipy.signal.convolve2d(x, kernel, mode)


if not TYPE_CHECKING:
    __all__ = table.names
