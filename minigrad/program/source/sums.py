"""How is an array written that is put together: zeros into which values go, and a line for each share of a sum?

``placed_at`` and ``added_at``, of which gradients of indexing are made, are written as a person writes them:

    dx = np.zeros(x.shape)
    dx[rows, labels] = d1
    dx[:, 0] += d2
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

import numpy as np

from minigrad.ops.manipulation.indexing import added_at
from minigrad.program.ir import Instruction, Var
from minigrad.program.simplify.arguments import filled_with
from minigrad.program.source.expressions import argument, index_text
from minigrad.program.source.functions import PLACING
from minigrad.program.source.lines import Line
from minigrad.program.source.results import is_new
from minigrad.program.source.scope import Scope
from minigrad.program.source.text import ATOM, PRODUCT, Text

# What ``np.add.at(dhidden, ..., ...)`` needs beside an index and values.
_AROUND = 24


class Writing(Protocol):
    """What a sum asks of the block in which it stands."""

    scope: Scope
    width: int
    inlined: dict[Var, Instruction]

    def text(self, instruction: Instruction, width: int) -> Text:
        """What a call looks like."""

    def give_line(self, var: Var) -> None:
        """Let a value be computed in a line of its own."""


class Places:
    """Which values of a block are put together place by place.

    Attributes:
        written: those that get lines of their own: zeros with values in them, and sums with such zeros among what they
            add up.
        deferred: what goes into a sum, which then puts the values in their places itself.
    """

    def __init__(self, code: Sequence[Instruction], is_inner: Callable[[Var], bool], planned: Collection[Var]) -> None:
        self.written: set[Var] = set()
        self.deferred: set[Var] = set()
        users = {var: each for each in code for var in each.uses()}
        for each in code:
            holds = _is_of_two(each, np.add, np.subtract) and not self.deferred.isdisjoint(each.args)
            if each.function not in PLACING and not holds:
                continue
            user = users.get(each.out)
            goes_in = user is not None and user.out not in planned and is_inner(each.out) and _goes_into(each, user)
            (self.deferred if goes_in else self.written).add(each.out)


def _goes_into(share: Instruction, total: Instruction) -> bool:
    """Whether a sum may add what an array is put together of one by one; sums of sums are added from the left."""
    if not share.out.shape or not is_like(share.out, total.out) or not _is_of_two(total, np.add, np.subtract):
        return False
    first, second = total.args
    if first is second:
        return False
    if share.function in PLACING:
        return total.function is np.add or (second is share.out and is_like(first, total.out))
    return first is share.out and total.function is np.add


def _is_of_two(instruction: Instruction, *functions: np.ufunc) -> bool:
    args = instruction.args
    return instruction.function in functions and not instruction.kwargs and all(type(part) is Var for part in args)


def is_like(var: Var, other: Var) -> bool:
    """Whether two values have one shape and one dtype."""
    return var.shape == other.shape and var.dtype == other.dtype


def terms_of(instruction: Instruction, inlined: dict[Var, Instruction]) -> list[tuple[str, Var]]:
    """What a sum of sums adds up, in order, with += or -=; nothing for what is no sum of values."""
    found: list[tuple[str, Var]] = []
    made: Instruction | None = instruction
    while made is not None and is_like(made.out, instruction.out):
        if _is_of_two(made, np.add):
            symbol = "+="
        elif _is_of_two(made, np.subtract) and (taken := inlined.get(made.args[1])) and taken.function in PLACING:
            symbol = "-="
        else:
            break
        first, second = made.args
        found.append((symbol, second))
        made = inlined.get(first)
    return [("+=", first), *found[::-1]] if found else []


def zeros_text(var: Var, owner: str | None, scope: Scope, shape: Any = None) -> str:
    """Zeros in the shape of a value, of which a name may be known that has the same.

    They have the dtype of the value, and not that of the name: what is given integers is not to round to them.
    """
    sizes = tuple(var.shape or ()) if shape is None else shape
    if owner is not None:
        text = f"{owner}.shape"
    else:
        text = argument(sizes[0] if type(sizes) is tuple and len(sizes) == 1 else sizes, scope).text
    kind = "" if var.dtype == np.float64 else f", {argument(var.dtype, scope).text}"
    return f"np.zeros({text}{kind})"


class SumWriter:
    """The lines of one array that is put together.

    Args:
        block: in which it stands.
        instruction: the sum, or what makes zeros and puts values into them.
        terms: what it adds up.
    """

    def __init__(self, block: Writing, instruction: Instruction, terms: Sequence[tuple[str, Var]]) -> None:
        self.block, self.instruction = block, instruction
        self._name = ""
        self._terms = list(terms)
        self._placing = {var: made for _, var in terms if (made := block.inlined.get(var)) and made.function in PLACING}
        if instruction.function in PLACING:
            self._placing = {instruction.out: instruction}
            self._terms = [("+=", instruction.out)]
        self._texts = {var: self._term(var) for _, var in self._terms if var not in self._placing}

    @property
    def length(self) -> int:
        """Of the texts of all shares together."""
        return sum(len(self._texts[var].text) for _, var in self._terms if var in self._texts)

    def lines(self) -> list[Line]:
        """One for each share, or a few for the places of one."""
        values = {var: self._values(made) for var, made in self._placing.items()}
        out = self.instruction.out
        (_, first), *rest = self._terms
        if first not in values and not is_like(first, out) and rest[0][1] in values:
            # The order of two does not matter, and zeros are of the right shape.
            first, rest = rest[0][1], [("+=", first), *rest[1:]]
        scope = self.block.scope
        zeros = ""
        if first in values:
            zeros = zeros_text(out, scope.owner_like(out, out), scope, self._placing[first].args[2])
        name = self._name = scope.introduce(out)
        later = [*values.values(), *(self._texts[term] for _, term in rest if term in self._texts)]
        in_the_way = out in scope.planned and any(re.search(rf"\b{re.escape(name)}\b", each.text) for each in later)
        if in_the_way:
            # The name stands for the value of the step before, which is needed after the first line.
            name = self._name = scope.names.users(f"{name}_new")
        # Only an array that was made here, and has no other name, is written to.
        if first in values:
            found = [f"{name} = {zeros}", self._put(first, values[first], "=")]
        elif self._is_own(first):
            found = [f"{name} = {self._texts[first].text}"]
        elif rest[0][1] in values:
            found = [f"{name} = {self._texts[first].within(ATOM)}.copy()"]
        else:
            found = self._sum_of_two(first, rest.pop(0)[1])
        for symbol, term in rest:
            line = self._put(term, values[term], symbol) if term in values else f"{name} += {self._texts[term].text}"
            found.append(line)
        if in_the_way:
            found.append(f"{scope.planned[out]} = {name}")
        return [Line(line, self.instruction) for line in found]

    def _is_own(self, term: Var) -> bool:
        made = self.block.inlined.get(term)
        return made is not None and is_new(made) and is_like(term, self.instruction.out)

    def _sum_of_two(self, first: Var, second: Var) -> list[str]:
        begin, more = f"{self._name} = {self._texts[first].text}", self._texts[second].within(PRODUCT)
        whole = f"{begin} + {more}"
        return [whole] if len(whole) <= self.block.width else [begin, f"{self._name} = {self._name} + {more}"]

    def _put(self, term: Var, values: Text, symbol: str) -> str:
        made = self._placing[term]
        index, scope = made.args[1], self.block.scope
        if made.function is added_at:
            at = "np.add.at" if symbol != "-=" else "np.subtract.at"
            return f"{at}({self._name}, {argument(index, scope).text}, {values.text})"
        return f"{self._name}[{index_text(index, scope)}] {symbol} {values.text}"

    def _values(self, made: Instruction) -> Text:
        """What is put in, without a repetition that putting in does by itself."""
        values = made.args[0]
        while type(values) is Var and (given := self.block.inlined.get(values)) is not None:
            filled = given.args[0] if given.function is np.broadcast_to else filled_with(given)
            if filled is None:
                break
            values = filled
        text = argument(values, self.block.scope)
        room = self.block.width - len(argument(made.args[1], self.block.scope).text) - _AROUND
        if len(text.text) > room and type(values) is Var:
            self.block.give_line(values)
            text = argument(values, self.block.scope)
        return text

    def _term(self, term: Any) -> Text:
        instruction = self.block.inlined.get(term)
        if instruction is not None:
            self.block.scope.texts[term] = self.block.text(instruction, self.block.width - 12)
        return self.block.scope.texts[term]
