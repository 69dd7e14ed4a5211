"""Is the derivative of an operation that of another one, or taken of a function of what it should be taken of?"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import special

from minigrad.engine.graph import Node
from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis.advice import DERIVATIVES, advice
from minigrad.testing.diagnosis.edges import Array, Share, node_op, parent_of, true_share, with_operands
from minigrad.testing.diagnosis.evidence import Evidence

# What happened, in words with a place for the operation, the rule that names it, and what is sent back.
Slip = tuple[str, str, Share]


def other_slope(e: Evidence) -> Finding | None:
    """One operation sent back what the derivative of another function gives, or of a function of its operand."""
    if e.tape is None or e.actual.shape != e.truth.shape:
        return None
    groups = e.tape.groups(e.tape.edges_towards(e.position))
    candidates = (
        (slip, group)
        for kind in (_moved, _slopes, _with_other_operands)
        for group in groups
        for slip in kind(*group[0])
    )
    for (rule, text, share), group in e.tape.affordable(candidates):
        if e.fits(dict.fromkeys(group, share)):
            place = e.tape.places(group)
            fix = DERIVATIVES.get(node_op(group[0][0]).name, "") if rule.startswith("layout") else advice(rule, group)
            return e.finding(rule, f"going back through {place}, {text}", fix or "mend the slice", place)
    return None


def _slopes(node: Node, position: int) -> Iterator[Slip]:
    """The derivatives of other functions of one element, where an operation is one."""
    x, out = np.asarray(node.args[position]), np.asarray(node.out)
    if len(node.args) > 1 and any(np.ndim(arg) for k, arg in enumerate(node.args) if k != position):
        return
    if x.shape != out.shape or not out.size:
        return
    for word, key in (("out", None), ("x", position)):
        for text in _SLOPES:
            wrong = f"the slope is {text.format(word)} instead of its own"
            yield "operand.replaced", wrong, _slope(text, key)


def _slope(text: str, key: int | None) -> Share:
    slope = _SLOPES[text]

    def share(node: Node, position: int, g: Array) -> Array:
        array = np.asarray(node.out if key is None else node.args[key])
        sent, right = np.asarray(g * slope(array)), np.asarray(true_share(node, position, g))
        if _is_multiple(sent, right):
            raise ValueError("this is the right slope with a wrong factor, which is told as that")
        return sent

    return share


def _is_multiple(a: Array, b: Array) -> bool:
    """Whether one array is the other times a number."""
    size = float(np.vdot(b, b))
    factor = float(np.vdot(a, b)) / size if size else 0.0
    return bool(np.max(np.abs(a - factor * b), initial=0.0) <= 1e-9 * np.max(np.abs(a), initial=0.0))


_SLOPES: dict[str, Any] = {
    "1 - {}**2": lambda x: 1 - x * x,
    "{0} * (1 - {0})": lambda x: x * (1 - x),
    "1 - {}": lambda x: 1 - x,
    "{}": lambda x: x,
    "{}**2": lambda x: x * x,
    "2 * {}": lambda x: 2 * x,
    "3 * {}**2": lambda x: 3 * x * x,
    "1 + {}": lambda x: 1 + x,
    "1 + {}**2": lambda x: 1 + x * x,
    "1 / (1 + {}**2)": lambda x: 1 / (1 + x * x),
    "1 / {}": lambda x: 1 / x,
    "1 / {}**2": lambda x: 1 / x**2,
    "-1 / {}**2": lambda x: -1 / x**2,
    "-1 / {}": lambda x: -1 / x,
    "1 / (2 * {})": lambda x: 1 / (2 * x),
    "1 / sqrt({})": lambda x: 1 / np.sqrt(x),
    "sqrt({})": np.sqrt,
    "exp({})": np.exp,
    "exp(-{})": lambda x: np.exp(-x),
    "log({})": np.log,
    "sign({})": np.sign,
    "({} > 0)": lambda x: np.asarray(x > 0, dtype=np.float64),
    "({} <= 0)": lambda x: np.asarray(x <= 0, dtype=np.float64),
    "sin({})": np.sin,
    "cos({})": np.cos,
    "-sin({})": lambda x: -np.sin(x),
    "-cos({})": lambda x: -np.cos(x),
    "tanh({})": np.tanh,
    "1 - tanh({})**2": lambda x: 1 - np.tanh(x) ** 2,
    "sigmoid({})": special.expit,
    "sigmoid({0}) * (1 - sigmoid({0}))": lambda x: special.expit(x) * special.expit(-x),
}

# What an operand is taken for: the logits for the probabilities, and the other way round.
_FUNCTIONS: dict[str, Any] = {
    "sigmoid": special.expit,
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "square": np.square,
    "sqrt": np.sqrt,
    "1 /": lambda x: 1.0 / x,
    "1 -": lambda x: 1.0 - x,
    "minus": np.negative,
    "abs": np.abs,
    "sign": np.sign,
    "sin": np.sin,
    "cos": np.cos,
    "softmax": lambda x: special.softmax(x, axis=-1),
}


def _with_other_operands(node: Node, position: int) -> Iterator[Slip]:
    """The rule, told a function of an operand in its place."""
    for slot in range(-1, len(node.args)):
        if slot >= 0 and (not np.ndim(node.args[slot]) or node_op(node).name in ("where", "getitem")):
            continue
        what = "the output" if slot < 0 else f"argument {slot}" if len(node.args) > 1 else "the argument"
        for name, function in _FUNCTIONS.items():
            wrong = f"{name} of {what} stands in the place of {what} itself"
            yield "operand.replaced", wrong, _told_function(function, slot)


def _told_function(function: Any, slot: int) -> Share:
    def share(node: Node, position: int, g: Array) -> Array:
        out, args = node.out, list(node.args)
        if slot < 0:
            out = function(out)
        else:
            args[slot] = function(args[slot])
        return with_operands(out, args, node, position, g)

    return share


def _moved(node: Node, position: int) -> Iterator[Slip]:
    """What moves or adds up elements, run from the wrong end; and padding that is cut off at one end."""
    name = node_op(node).name
    if name in ("max", "min", "amax", "amin") and node.params.get("axis") is not None:
        yield "support.axis", "the largest, or smallest, along the other axes are taken", _along_others
    if not name.startswith("pad"):
        return
    shape, whole = np.shape(parent_of((node, position)).out), np.shape(node.out)
    rooms = [[0] if n == m else list(range(m - n + 1)) for n, m in zip(shape, whole, strict=True)]
    if np.prod([len(room) for room in rooms]) > 200:
        return
    for starts in itertools.product(*rooms):
        where = tuple(slice(s, s + n) for s, n in zip(starts, shape, strict=True))
        text = f"the padding is cut off at the wrong end: the slice begins at {starts}"
        yield "layout.shifted", text, lambda n, k, g, where=where: g[where]  # type: ignore[misc]


def _along_others(node: Node, position: int, g: Array) -> Array:
    x = np.asarray(node.args[0])
    axes = node.params["axis"]
    axes = tuple(axis % x.ndim for axis in (axes if isinstance(axes, tuple) else (axes,)))
    others = tuple(axis for axis in range(x.ndim) if axis not in axes)
    reduce = np.max if "max" in node_op(node).name else np.min
    wide = np.reshape(g, [1 if axis in axes else n for axis, n in enumerate(x.shape)])
    return np.asarray(wide * (x == reduce(x, axis=others, keepdims=True)))


def wrong_end(e: Evidence) -> Finding | None:
    """A running sum, or what moves elements, is run in the direction of the forward pass on the way back."""
    if e.tape is None or e.actual.shape != e.truth.shape:
        return None
    for edge in e.tape.affordable(e.tape.edges_towards(e.position)):
        named = node_op(edge[0]).name in ("cumsum", "roll", "flip", "cumulative_sum")
        if named and e.fits({edge: lambda n, k, g: node_op(n).forward(g, **n.params)}):
            place = e.tape.place(edge[0])
            text = f"g goes through {place} in the direction of the forward pass"
            return e.finding("operand.flipped", text, "run it from the other end", place)
    return None


def flipped_quotient(e: Evidence) -> Finding | None:
    """The claimed gradient is the right one times (a / b)**2 for two known arrays: q / p for p / q."""
    if e.sampled or e.actual.shape != e.truth.shape or e.truth.size < 2 or not e.truth.all():
        return None
    ratio = e.actual / e.truth
    known = [(name, a) for name, a in e.tensors.items() if a.shape == e.truth.shape and a.all()]
    known += [(name, a) for name, a in (e.tape.values if e.tape else ()) if a.shape == e.truth.shape and a.all()]
    for (top, a), (bottom, b) in itertools.permutations(known[:40], 2):
        for power in (2,):
            candidate = e.truth * (a / b) ** power
            if e.explains(candidate) and not e.is_true(candidate) and np.ptp(ratio):
                if power == 2:
                    text = f"({top}) / ({bottom}) stands where ({bottom}) / ({top}) belongs"
                else:
                    text = f"{top} stands where {bottom} belongs"
                return e.finding("operand.replaced", text, "turn the quotient round" if power == 2 else "exchange them")
    return None


def summed_product(e: Evidence) -> Finding | None:
    """The gradient of what is broadcast, such as a scale, is the sum of g times another array than the right one."""
    if e.tape is None or e.sampled or e.actual.shape != e.truth.shape or e.truth.size < 2:
        return None
    arrived = e.tape.arrived()
    wider = [node for node in e.tape.nodes if node in arrived and np.size(node.out) > e.truth.size]
    pairs = (
        (node, name, array) for node in wider for name, array in e.tape.values if array.shape == np.shape(node.out)
    )
    for node, name, array in e.tape.affordable(pairs, 3000):
        e.tape.spend(0.3)
        try:
            candidate = _fitted(arrived[node] * array, e.truth.shape)
        except ValueError:
            continue
        if e.explains(candidate) and not e.is_true(candidate):
            place = e.tape.place(node)
            text = f"what comes back to {place} is multiplied by {name}, and summed: another array belongs there"
            return e.finding("operand.replaced", text, "look up which array the scale is multiplied by", place)
    return None


def _fitted(array: Array, shape: tuple[int, ...]) -> Array:
    """The sum over the axes along which an array of a shape is broadcast."""
    lead = array.ndim - len(shape)
    if lead < 0:
        raise ValueError("not broadcast")
    array = array.sum(axis=tuple(range(lead)))
    axes = tuple(axis for axis, n in enumerate(shape) if n == 1 and array.shape[axis] > 1)
    return np.asarray(array.sum(axis=axes, keepdims=True)).reshape(shape)
