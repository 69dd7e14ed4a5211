"""One walk over a program, in which rules replace calls, and equal calls become one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from minigrad.program.ir import Instruction, Shape, Size, Var, mapped_atoms
from minigrad.program.simplify.keys import is_pure, key_of, values_in
from minigrad.program.simplify.shapes import has_own_axis, is_elementwise

# More rules than this in a row at one call are a circle of rules.
_PATIENCE = 100
_NOBODY = Var(0, (), None)


class Sweep:
    """The new code of a program, while it is written.

    A rule is given this and an instruction whose arguments are settled, and says None, the value that the call gives
    anyway, or another instruction with the same `out`.

    Attributes:
        code: the instructions that are settled.
        alias: values that are not computed any more, with those that take their places.
        fired: how many calls were replaced.
        notes: what rules found out about values.
    """

    def __init__(
        self,
        code: Sequence[Instruction],
        inputs: Iterable[Var],
        outputs: Iterable[Var],
        named: Iterable[Var],
        rules: Mapping[Any, Sequence[Rule]],
        elementwise: Sequence[Rule],
    ) -> None:
        self.code: list[Instruction] = []
        self.alias: dict[Var, Var] = {}
        self.notes: dict[Var, Any] = {}
        self.fired = 0
        self._rules, self._elementwise = rules, elementwise
        self._inputs, self._outputs = set(inputs), set(outputs)
        self._named = set(named)
        self._measured = _measured(code)
        self._made: dict[Var, Instruction] = {}
        self._seen: dict[Hashable, Var] = {}
        self._uses: Counter[Var] = Counter(outputs)
        # Values of which every use is an argument of an elementwise function.
        self._mixed = set(self._outputs)
        for instruction in code:
            used = values_in(instruction)
            self._uses.update(used)
            if not is_elementwise(instruction):
                self._mixed.update(used)
        numbers = [var.number for var in self._inputs]
        self._number = max([*numbers, *[instruction.out.number for instruction in code]], default=0)
        self._at: Instruction | None = None
        for instruction in code:
            self._take(instruction)

    def _take(self, old: Instruction) -> None:
        self._at = old
        # A copy, because rules change nothing in the program that is given.
        instruction = Instruction(
            old.function, self._settled(old.args), self._settled(old.kwargs), old.out, old.where, old.phase, old.scope
        )
        value = self._written(instruction)
        if value is old.out:
            return
        if old.out in self._measured:
            self._append(instruction)
            return
        if old.out in self._outputs and value in self._inputs:
            # An output is never an input itself, because whoever gets it may write to it.
            self._append(instruction_like(instruction, np.copy, value))
            return
        self.alias[old.out] = value
        self._uses[value] += self._uses[old.out] - 1
        if old.out in self._mixed:
            self._mixed.add(value)
        if old.out in self._outputs:
            self._outputs.add(value)

    def _settled(self, tree: Any) -> Any:
        alias = self.alias
        if type(tree) is tuple:
            return tuple(
                [
                    alias.get(part, part) if type(part) is Var else mapped_atoms(part, self._settled_atom)
                    for part in tree
                ]
            )
        return mapped_atoms(tree, self._settled_atom) if tree else tree

    def _settled_atom(self, part: Any) -> Any:
        return self.alias.get(part, part) if type(part) is Var else part

    def _written(self, instruction: Instruction) -> Var:
        """The value that a call gives: of another one, or its own."""
        if not is_pure(instruction.function):
            return self._append(instruction)
        for _ in range(_PATIENCE):
            key = key_of(instruction)
            known = self._seen.get(key)
            if known is not None:
                self.fired += 1
                return known
            found = self._replacement(instruction)
            if found is None:
                self._seen[key] = instruction.out
                return self._append(instruction)
            self.fired += 1
            if type(found) is Var:
                return found
            instruction = found
        raise RuntimeError(f"rules go in circles at {instruction}")

    def _replacement(self, instruction: Instruction) -> Any:
        if instruction.out.shape is None:
            return None
        rules = self._rules.get(instruction.function, ())
        if is_elementwise(instruction):
            rules = (*self._elementwise, *rules)
        for rule in rules:
            found = rule(self, instruction)
            if found is not None:
                return found
        return None

    def _append(self, instruction: Instruction) -> Var:
        self.code.append(instruction)
        self._made[instruction.out] = instruction
        return instruction.out

    # What rules ask for.

    def maker(self, value: Any, *functions: Callable[..., Any]) -> Instruction | None:
        """The call that gives a value, if it is one of these functions, or any of them where none is given."""
        if type(value) is not Var:
            return None
        found = self._made.get(value)
        return found if found is not None and (not functions or found.function in functions) else None

    def own(self, value: Any, *functions: Callable[..., Any]) -> Instruction | None:
        """The same, if the value is used once, so that the call can go where its only use goes."""
        found = self.maker(value, *functions)
        return found if found is not None and not self.is_shared(found.out) else None

    def is_shared(self, value: Var) -> bool:
        """Whether a value is used more than once, or is an output."""
        return self._uses[value] > 1 or value in self._outputs

    def has_a_line(self, value: Var) -> bool:
        """Whether a value stands on a line of its own when the program is printed."""
        return self.is_shared(value) or value in self._named

    def is_elementwise_alone(self, value: Var) -> bool:
        """Whether all uses of a value are arguments of elementwise functions."""
        return value not in self._mixed

    def known(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Var | None:
        """The value of a call that was made before."""
        return self._seen.get(key_of(Instruction(function, args, kwargs, _NOBODY)))

    def use(self, value: Var) -> None:
        """Count one more use of a value."""
        self._uses[value] += 1

    def call(self, function: Callable[..., Any], *args: Any, out_shape: Shape, out_dtype: Any, **kwargs: Any) -> Var:
        """The value of a call, which is made now unless it was made before."""
        self._number += 1
        at = self._at
        assert at is not None
        out = Var(self._number, out_shape, out_dtype)
        value = self._written(Instruction(function, args, kwargs, out, at.where, at.phase, at.scope))
        self._uses[value] += 1
        return value


def _measured(code: Sequence[Instruction]) -> set[Var]:
    """The values with an axis whose size they alone know, and which others need: their places are not taken."""
    found: set[Var] = set()
    if not any(has_own_axis(instruction.out) for instruction in code):
        return found
    for instruction in code:
        found.update(instruction.measures())
        sizes = [size for size in instruction.out.shape or () if type(size) is Size]
        found.update(dim.var for size in sizes for dim in size.dims() if dim.var is not instruction.out)
    return found


Rule: TypeAlias = Callable[[Sweep, Instruction], "Instruction | Var | None"]


def instruction_like(instruction: Instruction, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Instruction:
    """Another call that gives the same value."""
    return Instruction(function, args, kwargs, instruction.out, instruction.where, instruction.phase, instruction.scope)
