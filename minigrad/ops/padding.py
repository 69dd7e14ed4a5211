"""Operations that put something around an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops.define import declared_in, primitive
from minigrad.ops.samples import reals


def _inside(x: Any, pad_width: Any) -> tuple[slice, ...]:
    """Where x lies in what `pad` makes of it."""
    before = np.broadcast_to(pad_width, (x.ndim, 2))[:, 0].tolist()
    return tuple(slice(start, start + size) for start, size in zip(before, x.shape, strict=True))


@primitive(
    lambda g, out, x, pad_width, mode, constant_values: g[_inside(x, pad_width)],
    reads=("",),
    overrides=[np.pad],
    examples=[
        (reals(2, 3), {"pad_width": 1}),
        (reals(2, 3), {"pad_width": ((0, 2), (1, 0)), "constant_values": 0.5}),
        (reals(0, 2), {"pad_width": 1}),
        (reals(), {"pad_width": 0}),
    ],
)
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: float = 0.0) -> Any:
    """x with constant values around it; `pad_width` as in NumPy: an int, or (before, after) for every axis.

    Raises:
        ValueError: for a `mode` other than "constant".
        TypeError: for a `pad_width` in another form, such as a dict.
    """
    if isinstance(pad_width, dict):
        raise TypeError("pad_width is an int, or (before, after) for every axis, not a dict")
    if mode != "constant":
        raise ValueError(f"mode={mode!r} is not supported; only 'constant' is")
    return np.pad(x, pad_width, mode="constant", constant_values=constant_values)


if not TYPE_CHECKING:
    __all__ = declared_in(__name__)
