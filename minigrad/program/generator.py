"""A recorded generator of random numbers: every draw becomes a step of the program."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.program import ir
from minigrad.program.array_methods import out_of

# What draws nothing, or changes an array in place, or makes other generators.
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
        raise self.recorder.refusal(
            "rng.shuffle(x) changes an array in place, which a program does not; write x = rng.permutation(x)"
        )

    def spawn(self, n_children: int) -> Any:
        """Refused: what new generators draw would be the same in every call."""
        raise self.recorder.refusal(
            f"rng.spawn({n_children}) makes generators whose numbers would be the same in every call; call it outside "
            "of the function, and pass them as arguments"
        )

    @property
    def bit_generator(self) -> Any:
        """Refused: what is drawn from it is no step of the program."""
        raise self.recorder.refusal(
            "rng.bit_generator draws numbers that would be the same in every call; draw from the generator itself, as "
            "in rng.random(3) or rng.integers(10)"
        )

    def __reduce__(self) -> Any:
        raise self.recorder.refusal(
            "a copy of a generator draws numbers that would be the same in every call; make it outside of the "
            "function, and pass it as an argument"
        )

    def __repr__(self) -> str:
        return f"RecordedGenerator({self.value!r})"

    __str__ = __repr__


def _drawing(name: str) -> Callable[..., Any]:
    def method(self: RecordedGenerator, *args: Any, **kwargs: Any) -> Any:
        if out_of(getattr(np.random.Generator, name), (self, *args), kwargs) is not None:
            raise self.recorder.refusal(
                f"rng.{name} with out= writes into an array, which a program does not; leave out= out, and give the "
                "result a name"
            )
        return self.recorder.emit(ir.draw, (self, name, *args), kwargs)

    return method


for _name in dir(np.random.Generator):
    if not _name.startswith("_") and _name not in _OTHERS:
        setattr(RecordedGenerator, _name, _drawing(_name))
