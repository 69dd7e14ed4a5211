"""What is in an array: which of its elements are bad, how large are they, and how is it told in a line?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.engine.pytrees import leaves
from minigrad.engine.residuals import WORTH_REPLACING


def is_numeric(value: Any) -> bool:
    """Whether this is a plain array or number; what stands for one, while a program is recorded, has no values."""
    return isinstance(value, (np.ndarray, np.generic, float, int)) and np.asarray(value).dtype.kind in "biuf"


def all_finite(value: Any) -> bool:
    """Whether there is neither NaN nor infinity among some numbers."""
    return bool(np.isfinite(value).all())


def is_hollow(value: Any) -> bool:
    """Whether the values of an array were left out, because no rule reads them; see `minigrad.engine.residuals`."""
    if not isinstance(value, np.ndarray) or value.nbytes < WORTH_REPLACING or any(value.strides):
        return False
    return bool(np.isnan(value.flat[0]))


def size_of(value: Any) -> float:
    """The largest absolute value; NaN if there is one, and 0 for nothing."""
    array = np.asarray(value)
    return float(np.max(np.abs(array))) if array.size and array.dtype.kind in "iuf" else 0.0


def holds_infinity(params: dict[str, Any]) -> bool:
    """Whether a parameter, such as the constant of a padding, is or holds an infinity or NaN."""
    values = [value for _, value in leaves(params) if isinstance(value, (float, np.floating, np.ndarray))]
    return any(np.asarray(value).dtype.kind == "f" and not all_finite(value) for value in values)


def first_place(mask: Any) -> tuple[int, ...]:
    """The index of the first element that is true."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), np.shape(mask)))


def element(value: Any, index: tuple[int, ...]) -> float | None:
    """The element of an array that belongs to an index of what it was broadcast to; None if it was not."""
    array = np.asarray(value)
    if array.ndim > len(index) or array.dtype.kind not in "biuf":
        return None
    own = index[len(index) - array.ndim :]
    place = tuple(0 if size == 1 else i for size, i in zip(array.shape, own, strict=True))
    if any(i >= size for size, i in zip(array.shape, place, strict=True)):
        return None
    return float(array[place])


def described(value: Any) -> str:
    """Shape, dtype, range and what is unusual of some numbers, in a line."""
    array = np.asarray(value)
    if isinstance(value, (float, int)) and not isinstance(value, np.generic):
        return f"{value!r}"
    if is_hollow(array):
        return f"shape {array.shape}, {array.dtype}, values not kept"
    if not array.ndim:
        return f"{shown(float(array))}, {array.dtype}"
    text = f"shape {array.shape}, {array.dtype}"
    if array.dtype.kind == "b":
        return f"{text}, {np.count_nonzero(array)} of {array.size} are true"
    finite = array[np.isfinite(array)]
    if finite.size:
        low, high = shown(float(finite.min())), shown(float(finite.max()))
        text += f", all {low}" if low == high and finite.size == array.size else f", from {low} to {high}"
    counts = {
        "NaN": np.isnan(array),
        "inf": np.isposinf(array),
        "-inf": np.isneginf(array),
        "zero": np.equal(array, 0),
    }
    for name, mask in counts.items():
        if count := int(np.count_nonzero(mask)):
            where = f", the first at {shown_index(first_place(mask))}" if name != "zero" else ""
            text += f"; {count} {name if count == 1 or name != 'zero' else 'zeros'}{where}"
    return text


def shown(number: float) -> str:
    """A number as a message shows it."""
    return "NaN" if np.isnan(number) else f"{number:.6g}"


def shown_index(index: tuple[int, ...]) -> str:
    """An index as it is written in brackets."""
    return f"[{', '.join(map(str, index))}]"
