"""Is a recording the same when the function is called again, or does something depend on chance?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.engine.pytrees import leaves
from minigrad.program.compiled.arguments import Call
from minigrad.program.errors import ProgramError, by_chance
from minigrad.program.held import HeldGradient, HeldTensor
from minigrad.program.inputs import Inputs, Slot
from minigrad.program.ir import Place, Var
from minigrad.program.record import Recording
from minigrad.program.simplify.keys import values_in


def recorded_again(
    function: Callable[..., Any],
    call: Call,
    slots: Sequence[Slot],
    inputs: Inputs,
    first: Recording,
    takes_kernels: bool,
) -> tuple[Recording, bool]:
    """The same call again, and whether it would add to gradients that are there before.

    It must be the same, also where a gradient is left from the call before.
    """
    held = [
        slot.held
        for position, slot in enumerate(inputs.slots)
        if isinstance(slot.held, HeldTensor) and slot.requires_grad and position in first.updates
    ]
    extra = [Slot(each.read(), "grad", None, "", each) for each in (HeldGradient(one.tensor) for one in held)]
    again = Inputs(function, call.examples, [], [*slots, *extra])
    second = Recording(again, [slot.value for slot in again.slots], takes_kernels, True)
    if any(second.deposited) != any(first.deposited):
        raise by_chance(_last(first))
    theirs = set(second.inputs_made[len(inputs.slots) :])
    adds = any(var in theirs for instruction in second.code for var in values_in(instruction))
    if adds:
        if any(first.deposited):
            raise ProgramError(
                "the function adds to the gradients of the call before; call optimizer.zero_grad() before "
                "loss.backward()"
            )
        # They are cleared at the end; where some are there at the beginning, the function would add to them.
        again = Inputs(function, call.examples, [], slots)
        second = Recording(again, [slot.value for slot in again.slots], takes_kernels, True)
    ours = dict(zip(first.inputs_made, second.inputs_made, strict=False))
    if len(first.code) != len(second.code):
        raise by_chance(_last(first))
    for mine, other in zip(first.code, second.code, strict=True):
        ours[mine.out] = other.out
        if mine.function != other.function or not (
            _alike(mine.args, other.args, ours) and _alike(mine.kwargs, other.kwargs, ours)
        ):
            raise by_chance(mine.where)
    if not _alike(plain_leaves(first.returned), plain_leaves(second.returned), ours):
        raise by_chance(_last(first))
    return second, adds


def _last(recording: Recording) -> Place | None:
    """The line of the last step."""
    return recording.code[-1].where if recording.code else None


def _alike(mine: Any, other: Any, ours: dict[Var, Var]) -> bool:
    kind = type(mine)
    if kind is not type(other):
        return False
    if kind is Var:
        return ours.get(mine) is other
    if kind is tuple or kind is list:
        return len(mine) == len(other) and all(_alike(a, b, ours) for a, b in zip(mine, other, strict=True))
    if kind is dict:
        return mine.keys() == other.keys() and all(_alike(mine[key], other[key], ours) for key in mine)
    if kind is slice:
        return all(_alike(getattr(mine, each), getattr(other, each), ours) for each in ("start", "stop", "step"))
    if kind is np.ndarray:
        if mine is other:
            return True
        if mine.dtype != other.dtype or mine.shape != other.shape:
            return False
        return bool(np.array_equal(mine, other, equal_nan=mine.dtype.kind in "fc"))
    if kind is float or isinstance(mine, np.floating):
        return bool(mine == other) or (mine != mine and other != other)
    try:
        return bool(mine == other)
    except (TypeError, ValueError):
        return mine is other


def plain_leaves(tree: Any) -> list[Any]:
    """What a tree holds, without the places."""
    return [leaf for _, leaf in leaves(tree)]
