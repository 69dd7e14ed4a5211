"""How are numbers, dtypes and constant arrays written, so that they are read back as they were?"""

from __future__ import annotations

import math
import textwrap
from typing import Any

import numpy as np

from minigrad.program.source.text import UNARY, Text, quoted

# So many elements are written where they are used.
_INLINE = 12
_PLAIN_DTYPES = {np.dtype(np.float64), np.dtype(np.int64), np.dtype(bool)}


def number(value: Any) -> Text:
    """A number of Python or NumPy."""
    if isinstance(value, np.generic):
        return _scalar(value)
    if isinstance(value, bool):
        return Text(repr(value))
    text = _plain(value)
    return Text(text, UNARY) if text.startswith("-") else Text(text)


def _plain(value: Any) -> str:
    if isinstance(value, complex):
        return f"complex({_plain(value.real)}, {_plain(value.imag)})"
    if isinstance(value, float) and not math.isfinite(value):
        return "np.nan" if math.isnan(value) else "np.inf" if value > 0 else "-np.inf"
    if isinstance(value, np.longdouble):
        return f'np.longdouble("{np.format_float_scientific(value)}")'
    return repr(value)


def _scalar(value: Any) -> Text:
    if isinstance(value, np.bool):
        return Text(f"np.{value}_")
    if isinstance(value, np.longdouble) or value.dtype.kind not in "iufc":
        return Text(_plain(value) if isinstance(value, np.longdouble) else repr(value))
    kind, plain = type(value), value.item()
    if value.dtype.kind == "f" and math.isfinite(plain) and kind(float(str(value))) == value:
        # The fewest digits that are read as the same number; more would be those of a double.
        plain = float(str(value))
    return Text(f"np.{value.dtype.name}({_plain(plain)})")


def dtype(kind: np.dtype[Any]) -> str:
    """A dtype."""
    if kind == np.dtype(bool):
        return "bool"
    named = getattr(np, kind.name, None)
    return f"np.{kind.name}" if named is kind.type and kind.isnative else f"np.dtype({quoted(kind.str)})"


def elements(array: np.ndarray[Any, Any]) -> str:
    """The elements of an array as nested lists."""

    def written(part: Any) -> str:
        return f"[{', '.join(map(written, part))}]" if isinstance(part, list) else _plain(part)

    return written(array.tolist())


def array_text(array: np.ndarray[Any, Any]) -> str:
    """An array."""
    if not array.size:
        return f"np.zeros({array.shape!r}, {dtype(array.dtype)})"
    kind = "" if array.dtype in _PLAIN_DTYPES else f", dtype={dtype(array.dtype)}"
    return _pattern(array) or f"np.array({elements(array)}{kind})"


def _pattern(array: np.ndarray[Any, Any]) -> str | None:
    """A call that makes a larger array with few words."""
    if array.size < 4 or array.dtype not in _PLAIN_DTYPES:
        return None
    kind = "" if array.dtype == np.float64 else f", {dtype(array.dtype)}"
    shape = repr(array.shape if array.ndim > 1 else array.size)
    found = [
        (np.zeros(array.shape, array.dtype), f"np.zeros({shape}{kind})"),
        (np.ones(array.shape, array.dtype), f"np.ones({shape}{kind})"),
    ]
    if array.ndim == 1 and array.dtype == np.int64:
        found.append((np.arange(array.size), f"np.arange({array.size})"))
    if array.ndim == 2 and array.shape[0] == array.shape[1]:
        found.append((np.eye(len(array), dtype=array.dtype), f"np.eye({len(array)}{kind and ', dtype=' + kind[2:]})"))
    # Compared by bytes, because zero has two signs.
    return next((text for other, text in found if other.tobytes() == array.tobytes()), None)


def _is_same(array: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    return array.dtype == other.dtype and array.shape == other.shape and array.tobytes() == other.tobytes()


class Constants:
    """The arrays that stand above the function, each once."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._named: list[tuple[np.ndarray[Any, Any], str]] = []

    def text(self, array: np.ndarray[Any, Any]) -> Text:
        """What stands for an array where it is used."""
        for other, name in self._named:
            if other is array or _is_same(other, array):
                return Text(name, is_name=True)
        text = array_text(array)
        if array.size <= _INLINE or not text.startswith("np.array("):
            return Text(text)
        name = f"CONSTANT_{len(self._named) + 1}"
        self._named.append((array, name))
        line = f"{name} = {text}"
        if len(line) > 100:
            line = "\n".join(
                textwrap.wrap(line, 100, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
            )
        self.lines.append(line)
        return Text(name, is_name=True)
