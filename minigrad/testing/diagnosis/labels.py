"""Does the gradient of a loss treat the right class as it should?"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import special

from minigrad.engine.graph import Node
from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis.arrivals import own_value
from minigrad.testing.diagnosis.edges import Array, Edge, Share, edges_of, node_op, told, true_share, with_operands
from minigrad.testing.diagnosis.evidence import Evidence

_FIXES = {
    "operand.replaced": "take the probabilities that the forward pass computes: dz = p - y",
    "factor.extra": "dz = p - y is the derivative by the scores: nothing more is multiplied in",
    "factor.missing": "multiply by the slope p * (1 - p): together they are dz = p - y",
    "term.missing": "dz = p - y: the probabilities belong to it",
    "path.sign": "dz = p - y",
    "labels.not_subtracted": "subtract 1 at the right class: dz = p - y, or dz[np.arange(n), y] -= 1",
    "labels.shifted": "count classes from 0, and use the labels as they are",
    "labels.not_excluded": "set the margin of the right class to 0 before you count: margins[np.arange(n), y] = 0",
}
# A name of what happened, in words, and the gradient of the scores that it leads to.
Slip = tuple[str, str, Array]


def labels(e: Evidence) -> Finding | None:
    """The right class is not subtracted, is another one, or is counted."""
    if e.sampled or e.actual.shape != e.truth.shape:
        return None
    value = own_value(e)
    if value is not None:
        for rule, text, candidate in _slips(e, value, e.truth):
            if e.explains(candidate) and not e.is_true(candidate):
                return e.finding(rule, text, _FIXES[rule])
    if e.tape is None:
        return None
    arrived = e.tape.run(e.tape.pruned)
    nodes = dict.fromkeys(edge[0] for edge in e.tape.edges_towards(e.position))
    candidates = (
        (node, slip)
        for node in nodes
        if node in arrived and 0 < np.ndim(node.out) <= 3
        for slip in _slips(e, np.asarray(node.out), arrived[node])
    )
    for node, (rule, text, gradient) in e.tape.affordable(candidates):
        share = _instead(gradient)
        if e.fits({edge: share for edge in edges_of(node) if edge not in e.tape.pruned}):
            place = e.tape.place(node)
            return e.finding(rule, f"at {place}, {text}", _FIXES[rule], place)
    return None


def _instead(gradient: Array) -> Callable[[Node, int, Array], Array]:
    return lambda node, position, g: true_share(node, position, gradient)


def picked_shifted(e: Evidence) -> Finding | None:
    """Elements are picked by labels, and the gradient goes to the class beside each."""
    if e.tape is None or e.actual.shape != e.truth.shape:
        return None
    for edge in e.tape.affordable(e.tape.edges_towards(e.position)):
        node = edge[0]
        for shift, ends in itertools.product((1, -1), ("wrap", "clip")):
            share = _shifted_share(node, edge[1], shift, ends)
            read = share and _read_there(e, node, shift, ends)
            if share is not None and (e.fits({edge: share}) or (read and e.fits({edge: share, **read}))):
                place = e.tape.place(node)
                text = f"going back through {place}, the class beside the right one is taken: labels off by {shift:+d}"
                return e.finding("labels.shifted", text, _FIXES["labels.shifted"], place)
    return None


def _read_there(e: Evidence, node: Node, shift: int, ends: str) -> dict[Edge, Share]:
    """What the users of picked elements send back if those beside them were picked."""
    assert e.tape is not None
    if node_op(node).name != "getitem":
        return {}
    index = node.params["index"]
    x = np.asarray(node.args[0])
    other = x[(*index[:-1], _moved(index[-1], shift, x.shape[len(index) - 1], ends))]
    edges = [edge for user in e.tape.users.get(node, ()) for edge in edges_of(user)]
    return dict.fromkeys(edges, told({node: other}))


def _moved(index: Array, shift: int, count: int, ends: str) -> Array:
    """The classes beside some, and what becomes of the one beside the last."""
    return np.asarray((index + shift) % count if ends == "wrap" else np.clip(index + shift, 0, count - 1))


def _shifted_share(node: Node, position: int, shift: int, ends: str) -> Any:
    if node_op(node).name == "getitem":
        index = node.params["index"]
        arrays = [part for part in index if isinstance(part, np.ndarray)] if isinstance(index, tuple) else []
        if len(arrays) < 2 or arrays[-1].dtype.kind not in "iu" or not isinstance(index[-1], np.ndarray):
            return None
        count = np.shape(node.args[0])[len(index) - 1]

        def moved(n: Node, k: int, g: Array) -> Array:
            sent = np.zeros(np.shape(n.args[0]))
            np.add.at(sent, (*index[:-1], _moved(index[-1], shift, count, ends)), g)
            return sent

        return moved
    if (
        node_op(node).name == "multiply"
        and len(node.args) == 2
        and _is_one_hot(node.args[1 - position])
        and ends == "wrap"
    ):

        def rolled(n: Node, k: int, g: Array) -> Array:
            args = [np.roll(arg, shift, axis=-1) if i != k else arg for i, arg in enumerate(n.args)]
            return with_operands(n.out, args, n, k, g)

        return rolled
    return None


def _is_one_hot(array: Any) -> bool:
    array = np.asarray(array)
    if array.ndim < 2 or array.shape[-1] < 2:
        return False
    return bool(np.isin(array, (0, 1)).all() and (array.sum(axis=-1) == 1).all())


def _slips(e: Evidence, scores: Array, gradient: Array) -> Iterator[Slip]:
    """What people send back to scores that have this gradient, if they are those of a classifier."""
    if scores.shape != gradient.shape or gradient.size < 2 or not np.any(gradient):
        return
    for p, axis in _probabilities(scores):
        for factor, right in _right_classes(e, p, gradient):
            yield "labels.not_subtracted", "p comes back where p - y belongs", factor * p
            for text, other in _instead_of_probabilities(scores):
                yield "operand.replaced", f"{text} stands where p belongs in p - y", factor * (other - right)
            slope = p * (1 - p)
            # Where the slope is as good as zero, to multiply by it is to leave the path out.
            if np.min(slope) > 1e-4:
                text = "the slope p * (1 - p) is multiplied in, but p - y contains it already"
                yield "factor.extra", text, gradient * slope
                yield "factor.missing", "p - y is divided by p * (1 - p) once too often", gradient / slope
            yield "term.missing", "only y comes back where p - y belongs", -factor * right
            yield "path.sign", "p + y comes back where p - y belongs", factor * (p + right)
            for shift in (1, -1) if axis is not None else ():
                for turned in _beside(right, shift, axis or 0):
                    text = f"1 is subtracted at the class beside the right one ({shift:+d})"
                    yield "labels.shifted", text, factor * (p - turned)
    hinge = _hinge(gradient)
    if hinge is not None:
        factor, right = hinge
        rows = _labelled(e, right)
        for each in rows:
            for sign in (-1.0, 1.0):
                text = "the right class is counted among those that come too close"
                yield "labels.not_excluded", text, gradient + sign * factor * each
        plus = np.where(right > 0, 0.0, gradient)
        yield "labels.not_subtracted", "what the right class loses is left out", plus


def _probabilities(scores: Array) -> Iterator[tuple[Array, int | None]]:
    """What the scores may be made to, and the axis of the classes if there is one."""
    for axis in (-1, 0) if scores.ndim > 1 else ():
        if scores.shape[axis] > 1:
            yield special.softmax(scores, axis=axis), axis
    yield special.expit(scores), None


def _instead_of_probabilities(scores: Array) -> Iterator[tuple[str, Array]]:
    """What is mistaken for the probabilities that belong to some scores."""
    yield "the score z itself", scores
    yield "exp(z)", np.exp(scores)
    yield "tanh(z)", np.tanh(scores)
    yield "sigmoid(z)", special.expit(scores)
    yield "sigmoid(-z)", special.expit(-scores)
    for axis in range(scores.ndim):
        yield f"softmax(z, axis={axis})", special.softmax(scores, axis=axis)
        yield f"log_softmax(z, axis={axis})", special.log_softmax(scores, axis=axis)
    if scores.ndim > 1:
        yield "the softmax over all elements", special.softmax(scores)


def _beside(right: Array, shift: int, axis: int) -> Iterator[Array]:
    """Ones beside the right classes; at the end round to the other end, left out, or where they were."""
    yield np.roll(right, shift, axis=axis)
    count = right.shape[axis]
    moved = np.moveaxis(right, axis, -1)
    left_out = np.zeros_like(moved)
    inner = slice(0, count - 1), slice(1, count)
    source, target = inner if shift > 0 else inner[::-1]
    left_out[..., target] = moved[..., source]
    yield np.moveaxis(left_out, -1, axis)
    end = -1 if shift > 0 else 0
    kept = left_out.copy()
    kept[..., end] += moved[..., end]
    yield np.moveaxis(kept, -1, axis)


def _right_classes(e: Evidence, p: Array, gradient: Array) -> Iterator[tuple[float, Array]]:
    """A factor and zeros and ones, so that the gradient is factor * (p - ones): that of a cross entropy."""
    # Where y is 0 the gradient is factor * p, and where it is 1 it has the other sign.
    for sign in (1.0, -1.0):
        part = sign * gradient > 0
        if not part.any() or part.all():
            continue
        ratios = gradient[part] / p[part]
        factor = float(np.median(ratios))
        right = p - gradient / factor
        rounded = np.round(right)
        if np.max(np.abs(right - rounded)) < 1e-6 and np.isin(rounded, (0, 1)).all() and rounded.any():
            yield factor, rounded
            return
    constants = list(e.point.subject.constants.values()) if e.point is not None else []
    for known in (np.asarray(array) for array in [*e.tensors.values(), *constants]):
        if known.shape == p.shape and known.dtype.kind == "f":
            rest = p - known
            factor = float(np.sum(gradient * rest) / max(np.sum(rest * rest), 1e-300))
            if factor and np.max(np.abs(gradient - factor * rest)) < 1e-9 * np.max(np.abs(gradient)):
                yield factor, known


def _hinge(gradient: Array) -> tuple[float, Array] | None:
    """A factor, and which class is the right one in each row, for the gradient of a hinge loss of several classes."""
    if gradient.ndim != 2 or gradient.shape[1] < 2:
        return None
    factor = float(np.min(np.abs(gradient[gradient != 0])))
    counts = gradient / factor
    whole = np.round(counts)
    if np.max(np.abs(counts - whole)) > 1e-6 or np.abs(whole.sum(axis=1)).max() > 0:
        return None
    for sign in (1.0, -1.0):
        signed = sign * whole
        if np.isin(signed, (0, 1)).sum() + (signed < 0).sum() == signed.size and ((signed < 0).sum(axis=1) <= 1).all():
            return sign * factor, (signed < 0).astype(float)
    return None


def _labelled(e: Evidence, right: Array) -> Iterator[Array]:
    """The right classes, as far as they show; all of them where the labels are known."""
    yield right
    constants = e.point.subject.constants if e.point is not None else {}
    picked = [node.params["index"] for node in e.tape.nodes if node_op(node).name == "getitem"] if e.tape else []
    indices = [index[-1] for index in picked if isinstance(index, tuple) and isinstance(index[-1], np.ndarray)]
    for array in [*constants.values(), *e.tensors.values(), *indices]:
        array = np.asarray(array)
        if array.shape == right.shape and _is_one_hot(array):
            yield array.astype(float)
        elif array.size == len(right) and array.dtype.kind in "iu":
            index = array.reshape(-1)
            if index.min() >= 0 and index.max() < right.shape[1]:
                yield np.eye(right.shape[1])[index]
