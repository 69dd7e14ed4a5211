"""In which portions do samples reach a model?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minigrad.engine.apply import plain


class Batches:
    """Pairs (x, y) of up to `batch_size` samples; every iteration goes through all samples once, in a new order.

    Made by `batches`. ``len()`` is the number of batches.
    """

    def __init__(self, x: Any, y: Any, batch_size: int, shuffle: bool, rng: np.random.Generator) -> None:
        self.x, self.y = x, y
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.rng = rng

    def __len__(self) -> int:
        return -(-len(self.x) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        order = self.rng.permutation(len(self.x)) if self.shuffle else None
        for start in range(0, len(self.x), self.batch_size):
            part = slice(start, start + self.batch_size)
            chosen = part if order is None else order[part]
            yield self.x[chosen], self.y[chosen]


def batches(
    x: Any, y: Any, batch_size: int, shuffle: bool = True, rng: int | np.random.Generator | None = None
) -> Batches:
    """Samples and their targets in batches, for `train` and `evaluate`; the last batch may be smaller.

    Args:
        x: samples along the first axis, of shape (N, ...).
        y: their targets, of shape (N, ...).
        batch_size: samples in a batch, at least 1.
        shuffle: whether every iteration has an order of its own.
        rng: a seed or generator for the orders.

    Raises:
        ValueError: for a batch size below 1, no samples, or as many samples as targets not.
        TypeError: for a batch size that is not an integer.

    Example:
        >>> pairs = mg.batches(np.arange(5), np.arange(5), batch_size=2, shuffle=False)
        >>> [x.tolist() for x, y in pairs]
        [[0, 1], [2, 3], [4]]
    """
    x, y = np.asarray(plain(x)), np.asarray(plain(y))
    check_batch_size(batch_size)
    if x.ndim == 0 or y.ndim == 0:
        raise ValueError(f"batches: x and y hold samples along their first axis; got shapes {x.shape} and {y.shape}")
    if len(x) != len(y):
        raise ValueError(f"batches: {len(x)} samples but {len(y)} targets (shapes {x.shape} and {y.shape})")
    if not len(x):
        raise ValueError(f"batches: there are no samples (shape {x.shape})")
    return Batches(x, y, batch_size, shuffle, np.random.default_rng(rng))


def check_batch_size(batch_size: int) -> None:
    """Raise TypeError or ValueError for anything but an integer of at least 1."""
    if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)):
        raise TypeError(f"a batch size is an integer, not {batch_size!r}")
    if batch_size < 1:
        raise ValueError(f"a batch size is at least 1, not {batch_size}")
