"""From which sizes on does a program give what its function gives?"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.program.by_the_tape import by_the_tape, difference
from minigrad.program.choice_of_sizes import Choice, SizeClass
from minigrad.program.errors import ProgramError
from minigrad.program.inputs import Inputs
from minigrad.program.ir import Dim, Guard
from minigrad.program.probes import LARGEST_PROBE, LONG, in_both_orders, integers_in, sizes_to_try
from minigrad.program.program import Program
from minigrad.program.record import Recording


def least_sizes(
    found: Program, inputs: Inputs, choice: Choice, classes: Sequence[SizeClass], first: Recording
) -> list[Guard] | None:
    """The sizes from which on a program gives what the function gives, where it was not recorded with smaller ones.

    ``x[2:]`` has two elements less than x, but not of an x that has one. None where the program is wrong at other sizes
    than the smallest.
    """
    held = integers_in(first.codes, first.numbers.values())
    at_example = sum(slot.value.size for slot in inputs.slots)
    wrong: list[dict[int, int]] = []
    for sizes in sizes_to_try(classes, held, len(first.code) > LONG or at_example > LARGEST_PROBE):
        arrays = choice.arrays_of(classes, sizes)
        if sum(array.size for array in arrays) > max(LARGEST_PROBE, at_example):
            continue
        if _differs(found, inputs, arrays, first):
            wrong.append(sizes)
    # By the identity of a class, of those that change alone.
    least: dict[int, int] = {}
    for sizes in wrong:
        if len(sizes) == 1:
            ((each, size),) = sizes.items()
            least[each] = max(least.get(each, 1), size + 1)
    by_identity = {id(each): each for each in classes}
    if any(size > by_identity[each].size for each, size in least.items()):
        return None
    if not all(any(size < least.get(each, 1) for each, size in sizes.items()) for sizes in wrong):
        return None
    # What was taken for a matter of small sizes may be one of which size is the larger.
    free = [each for each in classes if each.rule is None]
    for sizes in in_both_orders(free, max(least.values())) if least else ():
        if _differs(found, inputs, choice.arrays_of(classes, sizes), first):
            return None
    why = "the function does something else for smaller ones; record it with such sizes"
    axes = [(by_identity[each].axes[0], size) for each, size in least.items()]
    return [Guard(Dim(found.inputs[slot].var, axis), size, why, is_least=True) for (slot, axis), size in axes]


def _differs(found: Program, inputs: Inputs, arrays: Sequence[Any], first: Recording) -> bool:
    """Whether a program gives something else than the function; not where the function does not take such arrays."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = by_the_tape(inputs, arrays, first.updates)
    except Exception:
        return False
    try:
        return difference(found, arrays, expected) is not None
    except ProgramError as error:
        # If it has a cause, it would not be refused, but fail somewhere inside; and its source might not even fail.
        return error.__cause__ is not None
