"""When do numbers of Python do the work of NumPy's scalars, in a tenth of the time?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.engine.pytrees import mapped
from minigrad.program.ir import Instruction, Var

_FLOAT = np.dtype(np.float64)
_BINARY = {np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/"}
# Within an ulp of NumPy's, which differ from those of C where a processor has vector instructions for them. Where one
# of these, or a division, raises, the code runs once more with NumPy's scalars.
_UNARY: dict[Any, Callable[[float], float]] = {
    np.tanh: math.tanh, np.exp: math.exp, np.log: math.log, np.sin: math.sin, np.cos: math.cos, np.sqrt: math.sqrt,
    np.tan: math.tan, np.sinh: math.sinh, np.cosh: math.cosh, np.arctan: math.atan, np.log1p: math.log1p,
    np.expm1: math.expm1, np.absolute: abs,
}  # fmt: skip
FUNCTIONS = {f"f_{function.__name__}": function for function in _UNARY.values()}


def are_floats(code: Sequence[Instruction], inputs: Sequence[Var], outputs: Sequence[Any]) -> bool:
    """Whether everything is a single number of float64, and computed by what Python has."""
    values = [*inputs, *(each.out for each in code)]
    return (
        all(var.shape == () and var.dtype == _FLOAT for var in values)
        and all(type(out) is Var for out in outputs)
        and all(_is_known(each) for each in code)
    )


def _is_known(instruction: Instruction) -> bool:
    if instruction.kwargs or not all(
        type(part) in (Var, float, int) or isinstance(part, np.float64) for part in instruction.args
    ):
        return False
    function = instruction.function
    return (
        function in _BINARY or function in _UNARY or function in (np.negative, np.positive) or _is_square(instruction)
    )


def _is_square(instruction: Instruction) -> bool:
    if instruction.function is np.square:
        return True
    return instruction.function is np.power and instruction.args[1] in (2, 2.0) and type(instruction.args[1]) is not Var


def in_floats(code: Sequence[Instruction], names: dict[Var, str]) -> list[str]:
    """The lines of the code, for inputs that are numbers of Python."""

    def text(part: Any) -> str:
        if type(part) is Var:
            return names.get(part) or f"v{part.number}"
        number = float(part)
        return repr(number) if math.isfinite(number) else f"float({str(number)!r})"

    lines = []
    for each in code:
        args = [text(part) for part in each.args]
        if each.function in _BINARY:
            right = f"{args[0]} {_BINARY[each.function]} {args[1]}"
        elif each.function is np.negative:
            right = f"-{args[0]}"
        elif each.function is np.positive:
            right = args[0]
        elif each.function in _UNARY:
            right = f"f_{_UNARY[each.function].__name__}({args[0]})"
        else:
            right = f"{args[0]} * {args[0]}"
        lines.append(f"v{each.out.number} = {right}")
    return lines


def in_float64(tree: Any) -> Any:
    """Results as NumPy's scalars."""
    return mapped(tree, lambda leaf: np.float64(leaf) if type(leaf) is float else leaf)
