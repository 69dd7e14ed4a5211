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


def evaluated(code: Sequence[Instruction], inputs: dict[Var, Any], wanted: Sequence[Var]) -> dict[Var, Any]:
    """The values that are wanted, from those of the inputs.

    Raises:
        ProgramError: where the program branched on a value that is another one now, and where a call does not take what
            it is given.
    """
    values = dict(inputs)
    shapes = {var: np.shape(value) for var, value in inputs.items()}

    def value_of(part: Any) -> Any:
        if type(part) is Var:
            return values[part]
        return part.value(shapes) if type(part) is Size else part

    for instruction, unneeded in zip(code, last_uses(code, [*wanted, *inputs]), strict=True):
        args = mapped_atoms(instruction.args, value_of)
        kwargs = mapped_atoms(instruction.kwargs, value_of)
        try:
            result = instruction.function(*args, **kwargs)
        except ProgramError:
            raise
        except (ValueError, IndexError) as error:
            if isinstance(error, np.linalg.LinAlgError):
                raise
            place = "" if instruction.where is None else f"{instruction.where}: "
            raise ProgramError(f"{place}what was recorded here cannot be computed for these inputs: {error}") from error
        if instruction.out.shape is not None:
            if not isinstance(result, (np.ndarray, np.generic)):
                result = np.asarray(result)[()]
            shapes[instruction.out] = np.shape(result)
        values[instruction.out] = result
        for var in unneeded:
            values.pop(var, None)
    return {var: values[var] for var in wanted}
