"""Operations that sort."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.examples import reals
from minigrad.engine.stand_ins import with_kernel
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.ops.manipulation.indexing import added_at

table = Table(__name__)

_ORDER = np.array([[2, 0, 1], [1, 2, 0]])
_TIES = np.array([[0, 0, 1], [2, 2, 2]])


def _runs(ordered: Any) -> Any:
    """A number for each run of equal values along the last axis of sorted ones."""
    is_first = np.not_equal(ordered[..., 1:], ordered[..., :-1])
    if ordered.dtype.kind == "f":
        # Sorted last, NaN are as good as equal: their order is arbitrary.
        is_first = np.logical_and(is_first, np.logical_not(np.isnan(ordered[..., :-1])))
    starts = np.concatenate([np.ones_like(ordered[..., :1], dtype=bool), is_first], -1)
    return np.reshape(np.cumsum(starts), ordered.shape) - 1


def _runs_if_any(ordered: NDArray[Any]) -> NDArray[np.intp] | None:
    """The same; None where all values differ."""
    tied = ordered[..., 1:] == ordered[..., :-1]
    if ordered.dtype.kind == "f":
        tied |= np.isnan(ordered[..., :-1])
    if not tied.any():
        return None
    starts = np.ones(ordered.shape, bool)
    starts[..., 1:] = ~tied
    return np.cumsum(starts).reshape(ordered.shape) - 1


runs_of = with_kernel(_runs, _runs_if_any, gives_arrays=False)


def _averaged(x: Any, ties: Any) -> Any:
    """x with the values of each run replaced by their mean."""
    if ties is None:
        return x
    runs = np.reshape(ties, -1)
    # As many as there could be, so that no shape depends on values.
    counts = added_at(np.ones_like(runs), runs, runs.shape)
    means = added_at(np.reshape(x, -1), runs, runs.shape) / np.maximum(counts, 1)
    return means[ties].astype(x.dtype)


@table.primitive(
    lambda g, out, x, order, ties: from_sorted(g, order=order, ties=ties),
    reads=("",),
    examples=[
        (reals(2, 3), {"order": _ORDER, "ties": None}),
        (reals(2, 3), {"order": _ORDER, "ties": _TIES}),
        (reals(2, 0), {"order": np.zeros((2, 0), int), "ties": None}),
    ],
    public=False,
)
def to_sorted(x: Any, order: Any, ties: Any) -> Any:
    """x in a new order along the last axis, which is what sorting does to changes of what it sorted.

    Args:
        x: any array.
        order: for each position, the one its element comes from.
        ties: for each position, the number of the run of equal values it belongs to; the elements of a run are
            replaced by their mean. None where there are no runs.
    """
    return _averaged(np.take_along_axis(x, order, -1), ties)


def _put_back(x: Any, order: Any, ties: Any) -> Any:
    """What `from_sorted` gives, without a second sort."""
    result = np.empty_like(x)
    np.put_along_axis(result, order, _averaged(x, ties), -1)
    return result


@table.primitive(
    lambda g, out, x, order, ties: to_sorted(g, order=order, ties=ties),
    reads=("",),
    examples=[
        (reals(2, 3), {"order": _ORDER, "ties": None}),
        (reals(2, 3), {"order": _ORDER, "ties": _TIES}),
        (reals(2, 0), {"order": np.zeros((2, 0), int), "ties": None}),
    ],
    public=False,
    kernel=_put_back,
)
def from_sorted(x: Any, order: Any, ties: Any) -> Any:
    """x put back to where `to_sorted` took it from, with means over the same runs; each is the other's transpose."""
    return np.take_along_axis(_averaged(x, ties), np.argsort(order, -1), -1)


def _moved(x: Any, source: int, target: int) -> Any:
    """``np.moveaxis``, where an axis has to be moved."""
    return x if source % x.ndim == target % x.ndim else np.moveaxis(x, source, target)


def sorting(x: Any, axis: int) -> tuple[Any, Any, Any]:
    """The order of x along an axis, which becomes the last one, the ties in it if any, and the sorted values."""
    lanes = _moved(plain(x), axis, -1)
    order = np.argsort(lanes, -1)
    ordered = np.take_along_axis(lanes, order, -1)
    return order, runs_of(ordered), ordered


def _sort_rule(g: Any, out: Any, x: Any, axis: int | None, **_: Any) -> Any:
    if axis is None:
        return np.reshape(_sort_rule(g, out, np.ravel(plain(x)), -1), x.shape)
    order, ties, _ordered = sorting(x, axis)
    return _moved(from_sorted(_moved(g, axis, -1), order=order, ties=ties), -1, axis)


@table.primitive(
    _sort_rule,
    reads=("x",),
    overrides=[np.sort],
    examples=[
        reals(2, 4),
        (reals(3, 2), {"axis": 0}),
        (reals(2, 3, 2), {"axis": -2, "kind": "stable"}),
        (reals(2, 3), {"axis": None}),
        (reals(), {"axis": None}),
        reals(2, 0),
    ],
)
def sort(x: Any, axis: int | None = -1, kind: Any = None, *, stable: bool | None = None) -> Any:
    """Sorted along an axis, or all elements where it is None; equal values share their gradients equally."""
    return np.sort(x, axis=axis, kind=kind, stable=stable)


def _partition_rule(g: Any, out: Any, x: Any, kth: Any, axis: int | None, **_: Any) -> Any:
    if axis is None:
        return np.reshape(_partition_rule(g, out, np.ravel(plain(x)), kth, -1), x.shape)
    # A partition moves elements about in no order that could be asked for, but it holds the same ones as x.
    order, ties, _ordered = sorting(x, axis)
    found = np.argsort(_moved(plain(out), axis, -1), -1)
    ordered = to_sorted(_moved(g, axis, -1), order=found, ties=None)
    return _moved(from_sorted(ordered, order=order, ties=ties), -1, axis)


@table.primitive(
    _partition_rule,
    reads=("out x",),
    overrides=[np.partition],
    examples=[
        (reals(2, 5), {"kth": 2}),
        (reals(4, 2), {"kth": (0, -1), "axis": 0}),
        (reals(2, 3), {"kth": 4, "axis": None}),
        (reals(), {"kth": 0, "axis": None}),
        (reals(0, 2), {"kth": 1}),
    ],
)
def partition(x: Any, kth: int | Sequence[int], axis: int | None = -1, kind: str = "introselect") -> Any:
    """Elements along an axis with those at `kth` where sorting would put them, and smaller ones before them.

    Equal values share their gradients equally.
    """
    return np.partition(x, kth, axis=axis, kind=kind)  # type: ignore[call-overload]


if not TYPE_CHECKING:
    __all__ = table.names
