"""Does printed code give what its program gives?"""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np

from minigrad.engine.pytrees import leaves, mapped
from minigrad.program.agreement import agree
from minigrad.program.held import fresh
from minigrad.program.inputs import is_array, is_holder
from minigrad.program.program_like import ProgramLike


def gives_the_same(text: str, name: str, program: ProgramLike) -> bool:
    """Whether the function of this name in the text gives the results of a program, for the arrays of its recording."""
    if program.sample is None:
        return True
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = program.of_arrays([fresh(value) for value in program.sample])
        names: dict[str, Any] = {}
        exec(text, names)
        try:
            result = names[name](*_arguments(program, list(inspect.signature(names[name]).parameters)))
        except Exception:
            # Whatever wrong code may raise.
            return False
    return agree([value for _, value in leaves(result)], expected)


def _arguments(program: ProgramLike, parameters: list[str]) -> list[Any]:
    """What the printed function is called with."""
    assert program.sample is not None
    values = [(each, fresh(value)) for each, value in zip(program.inputs, program.sample, strict=True)]
    found: list[Any] = []
    for position, example in enumerate(program.examples):
        own = [value for each, value in values if each.argument == position]
        if any(is_holder(leaf) for _, leaf in leaves([example])):
            found += own
        elif own or (len(found) < len(parameters) and parameters[len(found)] == program.arguments[position]):
            remaining = iter(own)
            found.append(mapped(example, lambda leaf, rest=remaining: next(rest) if is_array(leaf) else leaf))  # type: ignore[misc]  # the default binds it
    return found + [value for each, value in values if each.argument is None]
