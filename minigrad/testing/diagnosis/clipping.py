"""Was the gradient clipped: every element to an interval, or the whole to a norm?"""

from __future__ import annotations

import numpy as np

from minigrad.engine.graph import Node
from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis.arrivals import Change, on_the_way, uses_leaf
from minigrad.testing.diagnosis.evidence import Array, Evidence
from minigrad.testing.diagnosis.tape import Tape

_FIX = "return the gradient as it is; clip in the update of the weights"
# What people clip gradients to.
BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)


def clipped(e: Evidence) -> Finding | None:
    """The gradient of the leaf, or what comes back to a state on the way, is clipped."""
    found = clipped_itself(e)
    if found is not None:
        return found
    changes = [(f"np.clip(g, -{bound:g}, {bound:g})", _clip(bound)) for bound in _bounds(e)]
    way = on_the_way(e, changes, _is_state, 3000)
    if way is None:
        return None
    return e.finding("value.clipped", f"what comes back to {way[1]} is clipped: {way[0]}", _FIX, way[1])


def clipped_itself(e: Evidence) -> Finding | None:
    """The gradient of the leaf is the right one after np.clip, or scaled down to a norm."""
    if e.actual.shape != e.truth.shape or not e.actual.size:
        return None
    bound = float(np.max(np.abs(e.actual)))
    for low, high in ((-bound, bound), (float(np.min(e.actual)), float(np.max(e.actual)))):
        if _is_cut(e, low, high):
            cut = int((np.abs(e.actual - e.truth) > e.tolerance).sum())
            text = f"got == np.clip(expected, {low:.6g}, {high:.6g}), which changes {cut} elements"
            return e.finding("value.clipped", text, _FIX)
    scaled = _scaled_to_norm(e)
    if scaled is not None:
        text = f"got == expected * {scaled[0]:.6g}, and its norm is {scaled[1]:g}: it is scaled down to a norm"
        return e.finding("value.clipped", text, _FIX)
    return None


def _is_cut(e: Evidence, low: float, high: float) -> bool:
    """Whether the gradient is the right one, cut off at two bounds; by chance that is so of one or two elements."""
    if not low < 0 < high or not e.explains(np.clip(e.truth, low, high)) or e.is_true(e.actual):
        return False
    beyond = (e.truth < low - e.tolerance) | (e.truth > high + e.tolerance)
    cut, left = np.unique(np.abs(e.truth[beyond])), np.unique(e.truth[~beyond & (np.abs(e.truth) > e.tolerance)])
    differ = len(cut) > 0 and np.ptp(cut) > 1e-6 * e.scale
    near = any(abs(bound - end) <= 1e-6 * bound for bound in _bounds(e) for end in (high, -low))
    return (differ and (len(left) > 1 or near)) or (len(cut) > 0 and len(left) > 1 and near)


def _is_state(tape: Tape, node: Node, position: int) -> bool:
    """Whether several results are computed from one, as from the state of a recurrent net; or the leaf is in it."""
    return uses_leaf(tape, node, position) or len(tape.users.get(node, ())) > 1


def _unit(e: Evidence) -> float:
    """By what a gradient without upstream gradient is multiplied: the upstream gradient of a single number."""
    return (
        abs(float(np.asarray(e.upstream[0]).reshape(()))) if len(e.upstream) == 1 and e.upstream[0].size == 1 else 1.0
    )


def _bounds(e: Evidence) -> list[float]:
    return [scale * bound for scale in dict.fromkeys((1.0, _unit(e))) for bound in BOUNDS]


def _scaled_to_norm(e: Evidence) -> tuple[float, float] | None:
    if e.sampled or e.truth.size < 2 or not e.truth.any():
        return None
    ratio = float(np.sum(e.actual * e.truth) / np.sum(e.truth * e.truth))
    norm = float(np.linalg.norm(e.actual))
    if not 0 < ratio < 1 or not e.explains(ratio * e.truth):
        return None
    near = [b for unit in (1.0, _unit(e)) for b in BOUNDS if abs(norm / unit - b) <= 1e-6 * b]
    return (ratio, near[0]) if near else None


def _clip(bound: float) -> Change:
    def change(g: Array, value: Array) -> Array | None:
        return np.clip(g, -bound, bound) if np.max(np.abs(g), initial=0.0) > bound else g

    return change
