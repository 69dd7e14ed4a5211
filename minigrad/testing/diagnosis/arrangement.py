"""Are these the right numbers in another arrangement: a reshape for a transpose, blocks or image axes exchanged?"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from minigrad.engine.graph import Node
from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis.arrivals import (
    Change,
    Named,
    at_the_leaf,
    is_taken_apart,
    on_the_way,
    operations_towards,
)
from minigrad.testing.diagnosis.edges import Array, Share, edges_of
from minigrad.testing.diagnosis.evidence import Evidence

# Blocks are looked for up to so many along an axis.
BLOCKS = 8
_RESHAPED = (
    "reshape keeps the order of the elements and transpose does not: undo each by its own kind, in reverse order"
)
_BLOCKS = "put the parts together in the order in which the forward pass takes them apart"


def rearranged(e: Evidence) -> Finding | None:
    """A reshape in the place of a transpose, or the other way round."""
    if e.sampled or e.truth.ndim < 2 or e.actual.shape != e.truth.shape:
        return None
    name = at_the_leaf(e, _reorderings(e.truth.shape))
    if name is not None:
        return e.finding("layout.reshaped", name, _RESHAPED)
    return None


def rearranged_on_the_way(e: Evidence) -> Finding | None:
    """The same where the forward pass reshapes or transposes."""
    for group in operations_towards(e, ("transpose", "swapaxes", "moveaxis", "reshape", "permute_dims")):
        assert e.tape is not None
        edges = [edge for node in group for edge in edges_of(node)]
        for text, share in _slips(group[0]):
            if edges and e.fits(dict.fromkeys(edges, share)):
                place = e.tape.place(group[0])
                return e.finding("layout.reshaped", f"going back through {place}, {text}", _RESHAPED, place)
    found = on_the_way(e, list(_exchanges(4)), work=3000)
    if found is not None:
        text, place = found
        return e.finding("layout.transposed", f"in what comes back to {place}, {text}", "put the axes in order", place)
    return None


def blocks_exchanged(e: Evidence) -> Finding | None:
    """Blocks of equal size along an axis, such as the gates of an LSTM, are in another order."""
    if e.sampled or e.actual.shape != e.truth.shape:
        return None
    for axis, size in enumerate(e.truth.shape):
        for count in (n for n in range(2, min(size, BLOCKS) + 1) if size % n == 0):
            order = _order(e, axis, count)
            if order is not None:
                text = f"the {count} blocks along axis {axis} are in another order: {_told(order)}"
                return e.finding("layout.blocks", text, _BLOCKS)
    return None


def blocks_exchanged_on_the_way(e: Evidence) -> Finding | None:
    """The same in what arrives at a result that is taken apart."""
    found = on_the_way(e, list(_block_orders()), is_taken_apart)
    if found is None:
        return None
    text, place = found
    return e.finding("layout.blocks", f"in what comes back to {place}, {text}", _BLOCKS, place)


def _order(e: Evidence, axis: int, count: int) -> list[int] | None:
    """Which block of the truth each claimed block is; None where they are no other order of them."""
    right, got = (np.split(array, count, axis=axis) for array in (e.truth, e.actual))
    order: list[int] = []
    for own, block in enumerate(got):
        # Its own place first: blocks may be equal.
        places = [own, *(k for k in range(count) if k != own)]
        place = next((k for k in places if k not in order and e.close(right[k], block, e.tolerance)), None)
        if place is None:
            return None
        order.append(place)
    return order if order != list(range(count)) else None


def _told(order: Sequence[int]) -> str:
    return ", ".join(f"that of {there} is at {here}" for here, there in enumerate(order) if here != there)


def _block_orders() -> Iterator[Named]:
    for axis in (-1, 0, 1):
        for count in (4, 3, 2):
            for order in itertools.islice(itertools.permutations(range(count)), 1, None):
                yield f"the {count} blocks along axis {axis} are in another order: {_told(order)}", _blocks(axis, order)


def _blocks(axis: int, order: Sequence[int]) -> Change:
    def change(g: Array, value: Array) -> Array | None:
        if axis >= g.ndim or (axis == 1 and g.ndim == 2) or g.shape[axis] % len(order) or g.shape[axis] == len(order):
            return None
        parts = np.split(g, len(order), axis=axis)
        return np.concatenate([parts[k] for k in order], axis=axis)

    return change


def _reorderings(shape: tuple[int, ...]) -> Iterator[Named]:
    """The same elements read in another order of the axes and written in the shape that there is."""
    for order in _orders(len(shape)):
        told = f"a transpose to the order {order}"
        yield f"the right numbers in another order: a reshape to {shape} stands in the place of {told}", _read(order)
        yield f"the right numbers in another order: {told} stands in the place of a reshape", _written(order)


def _orders(count: int) -> Iterator[tuple[int, ...]]:
    return itertools.islice(itertools.permutations(range(count)), 1, 24)


def _read(order: Sequence[int]) -> Change:
    return lambda g, value: np.transpose(g, order).reshape(g.shape)


def _written(order: Sequence[int]) -> Change:
    return lambda g, value: _turned(g, g.shape, order)


def _turned(g: Array, shape: Sequence[int], order: Sequence[int]) -> Array:
    """The elements written in a shape with the axes in an order, and then with the axes put back."""
    return np.transpose(g.reshape([shape[axis] for axis in order]), np.argsort(order))


def _slips(node: Node) -> Iterator[tuple[str, Share]]:
    """What people send back through a node that only moves elements."""
    shape, out = np.shape(node.args[0]), np.shape(node.out)
    yield "a reshape stands in the place of a transpose", lambda n, k, g: g.reshape(np.shape(n.args[0]))
    for order in _orders(len(out)):
        yield f"the gradient is transposed to the order {order}, and then reshaped", _share_read(order)
    for order in _orders(len(shape)):
        turned = tuple(shape[axis] for axis in order)
        yield f"the gradient is reshaped to {turned}, and then transposed", _share_written(order)


def _share_read(order: Sequence[int]) -> Share:
    return lambda node, position, g: np.transpose(g, order).reshape(np.shape(node.args[0]))


def _share_written(order: Sequence[int]) -> Share:
    return lambda node, position, g: _turned(g, np.shape(node.args[0]), order)


def _exchanges(most: int) -> Iterator[Named]:
    for a, b in itertools.combinations(range(most), 2):
        yield axes_exchanged(a, b, most), _exchange(a, b)


def axes_exchanged(a: int, b: int, dimensions: int) -> str:
    """Two axes that are exchanged, in words."""
    if dimensions >= 3 and b == a + 1 and a > 0:
        return f"height and width are exchanged: axes {a} and {b}"
    return f"axes {a} and {b} are exchanged"


def _exchange(a: int, b: int) -> Change:
    def change(g: Array, value: Array) -> Array | None:
        if b >= g.ndim or g.ndim < 3 or g.shape[a] != g.shape[b]:
            return None
        return np.swapaxes(g, a, b)

    return change
