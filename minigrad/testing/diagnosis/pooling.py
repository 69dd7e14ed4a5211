"""Was the gradient of an average given where that of a maximum belongs, or the other way round?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from minigrad.engine.graph import Node
from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis.arrivals import operations_towards
from minigrad.testing.diagnosis.edges import Array, Share, edges_of, node_op
from minigrad.testing.diagnosis.evidence import Evidence

_MAXIMA = ("max", "amax", "min", "amin")
_TO_MAXIMUM = "give the gradient to the largest element of the window alone: g * (x == x.max(...)), or at argmax"
_TO_ALL = "give g / n to each of the n elements of the window"


def pooled(e: Evidence) -> Finding | None:
    """The gradient of a window went to the wrong elements of it."""
    # A place of the image that is no maximum anywhere gets nothing, and by this mistake something.
    whole = replace(e, tape=None)
    whole.tape = None if e.tape is None else e.tape.unpruned()
    for group in operations_towards(whole, (*_MAXIMA, "mean")):
        for rule, text, fix, share in _slips(node_op(group[0]).name):
            edges = [edge for node in group for edge in edges_of(node)]
            if whole.tape is not None and whole.fits(dict.fromkeys(edges, share)):
                place = whole.tape.place(group[0])
                return e.finding(rule, f"going back through {place}, {text}", fix, place)
    return _by_values(e)


def _slips(name: str) -> list[tuple[str, str, str, Share]]:
    if name in _MAXIMA:
        return [
            ("pooling.average", "g is spread evenly over the window, as for an average", _TO_MAXIMUM, _spread(True)),
            ("pooling.average", "g goes to every element of the window", _TO_MAXIMUM, _spread(False)),
            ("pooling.maximum", "g goes to the smallest element of the window", _TO_MAXIMUM, _to(np.argmin)),
            ("pooling.maximum", "g goes to the first element of the window", _TO_MAXIMUM, _to(_first)),
            ("pooling.maximum", "g goes to the last element of the window", _TO_MAXIMUM, _to(_last)),
        ]
    if name == "mean":
        text = "g goes to the largest element of the window alone, as for a maximum"
        return [("pooling.maximum", text, _TO_ALL, _to(np.argmax))]
    return []


def _first(windows: Array, axis: int) -> Array:
    return np.zeros(windows.shape[:-1], dtype=int)


def _last(windows: Array, axis: int) -> Array:
    return np.full(windows.shape[:-1], windows.shape[-1] - 1)


def _axes(node: Node) -> tuple[int, ...]:
    dimensions = np.ndim(node.args[0])
    axes = node.params.get("axis")
    if axes is None:
        return tuple(range(dimensions))
    return tuple(axis % dimensions for axis in (axes if isinstance(axes, tuple) else (axes,)))


def _spread(evenly: bool) -> Share:
    def share(node: Node, position: int, g: Array) -> Array:
        x, axes = np.asarray(node.args[0]), _axes(node)
        kept = np.reshape(g, [1 if axis in axes else n for axis, n in enumerate(x.shape)])
        count = np.prod([x.shape[axis] for axis in axes]) if evenly else 1
        return np.broadcast_to(kept, x.shape) / count

    return share


def _to(choose: Callable[..., Array]) -> Share:
    """All of the gradient of a window to one element of it."""

    def share(node: Node, position: int, g: Array) -> Array:
        x, axes = np.asarray(node.args[0]), _axes(node)
        if len(axes) == x.ndim and x.ndim > 2:
            raise ValueError("this is no window but the whole")
        others = tuple(axis for axis in range(x.ndim) if axis not in axes)
        turned = np.transpose(x, (*others, *axes))
        windows = turned.reshape(*turned.shape[: len(others)], -1)
        sent = np.zeros_like(windows)
        chosen = np.asarray(choose(windows, axis=-1))[..., None]
        np.put_along_axis(sent, chosen, np.reshape(g, (*windows.shape[:-1], 1)), axis=-1)
        back = np.argsort((*others, *axes))
        return sent.reshape(turned.shape).transpose(back)

    return share


def _by_values(e: Evidence) -> Finding | None:
    """The same told from the gradient of the pooled array itself, in windows that do not overlap."""
    if e.sampled or e.actual.shape != e.truth.shape or e.truth.ndim < 2:
        return None
    for right, got in _windows(e.truth, e.actual):
        total = right.sum(axis=-1)
        is_single = np.count_nonzero(np.abs(right) > e.tolerance, axis=-1) == 1
        spread = np.broadcast_to(total[..., None], right.shape)
        if is_single.all():
            for count, words in ((right.shape[-1], "spread evenly over the window"), (1, "given to all of the window")):
                if e.close(got, spread / count, e.tolerance):
                    text = f"the gradient of each window is {words}, and belongs to its largest element alone"
                    return e.finding("pooling.average", text, _TO_MAXIMUM)
        is_even = e.close(right, spread / right.shape[-1], e.tolerance) and np.all(total)
        is_one = np.count_nonzero(got, axis=-1) == 1
        if is_even and is_one.all() and e.close(got.sum(axis=-1), total, e.tolerance):
            text = "the gradient of each window is given to one element, and belongs to all of it evenly"
            return e.finding("pooling.maximum", text, _TO_ALL)
    return None


def _windows(truth: Array, actual: Array) -> Iterator[tuple[Array, Array]]:
    """Both arrays in windows, one in a row, for windows of 2 or 3 along two neighbouring axes, or one axis."""
    for first in range(truth.ndim):
        for axes in ((first,), (first, first + 1)):
            for size in (2, 3):
                if axes[-1] >= truth.ndim or any(truth.shape[axis] % size for axis in axes):
                    continue
                yield _in_windows(truth, axes, size), _in_windows(actual, axes, size)


def _in_windows(array: Array, axes: tuple[int, ...], size: int) -> Array:
    shape: list[int] = []
    inner: list[int] = []
    for axis, n in enumerate(array.shape):
        shape += [n // size, size] if axis in axes else [n]
        inner += [len(shape) - 1] if axis in axes else []
    split = array.reshape(shape)
    turned = np.moveaxis(split, inner, range(split.ndim - len(inner), split.ndim))
    return turned.reshape(*turned.shape[: split.ndim - len(inner)], -1)
