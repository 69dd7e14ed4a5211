"""How is an array shown on a page: as numbers if it is small, as a picture if it is large?"""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np

_MOST_NUMBERS = 64
# Beside and below one another, the pictures of the matrices of an array of more than two axes.
_MOST_TILES = 8
_GAP = 255


def drawing(value: Any, side: int) -> dict[str, Any]:
    """What the page needs to show a value: numbers or a picture of at most about `side` by `side`, and a summary."""
    if not isinstance(value, (np.ndarray, np.generic)):
        return {"summary": type(value).__name__}
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        return {"summary": f"{array.dtype}"}
    shown = np.abs(array) if array.dtype.kind == "c" and array.size > _MOST_NUMBERS else array
    found: dict[str, Any] = _numbers(array) if array.size <= _MOST_NUMBERS else _picture(shown, side)
    if array.dtype.kind in "iuf" and array.size:
        found["summary"] = _summary(array)
        if array.dtype.kind == "f":
            found["bad"] = _bad(array)
    elif array.dtype.kind == "b":
        found["summary"] = f"{np.count_nonzero(array)} of {array.size} are True"
    elif array.dtype.kind == "c":
        found["summary"] = "absolute values" if shown is not array else "complex"
    else:
        found["summary"] = "no elements"
    return found


def number(value: Any) -> str:
    """A number in six digits."""
    if isinstance(value, (bool, np.bool_, int, np.integer)):
        return str(value)
    return f"{value:.6g}"


def _numbers(array: Any) -> dict[str, Any]:
    rows, columns = (1, array.size) if array.ndim < 2 else array.shape[-2:]
    return {"numbers": [number(each) for each in array.reshape(-1)], "rows": rows, "columns": columns}


def _summary(array: Any) -> str:
    finite = array[np.isfinite(array)].astype(np.float64)
    if not finite.size:
        return "no finite numbers"
    return f"min {number(finite.min())}, mean {number(finite.mean())}, max {number(finite.max())}"


def _bad(array: Any) -> str:
    counts = {"NaN": np.isnan(array).sum(), "infinite": np.isinf(array).sum()}
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _picture(array: Any, side: int) -> dict[str, Any]:
    """The levels of a picture, as text: 0 to 254 for -scale to scale, 255 for gaps and what is not finite."""
    with np.errstate(all="ignore"):
        plain = array.astype(np.float64)
    finite = np.isfinite(plain)
    scale = float(np.max(np.abs(plain), initial=0.0, where=finite)) or 1.0
    levels = np.full(plain.shape, _GAP, np.uint8)
    levels[finite] = np.rint(127 + 127 * np.clip(plain[finite] / scale, -1.0, 1.0)).astype(np.uint8)
    drawn = _flat(levels, side)
    sampled = "" if drawn.size >= levels.size else "; a part of the elements is drawn"
    return {
        "picture": base64.b64encode(drawn.tobytes()).decode(),
        "rows": drawn.shape[0],
        "columns": drawn.shape[1],
        "scale": number(scale),
        "sampled": sampled,
    }


def _flat(levels: Any, side: int) -> Any:
    """One matrix, in which the matrices of a larger array lie side by side with gaps between them."""
    if levels.ndim < 2:
        # A long row is broken into lines.
        width = min(levels.size, side)
        if levels.size > side * side:
            levels = _sampled(levels, 0, side * side)
        lines = math.ceil(levels.size / width)
        return np.pad(levels.reshape(-1), (0, lines * width - levels.size), constant_values=_GAP).reshape(lines, width)
    if levels.ndim == 2:
        return _sampled(_sampled(levels, 0, side), 1, side)
    tiles = levels.reshape(-1, *levels.shape[-3:])[:_MOST_TILES, :_MOST_TILES]
    within = max(side // max(tiles.shape[:2]), 4)
    tiles = _sampled(_sampled(tiles, 2, within), 3, within)
    spaced = np.pad(tiles, ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=_GAP)
    return spaced.transpose(0, 2, 1, 3).reshape(spaced.shape[0] * spaced.shape[2], -1)[:-1, :-1]


def _sampled(levels: Any, axis: int, most: int) -> Any:
    """Elements at equal distances, as many as are drawn."""
    size = levels.shape[axis]
    if size <= most:
        return levels
    return np.take(levels, np.linspace(0, size - 1, most).astype(int), axis=axis)
