"""How do copies that hang together become one instruction that calls a loop?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.program import ir
from minigrad.program.ir import Dim, Instruction, Shape, Size, Var, mapped_atoms
from minigrad.program.repeats.loop import Carried, Loop, Result
from minigrad.program.repeats.wiring import ZEROS, Internal, MismatchError, Shared, Source, Wiring


class Built:
    """A loop in the place of copies.

    Args:
        wiring: of the copies.
        is_used: whether a value is needed outside of them.
        fresh: gives the number for another value.

    Attributes:
        code: the instruction that calls the loop, and those that pick its results.
        inside: for values outside of the loop, what they are inside of it; those of all copies among them.

    Raises:
        MismatchError: if no values can stand for those of all copies.
    """

    def __init__(self, wiring: Wiring, is_used: Callable[[Var], bool], fresh: Callable[[], int]) -> None:
        self._wiring, self._fresh = wiring, fresh
        self.inside: dict[Var, Var] = {}
        own: list[Var] = []
        for position in range(len(wiring.templates)):
            outs = [instruction.out for copy in wiring.copies if (instruction := copy[position]) is not None]
            own.append(self._like(outs))
            self.inside |= dict.fromkeys(outs, own[-1])
        self._arguments: dict[Source, Any] = {}
        carried, firsts = self._carried(own)
        indexed, values = self._indexed()
        shared, outer = self._shared()
        body = [self._instruction(position, own) for position in range(len(own))]
        shapes = [*[each.out for each in body], *[each.inside for each in carried]]
        sizes = [size for var in shapes for size in var.shape or () if isinstance(size, Size)]
        # The values themselves stand for their sizes.
        known = {*own, *shared, *indexed, *[each.inside for each in carried]}
        dims = [var for each in body for var in each.measures()] + [dim.var for size in sizes for dim in size.dims()]
        measured = [var for var in dict.fromkeys(dims) if var not in known]
        results = [
            (Result(own[position], step), instruction.out)
            for step, copy in enumerate(wiring.copies)
            for position, instruction in enumerate(copy)
            if instruction is not None and is_used(instruction.out)
        ]
        loop = Loop(len(wiring.copies), body, carried, indexed, shared, measured, [result for result, _ in results])
        like = wiring.templates[0]
        call = Instruction(
            loop, (firsts, values, outer, tuple(measured)), {}, Var(fresh(), None, None), like.where, like.phase
        )
        picks = [
            Instruction(ir.pick, (call.out, place), {}, outside, like.where, like.phase)
            for place, (_, outside) in enumerate(results)
        ]
        self.code = [call, *picks]

    def _carried(self, own: Sequence[Var]) -> tuple[list[Carried], tuple[Any, ...]]:
        wiring = self._wiring
        carried: list[Carried] = []
        firsts: list[Any] = []
        for source in wiring.carried():
            after, is_zero = own[source.position], source.first is ZEROS
            first = None if is_zero else wiring.values[source.first]
            made = self._like([after] if is_zero else [after, _as_var(first)])
            self._arguments[source] = made
            carried.append(Carried(made, after, is_zero))
            firsts.append(first)
        return carried, tuple(firsts)

    def _indexed(self) -> tuple[list[Var], tuple[Any, ...]]:
        indexed: list[Var] = []
        values: list[tuple[Any, ...]] = []
        for source in self._wiring.indexed():
            found = tuple([self._wiring.values[key] for key in source.keys])
            made = self._like([_as_var(value) for value in found])
            self._arguments[source] = made
            self.inside |= {value: made for value in found if type(value) is Var}
            indexed.append(made)
            values.append(found)
        return indexed, tuple(values)

    def _shared(self) -> tuple[list[Var], tuple[Var, ...]]:
        found = [each for own in self._wiring.sources for each in own if type(each) is Shared]
        shared: dict[Var, Var] = {}
        for source in dict.fromkeys(found):
            value = self._wiring.values[source.key]
            self._arguments[source] = value
            if type(value) is Var:
                self._arguments[source] = shared[value] = Var(self._fresh(), value.shape, value.dtype)
                self.inside[value] = shared[value]
        return list(shared.values()), tuple(shared)

    def _instruction(self, position: int, own: Sequence[Var]) -> Instruction:
        template = self._wiring.templates[position]
        remaining = iter(
            [
                own[source.position] if type(source) is Internal else self._arguments[source]
                for source in self._wiring.sources[position]
            ]
        )
        args, kwargs = mapped_atoms((template.args, template.kwargs), lambda _: next(remaining))
        return Instruction(
            template.function, args, kwargs, own[position], template.where, template.phase, template.scope
        )

    def _like(self, vars_: Sequence[Var]) -> Var:
        """A value that stands for any of these; axes whose sizes differ are its own."""
        first = vars_[0]
        if first.shape is None:
            return Var(self._fresh(), None, None)
        if any(var.shape is None or len(var.shape) != len(first.shape) or var.dtype != first.dtype for var in vars_):
            raise MismatchError(1)
        made = Var(self._fresh(), (), first.dtype)
        shape: Shape = tuple(
            [
                sizes[0] if all(size == sizes[0] for size in sizes) else Size("dim", (Dim(made, axis),))
                for axis, sizes in enumerate(zip(*[var.shape for var in vars_ if var.shape is not None], strict=True))
            ]
        )
        made.shape = shape
        return made


def _as_var(value: Any) -> Var:
    """A value, or one like a constant."""
    if type(value) is Var:
        return value
    array = np.asarray(0 if type(value) is Size else value)
    return Var(0, array.shape, array.dtype)
