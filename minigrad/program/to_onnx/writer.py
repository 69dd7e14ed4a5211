"""Which inputs, constants, nodes and outputs does the ONNX model of a program have?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.pytrees import mapped
from minigrad.program import ir
from minigrad.program.errors import ProgramError
from minigrad.program.given import array_of, check_settings
from minigrad.program.ir import Dim, Input, Instruction, Size, Var
from minigrad.program.program_like import ProgramLike

# Each of them puts its functions into the table.
from minigrad.program.to_onnx import (
    arrangement,
    choices,
    composites,
    elementwise,
    indexing,
    making,
    products,
    reductions,
    scattering,
    windows,
)
from minigrad.program.to_onnx.graph import Graph, Refused, Term, shape_of, supported
from minigrad.program.to_onnx.model import Port, import_onnx, model_of, write
from minigrad.program.to_onnx.table import lowered
from minigrad.program.views.labels import function_name

if TYPE_CHECKING:
    from minigrad.program.to_onnx.model import ModelProto


_ENTRIES = (arrangement, choices, composites, elementwise, indexing, making, products, reductions, scattering, windows)


def to_onnx(program: ProgramLike, path: str | os.PathLike[str] | None = None) -> ModelProto:
    """The program as a model; see `minigrad.program.program.Program.to_onnx`."""
    import_onnx()
    check_settings(program)
    model = _Writer(program).model()
    if path is not None:
        write(model, path)
    return model


class _Writer:
    def __init__(self, program: ProgramLike) -> None:
        self.program = program
        self.taken: set[str] = set()
        # What tensors of the graph are called in the model.
        self.names: dict[str, str] = {}
        self.held = {each.var: array_of(each.held.read()) for each in program.inputs if each.held is not None}
        self.graph = Graph(fixed=self._fixed())

    def _fixed(self) -> dict[Dim, int]:
        """The sizes that are free in the program and fixed here: by what layers hold now, or because not all are meant.

        A program may be for sizes of at least 5 only, which no model in ONNX can say.
        """
        found: dict[Dim, int] = {}
        examples = {each.var: each.example for each in self.program.inputs}
        for var, array in self.held.items():
            for axis, size in enumerate(var.shape or ()):
                if isinstance(size, Size):
                    is_plain = size.operator == "dim"
                    for dim in size.dims():
                        found[dim] = np.shape(array)[axis] if is_plain else examples[dim.var][dim.axis]
        for guard in self.program.guards:
            if guard.is_least:
                found[guard.dim] = examples[guard.dim.var][guard.dim.axis]
        return found

    def model(self) -> ModelProto:
        program, graph = self.program, self.graph
        takes = [self._input(each) for each in program.inputs if each.var not in self.held]
        for each in program.inputs:
            if each.var in self.held and not _is_generator(each):
                graph.terms[each.var] = graph.constant(self.held[each.var], self._name(each.name))
        for instruction in program.code:
            graph.makers[instruction.out] = instruction
            graph.terms[instruction.out] = self._lowered(instruction)
        gives = self._outputs()
        for instruction in program.code:
            self._call(graph.terms[instruction.out], program.names.get(instruction.out))
        return model_of(graph, program.name, [port for port in takes if port], gives, self.names)

    def _input(self, each: Input) -> Port | None:
        if _is_generator(each):
            return None
        name = self._name(each.name)
        dtype = self._checked(each)
        self.graph.terms[each.var] = Term(self.graph, name, dtype)
        return name, dtype, [self._size(size, each, axis) for axis, size in enumerate(each.var.shape or ())]

    def _checked(self, each: Input) -> np.dtype[Any]:
        assert each.var.dtype is not None
        try:
            return supported(each.var.dtype)
        except Refused as refused:
            raise ProgramError(f"the input {each.name} {refused}") from None

    def _size(self, size: Any, own: Input | None = None, axis: int = 0) -> int | str | None:
        """A size as ONNX says it: a number, or a name that equal sizes share."""
        if not isinstance(size, Size):
            return int(size)
        known = self.graph.size(size) if all(dim in self.graph.fixed for dim in size.dims()) else None
        if known is not None:
            return int(known)
        if size.operator == "dim":
            dim = size.parts[0]
            for each in self.program.inputs:
                if each.var is dim.var:
                    return f"{each.name}_{dim.axis}"
        return None if own is None else f"{own.name}_{axis}"

    def _name(self, wanted: str) -> str:
        """A name that no other tensor has."""
        name, count = wanted, 1
        while name in self.taken:
            name, count = f"{wanted}_{count}", count + 1
        self.taken.add(name)
        return name

    def _call(self, term: Any, wanted: str | None) -> None:
        """Call a tensor in the model as its value is called in the program."""
        if isinstance(term, Term) and term.name not in self.names and not self._is_given(term):
            self.names[term.name] = self._name(wanted or f"{term.name}")

    def _is_given(self, term: Term) -> bool:
        return term.name in self.graph.constants or term.name in self.taken

    def _lowered(self, instruction: Instruction) -> Any:
        place = "" if instruction.where is None else f"{instruction.where}: "
        ending = "; an ONNX model is for inference, and this call has to stay outside of it"
        if instruction.phase == "backward":
            ending = "; it belongs to a gradient, and an ONNX model is for inference: record the program with wrt=[]"
        if instruction.function is ir.draw:
            drawn = f"rng.{instruction.args[1]} draws random numbers"
            raise ProgramError(f"{place}{drawn}, which have no counterpart in ONNX{ending}")
        if instruction.function is ir.guard:
            raise ProgramError(
                f"{place}the function goes on by a value, and a branch has no counterpart in ONNX; write "
                f"np.where(condition, x, y){ending}"
            )
        name = "x[index]" if instruction.function is ir.item else function_name(instruction.function)
        try:
            found = lowered(self.graph, instruction, name)
            # What has no elements needs no nodes, which not all runtimes have tried with nothing.
            sizes = shape_of(instruction.out)
            if 0 in sizes and all(self.graph.has(size) for size in sizes):
                return self.graph.term(0, instruction.out.dtype).op("Expand", self.graph.list_of(sizes))
            return found
        except Refused as refused:
            raise ProgramError(f"{place}{refused}{ending}") from None

    def _outputs(self) -> list[Port]:
        """What comes out: the leaves of the result, and gradients; each a tensor of its own."""
        leaves: list[Any] = []
        mapped(self.program.result, leaves.append)
        wanted = [leaf for leaf in leaves if isinstance(leaf, (Var, np.ndarray, np.generic, int, float))]
        wanted += [gradient for gradient in self.program.gradients if gradient is not None]
        ports: list[Port] = []
        for leaf in wanted:
            term = self.graph.term(leaf)
            if self._is_given(term) or term.name in self.names:
                term = term.op("Identity")
            called = self.program.names.get(leaf) if isinstance(leaf, Var) else None
            name = self._name(called if called and called not in self.taken else "output")
            self.names[term.name] = name
            shape: Sequence[Any] = (leaf.shape or ()) if isinstance(leaf, Var) else np.shape(leaf)
            ports.append((name, term.dtype, [self._size(size) for size in shape]))
        return ports


def _is_generator(each: Input) -> bool:
    return each.var.dtype is not None and each.var.dtype.kind == "O"
