"""When may a loop write a carried value over, or add to it in place?"""

from __future__ import annotations

from collections import Counter

import numpy as np

from minigrad.program.ir import Instruction, Var
from minigrad.program.repeats.loop import Carried, Loop, plus_at
from minigrad.program.source.results import is_new
from minigrad.program.source.scope import Scope


def is_overwritten(loop: Loop, carried: Carried, scope: Scope) -> bool:
    """Whether nobody needs the value of the step before once that of this step is there.

    Calls whose values are used once are written where they are used, which may be later than where they stand.
    """
    body = loop.body
    place = {each.out: position for position, each in enumerate(body)}
    if carried.after not in place or any(each.after is carried.inside for each in loop.carried):
        return False
    if sum(each.after is carried.after for each in loop.carried) > 1:
        return False
    wanted = set(loop.outputs())
    if carried.inside in wanted:
        return False
    users: dict[Var, list[Instruction]] = {}
    for each in body:
        for var in dict.fromkeys(each.uses()):
            users.setdefault(var, []).append(each)
    uses = Counter(var for each in body for var in each.uses())
    limit = place[carried.after]

    def is_late(instruction: Instruction) -> bool:
        position = place[instruction.out]
        if position > limit:
            return True
        has_line = instruction.out in scope.names_of_user or instruction.out in wanted
        if has_line or position == limit or (uses[instruction.out] > 1 and is_new(instruction)):
            return False
        return any(is_late(each) for each in users.get(instruction.out, []))

    # What is measured is there as long as its name is.
    measured = any(carried.inside in each.measures() for each in body)
    return not measured and not any(is_late(each) for each in users.get(carried.inside, []))


def is_summed(loop: Loop, carried: Carried) -> bool:
    """Whether a value is the sum of shares of all steps, so that it can be added to in place."""
    made = next((each for each in loop.body if each.out is carried.after), None)
    if made is None or made.function not in (np.add, plus_at) or made.args[0] is not carried.inside:
        return False
    used = Counter(var for each in loop.body for var in each.uses())
    steps = {result.step for result in loop.results if result.inside is carried.after}
    return (
        # What it starts with otherwise belongs to somebody else, if it is an array: one of no axes, too.
        carried.starts_at_zero
        and carried.inside.shape == carried.after.shape
        and carried.inside.dtype == carried.after.dtype
        and used[carried.inside] == 1
        and not used[carried.after]
        and steps <= {loop.count - 1}
        and sum(each.after is carried.after for each in loop.carried) == 1
    )
