"""Are steps a multiple of the derivative by convention, and do the gradients make up for it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from minigrad.engine.graph import Node
from minigrad.testing.diagnosis.edges import Array, edges_of, parent_of
from minigrad.testing.diagnosis.tape import Tape


@dataclass(frozen=True)
class Convention:
    """Steps that are a multiple of the derivative: which ones, and by which factor."""

    factor: float
    steps: tuple[str, ...]

    def note(self, sizes: Mapping[str, int]) -> str:
        """What the convention is, in words."""
        known = next((f", and {n} is {name}" for name, n in sizes.items() if abs(abs(self.factor) - n) < 1e-6 * n), "")
        inverse = next(
            (f" (1 / {n}, and {n} is {name})" for name, n in sizes.items() if _is_one_of(self.factor, n)), ""
        )
        names = self.steps[0] if len(self.steps) == 1 else f"{', '.join(self.steps[:-1])} and {self.steps[-1]}"
        verb, what = ("is", "step") if len(self.steps) == 1 else ("are", "steps")
        return (
            f"your {what} {names} {verb} {self.factor:.6g} times the derivative{known or inverse}; "
            "the gradients make up for it"
        )


def _is_one_of(factor: float, size: int) -> bool:
    return abs(abs(factor) * size - 1) < 1e-6


def convention(
    tape: Tape,
    targets: Mapping[str, Node],
    claims: Mapping[str, Array],
    steps: Sequence[str],
    tolerance: float,
) -> Convention | None:
    """The convention that most of the gradients follow, if the steps are scaled by one factor.

    Args:
        tape: of the model.
        targets: the nodes whose gradients are claimed, by name, in the order in which gradients reach them.
        claims: the gradients that can be compared, by name.
        steps: the names that are steps.
        tolerance: up to which relative difference two gradients agree.
    """
    before = tape.given
    factors: dict[str, float] = {}
    try:
        tape.given = {}
        for name in (name for name in targets if name in steps and name in claims):
            factor = _ratio(claims[name], _expected(tape, targets[name]), tolerance)
            if factor is None:
                # A step that is wrong as well follows the convention of the step above it.
                above = [other for other in factors if _feeds(targets, factors, targets[other], targets[name])]
                factor = factors[above[-1]] if above else 1.0
            factors[name] = factor
            tape.given = {**tape.given, targets[name]: claims[name] / factor}
        scaled = tuple(name for name, factor in factors.items() if factor != 1.0)
        if not scaled or any(abs(factors[name] / factors[scaled[0]] - 1) > tolerance for name in scaled):
            return None
        found = Convention(factors[scaled[0]], scaled)
        made_up = carried = 0
        for name in claims:
            if name in steps or not any(_feeds(targets, factors, targets[step], targets[name]) for step in scaled):
                continue
            ratio = _ratio(claims[name], _expected(tape, targets[name]), tolerance)
            made_up += ratio == 1.0
            carried += ratio is not None and abs(ratio / found.factor - 1) <= tolerance
        return found if made_up > carried else None
    finally:
        tape.given = before


def _expected(tape: Tape, node: Node) -> Array:
    arrived = tape.run({}).get(node)
    return np.zeros_like(node.out) if arrived is None else arrived


def _ratio(claim: Array, expected: Array, tolerance: float) -> float | None:
    """By what the expected gradient is multiplied, 1.0 for nothing; None where no number does it."""
    size = float(np.sum(expected * expected))
    if claim.shape != expected.shape or not np.isfinite(claim).all():
        return None
    if not size:
        return None if claim.any() else 1.0
    ratio = float(np.sum(claim * expected)) / size
    largest = float(np.max(np.abs(expected)))
    if not ratio or np.max(np.abs(claim - ratio * expected)) > tolerance * largest * max(abs(ratio), 1e-12):
        return None
    return 1.0 if abs(ratio - 1.0) <= tolerance else ratio


def _feeds(targets: Mapping[str, Node], steps: Mapping[str, float], start: Node, wanted: Node) -> bool:
    """Whether a gradient flows from a step to a node with no other step between."""
    others = {targets[step] for step in steps} - {start, wanted}
    stack, seen = [start], {start}
    while stack:
        for edge in edges_of(stack.pop()):
            parent = parent_of(edge)
            if parent is wanted:
                return True
            if parent not in seen and parent not in others:
                seen.add(parent)
                stack.append(parent)
    return False
