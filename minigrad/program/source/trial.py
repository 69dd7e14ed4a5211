"""Does printed code give what its program gives?"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.engine.pytrees import leaves, mapped
from minigrad.program.agreement import agree
from minigrad.program.held import fresh
from minigrad.program.inputs import is_array, is_holder
from minigrad.program.program_like import ProgramLike
from minigrad.program.run import evaluated


def gives_the_same(text: str, name: str, program: ProgramLike) -> bool:
    """Whether the function of this name in the text gives what a program gives, for the arrays of its recordings."""
    names: dict[str, Any] = {}
    exec(text, names)
    return all(_agrees(names[name], program, sample) for sample in program.samples)


def _agrees(function: Any, program: ProgramLike, sample: Sequence[Any]) -> bool:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = program.of_arrays([fresh(value) for value in sample])
        # Also what has no axes is an array, which code could write to.
        values = [np.array(value) if _is_plain(value) else fresh(value) for value in sample]
        given = _arguments(program, values, list(inspect.signature(function).parameters))
        try:
            result = [value for _, value in leaves(function(*given))]
        except Exception:
            # Whatever wrong code may raise.
            return False
        if any(_is_plain(value) and not _is_same(value, before) for value, before in zip(values, sample, strict=True)):
            return False
        if agree(result, expected):
            return True
        inputs = {each.var: fresh(value) for each, value in zip(program.inputs, sample, strict=True)}
        numbers = [each.out for each in program.code if each.out.dtype is not None and each.out.dtype.kind == "f"]
        return agree(result, expected, evaluated(program.code, inputs, numbers).values())


def _is_plain(value: Any) -> bool:
    return np.asarray(value).dtype != object


def _is_same(value: Any, before: Any) -> bool:
    return bool(np.array_equal(value, before, equal_nan=value.dtype.kind in "fc"))


def _arguments(program: ProgramLike, given: Sequence[Any], parameters: list[str]) -> list[Any]:
    """What the printed function is called with, for one value for each input."""
    values = list(zip(program.inputs, given, strict=True))
    found: list[Any] = []
    for position, example in enumerate(program.examples):
        own = [value for each, value in values if each.argument == position]
        if any(is_holder(leaf) for _, leaf in leaves([example])):
            found += own
        elif own or (len(found) < len(parameters) and parameters[len(found)] == program.arguments[position]):
            remaining = iter(own)
            found.append(mapped(example, lambda leaf, rest=remaining: next(rest) if is_array(leaf) else leaf))  # type: ignore[misc]  # the default binds it
    return found + [value for each, value in values if each.argument is None]
