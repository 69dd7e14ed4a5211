"""With which other sizes, and which other values, is a function recorded again?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

Kind = Literal["mild", "bold", "wild", "wilder"]

# By how much the sizes of the classes grow in each of the recordings: no two classes in step, and no sum or multiple.
GROWTH = (
    (2, 3, 5, 9, 14, 22, 31, 43, 57, 73, 91, 111),
    (5, 4, 9, 17, 6, 11, 39, 8, 25, 47, 13, 71),
    (3, 7, 2, 4, 19, 9, 5, 29, 11, 21, 33, 17),
    (6, 2, 7, 3, 8, 5, 16, 12, 37, 10, 24, 45),
)


def resized(array: Any, shape: Sequence[int], rng: np.random.Generator, bold: bool = False) -> Any:
    """An array like another one, with elements of other values, in another shape.

    Numbers repeat in the same order along each axis, and floats move by a few percent; so what was positive, sorted or
    a label stays so. With `bold` each element is one of the others by chance, so that counts change, too.
    """
    for axis, size in enumerate(shape):
        length = array.shape[axis]
        if bold and length > 1 and array.dtype.kind in "fbiu":
            array = np.take(array, rng.integers(0, length, size), axis)
        elif size != length:
            array = np.take(array, np.arange(size) % max(length, 1), axis)
    return _moved(array, rng)


def _moved(array: Any, rng: np.random.Generator) -> Any:
    kind = array.dtype.kind
    if kind == "f":
        spread = np.max(np.abs(array), initial=0.0, where=np.isfinite(array)) or 1.0
        # Zeros move, too: what is zero at the example need not be zero later.
        share = rng.uniform(0.01, 0.05, array.shape) * np.where(array == 0, 0.3 * spread, array)
        return np.asarray(array + share, array.dtype)
    if array.ndim and array.shape[0] > 1 and kind in "biu":
        return np.roll(array, int(rng.integers(1, array.shape[0])), axis=0)
    return array


def wild(array: Any, rng: np.random.Generator, beyond: int) -> Any:
    """Values of both signs, labels and masks by chance: what was true of all elements is true of some.

    Integers go so far beyond the largest.
    """
    kind, shape = array.dtype.kind, array.shape
    if kind == "f":
        spread = np.max(np.abs(array), initial=0.0, where=np.isfinite(array)) or 1.0
        return np.asarray(spread * rng.standard_normal(shape), array.dtype)
    if kind == "b":
        return rng.random(shape) < 0.5
    if kind in "iu" and array.ndim:
        return rng.integers(min(array.min(initial=0), 0), array.max(initial=0) + 1 + beyond, shape).astype(array.dtype)
    return array


def drawn(
    arrays: Sequence[Any],
    sizes: Mapping[tuple[int, int], int],
    seed: int,
    kind: Kind = "mild",
) -> list[Any]:
    """Other arrays for all slots; `sizes` has the new size of axes, by slot and axis."""
    bold = kind != "mild"
    rng = np.random.default_rng(seed)
    found = [
        resized(array, [sizes.get((slot, axis), size) for axis, size in enumerate(array.shape)], rng, bold)
        for slot, array in enumerate(arrays)
    ]
    if kind in ("mild", "bold"):
        return found
    return [wild(array, rng, 3 if kind == "wilder" else 0) for array in found]
