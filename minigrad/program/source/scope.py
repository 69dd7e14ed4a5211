"""What is known while a block of instructions is written: names, sizes, constants, helpers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from minigrad.program import ir
from minigrad.program.ir import Instruction, Size, Var
from minigrad.program.program_like import ProgramLike
from minigrad.program.source.constants import Constants
from minigrad.program.source.elements import Element, affine
from minigrad.program.source.helpers import Helpers
from minigrad.program.source.naming import Names
from minigrad.program.source.roles import role
from minigrad.program.source.sizes import Sizes
from minigrad.program.source.text import Text


class Scope:
    """The names of one block, and what all blocks of the function share.

    Attributes:
        texts: what stands for each value so far: a name, or an expression that is written where it is used.
        names: which names are free.
        made: the instruction that makes each value.
        names_of_user: what the user calls values.
        gradients: the values that are the gradient of something.
        returned: the value that the function returns, where that needs no name.
    """

    def __init__(self, program: ProgramLike, code: Sequence[Instruction]) -> None:
        self.texts: dict[Var, Text] = {}
        self.made: Mapping[Var, Instruction] = {instruction.out: instruction for instruction in code}
        self.names = Names([*program.names.values(), *(each.name for each in program.inputs)])
        self.constants = Constants()
        self.helpers = Helpers(code)
        self.names.reserve(self.helpers.names.values())
        self.sizes = Sizes({}, all(_is_double(var) for var in (*self.made, *(each.var for each in program.inputs))))
        self.names_of_user = program.names
        self._gradient_of = program.gradient_of
        self._final = {
            gradient: each.var
            for each, gradient in zip(program.inputs, program.gradients, strict=True)
            if gradient is not None
        }
        self.gradients = {*program.gradient_of, *self._final}
        self._given = [each.var for each in program.inputs if not each.wanted]
        # What loops add: lists with their lengths, what kept tuples hold, and the elements by which values are written.
        self.lists: dict[str, int] = {}
        self.kept: dict[str, dict[str, str]] = {}
        self.elements: dict[Var, list[Element]] = {}
        self.words: dict[Var, str] = {}
        self.planned: dict[Var, str] = {}
        self.summed: set[Var] = set()
        self._cut = _cut(code)
        self._last = program.result if type(program.result) is Var else None
        self._differentiated = bool(self._final)
        # What is not named where it is returned.
        self.returned = None if self._differentiated or self._last in program.names else self._last

    def child(self) -> Scope:
        """The same for a block inside this one, which sees its names, and whose own names end with it."""
        found = object.__new__(Scope)
        found.__dict__.update(self.__dict__)
        found.texts, found.sizes = dict(self.texts), self.sizes.child()
        found.planned, found.summed = {}, set()
        return found

    def name_sizes(self, named: Mapping[Size, str]) -> None:
        """Call sizes what the user calls them; where two have one name, the first."""
        self.sizes.names = {
            size: self.names.users(name)
            for size, name in named.items()
            if name not in self.names.taken and all(dim.var not in self.made for dim in size.dims())
        }

    def introduce_input(self, var: Var, name: str) -> str:
        """Give an input its name."""
        found = self.names.users(name)
        self._introduce(var, found, True, True)
        return found

    def introduce(self, var: Var) -> str:
        """Give a value its name."""
        if var in self.planned:
            self._introduce(var, self.planned[var], False)
            return self.planned[var]
        found = self.name_for(var)
        self._introduce(var, found, var in self.names_of_user and self._is_forward(var))
        return found

    def name_for(self, var: Var) -> str:
        """A name that a value may be given."""
        named = self.names_of_user.get(var)
        of = self._final.get(var)
        if of is not None and of in self.texts and not named and not self._is_forward(var):
            return self.names.gradient(self.texts[of].text)
        return self.names.users(named) if named else self._named_by(var)

    def introduce_as(self, var: Var, name: str) -> str:
        """Give a value a name of ours, or the user's."""
        named = self.names_of_user.get(var)
        found = self.names.users(named) if named else self.names.own(name)
        self._introduce(var, found, False)
        return found

    def final_name(self, var: Var) -> str | None:
        """The name of the gradient of an input; None for other values."""
        of = self._final.get(var)
        return self.names.gradient(self.texts[of].text) if of is not None and of in self.texts else None

    def gradient_name(self, gradient: Var) -> str | None:
        """What a gradient is called by what it belongs to, if that has a name."""
        owner = self._gradient_of.get(gradient)
        named = None if owner is None else self.names_of_user.get(owner)
        return None if named is None else f"d{named}"

    def input_places(self, gradient: Var) -> Sequence[Element]:
        """The elements of lists by which the input is written that this is the gradient of."""
        return self.elements.get(self._final[gradient], []) if gradient in self._final else []

    def owner_like(self, gradient: Var, outside: Var | None) -> str | None:
        """The name of what a value, or what it is outside of a loop, is the gradient of, if that is as large."""
        owner = self._final.get(outside) if outside in self._final else self._gradient_of.get(gradient)
        text = None if owner is None else self.texts.get(owner)
        if owner is None or text is None or not text.is_name:
            return None
        return text.text if _has_shape_of(gradient, owner) and owner.dtype == gradient.dtype else None

    def whole_list(self, parts: Sequence[object]) -> str | None:
        """The list that holds exactly these values."""
        place = affine([self.elements.get(part, []) if type(part) is Var else [] for part in parts], len(parts))
        is_whole = place is not None and (place.start, place.rise, place.after) == (0, 1, "")
        return place.before if place is not None and is_whole and self.lists.get(place.before) == len(parts) else None

    def set_name(self, var: Var, name: str) -> None:
        """Let a name stand for a value, such as the name of what a loop carries."""
        self._introduce(var, name, False)

    def _is_forward(self, var: Var) -> bool:
        return var in self.made and self.made[var].phase == "forward"

    def _named_by(self, var: Var) -> str:
        owner = self._gradient_of.get(var)
        if owner in self.words:
            return self.names.gradient(self.words[owner])
        if owner is not None and not self._is_forward(var):
            text = self.texts.get(owner)
            if text is not None and text.is_name:
                return self.names.gradient(text.text)
            word = self._word(owner)
            if word and len(word) > 1:
                return self.names.gradient(word)
        if var is self._last:
            return self.names.own("loss" if self._differentiated else "value")
        return self.names.own(self._word(var) or ("h" if self._is_forward(var) else "d"))

    def _word(self, var: Var) -> str | None:
        return role(var, self.made, self._given)

    def _introduce(self, var: Var, name: str, is_users: bool, is_input: bool = False) -> None:
        self.texts[var] = Text(name, is_name=True)
        self.sizes.introduce(var, name, is_users, is_input, var not in self._cut)


def _has_shape_of(gradient: Var, owner: Var) -> bool:
    """Whether sizes are the same, or nothing is known of that of the gradient but that it is one."""
    sizes, others = gradient.shape or (), owner.shape or ()
    return len(sizes) == len(others) and all(
        size == other or size == Size("dim", (ir.Dim(gradient, axis),))
        for axis, (size, other) in enumerate(zip(sizes, others, strict=True))
    )


def _cut(code: Sequence[Instruction]) -> set[Var]:
    """The values whose sizes are what they are said to be only where an array is long enough: ``x[:2]``."""
    found: set[Var] = set()
    for instruction in code:
        index = instruction.args[1] if instruction.function is ir.item else ()
        is_slice = any(
            isinstance(part, slice) and part != slice(None)
            for part in (index if isinstance(index, tuple) else (index,))
        )
        if is_slice or any(var in found for var in instruction.uses()):
            found.add(instruction.out)
    return found


def _is_double(var: Var) -> bool:
    """Whether a value takes the dtype of NumPy's scalars, or has no floating-point numbers."""
    return var.dtype is None or var.dtype.kind not in "fc" or var.dtype in (np.float64, np.complex128)
