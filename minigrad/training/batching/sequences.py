"""How do sequences of different lengths become one array?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.values import plain


def pad_sequences(
    sequences: Sequence[Any], length: int | None = None, value: float = 0
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Sequences one below the other, filled up at their ends; and a mask that is True where there is something.

    Recurrent layers, attention and losses take such a mask.

    Args:
        sequences: N of them, each of shape (T, ...) with its own T; the other axes are the same.
        length: of all rows; by default that of the longest sequence.
        value: what they are filled up with, of the dtype of the sequences.

    Returns:
        An array of shape (N, length, ...), and a mask of shape (N, length).

    Raises:
        ValueError: for no sequences, sequences longer than `length`, such that differ in more than their lengths, or a
            value that their dtype does not have.
        TypeError: for what holds no numbers, a value that is none, or a length that is no whole number.

    Examples:
        >>> rows, mask = mg.pad_sequences([[1, 2, 3], [4]])
        >>> rows
        array([[1, 2, 3],
               [4, 0, 0]])
        >>> mask
        array([[ True,  True,  True],
               [ True, False, False]])
    """
    arrays = [np.asarray(plain(sequence)) for sequence in sequences]
    if not arrays:
        raise ValueError("pad_sequences: there are no sequences")
    for position, array in enumerate(arrays):
        if array.dtype.kind not in "biuf":
            raise TypeError(f"pad_sequences: sequence {position} holds {array.dtype}, not numbers")
        if not array.ndim or array.shape[1:] != arrays[0].shape[1:]:
            raise ValueError(
                f"pad_sequences: sequences have shape (T, ...), where only T differs; the first one has shape "
                f"{arrays[0].shape}, and sequence {position} {array.shape}"
            )
    if length is not None and (isinstance(length, bool) or not isinstance(length, (int, np.integer))):
        raise TypeError(f"pad_sequences: length is a whole number, not {length!r}")
    longest = max(map(len, arrays))
    size = longest if length is None else length
    if size < longest:
        raise ValueError(
            f"pad_sequences: length is {length}, and the longest sequence has {longest} elements; cut it first, as in "
            f"[sequence[:{length}] for sequence in sequences]"
        )
    # An empty list is of float64, and says nothing about the others.
    dtype = np.result_type(*[array.dtype for array in arrays if array.size] or [arrays[0].dtype])
    _check_value(value, dtype)
    rows = np.full((len(arrays), size, *arrays[0].shape[1:]), value, dtype)
    mask = np.zeros((len(arrays), size), bool)
    for row, each, array in zip(rows, mask, arrays, strict=True):
        row[: len(array)] = array
        each[: len(array)] = True
    return rows, mask


def _check_value(value: Any, dtype: np.dtype[Any]) -> None:
    """Raise for what the dtype of the sequences would change, such as a fraction among whole numbers."""
    array = np.asarray(value)
    if array.ndim or array.dtype.kind not in "biuf":
        raise TypeError(f"pad_sequences: value is one number, not {value!r}")
    if dtype.kind == "f":
        return
    with np.errstate(invalid="ignore"):
        is_kept = array.astype(dtype) == array
    if not is_kept:
        raise ValueError(
            f"pad_sequences: the sequences hold {dtype}, which has no {value!r}; give another value, or make the "
            "sequences arrays of a dtype that has it, such as float"
        )
