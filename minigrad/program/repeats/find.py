"""Which loops was a list of instructions recorded from?"""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Callable, Iterator, Sequence

from minigrad.program import ir
from minigrad.program.ir import Instruction, Var
from minigrad.program.program_like import ProgramLike
from minigrad.program.repeats.build import Built
from minigrad.program.repeats.edges import Surroundings, extended
from minigrad.program.repeats.labels import Labels
from minigrad.program.repeats.loop import Loop
from minigrad.program.repeats.periods import Run, runs
from minigrad.program.repeats.plain import plain
from minigrad.program.repeats.wiring import Copies, MismatchError, Wiring, whole_copies
from minigrad.program.simplify.passes import alive, renamed

# Fewer steps are written out.
FEWEST = 3
# So many places to begin a body are tried.
_BEGINNINGS = 12


def with_loops(program: ProgramLike) -> ProgramLike:
    """The same program, with a loop where three or more copies of some instructions follow one another.

    It is looked for in what was recorded: what makes a program shorter also makes copies differ.
    """
    found = copy.copy(program)
    found.names, found.gradient_of = dict(program.names), dict(program.gradient_of)
    code, alias = plain(program.code, [each.var for each in program.inputs])
    renamed(found, alias, code)
    finder = _Finder(found)
    found.code = finder.looped(alive(code, found.outputs), set(found.outputs))
    found.names, found.gradient_of = finder.names, finder.gradient_of
    return found


class _Finder:
    def __init__(self, program: ProgramLike) -> None:
        self.names, self.gradient_of = dict(program.names), dict(program.gradient_of)
        numbers = [each.var.number for each in program.inputs] + [each.out.number for each in program.code]
        self._fresh: Callable[[], int] = itertools.count(max(numbers, default=0) + 1).__next__
        self._label = Labels()
        self._inside: dict[Var, Var] = {}
        self._calls: set[Var] = set()
        self._refused: set[tuple[Instruction, Run]] = set()

    def looped(self, code: list[Instruction], wanted: set[Var], is_inside: bool = False) -> list[Instruction]:
        """The same instructions, with loops, also inside of loops."""
        while True:
            found = self._one_more(code, wanted, is_inside)
            if found is None:
                break
            code = found
        for each in code:
            if isinstance(each.function, Loop):
                each.function.body = self.looped(each.function.body, set(each.function.outputs()), is_inside=True)
        return code

    def _one_more(self, code: list[Instruction], wanted: set[Var], is_inside: bool) -> list[Instruction] | None:
        """The list with one loop more; None if there is none."""
        around = Surroundings(code, self._label)
        for run in runs([self._label(each) for each in code]):
            first = code[run.start]
            if (first, run) in self._refused:
                continue
            tried = [wiring for wiring in self._tries(code, run, around) if _gain(wiring) > 0]
            # Inside of a loop nothing is in a list but what another loop gave.
            tried = [
                wiring
                for wiring in tried
                if (wiring.is_recurrence() and not is_inside) or self._is_regular(wiring, around, is_inside)
            ]
            for wiring in sorted(tried, key=lambda each: (-_absorbed(each), _handed_on(each))):
                found = self._placed(code, wiring, wanted)
                if found is not None:
                    return found
            self._refused.add((first, run))
        return None

    def _is_regular(self, wiring: Wiring, around: Surroundings, is_inside: bool) -> bool:
        """Whether what is another value in each step is in a list: of inputs, or of what an earlier loop gave."""
        for each in wiring.indexed():
            values = [wiring.values[key] for key in each.keys]
            if type(values[0]) is not Var:
                continue
            lists = [self._list_of(value, around) for value in values]
            # A recurrence begins with what no loop gave.
            middle = set(lists[1:]) if lists[0] not in self._calls else set(lists[:-1])
            is_listed = middle <= self._calls if is_inside else middle <= self._calls | {None}
            if not is_listed or len(middle) > 1 or len(set(values)) < len(values):
                return False
        return True

    @staticmethod
    def _list_of(value: Var, around: Surroundings) -> Var | None:
        """The call of the loop that gave a value, None for an input, and for others themselves."""
        made = around.made.get(value)
        return None if made is None else made.args[0] if made.function is ir.pick else value

    def _tries(self, code: list[Instruction], run: Run, around: Surroundings) -> Iterator[Wiring]:
        """The copies of one repetition, cut at the places where the least is handed on."""
        for beginning in _beginnings(code, run):
            count = (run.start + run.covered - beginning) // run.period
            if count < 2:
                continue
            copies = whole_copies(code[beginning:], run.period, count)
            wiring = self._wired(copies, around)
            if wiring is not None and len(wiring.copies) >= FEWEST:
                yield wiring

    def _wired(self, copies: Copies, around: Surroundings) -> Wiring | None:
        """The steps of one loop among these copies, and what else belongs to it."""
        try:
            wiring = extended(copies, around)
            other = self._named_otherwise(wiring)
        except MismatchError as error:
            other = max(error.copy, 1)
        else:
            if other is None:
                return wiring
        parts = [part for part in (copies[other:], copies[:other]) if 2 <= len(part) < len(copies)]
        for part in sorted(parts, key=len, reverse=True):
            found = self._wired(part, around)
            if found is not None:
                return found
        return None

    def _named_otherwise(self, wiring: Wiring) -> int | None:
        """The first copy in which the user's functions call something else than in the copies before."""
        stems: dict[int, str] = {}
        for step, instructions in enumerate(wiring.copies):
            for position, instruction in enumerate(instructions):
                name = None if instruction is None else self._name_of(instruction.out)
                if name is not None and stems.setdefault(position, _stem(name)) != _stem(name):
                    return step
        for each in wiring.indexed():
            named = [self._name_of(key) if type(key) is Var else None for key in each.keys]
            for step, name in enumerate(named):
                if name is not None and named[0] is not None and _stem(name) != _stem(named[0]):
                    return step
        return None

    def _name_of(self, var: Var) -> str | None:
        if var in self.names:
            return self.names[var]
        owner = self.names.get(self.gradient_of.get(var, var))
        return None if owner is None else f"d{owner}"

    def _placed(self, code: list[Instruction], wiring: Wiring, wanted: set[Var]) -> list[Instruction] | None:
        """The list with a loop in the place of its copies; None if something between them prevents it."""
        copied = {instruction for copy in wiring.copies for instruction in copy if instruction is not None}
        needed = set(wanted)
        for each in code:
            if each not in copied:
                needed.update(used(each))
        try:
            built = Built(wiring, needed.__contains__, self._fresh)
        except MismatchError:
            return None
        positions = [position for position, each in enumerate(code) if each in copied]
        start, stop = positions[0], positions[-1] + 1
        before, after = list[Instruction](), list[Instruction]()
        made = {each.out for each in built.code}
        for each in code[start:stop]:
            if each in copied:
                continue
            if made.isdisjoint(used(each)):
                before.append(each)
            else:
                after.append(each)
                made.add(each.out)
        draws = [each for each in (*before, *after) if each.function is ir.draw]
        if len(draws) > 1 or (draws and any(each.function is ir.draw for each in copied)):
            # Random numbers come in the order in which they are drawn.
            return None
        if not made.isdisjoint(used(built.code[0])):
            return None
        self._calls.add(built.code[0].out)
        self._name(built.inside, {instruction.out for instruction in copied})
        return [*code[:start], *before, *built.code, *after, *code[stop:]]

    def _name(self, inside: dict[Var, Var], copied: set[Var]) -> None:
        """Let values inside of a loop be called what they are called in its copies."""
        for outer, inner in inside.items():
            if outer in self.names:
                self.names.setdefault(inner, self.names[outer])
        self._inside |= {outer: inside[outer] for outer in copied}
        for outer in copied:
            if outer in self.gradient_of:
                value = self.gradient_of[outer]
                self.gradient_of.setdefault(inside[outer], inside.get(value, self._inside.get(value, value)))


def used(instruction: Instruction) -> list[Var]:
    """The values whose elements or sizes an instruction needs."""
    return [*instruction.uses(), *instruction.measures()]


def _beginnings(code: Sequence[Instruction], run: Run) -> list[int]:
    """Where a copy may begin: where few values of the loop are alive."""
    region = range(run.start, run.start + run.covered)
    made = {code[position].out: position for position in region}
    last: dict[Var, int] = {}
    for position in region:
        for var in used(code[position]):
            if var in made:
                last[var] = position
    alive = [0] * (run.covered + 1)
    for var, position in last.items():
        alive[made[var] - run.start + 1] += 1
        alive[position - run.start + 1] -= 1
    alive = list(itertools.accumulate(alive))
    # One copy after the first, where the values that each copy hands on are alive.
    ranked = sorted(range(run.period), key=lambda offset: (alive[offset + run.period], offset))
    return [run.start + offset for offset in ranked[:_BEGINNINGS]]


def _absorbed(wiring: Wiring) -> int:
    """How many instructions become part of the loop."""
    return sum(instruction is not None for copy in wiring.copies for instruction in copy)


def _handed_on(wiring: Wiring) -> int:
    return len(wiring.carried()) + len(wiring.indexed())


def _gain(wiring: Wiring) -> int:
    """How much shorter the program becomes, about."""
    return _absorbed(wiring) - len(wiring.templates) - 2 * len(wiring.indexed())


def _stem(name: str) -> str:
    """A name without the numbers at its end."""
    return re.sub(r"(_?\d+)+$", "", name)
