"""How does a block of instructions become lines: which values get one of their own, and what is split?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np

from minigrad.program import ir
from minigrad.program.ir import Instruction, Size, Var
from minigrad.program.repeats.loop import Loop, plus_at
from minigrad.program.simplify.keys import is_pure
from minigrad.program.source.constants import number
from minigrad.program.source.expressions import argument, expression, index_text
from minigrad.program.source.kinds import weak_values
from minigrad.program.source.lines import Line
from minigrad.program.source.loops import LoopWriter
from minigrad.program.source.scope import Scope
from minigrad.program.source.sums import Places, SumWriter, terms_of
from minigrad.program.source.text import POWER, Text, broken, quoted

# Their long lists of parts are broken between two of them.
_JOINING = {np.concatenate, np.stack}
# Views that are as easily read twice as a name.
_CHEAP = {np.transpose, np.swapaxes, np.matrix_transpose}
# What functions that give several results call these; None for what is known by its position alone.
RESULTS: dict[object, tuple[str, ...]] = {
    np.linalg.slogdet: ("sign", "logdet"),
    np.linalg.eigh: ("eigenvalues", "eigenvectors"),
    np.linalg.eig: ("eigenvalues", "eigenvectors"),
    np.linalg.svd: ("U", "s", "Vh"),
    np.linalg.qr: ("Q", "R"),
    np.modf: ("fraction", "whole"),
    np.frexp: ("mantissa", "exponent"),
    np.divmod: ("quotient", "remainder"),
}
_SHORTEST_SPLIT = 10


class Block:
    """Instructions one after the other, in the names of a scope.

    Args:
        code: the instructions.
        scope: what stands for the values from outside; gets the names of those inside.
        kept: values that are needed after the block.
        width: how long a line may be, without its indentation.
    """

    def __init__(self, code: Sequence[Instruction], scope: Scope, kept: Collection[Var], width: int) -> None:
        self.code, self.scope, self.width = code, scope, width
        self.kept = set(kept)
        self.lines: list[Line] = []
        self._uses: Counter[Var] = Counter(kept)
        self._measured: set[Var] = set()
        self.picks: dict[Var, dict[int, Var]] = {}
        for instruction in code:
            self._uses.update(instruction.uses())
            self._measured.update(instruction.measures())
            if instruction.function is ir.pick and instruction.args[0].shape is None:
                self.picks.setdefault(instruction.args[0], {})[instruction.args[1]] = instruction.out
        self._weak = weak_values(code, self.kept)
        self._numbers: dict[Var, int | float] = {}
        self.inlined: dict[Var, Instruction] = {}
        self._places = Places(code, self._is_inner, scope.planned)

    def write(self) -> list[Line]:
        """The lines."""
        for instruction in self.code:
            self._write(instruction)
        return self.lines

    def _write(self, instruction: Instruction) -> None:
        out = instruction.out
        if instruction.function is ir.guard:
            self.lines.append(self._guard(instruction))
        elif isinstance(instruction.function, Loop):
            self.lines += LoopWriter(self, instruction).lines()
        elif out in self.scope.texts:
            # One of several results, which has its name already.
            return
        elif out.shape is None and instruction.function is not ir.pick:
            self._write_several(instruction)
        elif out in self._weak and (value := self._number(instruction)) is not None:
            self._numbers[out] = value
            self.scope.texts[out] = number(value)
        elif out in self._places.deferred:
            self.inlined[out] = instruction
        elif out in self._places.written or self._has_line(instruction):
            self._assign(instruction)
        else:
            # A sum may become a line for each of what it adds up.
            self.scope.texts[out] = self.text(instruction, self.width if instruction.function is not np.add else 10**6)
            self.inlined[out] = instruction

    def _is_inner(self, var: Var) -> bool:
        """Whether a value is needed once, inside the block, and has no name."""
        return self._uses[var] == 1 and not (
            var in self.kept or var in self._measured or var in self.scope.names_of_user
        )

    def _number(self, instruction: Instruction) -> int | float | None:
        """What is computed from numbers alone."""
        given = [self._numbers.get(part, part) if type(part) is Var else part for part in instruction.args]
        if not all(type(part) in (int, float) for part in given):
            return None
        with np.errstate(all="ignore"):
            found = instruction.function(*given).item()
        return found if math.isfinite(found) else None

    def _has_line(self, instruction: Instruction) -> bool:
        out = instruction.out
        if instruction.function is ir.pick and self._uses[out] == self._uses[instruction.args[0]] == 1:
            # A person would not take all results apart for this one.
            return out in self._measured
        if out is self.scope.returned:
            return self._uses[out] > 1
        if out in self.scope.names_of_user or out in self.kept or out in self._measured:
            return True
        if not is_pure(instruction.function):
            return True
        if self._uses[out] < 2:
            return False
        return not (_is_cheap(instruction) and self.scope.texts[instruction.args[0]].is_name)

    def text(self, instruction: Instruction, width: int) -> Text:
        """What a call looks like; parts of it get a line of their own until it is short enough."""
        while True:
            text = expression(instruction, self.scope, instruction.out in self._weak)
            if len(text.text) <= width or (instruction.function in _JOINING and broken(text.text, width) is not None):
                return text
            longest = max(
                (var for var in instruction.uses() if var in self.inlined),
                key=lambda var: len(self.scope.texts[var].text),
                default=None,
            )
            if longest is None or len(self.scope.texts[longest].text) < _SHORTEST_SPLIT:
                return text
            self._assign(self.inlined.pop(longest))

    def _assign(self, instruction: Instruction) -> None:
        """A line, or a few, for one value."""
        out = instruction.out
        if not self._uses[out] and not is_pure(instruction.function):
            self.lines.append(Line(self.text(instruction, self.width).text, instruction))
            return
        if instruction.function is plus_at:
            _, index, values = instruction.args
            name = self.scope.introduce(out)
            line = f"{name}[{index_text(index, self.scope)}] += {self.argument(values).text}"
            self.lines.append(Line(line, instruction))
            return
        terms = terms_of(instruction, self.inlined)
        is_placed = out in self._places.written or out in self._places.deferred
        if is_placed or (len(terms) > 2 and out in self.scope.gradients and out not in self.scope.planned):
            writer = SumWriter(self, instruction, terms)
            if is_placed or writer.length > self.width // 2:
                self.lines += writer.lines()
                return
        # The name is as long as it will be, or a little shorter.
        width = self.width - 3 - len(self.scope.names_of_user.get(out, "d" * 8))
        text = self.text(instruction, width)
        name = self.scope.introduce(out)
        share = text.text.removeprefix(f"{name} + ")
        is_share = out in self.scope.summed and share != text.text
        line = f"{name} += {share}" if is_share else f"{name} = {text.text}"
        if len(line) > self.width and instruction.function in _JOINING:
            line = broken(line, self.width) or line
        self.lines.append(Line(line, instruction))

    def inner(self, code: Sequence[Instruction], scope: Scope, kept: Collection[Var], width: int) -> list[Line]:
        """The lines of a block inside this one."""
        return Block(code, scope, kept, width).write()

    def argument(self, part: Any) -> Text:
        """What stands for an argument of a call."""
        return argument(part, self.scope)

    def give_line(self, var: Var) -> None:
        """Let a value be computed here, and not where it is used, if it is more than a view."""
        instruction = self.inlined.get(var)
        if instruction is not None and not _is_cheap(instruction):
            self._assign(self.inlined.pop(var))

    def needed_alone(self) -> set[Var]:
        """The values that are needed by themselves, and not step by step in a loop."""
        found = set(self.kept)
        for each in self.code:
            args = (each.args[0], *each.args[2:]) if isinstance(each.function, Loop) else (each.args, each.kwargs)
            found.update(part for part in ir.atoms(args) if type(part) is Var)
        return found

    def looked_up_later(self, call: Instruction) -> Iterator[Sequence[Any]]:
        """What other loops are given step by step."""
        for each in self.code:
            if isinstance(each.function, Loop) and each is not call:
                yield from each.args[1]

    def _write_several(self, instruction: Instruction) -> None:
        """A call that gives several results at once."""
        out, picks = instruction.out, self.picks.get(instruction.out, {})
        if len(picks) == 1 and self._uses[out] == 1:
            self.scope.texts[out] = self.text(instruction, self.width)
            self.inlined[out] = instruction
            return
        text = self.text(instruction, self.width)
        function = instruction.function
        words = RESULTS.get(function) or (("",) * function.nout if isinstance(function, np.ufunc) else None)
        if words is None or self._uses[out] != len(picks):
            name = self.scope.names.own("parts")
            self.scope.texts[out] = Text(name, is_name=True)
            self.lines.append(Line(f"{name} = {text.text}", instruction))
            return
        names = [
            self.scope.introduce_as(picks[position], word or "h") if position in picks else "_"
            for position, word in enumerate(words)
        ]
        self.lines.append(Line(f"{', '.join(names)} = {text.text}", instruction))

    def _guard(self, instruction: Instruction) -> Line:
        value, expected, place = instruction.args
        text = self.scope.texts[value] if type(value) is Var else Text(repr(value))
        wanted = repr(expected)
        if expected is True:
            test = f"not {text.within(POWER)}" if text.is_name else f"not ({text.text})"
        elif expected is False:
            test = text.text
        else:
            kind = "int" if type(expected) is Size else type(expected).__name__
            wanted = argument(expected, self.scope).text
            test = f"{kind}({text.text}) != {wanted}"
        message = quoted(f"{place}: this was recorded for the case where it is {wanted}")
        return Line(f"if {test}:\n    raise ValueError({message})", instruction)


def _is_cheap(instruction: Instruction) -> bool:
    if type(instruction.args[0]) is not Var:
        return False
    if instruction.function is ir.pick:
        return True
    if instruction.function is ir.item:
        index = instruction.args[1]
        return all(_is_plain(part) for part in (index if isinstance(index, tuple) else (index,)))
    return instruction.function in _CHEAP and not instruction.kwargs


def _is_plain(part: object) -> bool:
    """Whether a part of an index is a position, a new axis, or everything."""
    return type(part) is int or part is None or part is Ellipsis or (isinstance(part, slice) and part == slice(None))
