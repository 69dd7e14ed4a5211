"""Does a program give what the function itself gives, as the tape computes it?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from minigrad.engine.pytrees import leaves
from minigrad.engine.tensor import Tensor
from minigrad.program.agreement import agree
from minigrad.program.calling import outcome
from minigrad.program.errors import KEPT, ProgramError
from minigrad.program.held import fresh
from minigrad.program.inputs import Inputs
from minigrad.program.program import Program
from minigrad.program.recorded import Recorded


def by_the_tape(inputs: Inputs, arrays: Sequence[Any], updated: Collection[int]) -> list[Any]:
    """The values that a function returns, and its gradients, computed without a program.

    Args:
        inputs: what it takes.
        arrays: one for each slot.
        updated: the slots that the function writes to.

    Raises:
        ProgramError: for a value of a recording, which the function has kept.
    """
    given = [slot.as_given(fresh(array)) for slot, array in zip(inputs.slots, arrays, strict=True)]
    with outcome(inputs, given, updated) as found:
        flat = [value for _, value in leaves(found.result)] + list(found.updates.values())
        answers = [_array(value) for value in flat]
        for slot, gradient, array in zip(
            inputs.slots, found.gradients or (), arrays, strict=found.gradients is not None
        ):
            if slot.wanted:
                zeros = np.zeros(np.shape(array), slot.value.dtype)
                answers.append(zeros if gradient is None else np.array(gradient._array))
    return answers


def _array(value: Any) -> Any:
    array = value._array if isinstance(value, Tensor) else value
    if isinstance(array, Recorded):
        raise ProgramError(KEPT)
    return np.array(array)


def difference(found: Program, arrays: Sequence[Any], expected: Sequence[Any]) -> ProgramError | None:
    """What is wrong with a program that does not give these results for the arrays of its inputs.

    None where it gives them. Whether it refuses such inputs itself is another question; see `ProgramError`.

    Raises:
        ProgramError: where it does.
    """
    try:
        with np.errstate(all="ignore"):
            got = found.of_arrays([fresh(array) for array in arrays])
    except ProgramError:
        raise
    except Exception as error:
        return ProgramError(f"the program of {found.name} cannot be run at the examples: {error}")
    if agree(got, expected):
        return None
    return ProgramError(
        f"the program of {found.name} does not give what the function gives at the examples; either the function keeps "
        "something between calls, or this is an error of minigrad"
    )
