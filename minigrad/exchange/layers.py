"""What do models of Keras consist of that `minigrad.nn` has no layer for?

The functions stand in `nn.Lambda`. They are called as Keras calls them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import nn, ops
from minigrad.engine.values import shape_of
from minigrad.nn.stateless import Stateless

Margins = tuple[tuple[int, int], ...]


def channels_first(x: Any) -> Any:
    """The last axis as the second: (N, H, W, C) gives (N, C, H, W)."""
    return np.moveaxis(x, -1, 1)


def channels_last(x: Any) -> Any:
    """The second axis as the last: (N, C, H, W) gives (N, H, W, C)."""
    return np.moveaxis(x, 1, -1)


def elu(x: Any) -> Any:
    """x where it is positive, exp(x) - 1 elsewhere. Clevert et al. (2016), arXiv:1511.07289, equation 15."""
    return np.where(x > 0.0, x, np.expm1(np.minimum(x, 0.0)))


def selu(x: Any) -> Any:
    """A multiple of elu with a steeper slope. Klambauer et al. (2017), arXiv:1706.02515, equation 2."""
    bent = np.where(x > 0.0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0.0)))
    return 1.0507009873554805 * bent


def silu(x: Any) -> Any:
    """x * sigmoid(x). Elfwing et al. (2018), arXiv:1702.03118, equation 11."""
    return x * ops.sigmoid(x)


def mish(x: Any) -> Any:
    """x * tanh(log(1 + exp(x))). Misra (2019), arXiv:1908.08681, equation 1."""
    return x * np.tanh(ops.softplus(x))


def relu6(x: Any) -> Any:
    """min(max(x, 0), 6)."""
    return np.clip(x, 0.0, 6.0)


def hard_sigmoid(x: Any) -> Any:
    """relu6(x + 3) / 6."""
    return relu6(x + 3.0) / 6.0


def hard_silu(x: Any) -> Any:
    """x * hard_sigmoid(x)."""
    return x * hard_sigmoid(x)


def softsign(x: Any) -> Any:
    """x / (1 + abs(x))."""
    return x / (1.0 + np.abs(x))


def exponential(x: Any) -> Any:
    """exp(x)."""
    return np.exp(x)


def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x))."""
    return ops.log_sigmoid(x)


ACTIVATIONS = {
    each.__name__: each
    for each in (elu, selu, silu, mish, relu6, hard_sigmoid, hard_silu, softsign, exponential, log_sigmoid)
}


class Rescaling(Stateless):
    """x * scale + offset."""

    def __init__(self, scale: float, offset: float = 0.0) -> None:
        self.scale = scale
        self.offset = offset

    def forward(self, x: Any) -> Any:
        """x * scale + offset."""
        return x * self.scale + self.offset

    def __repr__(self) -> str:
        return f"Rescaling({self.scale}{f', offset={self.offset}' if self.offset else ''})"


class _Margin(Stateless):
    """What is done along the edges of images (N, C, H, W) and sequences (N, C, L).

    Args:
        margins: (before, after) for each axis after the second.
    """

    def __init__(self, margins: Margins) -> None:
        self.margins = margins

    def _check(self, x: Any) -> None:
        if len(shape_of(x)) != len(self.margins) + 2:
            raise ValueError(f"{self!r} expects inputs of {len(self.margins) + 2} dimensions; got shape {shape_of(x)}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.margins})"


class ZeroPad(_Margin):
    """Zeros around every channel."""

    def forward(self, x: Any) -> Any:
        """pad(x, margins)."""
        self._check(x)
        return np.pad(x, ((0, 0), (0, 0), *self.margins))


class Crop(_Margin):
    """Every channel without its edges."""

    def forward(self, x: Any) -> Any:
        """x[:, :, before : H - after, ...]."""
        self._check(x)
        kept = [
            slice(before, length - after) for length, (before, after) in zip(shape_of(x)[2:], self.margins, strict=True)
        ]
        return x[(slice(None), slice(None), *kept)]


class FrozenBatchNorm(nn.BatchNorm):
    """A BatchNorm that stays in evaluation mode, as Keras has one with ``trainable = False``."""

    def train(self, mode: bool = True) -> FrozenBatchNorm:
        """Stay in evaluation mode."""
        return super().train(False)
