"""What does a loop look up again, instead of being given what an earlier loop looked up in the same place?

A backward pass needs ``x[:, t]`` as the forward pass does: it is a view of an input, and need not be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minigrad.program import ir
from minigrad.program.ir import Instruction, Size, Var, atoms, mapped_atoms
from minigrad.program.repeats.loop import Loop


def recall(code: Sequence[Instruction], fresh: Callable[[], int]) -> None:
    """Let loops index what earlier loops indexed."""
    calls = {each.out: each for each in code if isinstance(each.function, Loop)}
    picks = {each.out: each for each in code if each.function is ir.pick and each.args[0] in calls}
    for call in calls.values():
        loop: Loop = call.function  # type: ignore[assignment]  # those were chosen
        firsts, values, shared, measured = call.args
        given = list(zip(loop.indexed, values, strict=True))
        entering = list(zip(loop.shared, shared, strict=True))
        for inside, steps in list(given):
            looked_up = [picks.get(value) if type(value) is Var else None for value in steps]
            found = [each for each in looked_up if each is not None]
            if len(found) < len(steps) or len({each.args[0] for each in found}) > 1:
                continue
            made = _again(inside, calls[found[0].args[0]], [each.args[1] for each in found], fresh)
            if made is None:
                continue
            instruction, counters, outer = made
            given = [each for each in given if each[0] is not inside] + counters
            entering += outer
            loop.body.insert(0, instruction)
        loop.indexed, loop.shared = [each for each, _ in given], [each for each, _ in entering]
        call.args = (firsts, tuple([each for _, each in given]), tuple([each for _, each in entering]), measured)


def _again(
    inside: Var, call: Instruction, positions: Sequence[int], fresh: Callable[[], int]
) -> tuple[Instruction, list[tuple[Var, Any]], list[tuple[Var, Any]]] | None:
    """The indexing that an earlier loop did, with the counters and the values that it needs."""
    loop: Loop = call.function  # type: ignore[assignment]  # the caller looked
    results = [loop.results[position] for position in positions]
    made = next((each for each in loop.body if each.out is results[0].inside), None)
    if made is None or made.function is not ir.item or any(each.inside is not made.out for each in results):
        return None
    _, values, shared, _ = call.args
    counted = {each: steps for each, steps in zip(loop.indexed, values, strict=True) if type(steps[0]) is int}
    outside = dict(zip(loop.shared, shared, strict=True))
    own: dict[Var, Var] = {}
    for part in atoms(made.args):
        if type(part) is Size or (type(part) is Var and part not in counted and part not in outside):
            return None
        if type(part) is Var:
            own.setdefault(part, Var(fresh(), part.shape, part.dtype))
    args = mapped_atoms(made.args, lambda part: own[part] if type(part) is Var else part)
    instruction = Instruction(ir.item, args, {}, inside, made.where, made.phase, made.scope)
    counters = [
        (new, tuple([counted[old][each.step] for each in results])) for old, new in own.items() if old in counted
    ]
    return instruction, counters, [(new, outside[old]) for old, new in own.items() if old in outside]
