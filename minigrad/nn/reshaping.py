"""Which layers give the elements of every sample in another arrangement?"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from minigrad.engine.values import as_array, shape_of
from minigrad.nn.stateless import Stateless
from minigrad.ops import reshape
from minigrad.ops.nn.arguments import Pair, is_integer, pair


class Reshape(Stateless):
    """Every sample in another shape: (N, ...) gives (N, *shape); one size may be -1.

    Raises:
        ValueError: for sizes that are no integers; when called, for samples whose number of elements does not fit.
    """

    def __init__(self, shape: int | tuple[int, ...]) -> None:
        self.shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
        if not all(is_integer(size) and size >= -1 for size in self.shape):
            raise ValueError(f"Reshape: a shape is made of integers, one of which may be -1; got {shape!r}")

    def forward(self, x: Any) -> Any:
        """reshape(x, (N, *shape))."""
        if not shape_of(x):
            raise ValueError(f"{self!r} expects a batch of samples, not a 0-d array")
        batch, *sample = shape_of(x)
        size, known = math.prod(sample), math.prod(length for length in self.shape if length != -1)
        if known == 0 or size % known or (-1 not in self.shape and size != known) or self.shape.count(-1) > 1:
            raise ValueError(f"{self!r} cannot reshape samples of shape {tuple(sample)}, which have {size} elements")
        # -1 is resolved here, because NumPy cannot infer it for an empty batch.
        return reshape(x, (batch, *(size // known if length == -1 else length for length in self.shape)))

    def __repr__(self) -> str:
        return f"Reshape({self.shape})"


class Flatten(Reshape):
    """Every sample in one dimension: (N, ...) gives (N, features)."""

    def __init__(self) -> None:
        super().__init__(-1)

    def __repr__(self) -> str:
        return "Flatten()"


class Upsample(Stateless):
    """Images with more rows and columns: (N, C, H, W) gives (N, C, H * factor, W * factor).

    Args:
        factor: an integer for both axes, or (rows, columns).
        mode: "nearest" repeats each pixel; "bilinear" lies on straight lines between the centres of pixels, and repeats
            the outermost beyond them.

    Raises:
        ValueError: for a factor below 1, or another mode; when called, for other than images.
    """

    def __init__(self, factor: Pair, mode: Literal["nearest", "bilinear"] = "nearest") -> None:
        if mode not in ("nearest", "bilinear"):
            raise ValueError(f"Upsample: mode is 'nearest' or 'bilinear', not {mode!r}")
        self.factor = pair(factor, "Upsample factor")
        self.mode = mode

    def forward(self, x: Any) -> Any:
        """The larger images."""
        x = as_array(x)
        if len(shape_of(x)) != 4:
            raise ValueError(f"{self!r} expects images of shape (N, C, H, W); got {shape_of(x)}")
        if self.mode == "nearest":
            return np.repeat(np.repeat(x, self.factor[0], axis=2), self.factor[1], axis=3)
        dtype = x.dtype if x.dtype.kind == "f" else np.dtype(float)
        for axis, factor in zip((2, 3), self.factor, strict=True):
            below, above, share = _between(shape_of(x)[axis], factor, dtype)
            share = share[:, np.newaxis] if axis == 2 else share
            x = np.take(x, below, axis) * (1.0 - share) + np.take(x, above, axis) * share
        return x

    def __repr__(self) -> str:
        factor = self.factor[0] if self.factor[0] == self.factor[1] else self.factor
        return f"Upsample({factor}{'' if self.mode == 'nearest' else f', mode={self.mode!r}'})"


def _between(length: int, factor: int, dtype: np.dtype[Any]) -> tuple[Any, Any, Any]:
    """For each place of a longer axis, its two neighbours along the shorter one, and the share of the second."""
    places = np.clip((np.arange(length * factor) + 0.5) / factor - 0.5, 0.0, max(length - 1, 0))
    below = places.astype(int)
    return below, np.minimum(below + 1, length - 1), (places - below).astype(dtype)
