"""In which portions do samples reach a model?"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain


class Batches:
    """Pairs (x, y) of up to `batch_size` samples; every iteration goes through all samples once, in a new order.

    Made by `batches`. ``len()`` is the number of batches.
    """

    def __init__(self, x: Any, y: Any, batch_size: int, shuffle: bool, rng: np.random.Generator) -> None:
        self.x, self.y = x, y
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.rng = rng
        self._samples = count_samples(x, "batches: x")

    def __repr__(self) -> str:
        return f"<Batches of {self._samples} samples: {len(self)} of up to {self.batch_size}>"

    def __len__(self) -> int:
        return -(-self._samples // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        order = self.rng.permutation(self._samples) if self.shuffle else None
        for start in range(0, self._samples, self.batch_size):
            part = slice(start, start + self.batch_size)
            chosen = part if order is None else order[part]
            yield samples_at(self.x, chosen), samples_at(self.y, chosen)


def batches(
    x: Any, y: Any, batch_size: int, shuffle: bool = True, rng: int | np.random.Generator | None = None
) -> Batches:
    """Samples and their targets in batches, for `train` and `evaluate`; the last batch may be smaller.

    Args:
        x: samples along the first axis, of shape (N, ...); or several such arrays in a tuple or a dict, for a model
            with several inputs.
        y: their targets, of shape (N, ...), or a tuple or dict of such.
        batch_size: samples in a batch, at least 1.
        shuffle: whether every iteration has an order of its own.
        rng: a seed or generator for the orders.

    Raises:
        ValueError: for a batch size below 1, no samples, or as many samples as targets not.
        TypeError: for a batch size that is not an integer, or samples that are no arrays of numbers.

    Examples:
        >>> pairs = mg.batches(np.arange(5), np.arange(5), batch_size=2, shuffle=False)
        >>> [x.tolist() for x, y in pairs]
        [[0, 1], [2, 3], [4]]
    """
    check_batch_size(batch_size)
    x, y = _arrays(x, "x"), _arrays(y, "y")
    if not (_have_samples(x) and _have_samples(y)):
        raise ValueError(
            f"batches: x and y hold samples along their first axis; got shapes {shapes_of(x)} and {shapes_of(y)}"
        )
    samples, targets = count_samples(x, "batches: x"), count_samples(y, "batches: y")
    if samples != targets:
        raise ValueError(f"batches: {samples} samples but {targets} targets (shapes {shapes_of(x)} and {shapes_of(y)})")
    if not samples:
        raise ValueError(f"batches: there are no samples (shape {shapes_of(x)})")
    return Batches(x, y, batch_size, shuffle, np.random.default_rng(rng))


def count_samples(x: Any, what: str) -> int:
    """The length of the first axis of an array, or of several that a tuple or dict holds.

    Raises:
        ValueError: for several arrays of different lengths, or none.
        TypeError: for what has no first axis, and for lists of arrays, which could be meant in two ways.
    """
    if is_several(x):
        counts = [count_samples(item, what) for item in items_of(x)]
        if len(set(counts)) != 1:
            raise ValueError(f"{what} holds {counts} samples in its arrays; they have to be equally many")
        return counts[0]
    if isinstance(x, list) and any(isinstance(item, (np.ndarray, Tensor)) and item.ndim for item in x):
        raise TypeError(
            f"{what} is a list of arrays; write a tuple (a, b) for several inputs of a model, and np.stack for samples"
        )
    try:
        return len(x)
    except TypeError:
        raise TypeError(f"{what} has samples along the first axis; this is {reprlib.repr(x)}") from None


def samples_at(x: Any, index: Any) -> Any:
    """The samples with an index, of every array that a tuple or dict holds."""
    if not is_several(x):
        return x[index]
    if isinstance(x, dict):
        return {key: samples_at(item, index) for key, item in x.items()}
    items = [samples_at(item, index) for item in x]
    return type(x)(*items) if hasattr(x, "_fields") else tuple(items)


def is_several(x: Any) -> bool:
    """Whether this is a tuple or dict of arrays rather than one array."""
    return isinstance(x, dict) or (
        isinstance(x, tuple) and any(isinstance(item, (np.ndarray, Tensor, dict)) for item in x)
    )


def items_of(x: Any) -> list[Any]:
    """The arrays in a tuple or dict."""
    return list(x.values() if isinstance(x, dict) else x)


def shapes_of(x: Any) -> Any:
    """The shape of an array, or those of several."""
    if not is_several(x):
        return np.shape(x)
    return {key: shapes_of(item) for key, item in x.items()} if isinstance(x, dict) else tuple(map(shapes_of, x))


def check_batch_size(batch_size: int) -> None:
    """Raise TypeError or ValueError for anything but an integer of at least 1."""
    if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)):
        raise TypeError(f"a batch size is an integer, not {batch_size!r}")
    if batch_size < 1:
        raise ValueError(f"a batch size is at least 1, not {batch_size}")


def _arrays(x: Any, name: str) -> Any:
    """Plain arrays, each with samples along its first axis."""
    if is_several(x):
        if isinstance(x, dict):
            return {key: _arrays(item, name) for key, item in x.items()}
        items = [_arrays(item, name) for item in x]
        return type(x)(*items) if hasattr(x, "_fields") else tuple(items)
    array = np.asarray(plain(x))
    if array.dtype.kind not in "biuf":
        raise TypeError(f"batches: {name} is an array of numbers, not of {array.dtype} ({reprlib.repr(x)})")
    return array


def _have_samples(x: Any) -> bool:
    return all(map(_have_samples, items_of(x))) if is_several(x) else x.ndim > 0
