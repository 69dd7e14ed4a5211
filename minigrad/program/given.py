"""Are these the arguments that a program takes, and which array does each input get?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.engine.pytrees import matched
from minigrad.engine.tensor import Tensor
from minigrad.program.errors import ProgramError
from minigrad.program.inputs import is_array, is_holder, slots_of_holder
from minigrad.program.ir import Size, Var
from minigrad.program.program_like import ProgramLike


def values_of(program: ProgramLike, arguments: Sequence[Any]) -> list[Any]:
    """The array for each input."""
    if len(arguments) != len(program.examples):
        names = ", ".join(program.arguments)
        raise ProgramError(f"{program.name} takes {len(program.examples)} arguments ({names}), not {len(arguments)}")
    values: list[Any] = []
    for position, (argument, example) in enumerate(zip(arguments, program.examples, strict=True)):
        name = program.arguments[position]
        try:
            given = matched(argument, example)
        except ValueError as error:
            raise ProgramError(f"{name} has another structure than the recorded one: {error}") from None
        recorded = matched(example, example)
        inputs = iter([each for each in program.inputs if each.argument == position])
        for value, like in zip(given, recorded, strict=True):
            values += _leaf(name, value, like, inputs)
    for each in program.inputs:
        if each.argument is None:
            values.append(array_of(each.held.read()))
    return values


def _leaf(name: str, value: Any, like: Any, inputs: Any) -> list[Any]:
    """The arrays that one leaf of an argument stands for."""
    if is_holder(like):
        if value is not like:
            raise ProgramError(
                f"{name} is another {type(value).__name__} than the recorded one; its parameters may change, but "
                "another model needs a program of its own"
            )
        count = len(slots_of_holder(like))
        return [array_of(each.held.read()) for each in itertools.islice(inputs, count)]
    if not is_array(like):
        if value is not like and not _equal(value, like):
            raise ProgramError(
                f"{name} was {like!r} when the program was recorded, and is {value!r} now: only arrays, Tensors "
                "and floats may change; record it again"
            )
        return []
    each = next(inputs)
    if not is_array(value) and not isinstance(value, (int, list)):
        raise ProgramError(f"{each.name} has to be an array, not a {type(value).__name__}")
    array = array_of(value)
    if isinstance(array, np.random.Generator) != (each.var.dtype is not None and each.var.dtype.kind == "O"):
        raise ProgramError(f"{each.name} has to be {_kind(each.var.dtype)}, not {_kind(getattr(array, 'dtype', None))}")
    if isinstance(array, np.random.Generator):
        return [array]
    if isinstance(value, (int, float)) and not isinstance(value, (bool, np.generic)):
        array = np.asarray(value, each.var.dtype)[()]
    if array.dtype != each.var.dtype:
        raise ProgramError(
            f"{each.name} has dtype {array.dtype}; the program was recorded for {each.var.dtype}: convert it with "
            f".astype(np.{each.var.dtype}), or record it again"
        )
    assert each.var.shape is not None
    if array.ndim != len(each.var.shape):
        raise ProgramError(
            f"{each.name} has shape {array.shape}; the program was recorded for {len(each.var.shape)} axes"
        )
    return [array]


def check_sizes(program: ProgramLike, shapes: dict[Var, tuple[int, ...]]) -> None:
    """Refuse sizes that the recording fixed, and sizes that have to be equal and are not."""
    named = {each.var: each.name for each in program.inputs}
    for guard in program.guards:
        found = shapes[guard.dim.var][guard.dim.axis]
        wanted = guard.size.value(shapes) if isinstance(guard.size, Size) else guard.size
        if found != wanted and not (guard.is_least and found > wanted):
            least = "at least " if guard.is_least else ""
            raise ProgramError(
                f"axis {guard.dim.axis} of {named[guard.dim.var]} has size {found}, and has to have {least}{wanted}: "
                f"{guard.why}"
            )


def check_settings(program: ProgramLike) -> None:
    """Refuse to run where something has changed that is part of the program, such as a learning rate."""
    for owner, attribute, recorded in program.settings:
        found = getattr(owner, attribute)
        if found != recorded:
            raise ProgramError(
                f"{attribute} of {type(owner).__name__} was {recorded!r} when the program was recorded, and is "
                f"{found!r} now; record it again"
            )


def array_of(value: Any) -> Any:
    """A value as an array, or as a scalar of NumPy; a generator stays what it is."""
    if isinstance(value, np.random.Generator):
        return value
    array = np.asarray(value._array if isinstance(value, Tensor) else value)
    return array if array.ndim else array[()]


def _kind(dtype: Any) -> str:
    return "a np.random.Generator" if dtype is None or dtype.kind == "O" else f"an array of {dtype}"


def _equal(value: Any, other: Any) -> bool:
    try:
        return type(value) is type(other) and bool(value == other)
    except (TypeError, ValueError):
        return False
