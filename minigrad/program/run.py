"""How does a list of instructions run on other inputs?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.program.errors import ProgramError
from minigrad.program.ir import Instruction, Size, Var, mapped_atoms


def last_uses(code: Sequence[Instruction], kept: Sequence[Var]) -> list[list[Var]]:
    """For each instruction, the values that nobody needs after it."""
    needed = set(kept)
    found: list[list[Var]] = []
    for instruction in reversed(code):
        unneeded = [var for var in dict.fromkeys((*instruction.uses(), *instruction.measures())) if var not in needed]
        needed.update(unneeded)
        found.append(unneeded)
    return found[::-1]


class Runner:
    """Instructions, made ready to be run any number of times.

    Args:
        code: the instructions.
        inputs: the values that are given.
        wanted: the values that are asked for.
    """

    def __init__(self, code: Sequence[Instruction], inputs: Sequence[Var], wanted: Sequence[Var]) -> None:
        self.code, self.wanted = code, wanted
        self._steps = [
            (instruction, _is_flat(instruction), unneeded)
            for instruction, unneeded in zip(code, last_uses(code, [*wanted, *inputs]), strict=True)
        ]

    def __call__(self, inputs: dict[Var, Any]) -> dict[Var, Any]:
        """The values that are asked for, from those of the inputs.

        Raises:
            ProgramError: where the program branched on a value that is another one now, and where a call does not take
                what it is given.
        """
        values = dict(inputs)
        shapes = {var: np.shape(value) for var, value in inputs.items()}

        def value_of(part: Any) -> Any:
            if type(part) is Var:
                return values[part]
            return part.value(shapes) if type(part) is Size else part

        for instruction, is_flat, unneeded in self._steps:
            args: Any = instruction.args
            kwargs = instruction.kwargs
            if is_flat:
                args = [values[part] if type(part) is Var else part for part in args]
            else:
                args, kwargs = mapped_atoms(args, value_of), mapped_atoms(kwargs, value_of)
            try:
                result = instruction.function(*args, **kwargs)
            except ProgramError:
                raise
            except (ValueError, IndexError) as error:
                if isinstance(error, np.linalg.LinAlgError):
                    raise
                place = "" if instruction.where is None else f"{instruction.where}: "
                raise ProgramError(
                    f"{place}what was recorded here cannot be computed for these inputs: {error}"
                ) from error
            if instruction.out.shape is not None:
                if not isinstance(result, (np.ndarray, np.generic)):
                    result = np.asarray(result)[()]
                shapes[instruction.out] = result.shape
            values[instruction.out] = result
            for var in unneeded:
                values.pop(var, None)
        return {var: values[var] for var in self.wanted}


def _is_flat(instruction: Instruction) -> bool:
    """Whether the arguments are values and constants alone, as those of most calls are."""
    return not instruction.kwargs and not any(
        isinstance(part, (tuple, list, dict, slice, Size)) for part in instruction.args
    )


def evaluated(code: Sequence[Instruction], inputs: dict[Var, Any], wanted: Sequence[Var]) -> dict[Var, Any]:
    """The values that are wanted, from those of the inputs; raises what a `Runner` does."""
    return Runner(code, list(inputs), wanted)(inputs)
