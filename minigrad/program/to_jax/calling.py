"""How is the function of JAX arrays called that a program becomes, and what does it give?"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.engine.pytrees import matched
from minigrad.engine.tensor import Tensor
from minigrad.program.errors import ProgramError
from minigrad.program.given import array_of, check_settings, check_sizes
from minigrad.program.inputs import is_array, is_holder, slots_of_holder
from minigrad.program.ir import Input, Var
from minigrad.program.program_like import ProgramLike
from minigrad.program.to_jax.lowering import lowered


def function_of(program: ProgramLike, returned: Callable[[dict[Var, Any]], Any]) -> Callable[..., Any]:
    """The function of JAX arrays for a program; `Program.to_jax` says how it is called.

    Args:
        program: what is computed.
        returned: makes of the values of the outputs what the program returns.

    Raises:
        ProgramError: as `lowered` does.
    """
    outputs = list(dict.fromkeys(program.outputs))
    run = lowered(program.code, [each.var for each in program.inputs], outputs)

    def function(*arguments: Any, held: Mapping[str, Any] | None = None) -> Any:
        check_settings(program)
        values = _values(program, arguments, held or {})
        shapes = {
            each.var: () if _is_generator(each) else np.shape(value)
            for each, value in zip(program.inputs, values, strict=True)
        }
        for each in program.inputs:
            if len(shapes[each.var]) != len(each.var.shape or ()):
                raise ProgramError(
                    f"{each.name} has shape {shapes[each.var]}; the program was recorded for "
                    f"{len(each.var.shape or ())} axes"
                )
        check_sizes(program, shapes)
        return returned(dict(zip(outputs, run(*values), strict=True)))

    function.__name__ = program.name
    function.__doc__ = f"What {program.name}({', '.join(program.arguments)}) gives, by JAX."
    return function


def _values(program: ProgramLike, arguments: Sequence[Any], held: Mapping[str, Any]) -> list[Any]:
    """The array for each input, which may be one that JAX does not know yet."""
    if len(arguments) != len(program.examples):
        names = ", ".join(program.arguments)
        raise ProgramError(f"{program.name} takes {len(program.examples)} arguments ({names}), not {len(arguments)}")
    known = {each.name for each in program.inputs if each.held is not None}
    if not held.keys() <= known:
        raise ProgramError(f"held= names {', '.join(sorted(held.keys() - known))}; what is held are {sorted(known)}")
    values: list[Any] = []
    for position, (argument, example) in enumerate(zip(arguments, program.examples, strict=True)):
        inputs = iter([each for each in program.inputs if each.argument == position])
        name = program.arguments[position]
        try:
            given = matched(argument, example)
        except ValueError as error:
            raise ProgramError(f"{name} has another structure than the recorded one: {error}") from None
        for value, like in zip(given, matched(example, example), strict=True):
            if is_holder(like):
                if value is not like and value is not None:
                    raise ProgramError(f"{name} has to be the recorded {type(like).__name__}, or None in its place")
                slots = itertools.islice(inputs, len(slots_of_holder(like)))
                values += [_held(each, held) for each in slots]
            elif is_array(like):
                values.append(_array(next(inputs), value))
            elif value is not like and not (type(value) is type(like) and bool(value == like)):
                raise ProgramError(
                    f"{name} was {like!r} when the program was recorded, and has to be that; jax.jit keeps such an "
                    "argument as it is with static_argnums="
                )
    return values + [_held(each, held) for each in program.inputs if each.argument is None]


def _array(each: Input, value: Any) -> Any:
    if _is_generator(each):
        return value
    if isinstance(value, Tensor):
        return array_of(value)
    if isinstance(value, (int, float)) or hasattr(value, "dtype"):
        return value
    raise ProgramError(f"{each.name} has to be an array, not a {type(value).__name__}")


def _held(each: Input, held: Mapping[str, Any]) -> Any:
    """What was given for something that a layer, an optimiser or a closure holds, or what it holds now."""
    if each.name in held:
        return _array(each, held[each.name])
    if _is_generator(each):
        raise ProgramError(
            f"{each.name} is a generator of NumPy's, which JAX cannot draw from; give a key: "
            f"held={{{each.name!r}: jax.random.key(0)}}"
        )
    return array_of(each.held.read())


def _is_generator(each: Input) -> bool:
    return each.var.dtype is not None and each.var.dtype.kind == "O"
