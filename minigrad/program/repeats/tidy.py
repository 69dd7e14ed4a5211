"""How is a program with loops made shorter, inside of its loops and around them?"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np

from minigrad.ops.manipulation.indexing import placed_at
from minigrad.program import ir
from minigrad.program.ir import Instruction, Var, mapped_atoms
from minigrad.program.program_like import ProgramLike
from minigrad.program.repeats.find import used, with_loops
from minigrad.program.repeats.loop import Carried, Loop, Result, flattened, loops, plus_at
from minigrad.program.repeats.recall import recall
from minigrad.program.simplify import simplified
from minigrad.program.simplify.keys import constant_key, is_pure
from minigrad.program.simplify.passes import alive, renamed
from minigrad.program.simplify.rules import ELEMENTWISE, RULES
from minigrad.program.simplify.sweep import Sweep

_MOST_SWEEPS = 8


def tidied(program: ProgramLike) -> ProgramLike:
    """The same function and gradients, in loops where something repeats, and in fewer calls."""
    found = simplified(with_loops(program))
    numbers = [each.out.number for each in flattened(found.code)]
    recall(found.code, itertools.count(max(numbers, default=0) + 1).__next__)
    _merge(found.code)
    for loop in loops(found.code):
        _shorten(found, loop)
    found.code = _without_invariants(found.code)
    found.code = _pruned(found.code)
    found = simplified(found)
    _merge(found.code)
    for loop in loops(found.code):
        _shorten(found, loop)
    found.code = _pruned(found.code)
    for loop in loops(found.code):
        _add_to_parts(loop)
    found.code = alive(found.code, found.outputs)
    return found


def _merge(code: list[Instruction]) -> None:
    """Let what loops are given twice be given once."""
    for call in code:
        if not isinstance(call.function, Loop):
            continue
        loop = call.function
        firsts, values, shared, measured = call.args
        alias: dict[Var, Var] = {}
        carried = _distinct(
            [
                (each, first, (each.after, first, each.starts_at_zero))
                for each, first in zip(loop.carried, firsts, strict=True)
            ]
        )
        indexed = _distinct([(each, value, value) for each, value in zip(loop.indexed, values, strict=True)])
        entering = _distinct([(each, value, value) for each, value in zip(loop.shared, shared, strict=True)])
        for (each, _), same in carried:
            alias |= {other.inside: each.inside for other in same}
        for (own, _), others in (*indexed, *entering):
            alias |= dict.fromkeys(others, own)
        _rename(loop.body, alias)
        loop.carried = [each for (each, _), _ in carried]
        loop.indexed, loop.shared = [each for (each, _), _ in indexed], [each for (each, _), _ in entering]
        call.args = (
            tuple([first for (_, first), _ in carried]),
            tuple([value for (_, value), _ in indexed]),
            tuple([value for (_, value), _ in entering]),
            measured,
        )
        _merge(loop.body)


def _rename(code: list[Instruction], alias: dict[Var, Var]) -> None:
    def own(part: Any) -> Any:
        return alias.get(part, part) if type(part) is Var else part

    for each in code:
        each.args, each.kwargs = mapped_atoms((each.args, each.kwargs), own)


def _distinct(given: list[tuple[Any, Any, Any]]) -> list[tuple[tuple[Any, Any], list[Any]]]:
    """What is given, each once by its key, with the others that are the same."""
    found: dict[Any, tuple[tuple[Any, Any], list[Any]]] = {}
    for own, value, key in given:
        hashed = key if type(key) is Var else constant_key(key)
        if hashed in found:
            found[hashed][1].append(own)
        else:
            found[hashed] = ((own, value), [])
    return list(found.values())


def _shorten(program: ProgramLike, loop: Loop) -> None:
    """Simplify the body of a loop."""
    for _ in range(_MOST_SWEEPS):
        sweep = Sweep(loop.body, loop.inputs(), loop.outputs(), program.names, RULES, ELEMENTWISE)
        alias = sweep.alias
        renamed(program, alias, sweep.code)
        loop.carried = [
            Carried(each.inside, alias.get(each.after, each.after), each.starts_at_zero) for each in loop.carried
        ]
        loop.results = [Result(alias.get(each.inside, each.inside), each.step) for each in loop.results]
        loop.body = alive(sweep.code, loop.outputs())
        if not sweep.fired:
            break


def _without_invariants(code: list[Instruction]) -> list[Instruction]:
    """The instructions, with what is the same in all steps of a loop before it."""
    found: list[Instruction] = []
    for each in code:
        if isinstance(each.function, Loop):
            found += _lifted(each)
        found.append(each)
    return found


def _lifted(call: Instruction) -> list[Instruction]:
    """What is taken out of the body of a loop."""
    loop: Loop = call.function  # type: ignore[assignment]  # the caller looked
    loop.body = _without_invariants(loop.body)
    firsts, values, shared, measured = call.args
    outside = dict(zip((*loop.shared, *loop.measured), (*shared, *measured), strict=True))
    lifted: list[Instruction] = []
    kept: list[Instruction] = []
    wanted = set(loop.outputs())
    for each in loop.body:
        is_same = each.out not in wanted and is_pure(each.function) and all(var in outside for var in used(each))
        if not is_same or not used(each):
            kept.append(each)
            continue
        args, kwargs = mapped_atoms((each.args, each.kwargs), lambda part: outside[part] if type(part) is Var else part)
        # The value keeps its name and goes in as a shared one.
        out = Var(each.out.number, each.out.shape, each.out.dtype)
        lifted.append(Instruction(each.function, args, kwargs, out, each.where, each.phase, each.scope))
        outside[each.out] = out
    needed = {var for each in kept for var in used(each)}
    entering = [each for each in outside if each in needed and each not in loop.measured]
    loop.body = kept
    loop.shared = entering
    call.args = (firsts, values, tuple([outside[each] for each in entering]), measured)
    return lifted


def _add_to_parts(loop: Loop) -> None:
    """Add what goes to a part of a sum to that part alone."""
    made = {each.out: each for each in loop.body}
    uses = Counter(var for each in loop.body for var in each.uses())
    for carried in loop.carried:
        total = made.get(carried.after)
        if total is None or total.function is not np.add or not carried.starts_at_zero:
            continue
        inside, share = total.args
        placed = made.get(share) if type(share) is Var else None
        steps = {result.step for result in loop.results if result.inside is carried.after}
        if (
            inside is carried.inside
            and placed is not None
            and placed.function is placed_at
            and uses[share] == uses[inside] == 1
            and not uses[carried.after]
            and steps <= {loop.count - 1}
            and placed.out.shape == total.out.shape
        ):
            values, index, *_ = placed.args
            total.function, total.args = plus_at, (inside, index, values)
            loop.body.remove(placed)


def _pruned(code: list[Instruction]) -> list[Instruction]:
    """The instructions, with loops that give and are given what is needed, and no more."""
    picked: dict[Var, list[Instruction]] = {}
    for each in code:
        if each.function is ir.pick:
            picked.setdefault(each.args[0], []).append(each)
    for each in code:
        if isinstance(each.function, Loop):
            _prune(each, picked.get(each.out, []))
    return code


def _prune(call: Instruction, picks: list[Instruction]) -> None:
    loop: Loop = call.function  # type: ignore[assignment]  # the caller looked
    places: dict[Result, int] = {}
    for pick in picks:
        result = loop.results[pick.args[1]]
        # Picks of one result are one call from here on.
        pick.args = (pick.args[0], places.setdefault(result, len(places)))
    loop.results = list(places)
    firsts, values, shared, measured = call.args
    # A value that is carried for itself alone is not needed.
    carried = list(zip(loop.carried, firsts, strict=True))
    while True:
        loop.carried = [each for each, _ in carried]
        loop.body = alive(loop.body, loop.outputs())
        needed = {var for each in loop.body for var in used(each)} | set(loop.outputs())
        left = [(each, first) for each, first in carried if each.inside in needed]
        if len(left) == len(carried):
            break
        carried = left
    loop.body = _pruned(loop.body)
    indexed = [(each, value) for each, value in zip(loop.indexed, values, strict=True) if each in needed]
    entering = [(each, value) for each, value in zip(loop.shared, shared, strict=True) if each in needed]
    loop.indexed, loop.shared = [each for each, _ in indexed], [each for each, _ in entering]
    call.args = (
        tuple([first for _, first in carried]),
        tuple([value for _, value in indexed]),
        tuple([value for _, value in entering]),
        measured,
    )
