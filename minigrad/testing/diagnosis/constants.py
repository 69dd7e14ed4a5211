"""Is a constant rounded in one of the passes, or is an epsilon in one of them only?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np

from minigrad.engine.graph import Node
from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis.arrivals import Change, Named, on_the_way, operations_towards
from minigrad.testing.diagnosis.edges import (
    Array,
    Share,
    edges_of,
    node_op,
    with_operands,
)
from minigrad.testing.diagnosis.evidence import Evidence
from minigrad.testing.diagnosis.replay import Place, replayed
from minigrad.testing.diagnosis.tape import Tape

_ALL_DIGITS = "use one constant with all its digits in both passes, such as np.sqrt(2 / np.pi)"
# Numbers that people write with few digits.
KNOWN = {
    "pi": math.pi, "2 * pi": 2 * math.pi, "sqrt(2 / pi)": math.sqrt(2 / math.pi), "sqrt(2)": math.sqrt(2),
    "1 / sqrt(2)": math.sqrt(0.5), "sqrt(2 * pi)": math.sqrt(2 * math.pi),
    "1 / sqrt(2 * pi)": 1 / math.sqrt(2 * math.pi),
    "2 / sqrt(pi)": 2 / math.sqrt(math.pi), "1 / sqrt(pi)": 1 / math.sqrt(math.pi), "log(2)": math.log(2),
    "log(10)": math.log(10), "e": math.e, "1 / 3": 1 / 3, "1 / 6": 1 / 6, "sqrt(3)": math.sqrt(3), "1.702": 1.702,
    "0.044715": 0.044715,
}  # fmt: skip
EPSILONS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)
# Errors beyond these have other reasons than a rounded number.
LARGEST = 0.02


def rounded(e: Evidence) -> Finding | None:
    """A constant of the forward pass has more or fewer digits in the backward pass."""
    if not _is_close(e) or e.tape is None:
        return None
    ends: dict[float, list[Place]] = {}
    for node, slot, number in _constants(e.tape):
        ends.setdefault(number, []).append((node, slot))
    for number, places in ends.items():
        # A little more of it shows in which direction the gradient would go.
        near = dict.fromkeys(places, number * (1 + 1e-6))
        ways = [way for way in (_in_the_rules, _computed_again) if _points_there(e, partial(way, e, near))]
        for other in _versions(number) if ways else ():
            if any(_gives(e, partial(way, e, dict.fromkeys(places, other))) for way in ways):
                return _rounded(e, {number: other}, places[0][0])
    return _all_rounded(e, ends)


def _all_rounded(e: Evidence, ends: Mapping[float, list[Place]]) -> Finding | None:
    """All constants are rounded to the same number of digits."""
    for digits in range(2, 9) if len(ends) > 1 else ():
        short = {number: float(f"{number:.{digits - 1}e}") for number in ends}
        short = {number: other for number, other in short.items() if other != number}
        replaced = {place: other for number, other in short.items() for place in ends[number]}
        ways = (_in_the_rules, _computed_again) if len(short) > 1 else ()
        if any(_gives(e, partial(way, e, replaced)) for way in ways):
            return _rounded(e, short, next(iter(replaced))[0])
    return None


def _rounded(e: Evidence, numbers: Mapping[float, float], node: Node) -> Finding:
    assert e.tape is not None
    told = " and ".join(f"{other:.12g} where the forward pass has {n:.12g}" for n, other in numbers.items())
    place = e.tape.place(node)
    return e.finding("constant.rounded", f"the backward pass computes with {told}", _ALL_DIGITS, place)


def short_form(ratio: float, e: Evidence) -> str:
    """Which constant with few digits in the place of one with more explains a factor close to 1, in words."""
    if not 1e-8 < abs(ratio - 1) < LARGEST:
        return ""
    numbers = {name: number for name, number in KNOWN.items() if len(f"{number:.12g}") > 8}
    if e.tape is not None:
        numbers |= {f"{n:.12g}": n for _, _, n in _constants(e.tape) if len(f"{n:.12g}") > 5}
    for name, number in numbers.items():
        other = float(f"{number * ratio:.5g}")
        if abs(other / number - ratio) < 2e-9:
            return f"{other:g} stands in the place of {name}"
    return ""


def _gives(e: Evidence, made: Callable[[], Array | None]) -> bool:
    try:
        candidate = made()
    except Exception:
        # A rule that is told another constant than there was may do anything.
        return False
    return candidate is not None and e.explains(candidate) and not e.is_true(candidate)


def epsilon_in_excess(e: Evidence) -> Finding | None:
    """A small number is added on the way back, in a denominator or a logarithm, that the forward pass has not."""
    if not _is_close(e):
        return None
    fix = "use the same number in both passes: also in the logarithm, the root or the quotient of the forward pass"
    for group in operations_towards(
        e, ("divide", "true_divide", "log", "sqrt", "power", "reciprocal", "log2", "log10")
    ):
        assert e.tape is not None
        edges = [edge for node in group for edge in edges_of(node)]
        changes = dict.fromkeys(edges, _with(1e-6))
        hints = _points_there(e, partial(e.tape.gradient, e.position, changes))
        for epsilon in EPSILONS if hints else ():
            if e.fits(dict.fromkeys(edges, _with(epsilon))):
                place = e.tape.place(group[0])
                text = (
                    f"the backward pass adds {epsilon:g} to what it divides by, at {place}; the forward pass does not"
                )
                return e.finding("epsilon.extra", text, fix, place)
    found = _epsilon_by_values(e, fix)
    if found is not None:
        return found
    way = on_the_way(e, _divided(), _is_between_0_and_1, work=3000)
    return None if way is None else e.finding("epsilon.extra", way[0], fix, way[1])


def _is_between_0_and_1(tape: Tape, node: Node, position: int) -> bool:
    return bool(np.all((node.out > 0) & (node.out < 1)))


def _divided() -> list[Named]:
    """What comes back to a probability p is divided by p * (1 - p), with a small number added to that."""
    text = "the backward pass divides by p * (1 - p) + {0:g}, and the forward pass has no {0:g}"
    return [(text.format(epsilon), _too_small(epsilon)) for epsilon in EPSILONS]


def _too_small(epsilon: float) -> Change:
    return lambda g, p: g * (p * (1 - p)) / (p * (1 - p) + epsilon)


def _epsilon_by_values(e: Evidence, fix: str) -> Finding | None:
    """got == expected * d / (d + epsilon) for a known d: the result itself, or p * (1 - p)."""
    known = [(name, array) for name, array in e.tensors.items() if array.shape == e.truth.shape and array.size > 1]
    for name, array in known:
        for word, divisor in ((name, array), (f"{name} * (1 - {name})", array * (1 - array)), (f"{name}**2", array**2)):
            for epsilon in EPSILONS:
                candidate = e.truth * divisor / (divisor + epsilon)
                if e.explains(candidate) and not e.is_true(candidate):
                    text = f"the backward pass divides by {word} + {epsilon:g}, and the forward pass has no {epsilon:g}"
                    return e.finding("epsilon.extra", text, fix)
    return None


def _is_close(e: Evidence) -> bool:
    if e.sampled or e.actual.shape != e.truth.shape or not e.scale:
        return False
    return bool(np.max(np.abs(e.actual - e.truth)) <= LARGEST * 5 * e.scale)


def _constants(tape: Tape) -> Iterator[tuple[Node, int, float]]:
    for node in tape.nodes:
        for slot, (arg, parent) in enumerate(zip(node.args, node.parents or (), strict=True)):
            if parent is None and np.ndim(arg) == 0 and np.asarray(arg).dtype.kind == "f" and np.isfinite(arg) and arg:
                yield node, slot, float(arg)


def _versions(number: float) -> list[float]:
    """The number with fewer digits, and the number that it may be a short form of."""
    found = []
    exponent = math.floor(math.log10(abs(number)))
    for digits in range(2, 9):
        unit = 10.0 ** (exponent - digits + 1)
        found += [round(number / unit) * unit, math.trunc(number / unit) * unit]
    found += [sign * known for known in KNOWN.values() for sign in (1, -1)]
    close = [float(f"{other:.12g}") if other not in KNOWN.values() else other for other in found]
    return list(dict.fromkeys(o for o in close if 0 < abs(o / number - 1) <= LARGEST))


def _points_there(e: Evidence, changed: Callable[[], Array | None]) -> bool:
    """Whether a small change of the gradient goes where the claimed gradient is, or away from there."""
    try:
        candidate = changed()
    except Exception:
        # A rule that is told another constant than there was may do anything.
        return False
    if candidate is None:
        return False
    change, wanted = candidate - e.truth, e.actual - e.truth
    sizes = float(np.linalg.norm(change) * np.linalg.norm(wanted))
    return sizes > 0 and abs(float(np.sum(change * wanted))) > 0.7 * sizes


def _in_the_rules(e: Evidence, replaced: Mapping[Place, float]) -> Array | None:
    """The gradient where constants are others in the rules alone."""
    assert e.tape is not None
    nodes = dict.fromkeys(node for node, _ in replaced)
    edges = [edge for node in nodes for edge in edges_of(node) if edge not in e.tape.pruned]
    return e.tape.gradient(e.position, dict.fromkeys(edges, _told(replaced)))


def _told(replaced: Mapping[Place, float]) -> Share:
    def share(node: Node, position: int, g: Array) -> Array:
        args = [replaced.get((node, slot), arg) for slot, arg in enumerate(node.args)]
        return with_operands(node.out, args, node, position, g)

    return share


def _computed_again(e: Evidence, replaced: Mapping[Place, float]) -> Array | None:
    """The gradient if the forward pass had other constants."""
    assert e.tape is not None
    return replayed(e.tape, e.position, replaced)


def _with(epsilon: float) -> Share:
    """The rule of something that has a derivative with a denominator, with a small number added to that."""

    def share(node: Node, position: int, g: Array) -> Array:
        name = node_op(node).name
        if name == "sqrt":
            return np.asarray(g / (2.0 * (node.out + epsilon)))
        args = list(node.args)
        slot = 1 if name in ("divide", "true_divide") else 0
        args[slot] = np.asarray(args[slot]) + epsilon
        return with_operands(node_op(node).forward(*args, **node.params), args, node, position, g)

    return share
