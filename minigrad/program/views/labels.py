"""What are the values, sizes and calls of a program called where people read them?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.program import ir
from minigrad.program.ir import Dim, Instruction, Shape, Size, Var
from minigrad.program.program_like import ProgramLike
from minigrad.program.views.functions import public_name

# What people write with operators.
_OPERATORS = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/", np.floor_divide: "//", np.remainder: "%",
    np.power: "**", np.matmul: "@", np.equal: "==", np.not_equal: "!=", np.less: "<", np.less_equal: "<=",
    np.greater: ">", np.greater_equal: ">=",
}  # fmt: skip
_LONGEST_CONSTANT = 40


class Labels:
    """Names for everything in one program; no two values share one.

    A value is called what the user called it, a gradient is called d and the name of what it belongs to, and others
    have a number.
    """

    def __init__(self, program: ProgramLike) -> None:
        self._size_names = program.size_names
        self._of: dict[Var, str] = {}
        self._taken: set[str] = set()
        for each in program.inputs:
            self._give(each.var, each.name)
        for each, gradient in zip(program.inputs, program.gradients, strict=True):
            if gradient is not None:
                self._give(gradient, f"d{each.name}")
        made = [instruction.out for instruction in program.code]
        for var in made:
            if var in program.names:
                self._give(var, program.names[var])
        for var in made:
            if var in program.gradient_of and var not in self._of:
                of = program.gradient_of[var]
                self._give(var, f"d{self._of.get(of, f'v{of.number}')}")
        for var in made:
            self._give(var, f"v{var.number}")

    def _give(self, var: Var, name: str) -> None:
        if var in self._of:
            return
        chosen, count = name, 2
        while chosen in self._taken:
            chosen, count = f"{name}_{count}", count + 1
        self._of[var] = chosen
        self._taken.add(chosen)

    def value(self, var: Var) -> str:
        """The name of a value."""
        return self._of[var]

    def size(self, size: int | Size) -> str:
        """A size, as a user would write it."""
        return self._size(size, 0)

    def _size(self, part: Any, tightness: int) -> str:
        if not isinstance(part, Size):
            return f"{part:g}" if isinstance(part, float) and part == round(part, 6) else repr(part)
        if part in self._size_names:
            return self._size_names[part]
        if part.operator == "dim":
            dim: Dim = part.parts[0]
            return f"{self._of.get(dim.var, repr(dim.var))}.shape[{dim.axis}]"
        if part.operator == "sqrt":
            return f"np.sqrt({self._size(part.parts[0], 0)})"
        own = 1 if part.operator in "+-" else 2
        left, right = self._size(part.parts[0], own), self._size(part.parts[1], own + 1)
        text = f"{left} {part.operator} {right}"
        return f"({text})" if own < tightness else text

    def shape(self, shape: Shape | None) -> str:
        """A shape, with symbolic sizes as a user would write them."""
        if shape is None:
            return "-"
        inside = ", ".join(self.size(size) for size in shape)
        return f"({inside},)" if len(shape) == 1 else f"({inside})"

    def call(self, instruction: Instruction) -> str:
        """The call as a line of NumPy, without the name that its value is given."""
        function, args, kwargs = instruction.function, instruction.args, instruction.kwargs
        if function in _OPERATORS and len(args) == 2 and not kwargs:
            left, right = map(self._operand, args)
            return f"{left} {_OPERATORS[function]} {right}"
        if function is np.negative and len(args) == 1 and not kwargs:
            return f"-{self.part(args[0])}"
        if function is ir.item:
            return f"{self.part(args[0])}[{self._index(args[1])}]"
        if function is ir.pick:
            return f"{self.part(args[0])}[{args[1]}]"
        if function is ir.astype:
            return f"{self.part(args[0])}.astype({self.part(args[1])})"
        if function is ir.guard:
            return f"assert {self.part(args[0])} == {args[1]!r}"
        if function is ir.draw:
            return f"{self.part(args[0])}.{args[1]}({self._given(args[2:], kwargs)})"
        return f"{function_name(function)}({self._given(args, kwargs)})"

    def _operand(self, part: Any) -> str:
        """What stands beside an operator, in parentheses where it would be read in another way."""
        if isinstance(part, Size):
            return self._size(part, 3)
        text = self.part(part)
        return f"({text})" if text.startswith("-") else text

    def _given(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        words = [f"{name}={self.part(value)}" for name, value in kwargs.items() if value is not np._NoValue]
        return ", ".join([self.part(arg) for arg in args] + words)

    def _index(self, index: Any) -> str:
        if isinstance(index, tuple) and index:
            inside = ", ".join(self._index(part) for part in index)
            return f"{inside}," if len(index) == 1 else inside
        if isinstance(index, slice):
            bounds = ["" if bound is None else self.part(bound) for bound in (index.start, index.stop, index.step)]
            return ":".join(bounds[:2] if index.step is None else bounds)
        return self.part(index)

    def part(self, part: Any) -> str:
        """One argument."""
        if isinstance(part, Var):
            return self._of.get(part, repr(part))
        if isinstance(part, Size):
            return self.size(part)
        if isinstance(part, slice):
            return f"slice({self.part(part.start)}, {self.part(part.stop)}, {self.part(part.step)})"
        if isinstance(part, tuple):
            inside = ", ".join(self.part(item) for item in part)
            return f"({inside},)" if len(part) == 1 else f"({inside})"
        if isinstance(part, list):
            return f"[{', '.join(self.part(item) for item in part)}]"
        if isinstance(part, dict):
            return "{" + ", ".join(f"{key!r}: {self.part(item)}" for key, item in part.items()) + "}"
        if isinstance(part, np.dtype):
            return f"np.{part.name}" if getattr(np, part.name, None) is part.type else f"np.dtype({part.str!r})"
        if isinstance(part, np.generic):
            return f"np.{type(part).__name__}({part.item()!r})"
        if isinstance(part, np.ndarray):
            return _constant(part)
        if part is Ellipsis:
            return "..."
        return function_name(part) if callable(part) else repr(part)


def function_name(function: Any) -> str:
    """What a user calls a function, such as ``np.linalg.inv``; the bare name of one that is self-contained."""
    return public_name(function) or str(getattr(function, "__name__", function))


def _constant(array: Any) -> str:
    """A constant array: its elements if it has few, and its shape otherwise."""
    kind = "" if array.dtype in (np.float64, np.int64, bool) else f", dtype={array.dtype}"
    text = "" if array.size > _LONGEST_CONSTANT else f"np.array({array.tolist()!r}{kind})"
    if 0 < len(text) <= _LONGEST_CONSTANT:
        return text
    sides = "x".join(str(side) for side in array.shape)
    return f"<{sides} constants of {array.dtype}>"
