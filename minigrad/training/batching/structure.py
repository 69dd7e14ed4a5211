"""Which arrays hold the samples, and how are some samples taken from all of them?"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain
from minigrad.training.batching.reading import is_stored, refuse_masked, rows


def count_samples(x: Any, what: str) -> int:
    """The length of the first axis of an array, or of several that a tuple or dict holds.

    Raises:
        ValueError: for several arrays of different lengths, or none.
        TypeError: for what has no first axis, and for lists of arrays, which could be meant in two ways.
    """
    if is_several(x):
        counts = [count_samples(item, what) for item in items_of(x)]
        if not counts:
            raise ValueError(f"{what} is an empty dict; it has to hold arrays of samples")
        if len(set(counts)) != 1:
            raise ValueError(f"{what} holds {counts} samples in its arrays; they have to be equally many")
        return counts[0]
    if isinstance(x, list) and any(isinstance(item, (np.ndarray, Tensor)) and item.ndim for item in x):
        raise TypeError(
            f"{what} is a list of arrays; write a tuple (a, b) for several inputs of a model, and np.stack for samples"
        )
    try:
        return int(x.shape[0]) if is_stored(x) else len(x)
    except (TypeError, IndexError):
        raise TypeError(f"{what} has samples along the first axis; this is {reprlib.repr(x)}") from None


def samples_at(x: Any, index: Any) -> Any:
    """The samples with an index, of every array that a tuple or dict holds."""
    return mapped(x, lambda item: rows(item, index))


def mapped(x: Any, function: Callable[[Any], Any]) -> Any:
    """What a function gives for an array, or for each of several, which a tuple or dict of the same kind holds."""
    if not is_several(x):
        return function(x)
    if isinstance(x, dict):
        return {key: mapped(item, function) for key, item in x.items()}
    items = [mapped(item, function) for item in x]
    return type(x)(*items) if hasattr(x, "_fields") else tuple(items)


def is_several(x: Any) -> bool:
    """Whether this is a tuple or dict of arrays rather than one array."""
    return isinstance(x, dict) or (
        isinstance(x, tuple)
        and any(isinstance(item, (np.ndarray, Tensor)) or is_several(item) or is_stored(item) for item in x)
    )


def items_of(x: Any) -> list[Any]:
    """The arrays in a tuple or dict."""
    return list(x.values() if isinstance(x, dict) else x)


def shapes_of(x: Any) -> Any:
    """The shape of an array, or those of several."""
    if not is_several(x):
        return x.shape if is_stored(x) else np.shape(x)
    return {key: shapes_of(item) for key, item in x.items()} if isinstance(x, dict) else tuple(map(shapes_of, x))


def as_arrays(x: Any, name: str) -> Any:
    """Plain arrays in the places of Tensors and lists; what is stored stays where it is.

    Args:
        x: an array or several.
        name: for messages, such as "batches: x".

    Raises:
        TypeError: for what holds no real numbers.
        ValueError: for lists of different lengths, or numbers that are missing.
    """
    if is_several(x):
        if isinstance(x, dict):
            return {key: as_arrays(item, f"{name}[{key!r}]") for key, item in x.items()}
        items = [as_arrays(item, f"{name}[{position}]") for position, item in enumerate(x)]
        return type(x)(*items) if hasattr(x, "_fields") else tuple(items)
    array: Any = x
    if not is_stored(x):
        refuse_masked(x, name)
        try:
            array = np.asarray(plain(x))
        except ValueError as error:
            if _holds_pairs(x):
                raise TypeError(
                    f"{name} holds pairs (x, y), and not samples alone; write mg.batches(xs, ys) with two arrays, or "
                    "give a function without arguments whose iterator gives the pairs, mg.batches(lambda: iter(pairs), "
                    "shuffle=1000)"
                ) from error
            raise ValueError(
                f"{name} is no array ({error}); for samples of different lengths write rows, mask = "
                'mg.pad_sequences(samples), and give {"rows": rows, "mask": mask}'
            ) from error
    if isinstance(x, Iterator):
        raise TypeError(
            f"{name} is a {type(x).__name__}, which can be gone through only once; give the function that makes it, "
            "read and not read(), so that it is called for each epoch"
        )
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} is an array of numbers, not of {array.dtype} ({reprlib.repr(x)})")
    return array


def _holds_pairs(x: Any) -> bool:
    """Whether what is no array is a list or a data set of another framework with pairs of a sample and its target."""
    try:
        return isinstance(x[0], tuple) and len(x[0]) == 2
    except (TypeError, LookupError):
        return False


def have_samples(x: Any) -> bool:
    """Whether every array has a first axis."""
    return all(map(have_samples, items_of(x))) if is_several(x) else len(x.shape) > 0
