"""Is this a gradient at all, and does the pass that made it behave: no side effects, linear, always the same?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.tensor import Tensor
from minigrad.testing.checking.outcome import Finding
from minigrad.testing.numerical.reference import Point
from minigrad.testing.numerical.richardson import Slope, slope_at
from minigrad.testing.subjects.base import Array, Subject
from minigrad.testing.subjects.inputs import Leaf


@dataclass(frozen=True)
class Claim:
    """A claimed gradient as an array, and what is wrong with it before any value is compared.

    Attributes:
        value: zeros where nothing was returned.
        problem: None where it has the form that it should have.
        diagnosable: whether a look at the values may explain more.
        itemsize: of the dtype that was returned, in bytes.
    """

    value: Array
    problem: Finding | None = None
    diagnosable: bool = True
    itemsize: int = 8


def read_claim(leaf: Leaf, gradient: Any, exact: bool = True) -> Claim:
    """What a backward pass returned for one leaf; `exact` for a leaf that the user gave in float64."""
    name, shape = leaf.name, leaf.value.shape
    if gradient is None:
        text = "no gradient was returned (None)"
        return Claim(
            np.zeros(shape), Finding(name, "structure.missing", text, "return one, of the leaf's shape"), False
        )
    if isinstance(gradient, Tensor):
        gradient = gradient.data
    try:
        # A copy: whoever made it may write to it later.
        value = np.array(gradient)
    except ValueError:
        value = np.array(None)
    if value.dtype.kind not in "biuf":
        text = f"the gradient is {_kind(gradient, value)}, not an array of real numbers"
        return Claim(np.zeros(shape), Finding(name, "structure.dtype", text), False)
    if not np.isfinite(value).all():
        bad = tuple(int(i) for i in np.argwhere(~np.isfinite(value))[0])
        count = int((~np.isfinite(value)).sum())
        text = f"{count} of {value.size} elements are not finite, the first at {list(bad)}: {value[bad]}"
        fix = "avoid overflow, 0 / 0 and log(0); there is a stable form for most functions"
        return Claim(value, Finding(name, "structure.not_finite", text, fix), False)
    if value.shape != shape:
        text = f"the gradient has shape {value.shape}; the leaf has shape {shape}"
        return Claim(value, Finding(name, "shape.wrong", text, f"return an array of shape {shape}"))
    if value.dtype.kind == "f" and value.dtype.itemsize < leaf.value.dtype.itemsize and exact:
        text = f"the gradient is {value.dtype}; the leaf is {leaf.value.dtype}"
        fix = "keep the dtype of the inputs: no astype, no array without a dtype of theirs"
        return Claim(value, Finding(name, "precision.float32", text, fix), False, value.dtype.itemsize)
    itemsize = value.dtype.itemsize if value.dtype.kind == "f" else 8
    return Claim(value.astype(np.float64, copy=False), itemsize=itemsize)


def _kind(gradient: Any, value: Array) -> str:
    if isinstance(gradient, np.ndarray) or value.dtype.kind == "c":
        return f"of dtype {value.dtype}"
    return f"a {type(gradient).__name__}"


class _Slack(Protocol):
    """How far gradients may be off for no other reason than rounding; see `Rounding`."""

    def floor(self, position: int) -> NDArray[np.float64]:
        """What rounding alone can make of each element."""

    def between_calls(self, position: int) -> float:
        """How much two gradients for the same inputs may differ."""


def misbehaviour(
    subject: Subject, values: Sequence[Array], upstream: Sequence[Array], claims: Sequence[Claim], slack: _Slack
) -> list[Finding]:
    """Findings about the pass as a whole, from calling it again: it is linear in g, and the same each time."""
    findings = []
    # One pass after the other, so that no more gradients are there at once than are compared.
    doubled = read_claims(subject, values, [2.0 * g for g in upstream])
    comparable = [_alike(claim.value, twice.value) for claim, twice in zip(claims, doubled, strict=True)]
    linear = [
        not alike or _close(twice.value, 2.0 * claim.value) or _tiny(twice.value - 2.0 * claim.value, slack, i)
        for i, (claim, twice, alike) in enumerate(zip(claims, doubled, comparable, strict=True))
    ]
    del doubled
    # Another one with half of its signs changed: what is linear in g is so for any two of them.
    turned = [g * np.where(np.arange(g.size).reshape(g.shape) % 2, -0.7, 1.3).astype(g.dtype) for g in upstream]
    one = read_claims(subject, values, turned)
    both = read_claims(subject, values, [g + h for g, h in zip(upstream, turned, strict=True)])
    for position, (claim, other, total) in enumerate(zip(claims, one, both, strict=True)):
        if comparable[position] and _alike(claim.value, other.value) and _alike(claim.value, total.value):
            linear[position] &= _adds_up(total.value, claim.value, other.value) or _tiny(
                total.value - claim.value - other.value, slack, position
            )
    del turned, one, both
    again = read_claims(subject, values, upstream)
    for position, (leaf, claim, repeated) in enumerate(zip(subject.leaves, claims, again, strict=True)):
        if comparable[position] and not _repeats(claim.value, repeated.value, slack, position):
            text = "the backward pass gives another gradient for the same inputs and the same upstream gradient"
            findings.append(Finding(leaf.name, "state.nondeterministic", text, "keep nothing between two calls"))
        elif not linear[position]:
            findings.append(_nonlinear(subject, leaf, values, upstream, claim))
    return findings


def _tiny(difference: Array, slack: _Slack, position: int) -> bool:
    """Whether a difference is rounding, where terms cancel: each of the gradients compared may be off by it."""
    return bool(np.all(np.abs(difference).reshape(-1) <= 4.0 * slack.floor(position)))


def _repeats(claim: Array, repeated: Array, slack: _Slack, position: int) -> bool:
    if claim.shape != repeated.shape:
        return False
    return _same(claim, repeated) or bool(np.max(np.abs(claim - repeated)) <= slack.between_calls(position))


def read_claims(subject: Subject, values: Sequence[Array], upstream: Sequence[Array]) -> list[Claim]:
    """What the backward pass returns for each leaf."""
    return [read_claim(leaf, g) for leaf, g in zip(subject.leaves, subject.claimed(values, upstream), strict=True)]


def _alike(a: Array, b: Array) -> bool:
    return a.shape == b.shape and bool(np.isfinite(a).all() and np.isfinite(b).all())


def _nonlinear(
    subject: Subject, leaf: Leaf, values: Sequence[Array], upstream: Sequence[Array], claim: Claim
) -> Finding:
    position = subject.leaves.index(leaf)
    twice = read_claims(subject, values, [2.0 * g for g in upstream])[position]
    opposite = read_claim(leaf, subject.claimed(values, [-g for g in upstream])[position]).value
    if _close(twice.value, claim.value) and opposite.shape == claim.value.shape and _close(opposite, claim.value):
        text = "the gradient is the same whatever the upstream gradient g is: g is ignored"
        return Finding(leaf.name, "upstream.ignored", text, "multiply by g: the chain rule needs it")
    with np.errstate(all="ignore"):
        zero = read_claim(leaf, subject.claimed(values, [0.0 * g for g in upstream])[position]).value
    if zero.shape == claim.value.shape and np.any(zero) and np.isfinite(zero).all():
        text = (
            "an upstream gradient of zeros gives a gradient that is not zero: something is added that g does not scale"
        )
        return Finding(leaf.name, "upstream.constant", text, "every term of the gradient has g as a factor")
    slowly = subject.at_a_small_rate(values, upstream)
    still = claim.value if slowly is None else read_claim(leaf, slowly[position]).value
    if still.shape == claim.value.shape and not _close(still, claim.value):
        text = "the gradient depends on the learning rate: it is computed from weights that were updated before"
        return Finding(leaf.name, "state.updated", text, "compute the gradient of the input first, then update")
    text = "the gradient is not linear in the upstream gradient g: twice g does not give twice the gradient"
    return Finding(leaf.name, "upstream.nonlinear", text, "use g once in every term")


def _adds_up(total: Array, one: Array, other: Array) -> bool:
    scale = max(float(np.max(np.abs(part), initial=0.0)) for part in (total, one, other))
    return bool(np.max(np.abs(total - one - other), initial=0.0) <= 1e-5 * scale)


def _same(a: Array, b: Array) -> bool:
    return bool(np.array_equal(a, b, equal_nan=True))


def _close(a: Array, b: Array) -> bool:
    scale = float(np.max(np.abs(b), initial=0.0))
    return bool(np.max(np.abs(a - b), initial=0.0) <= 1e-6 * scale)


def precision_lost(point: Point, chosen: Sequence[int]) -> list[Finding]:
    """Whether a function of float64 computes with less: then it does not answer to changes of a billionth."""
    subject = point.subject
    for out in subject.outputs(point.values):
        if out.dtype.itemsize < 8:
            text = f"the function gives {out.dtype} for inputs of float64"
            return [_imprecise(subject, text)]
    tiny, spacing = float(np.finfo(float).eps), 1e-9
    floor = 1e3 * tiny * float(np.linalg.norm(point.upstream * point.center))
    agreeing = differing = 0
    for seed in range(6):
        signs = np.random.default_rng(seed)
        directions = [
            point.unit(i) * signs.choice([-1.0, 1.0], size=value.shape) if i in chosen else np.zeros(value.shape)
            for i, value in enumerate(point.values)
        ]

        def along(distance: float, directions: list[Array] = directions) -> Any:
            return point.at([v + distance * d for v, d in zip(point.values, directions, strict=True)])

        wide = _smooth_slope(along, point)
        if wide is None:
            continue
        # Single precision blurs steps of 1e-5 a little, and steps of a billionth altogether; to a kink they are alike.
        near, middle = (
            abs(float(point.upstream @ (along(step) - along(-step))) / (2 * step) - wide.value)
            for step in (spacing, 1e-5)
        )
        bend = wide.high - wide.low if wide.kinked else 0.0
        if near > 3 * middle + 1e-3 * abs(wide.value) + 10 * wide.error + bend + floor / spacing:
            differing += 1
        else:
            agreeing += 1
        if abs(differing - agreeing) == 2:
            break
    if differing <= agreeing:
        return []
    return [_imprecise(subject, "the function does not answer to changes of its inputs by a billionth")]


def _smooth_slope(along: Callable[[float], Any], point: Point) -> Slope | None:
    """A slope taken over steps so wide that single precision does not matter; None where there is a kink."""
    for step in (2e-2, 5e-3, 1e-3):
        found = slope_at(along, point.center, point.upstream, point.noise, step, float(np.finfo(float).eps))
        if found is None or not found.error < 1e-3 * abs(found.value):
            continue
        # What single precision rounds may look like a kink, but a tiny one.
        if not found.kinked or found.high - found.low < 1e-2 * abs(found.value):
            return found
    return None


def _imprecise(subject: Subject, text: str) -> Finding:
    fix = "compute in the dtype of the inputs: no astype(np.float32), no arrays of float32 beside them"
    return Finding(subject.name, "precision.float32", f"{text}: it computes in a lower precision somewhere", fix)
