"""Is weight decay in the gradient as it is in the loss?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minigrad.engine.graph import Node
from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis.arrivals import own_value
from minigrad.testing.diagnosis.edges import edges_of, node_op, nothing, parent_of
from minigrad.testing.diagnosis.evidence import Array, Evidence

# What weights go through before they meet the data.
_MOVING = ("matmul", "transpose", "swapaxes", "moveaxis", "reshape", "getitem", "expand_dims", "squeeze", "ravel",
           "broadcast_to", "correlate2d", "convolve2d", "conv2d", "dot")  # fmt: skip


@dataclass(frozen=True)
class _Decay:
    """What a term of the loss gives the gradient: a factor times the weights, or their signs, where they take part."""

    factor: float
    taking_part: Array
    pattern: Array
    word: str


def weight_decay(e: Evidence) -> Finding | None:
    """The gradient is off by a multiple of the weights themselves."""
    value = own_value(e)
    if e.sampled or e.actual.shape != e.truth.shape or value is None or value.shape != e.truth.shape:
        return None
    single = len(e.upstream) == 1 and np.size(e.upstream[0]) == 1
    if not (single or (e.point is None and e.tape is not None and e.tape.root.out.size == 1)):
        return None
    if e.tape is not None and not _is_weight(e):
        return None
    unit = float(np.reshape(e.upstream[0], ())) if single else float(np.reshape(e.tape.seed, ())) if e.tape else 1.0
    difference = e.actual - e.truth
    name = e.leaf
    if value.size == 1:
        return _of_a_number(e, float(value.reshape(())), float(difference.reshape(())), unit)
    for pattern, word in ((value, name), (np.sign(value), f"np.sign({name})")):
        for decay in _terms(e, pattern, word):
            found = _against(e, decay, difference, unit)
            if found is not None:
                return found
        factor = _factor(difference, pattern, e.tolerance)
        if factor is None or not _has_more(e, pattern):
            continue
        amount = f"{abs(factor / unit):.6g} * {word}"
        if e.tape is None and factor / unit < 0:
            text = f"got == expected - {amount}: the gradient of a weight decay is missing"
            return e.finding("decay.missing", text, f"add {amount}, the gradient of the term in the loss")
        sign = "+" if factor / unit > 0 else "-"
        known = "" if e.tape is None else f", and the loss has no decay of {name}"
        text = f"got == expected {sign} {amount}: a weight decay in the gradient{known}"
        return e.finding("decay.extra", text, f"leave {amount} out, or add the term to the loss")
    return None


def _of_a_number(e: Evidence, value: float, difference: float, unit: float) -> Finding | None:
    """A single number has some ratio to any difference: it is decayed if the ratio is that of the decay of a weight."""
    if e.tape is None or not value or not e.truth.any():
        return None
    for position, leaf in enumerate(e.tape.leaves):
        if position == e.position or leaf is None or np.size(leaf.out) < 2:
            continue
        whole, pattern = e.tape.gradient(position), np.asarray(leaf.out)
        for user in _users(e, leaf):
            edges = [edge for edge in edges_of(user) if parent_of(edge) is leaf]
            decay = _decay(whole - e.tape.gradient(position, dict.fromkeys(edges, nothing)), pattern, "")
            if decay is not None and abs(difference - decay.factor * value) <= e.tolerance:
                text = f"got == expected + {decay.factor / unit:.6g} * {e.leaf}, as if {e.leaf} were decayed, too"
                return e.finding("decay.extra", text, f"decay the weights alone, not {e.leaf}")
    return None


def _is_weight(e: Evidence) -> bool:
    """Whether the leaf is multiplied or added to something of another shape, not only taken element by element."""
    assert e.tape is not None
    leaf = e.tape.leaves[e.position]
    return any(
        node_op(user).name in _MOVING or (node_op(user).broadcasts and np.shape(user.out) != e.truth.shape)
        for user in _users(e, leaf)
    )


def _factor(difference: Array, pattern: Array, tolerance: float) -> float | None:
    """By what a pattern is multiplied to give a difference; None where no number does that."""
    size = float(np.sum(pattern * pattern))
    if not size or np.count_nonzero(pattern) < 2:
        return None
    factor = float(np.sum(difference * pattern)) / size
    fits = np.max(np.abs(difference - factor * pattern)) <= tolerance
    return factor if fits and np.max(np.abs(factor * pattern)) > 10 * tolerance else None


def _has_more(e: Evidence, pattern: Array) -> bool:
    """Whether the right gradient is more than a multiple of the pattern: else any factor would be a decay."""
    size = float(np.sum(pattern * pattern))
    rest = e.truth - float(np.sum(e.truth * pattern)) / size * pattern
    return bool(np.max(np.abs(rest), initial=0.0) > 1e-6 * e.scale)


def _terms(e: Evidence, pattern: Array, word: str) -> list[_Decay]:
    """The terms of the loss whose gradient is a multiple of the pattern."""
    if e.tape is None:
        return []
    leaf = e.tape.leaves[e.position]
    found = []
    for user in _users(e, leaf):
        edges = [edge for edge in edges_of(user) if parent_of(edge) is leaf]
        through = e.truth - e.tape.gradient(e.position, dict.fromkeys(edges, nothing))
        found.append(_decay(through, pattern, word))
    for part in _parts(e, leaf):
        through = e.truth - e.tape.gradient(e.position, dict.fromkeys(edges_of(part), nothing))
        found.append(_decay(through, pattern, word))
    return [decay for decay in found if decay is not None]


def _users(e: Evidence, leaf: Node | None) -> list[Node]:
    assert e.tape is not None
    return [node for node in e.tape.nodes if any(parent_of(edge) is leaf for edge in edges_of(node))]


def _parts(e: Evidence, leaf: Node | None) -> list[Node]:
    """What is computed from a part of the leaf, or from the leaf in another shape."""
    assert e.tape is not None
    users = _users(e, leaf)
    return [node for node in e.tape.nodes if any(parent_of(edge) in users for edge in edges_of(node))]


def _decay(through: Array, pattern: Array, word: str) -> _Decay | None:
    scale = float(np.max(np.abs(through), initial=0.0))
    part = np.abs(through) > 1e-9 * scale
    if not scale or not pattern[part].all() or part.sum() < 2:
        return None
    factors = through[part] / pattern[part]
    if np.ptp(factors) > 1e-9 * np.max(np.abs(factors)):
        return None
    return _Decay(float(np.mean(factors)), part, pattern, word)


def _against(e: Evidence, decay: _Decay, difference: Array, unit: float) -> Finding | None:
    """What a gradient has in the place of the decay that the loss has."""
    inside = np.where(decay.taking_part, decay.pattern, 0.0)
    outside = decay.pattern - inside
    term = f"{decay.factor / unit:.6g} * {decay.word}"
    beyond = _factor_of_any(difference, outside, e.tolerance)
    if beyond is not None and abs(beyond - decay.factor) <= 1e-6 * abs(decay.factor):
        where = ", ".join(map(str, np.argwhere(outside != 0)[0]))
        left = int((outside != 0).sum())
        text = f"{term} is added everywhere, but the loss leaves out {left} elements, such as [{where}]"
        return e.finding("decay.extra", text, "decay only what the loss decays, such as W[1:]")
    factor = _factor_of_any(difference, inside, e.tolerance)
    if factor is None or np.abs(difference[~decay.taking_part]).max(initial=0.0) > e.tolerance:
        return None
    if not _has_more(e, decay.pattern):
        return None
    got = (factor + decay.factor) / decay.factor
    if abs(got) < 1e-6:
        text = f"got == expected - {term}: the gradient of the weight decay is left out"
        return e.finding("decay.missing", text, f"add {term}")
    if abs(got + 1) < 1e-6:
        text = f"the weight decay {term} is subtracted, where the loss has it added"
        return e.finding("decay.sign", text, f"add {term}")
    if abs(got - 2) < 1e-6:
        text = f"got == expected + {term}: the gradient of the weight decay is there twice"
        return e.finding("decay.scale", text, f"add {term} once: the slope of 0.5 * reg * W**2 is reg * W")
    reason = next(
        (f", and {name} is {n}" for name, n in e.dims.items() if min(abs(got * n - 1), abs(got / n - 1)) < 1e-6), ""
    )
    if abs(got - 0.5) < 1e-6:
        reason = ": the slope of reg * W**2 is 2 * reg * W"
    text = (
        f"the weight decay in the gradient is {got * decay.factor / unit:.6g} * {decay.word} instead of {term}{reason}"
    )
    return e.finding("decay.scale", text, f"add {term}")


def _factor_of_any(difference: Array, pattern: Array, tolerance: float) -> float | None:
    part = pattern != 0
    if not part.any():
        return None
    factor = float(np.sum(difference[part] * pattern[part]) / np.sum(pattern[part] ** 2))
    off = np.max(np.abs(difference[part] - factor * pattern[part]))
    return factor if off <= tolerance and np.max(np.abs(factor * pattern)) > 10 * tolerance else None
