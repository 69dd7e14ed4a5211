"""Was an axis lost, so that arrays were broadcast against each other along the wrong one?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from minigrad.engine.graph import Node
from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis.arrivals import Change, Named, at_the_leaf, on_the_way, operations_towards
from minigrad.testing.diagnosis.edges import Array, Share, edges_of, node_op, parent_of, with_operands
from minigrad.testing.diagnosis.evidence import Evidence
from minigrad.testing.diagnosis.replay import broadcast_on_tape

_KEEP = "write keepdims=True in the sum or mean: .sum(axis={axis}, keepdims=True)"


def axis_lost(e: Evidence) -> Finding | None:
    """The right numbers without an axis of size 1, where the leaf is broadcast along it."""
    shape, got = e.truth.shape, e.actual.shape
    if e.sampled or got == shape or len(got) >= len(shape) or tuple(n for n in shape if n > 1) != got:
        return None
    if not e.is_true(e.actual.reshape(shape)) or not _is_broadcast(e):
        return None
    axes = tuple(axis for axis, size in enumerate(shape) if size == 1)
    axis = axes[0] if len(axes) == 1 else axes
    text = f"the numbers are right, but axis {axis} is lost: their shape is {got} instead of {shape}"
    return e.finding("shape.keepdims", text, _KEEP.format(axis=axis))


def _is_broadcast(e: Evidence) -> bool:
    """Whether the leaf is used as a bias is, as far as is known."""
    if e.tape is None:
        return True
    leaf = e.tape.leaves[e.position]
    users = [node for node in e.tape.nodes if any(parent_of(edge) is leaf for edge in edges_of(node))]
    return any(
        node_op(node).broadcasts and node_op(node).name != "matmul" and np.shape(node.out) != e.truth.shape
        for node in users
    )


def outer(e: Evidence) -> Finding | None:
    """A column and a row were combined where two columns belong: (n, 1) and (n,) make (n, n)."""
    if e.sampled:
        return None
    fix = "give both one shape before you combine them: y.reshape(-1, 1), or pred.ravel()"
    if e.actual.ndim == 2 and e.actual.shape == (e.truth.size,) * 2 and e.truth.size > 1 and e.truth.ndim <= 2:
        shape = e.truth.shape
        if max(shape) == e.truth.size and e.is_true(np.diagonal(e.actual).reshape(shape)):
            n = e.truth.size
            text = f"shape {e.actual.shape} instead of {shape}, and the diagonal is right"
            text += f": ({n},) and ({n}, 1) were broadcast to ({n}, {n})"
            return e.finding("shape.broadcast", text, fix)
    if e.actual.size == e.truth.size and e.is_true(e.actual.reshape(e.truth.shape)):
        return None
    for name, array in _columns(e):
        for shape in ((-1, 1), (-1,)):
            other = array.reshape(shape)
            if other.shape == array.shape:
                continue
            found = _called_again(e, name, other)
            if found is not None and found.size == e.truth.size and e.is_true(found.reshape(e.truth.shape)):
                word = {"out": "the output", "g": "the upstream gradient"}.get(name, name)
                n = array.size
                text = (
                    f"{word} has shape {array.shape}; against an array of shape {other.shape} it is broadcast to "
                    f"({n}, {n}). Right with {word} in shape {other.shape}"
                )
                return e.finding("shape.broadcast", text, fix)
    column = broadcast_on_tape(e)
    if column is not None:
        text = f"each element of {column} met all samples: a column (n, 1) and a row (n,) were broadcast to (n, n)"
        return e.finding("shape.broadcast", text, fix, column)
    return None


def _columns(e: Evidence) -> Iterator[tuple[str, Array]]:
    """What has one number for each sample: arrays of shape (n,) and (n, 1)."""
    arrays: dict[str, Any] = {**e.tensors}
    if e.point is not None:
        arrays |= e.point.subject.constants
    names = {"the output": "out", "the upstream gradient": "g"}
    for name, array in arrays.items():
        if isinstance(array, np.ndarray) and 1 < array.size == array.shape[0] and array.ndim in (1, 2):
            yield names.get(name, name), array


def _called_again(e: Evidence, name: str, array: Array) -> Array | None:
    if e.recalled is None:
        return None
    try:
        return e.recalled(name, array)
    except Exception:
        # The user's code may do anything with an array of another shape.
        return None


def keepdims_left_out(e: Evidence) -> Finding | None:
    """On the way back, a sum or a mean without keepdims was broadcast along the wrong axis of a square array."""
    if e.tape is None or e.actual.shape != e.truth.shape:
        return None
    for text, group, share, axis in e.tape.affordable(_slips(e)):
        edges = [edge for node in group for edge in edges_of(node) if edge not in e.tape.pruned]
        if edges and e.fits(dict.fromkeys(edges, share)):
            place = e.tape.place(group[0])
            return e.finding("shape.keepdims", text.format(place=place), _KEEP.format(axis=axis), place)
    factors = list(_factors(e))
    name = at_the_leaf(e, factors)
    found = (name, "") if name is not None else on_the_way(e, factors)
    return None if found is None else e.finding("shape.keepdims", found[0], _KEEP.format(axis=1), found[1])


def _factors(e: Evidence) -> Iterator[Named]:
    """A factor of shape (n, 1) that became one of shape (n,), in the gradient of a square array."""
    assert e.tape is not None
    for node in e.tape.nodes:
        array = np.asarray(node.out)
        if array.ndim < 2 or array.shape[-1] != 1 or array.size < 2 or not np.all(array):
            continue
        text = f"{{}} {e.tape.place(node)} lost its axis of size 1, and was broadcast along the wrong one"
        row = np.swapaxes(array, -1, -2)
        yield text.format("the divisor"), _times(array / row)
        yield text.format("the factor"), _times(row / array)


def _times(factor: Array) -> Change:
    return lambda g, value: g * factor if g.shape == factor.shape else None


def _slips(e: Evidence) -> Iterator[tuple[str, list[Node], Share, Any]]:
    for group in operations_towards(e, ("sum", "mean", "max", "min", "amax", "amin", "var", "std")):
        axis = group[0].params.get("axis")
        if axis is not None:
            text = "what comes back to {place} lost an axis, and was broadcast along the wrong one"
            yield text, group, _reduced, axis
    for group in operations_towards(e, ("softmax", "log_softmax", "standardise")):
        text = "the sum in the derivative of {place} lost its axis, and was broadcast along the wrong one"
        for in_mean, in_product in ((True, True), (True, False), (False, True)):
            yield text, group, partial(_normalised, in_mean=in_mean, in_product=in_product), group[0].params.get("axis")
    for group in operations_towards(e, ("add", "subtract", "multiply", "divide", "true_divide")):
        if any(1 in np.shape(arg) and np.size(arg) > 1 for arg in group[0].args):
            text = "going back through {place}, the other operand lost its axis of size 1"
            yield text, group, _squeezed, next(np.shape(a).index(1) for a in group[0].args if 1 in np.shape(a))


def _reduced(node: Node, position: int, g: Array) -> Array:
    """The share of a reduction along an axis, with the gradient broadcast from the right as it is without the axis."""
    x = np.asarray(node.args[0])
    axes = node.params["axis"]
    axes = tuple(a % x.ndim for a in (axes if isinstance(axes, tuple) else (axes,)))
    plain = g.reshape([n for axis, n in enumerate(x.shape) if axis not in axes])
    spread = np.broadcast_to(plain, x.shape)
    name = node_op(node).name
    if name == "sum":
        return np.array(spread)
    if name == "mean":
        return np.asarray(spread / np.prod([x.shape[axis] for axis in axes]))
    if name in ("max", "min", "amax", "amin"):
        return np.asarray(spread * (x == np.expand_dims(np.reshape(node.out, plain.shape), axes)))
    centred = x - x.mean(axis=axes, keepdims=True)
    count = np.prod([x.shape[axis] for axis in axes])
    slope = 2.0 * centred / count
    return np.asarray(spread * (slope if name == "var" else slope / (2.0 * x.std(axis=axes, keepdims=True))))


def _normalised(node: Node, position: int, g: Array, in_mean: bool = True, in_product: bool = True) -> Array:
    """The share of a function that is normalised along an axis, with sums over that axis broadcast as they are."""
    out, name = np.asarray(node.out), node_op(node).name
    axes = node.params["axis"]
    axes = tuple(a % out.ndim for a in (axes if isinstance(axes, tuple) else (axes,)))

    def total(array: Array, is_lost: bool = True) -> Array:
        return np.broadcast_to(np.sum(array, axis=axes, keepdims=not is_lost), out.shape)

    if name == "softmax":
        return np.asarray(out * (g - total(g * out)))
    if name == "log_softmax":
        return np.asarray(g - np.exp(out) * total(g))
    count = np.prod([out.shape[axis] for axis in axes])
    # The deviation is told by the input: what is standardised is a difference of the input divided by it.
    x = np.asarray(node.args[0])
    spread = (x - x.mean(axis=axes, keepdims=True)) / out
    return np.asarray((g - total(g, in_mean) / count - out * total(g * out, in_product) / count) / spread)


def _squeezed(node: Node, position: int, g: Array) -> Array:
    """The rule, told the other operand without its axis of size 1."""
    shape = np.shape(node.out)
    args = [
        np.broadcast_to(np.squeeze(arg), shape) if k != position and np.size(arg) > 1 and 1 in np.shape(arg) else arg
        for k, arg in enumerate(node.args)
    ]
    return with_operands(node.out, args, node, position, g)
