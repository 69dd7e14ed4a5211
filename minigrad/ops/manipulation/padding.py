"""Operations that put something around an array."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.pytrees import leaves
from minigrad.engine.stand_ins import self_contained
from minigrad.engine.table import Table
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain
from minigrad.ops.manipulation.indexing import getitem
from minigrad.ops.manipulation.shape import broadcast_to

table = Table(__name__)

Widths = list[tuple[int, int]]


def _inside(x: Any, pad_width: Any) -> tuple[slice, ...]:
    """Where x lies in what `pad` makes of it."""
    before = np.broadcast_to(pad_width, (x.ndim, 2))[:, 0].tolist()
    return tuple(slice(start, start + size) for start, size in zip(before, x.shape, strict=True))


@table.primitive(
    lambda g, out, x, pad_width, constant_values: g[_inside(x, pad_width)],
    reads=("",),
    examples=[
        (reals(2, 3), {"pad_width": 1}),
        (reals(2, 3), {"pad_width": ((0, 2), (1, 0)), "constant_values": ((0.5, 1.0), (2.0, 3.0))}),
        (reals(0, 2), {"pad_width": 1}),
        (reals(), {"pad_width": 0}),
    ],
    public=False,
)
def pad_constant(x: Any, pad_width: Any, constant_values: Any = 0.0) -> Any:
    """x with constants around it: what `pad` does by default."""
    return np.pad(x, pad_width, mode="constant", constant_values=constant_values)


# What each mode takes, besides the width.
_TAKES = {
    "constant": "constant_values",
    "edge": "",
    "wrap": "",
    "reflect": "reflect_type",
    "symmetric": "reflect_type",
    "linear_ramp": "end_values",
    **dict.fromkeys(["maximum", "mean", "median", "minimum"], "stat_length"),
}


@table.composite(
    overrides=[np.pad],
    examples=[
        (reals(2, 3), {"pad_width": 1}),
        (reals(2, 3), {"pad_width": ((0, 0), (1, 2)), "constant_values": 0.5}),
        (reals(2, 3), {"pad_width": ((1, 0), (0, 2)), "mode": "edge"}),
        (reals(3, 2), {"pad_width": ((4, 2), (1, 0)), "mode": "reflect"}),
        (reals(3, 2), {"pad_width": (1, 2), "mode": "symmetric", "reflect_type": "odd"}),
        (reals(3, 2), {"pad_width": (1, 3), "mode": "wrap"}),
        (reals(2, 3), {"pad_width": ((1, 2), (2, 1)), "mode": "linear_ramp", "end_values": ((1.0, -1.0), (0.0, 2.0))}),
        (reals(2, 3), {"pad_width": 2, "mode": "mean"}),
        (reals(3), {"pad_width": 1, "mode": "median"}),
        (reals(3, 3), {"pad_width": ((1, 2), (0, 1)), "mode": "maximum", "stat_length": ((2, 1), (2, 2))}),
        (reals(0, 2), {"pad_width": 1}),
        (reals(), {"pad_width": 0, "mode": "wrap"}),
    ],
)
def pad(
    x: Any,
    pad_width: Any,
    mode: Any = "constant",
    constant_values: Any = None,
    stat_length: Any = None,
    end_values: Any = None,
    reflect_type: Any = None,
) -> Any:
    """x with something around it; `pad_width` is an int, (before, after) for every axis, or a dict of such by axis.

    The mode is one of NumPy's but "empty": "constant" with `constant_values` (0 by default), "edge", "reflect" and
    "symmetric" with `reflect_type` "even" or "odd", "wrap", "linear_ramp" towards `end_values` (0 by default), and
    "maximum", "mean", "median" and "minimum" of `stat_length` elements beside the border (all by default). Constants
    and end values are not differentiated.

    Raises:
        TypeError: for constants and end values that require a gradient.
        ValueError: for another mode, an argument that the mode does not take, an axis without elements where they are
            needed, and an odd reflection further than to the other end.
    """
    given = {
        name: value
        for name, value in {
            "constant_values": constant_values,
            "stat_length": stat_length,
            "end_values": end_values,
            "reflect_type": reflect_type,
        }.items()
        if value is not None
    }
    if mode not in _TAKES:
        raise ValueError(f"mode={mode!r} is not supported; there are {', '.join(_TAKES)}")
    if given.keys() - {_TAKES[mode]}:
        raise ValueError(f"mode={mode!r} does not take the argument {', '.join(given.keys() - {_TAKES[mode]})}=")
    for name in ("constant_values", "end_values"):
        if any(getattr(value, "requires_grad", False) for _, value in leaves(given.get(name))):
            raise TypeError(f"pad is not differentiated by {name}=, which has to be constant; join with np.concatenate")
    if isinstance(pad_width, dict):
        pad_width = _by_axis(pad_width, np.ndim(x))
    _check_widths(pad_width, np.ndim(x))
    if np.ndim(x) == 0 and isinstance(x, Tensor):
        return np.copy(x)
    if mode == "constant":
        return pad_constant(x, pad_width, **given)
    if not isinstance(x, Tensor):
        return np.pad(x, pad_width, mode, **given)
    if x.dtype.kind != "f":
        return Tensor(np.pad(plain(x), pad_width, mode, **given))
    widths = _pairs(pad_width, x.ndim)
    odd = reflect_type == "odd"
    if _TAKES[mode] in ("", "reflect_type") and not odd:
        return getitem(x, padded_from(plain(x), widths, mode))
    options = _pairs(next(iter(given.values()), None), x.ndim) if not odd else [(None, None)] * x.ndim
    for axis, (width, option) in enumerate(zip(widths, options, strict=True)):
        if width == (0, 0):
            continue
        if not x.shape[axis]:
            raise ValueError(f"mode={mode!r} cannot extend axis {axis}, which has no elements")
        # What comes after an axis is what would come before it, if it were turned round.
        before = _beside(mode, odd, x, axis, width[0], option[0])
        after = np.flip(_beside(mode, odd, np.flip(x, axis), axis, width[1], option[1]), axis)
        x = np.concatenate([before, x, after], axis)
    return x


@self_contained
def padded_from(x: Any, widths: Any, mode: Any) -> tuple[Any, ...]:
    """The index of the elements that `np.pad` puts around those of x, and of these themselves."""
    return np.ix_(*[np.pad(np.arange(size), width, mode) for size, width in zip(x.shape, widths, strict=True)])


def _check_widths(pad_width: Any, ndim: int) -> None:
    widths = np.asarray(pad_width)
    if widths.dtype.kind not in "iu":
        raise TypeError(f"pad_width holds integers, not {pad_width!r}")
    if np.any(widths < 0):
        raise ValueError(f"pad_width={pad_width!r} holds a negative number; x[1:-1] leaves elements out")
    np.broadcast_to(widths, (ndim, 2))


def _by_axis(pad_width: dict[int, Any], ndim: int) -> Widths:
    """Widths for all axes, from those for some."""
    widths = [(0, 0)] * ndim
    for axis, width in pad_width.items():
        (widths[axis],) = _pairs(width, 1)
    return widths


def _pairs(value: Any, ndim: int) -> list[tuple[Any, Any]]:
    """One value before and one after for each axis."""
    return [tuple(pair) for pair in np.broadcast_to(plain(value), (ndim, 2)).tolist()]


_STATISTICS: dict[str, Callable[..., Any]] = {
    "maximum": np.max,
    "mean": np.mean,
    "median": np.median,
    "minimum": np.min,
}


def _beside(mode: str, odd: bool, x: Any, axis: int, width: int, option: Any) -> Any:
    """What one of the modes puts before an axis."""
    size = x.shape[axis]
    along = (slice(None),) * axis
    edge = x[(*along, slice(1))]
    shape = (*x.shape[:axis], width, *x.shape[axis + 1 :])
    if odd and size == 1:
        return broadcast_to(edge, shape)
    if odd:
        start = 1 if mode == "reflect" else 0
        if start + width > size:
            raise ValueError(f"an odd reflection of {size} elements cannot go on for {width}")
        return 2.0 * edge - np.flip(x[(*along, slice(start, start + width))], axis)
    if mode == "linear_ramp":
        weights = (np.arange(width) / max(width, 1)).astype(x.dtype).reshape((-1,) + (1,) * (x.ndim - axis - 1))
        end = x.dtype.type(option or 0.0)
        return end + (edge - end) * weights
    count = size if option is None else min(option, size)
    if count < 1:
        raise ValueError(f"stat_length={option} leaves nothing of which there is a {mode}")
    return broadcast_to(_STATISTICS[mode](x[(*along, slice(count))], axis=axis, keepdims=True), shape)


if not TYPE_CHECKING:
    __all__ = table.names
