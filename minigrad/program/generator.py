"""A recorded generator of random numbers: every draw becomes a step of the program."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.program import ir
from minigrad.program.errors import ProgramError

# What draws nothing, or changes an array in place.
_OTHERS = {"bit_generator", "shuffle", "spawn"}


class RecordedGenerator(np.random.Generator):
    """What stands for a generator while a function is recorded; it draws what that would draw, and leaves it alone.

    Attributes:
        recorder: the `Recorder` that writes the draws down; it imports this module.
        value: a generator as far as the given one has come.
        variable: the value of the program that this is.
    """

    recorder: Any
    value: np.random.Generator
    variable: ir.Var

    def __init__(self, recorder: Any, generator: np.random.Generator, variable: ir.Var) -> None:
        self.value = copy.deepcopy(generator)
        super().__init__(self.value.bit_generator)
        self.recorder, self.variable = recorder, variable

    def shuffle(self, x: Any, axis: int = 0) -> None:
        """Refused: it changes an array in place."""
        raise ProgramError(
            f"{self.recorder.here()}rng.shuffle(x) changes an array in place, which a program does not; write "
            "x = rng.permutation(x)"
        )


def _drawing(name: str) -> Callable[..., Any]:
    def method(self: RecordedGenerator, *args: Any, **kwargs: Any) -> Any:
        return self.recorder.emit(ir.draw, (self, name, *args), kwargs)

    return method


for _name in dir(np.random.Generator):
    if not _name.startswith("_") and _name not in _OTHERS:
        setattr(RecordedGenerator, _name, _drawing(_name))
