"""How is a program made shorter without changing what it gives?"""

from __future__ import annotations

import copy
from collections.abc import Sequence

from minigrad.engine.pytrees import mapped
from minigrad.program.ir import Instruction, Var
from minigrad.program.program_like import ProgramLike
from minigrad.program.simplify.keys import is_pure, values_in
from minigrad.program.simplify.rules import ELEMENTWISE, LATER, RULES
from minigrad.program.simplify.shapes import has_own_axis
from minigrad.program.simplify.sweep import Sweep

# One sweep does nearly all; another finds what became unused or used once.
_MOST_SWEEPS = 8
_ALL = {function: [*RULES.get(function, ()), *LATER.get(function, ())] for function in {**RULES, **LATER}}


def simplified(program: ProgramLike) -> ProgramLike:
    """The same function and gradients with fewer calls.

    Every value stays the same but for its last digits. Nothing is distributed or cancelled, but that a number goes into
    a sum where its product with a part of the sum is there anyway. Numbers are multiplied with each other only where
    they are neither large nor small. Guards, draws and names are kept.

    Returns:
        A new program; the given one is not changed.
    """
    found = copy.copy(program)
    found.names, found.gradient_of = dict(program.names), dict(program.gradient_of)
    found.code = alive(program.code, program.outputs)
    for count in range(_MOST_SWEEPS):
        rules = _ALL if count else RULES
        inputs = [each.var for each in found.inputs]
        sweep = Sweep(found.code, inputs, found.outputs, found.names, rules, ELEMENTWISE)
        renamed(found, sweep.alias, sweep.code)
        found.code = alive(sweep.code, found.outputs)
        if count and not sweep.fired:
            break
    return found


def renamed(program: ProgramLike, alias: dict[Var, Var], code: Sequence[Instruction]) -> None:
    """Let everything that a program knows of values be known of those that took their places in other code."""
    phases = {instruction.out: instruction.phase for instruction in (*program.code, *code)}

    def own(value: Var) -> Var:
        return alias.get(value, value)

    program.result = mapped(program.result, lambda part: own(part) if type(part) is Var else part)
    program.gradients = [None if gradient is None else own(gradient) for gradient in program.gradients]
    for old, new in alias.items():
        if old in program.names:
            program.names.setdefault(new, program.names.pop(old))
        # What was there before the gradients is not called one because a gradient equals it.
        if old in program.gradient_of and phases.get(old) == phases.get(new):
            program.gradient_of.setdefault(new, program.gradient_of[old])
    program.gradient_of = {
        gradient: own(value) for gradient, value in program.gradient_of.items() if gradient not in alias
    }


def alive(code: Sequence[Instruction], outputs: Sequence[Var]) -> list[Instruction]:
    """The instructions that an output or a guard needs."""
    needed = set(outputs)
    # Where no size depends on values, all sizes are those of inputs.
    has_own_axes = any(has_own_axis(instruction.out) for instruction in code)
    found: list[Instruction] = []
    for instruction in reversed(code):
        if instruction.out in needed or not is_pure(instruction.function):
            found.append(instruction)
            needed.update(values_in(instruction))
            if has_own_axes:
                needed.update(instruction.measures())
    return found[::-1]
