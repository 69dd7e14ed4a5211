"""How is a program written with nothing but what JSON has: numbers, text, lists and dicts of them?

Values are numbered anew, so that equal programs are written equally. Layers and closed-over Tensors do not go into a
file: what they hold becomes arguments of the program of its own, by name; those of a layer stand in its place, and
those that the function closes over at the end.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.engine.pytrees import is_dataclass, parts
from minigrad.program.errors import ProgramError
from minigrad.program.inputs import is_array
from minigrad.program.ir import Dim, Instruction, Size, Var
from minigrad.program.program_like import ProgramLike
from minigrad.program.reachable import is_layer
from minigrad.program.views.functions import class_name, name_of, type_name

VERSION = 1
_KINDS = "biufcUS"


def to_json(program: ProgramLike) -> str:
    """The program as JSON, one line for each instruction.

    Raises:
        ProgramError: for an argument, a constant or a function that JSON cannot hold.
    """
    lines = []
    for key, value in _Writer(program).written().items():
        if isinstance(value, list) and value:
            inside = ",\n  ".join(json.dumps(item, allow_nan=False) for item in value)
            lines.append(f" {json.dumps(key)}: [\n  {inside}\n ]")
        else:
            lines.append(f" {json.dumps(key)}: {json.dumps(value, allow_nan=False)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def comparable(program: ProgramLike) -> dict[str, Any]:
    """Dicts and lists that are equal for equal programs; what JSON cannot hold is equal to itself alone."""
    return _Writer(program, _itself).written()


def _itself(part: Any, error: ProgramError) -> Any:
    return {"object": id(part)}


def _refused(part: Any, error: ProgramError) -> Any:
    raise error


class _Writer:
    def __init__(self, program: ProgramLike, otherwise: Callable[[Any, ProgramError], Any] = _refused) -> None:
        self.program, self._otherwise = program, otherwise
        made = [each.var for each in program.inputs] + [each.out for each in program.code]
        self.numbers = {var: number for number, var in enumerate(made)}

    def written(self) -> dict[str, Any]:
        program = self.program
        return {
            "minigrad_program": VERSION,
            "name": program.name,
            "arguments": self._arguments(),
            "inputs": [
                {
                    "name": each.name,
                    "shape": self._shape(each.var),
                    "dtype": self._dtype(each.var),
                    "wanted": each.wanted,
                    "example": list(each.example),
                }
                for each in program.inputs
            ],
            "code": [self._instruction(each) for each in program.code],
            "result": self.tree(program.result, "the result"),
            "gradients": [None if each is None else self.numbers[each] for each in program.gradients],
            "guards": [
                [
                    self.numbers[guard.dim.var],
                    guard.dim.axis,
                    self.tree(guard.size, "a guard"),
                    guard.why,
                    guard.is_written,
                    guard.is_least,
                ]
                for guard in program.guards
            ],
            "names": [[self.numbers[var], name] for var, name in program.names.items() if var in self.numbers],
            "size_names": [[self.tree(size, "a size"), name] for size, name in program.size_names.items()],
            "gradient_of": [
                [self.numbers[gradient], self.numbers[of]]
                for gradient, of in program.gradient_of.items()
                if gradient in self.numbers and of in self.numbers
            ],
        }

    def _arguments(self) -> list[list[Any]]:
        """The name and the tree of each argument, with the numbers of inputs in the places of arrays."""
        found: list[list[Any]] = []
        numbered = list(enumerate(self.program.inputs))
        for position, example in enumerate(self.program.examples):
            own = iter([(number, each) for number, each in numbered if each.argument == position])
            if _holds_layers(example):
                found += [[each.name, {"input": number}] for number, each in own]
                continue
            name = self.program.arguments[position]
            found.append([name, self.tree(example, f"the argument {name}", own)])
        return found + [[each.name, {"input": number}] for number, each in numbered if each.argument is None]

    def _instruction(self, instruction: Instruction) -> dict[str, Any]:
        where = instruction.where
        place = "" if where is None else f"{where}: "
        try:
            function = name_of(instruction.function)
        except ProgramError as error:
            function = self._otherwise(instruction.function, error)
        told = f"{place}an argument of {function}"
        return {
            "out": self.numbers[instruction.out],
            "shape": self._shape(instruction.out),
            "dtype": self._dtype(instruction.out),
            "function": function,
            "args": [self.tree(arg, told) for arg in instruction.args],
            "kwargs": {name: self.tree(value, told) for name, value in instruction.kwargs.items()},
            # Where a file lies on one machine is nothing to others.
            "where": None if where is None else [str(where).rpartition(":")[0], where.line],
            "phase": instruction.phase,
            "scope": list(instruction.scope),
        }

    def _shape(self, var: Var) -> list[Any] | None:
        return None if var.shape is None else [self.tree(size, "a size") for size in var.shape]

    def _dtype(self, var: Var) -> str | None:
        return None if var.dtype is None else "generator" if var.dtype.kind == "O" else var.dtype.str

    def tree(self, part: Any, told: str, inputs: Any = None) -> Any:
        """As `_tree`, for what JSON holds and what it does not."""
        try:
            return self._tree(part, told, inputs)
        except ProgramError as error:
            return self._otherwise(part, error)

    def _tree(self, part: Any, told: str, inputs: Any) -> Any:
        """A value inside the program.

        Args:
            part: the value.
            told: what it is, for error messages.
            inputs: the inputs that stand in the places of arrays, in order; None where arrays are constants.
        """
        if part is None or isinstance(part, (bool, str)) or type(part) is int:
            return part
        if isinstance(part, Var):
            return {"value": self.numbers[part]}
        if isinstance(part, Size):
            return {"size": self._size(part)}
        if inputs is not None and is_array(part):
            return {"input": next(inputs)[0]}
        if type(part) is float:
            return part if math.isfinite(part) else {"float": repr(part)}
        if type(part) is complex:
            return {"complex": [repr(part.real), repr(part.imag)]}
        if type(part) is list:
            return [self.tree(item, told, inputs) for item in part]
        if type(part) is tuple:
            return {"tuple": [self.tree(item, told, inputs) for item in part]}
        if type(part) is dict:
            return {"dict": [[self.tree(key, told), self.tree(item, told, inputs)] for key, item in part.items()]}
        if isinstance(part, slice):
            return {"slice": [self.tree(bound, told) for bound in (part.start, part.stop, part.step)]}
        if part is Ellipsis:
            return {"ellipsis": True}
        if part is np._NoValue:
            return {"omitted": True}
        if isinstance(part, np.dtype):
            return {"dtype": _checked(part, told).str}
        if isinstance(part, (np.ndarray, np.generic)):
            return _array(part, told)
        if isinstance(part, type):
            return {"type": type_name(part)}
        return self._named(part, told, inputs)

    def _size(self, size: Size) -> list[Any]:
        if isinstance(size.parts[0], Dim):
            var, axis = size.parts[0]
            return ["dim", self.numbers[var], axis]
        return [size.operator, *[self.tree(part, "a size") for part in size.parts]]

    def _named(self, part: Any, told: str, inputs: Any) -> Any:
        """A named tuple or a dataclass."""
        if isinstance(part, tuple) and hasattr(part, "_fields"):
            fields = dict(zip(part._fields, part, strict=True))
        elif is_dataclass(part):
            fields = parts(part)
        else:
            raise ProgramError(
                f"{told} holds a {type(part).__name__}, which JSON cannot hold; give arrays, numbers and text alone"
            )
        inside = [[name, self.tree(value, told, inputs)] for name, value in fields.items()]
        return {"named": [class_name(type(part)), inside]}


def _holds_layers(tree: Any) -> bool:
    if isinstance(tree, dict):
        return any(_holds_layers(item) for item in tree.values())
    if isinstance(tree, (list, tuple)):
        return any(_holds_layers(item) for item in tree)
    if is_dataclass(tree):
        return any(_holds_layers(item) for item in parts(tree).values())
    return is_layer(tree)


def _checked(dtype: Any, told: str) -> Any:
    if dtype.kind not in _KINDS or dtype.names:
        raise ProgramError(f"{told} has dtype {dtype}, which JSON cannot hold; use numbers or text")
    return dtype


def _array(array: Any, told: str) -> dict[str, Any]:
    """Bytes, so that nothing is rounded; constants of a program lie row by row."""
    _checked(array.dtype, told)
    if isinstance(array, np.generic):
        return {"scalar": [array.dtype.str, array.tobytes().hex()]}
    return {"array": [array.dtype.str, list(array.shape), base64.b64encode(array.tobytes()).decode()]}
