"""When do parts that are put into zeros, and added, make up a whole array?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.engine.stand_ins import is_self_contained
from minigrad.program.ir import Instruction, Size, Var
from minigrad.program.simplify.identities import is_full
from minigrad.program.simplify.shapes import polynomial
from minigrad.program.simplify.sweep import Sweep, instruction_like
from minigrad.program.simplify.views import plain_parts


@dataclass
class Parts:
    """Values at places along one axis of zeros.

    Attributes:
        axis: along which they lie.
        is_slice: whether they have that axis too; otherwise each is one element of it.
        values: by where they begin, where they end, and what lies there.
        length: of all of them together, as a polynomial.
    """

    axis: int
    is_slice: bool
    values: dict[Any, tuple[Any, Var]]
    length: dict[Any, Any]


def side_by_side(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``placed_at(x, slice(n), shape) + placed_at(y, slice(n, None), shape)`` becomes ``np.concatenate([x, y])``."""
    if call.out.shape is None:
        return None
    first, second = (_parts(sweep, part) for part in call.args)
    if first is None or second is None or (first.axis, first.is_slice) != (second.axis, second.is_slice):
        return None
    if len(first.values) < len(second.values):
        first, second = second, first
    for begin, (end, value) in second.values.items():
        if begin not in first.values:
            first.values[begin] = end, value
            first.length = _sum(first.length, _length(begin, end))
            continue
        # What lies at one place is added there.
        known_end, known = first.values[begin]
        if known_end != end or known.shape is None or known.shape != value.shape or known.dtype != value.dtype:
            return None
        first.values[begin] = end, sweep.call(np.add, known, value, out_shape=known.shape, out_dtype=known.dtype)
    sweep.notes[call.out] = first
    size = call.out.shape[first.axis]
    if first.length != polynomial(size):
        return None
    values = _in_order(first, size)
    if values is None or any(value.dtype != call.out.dtype for value in values):
        return None
    return instruction_like(call, np.concatenate if first.is_slice else np.stack, values, axis=first.axis)


def _parts(sweep: Sweep, value: Any) -> Parts | None:
    """The parts that were put into zeros to make a value."""
    if type(value) is not Var or sweep.is_shared(value):
        return None
    noted = sweep.notes.pop(value, None)
    if noted is not None:
        assert isinstance(noted, Parts)
        return noted
    made = sweep.maker(value)
    return None if made is None or not is_placing(made) else _placed(made)


def is_placing(call: Instruction) -> bool:
    """Whether a call puts a value into zeros, at an index that does not repeat."""
    return getattr(call.function, "__name__", "") == "placed_at" and is_self_contained(call.function)


def _placed(call: Instruction) -> Parts | None:
    value, index, _ = call.args
    shape = call.out.shape
    if type(value) is not Var or value.shape is None or shape is None:
        return None
    parts = plain_parts(index, shape)
    if parts is None or not all(type(part) in (int, slice) for part in parts):
        return None
    chosen = [place for place, part in enumerate(parts) if not is_full(part)]
    if len(chosen) != 1:
        return None
    axis = chosen[0]
    part, size = parts[axis], shape[axis]
    if type(part) is int:
        if not isinstance(size, int) or len(value.shape) != len(shape) - 1:
            return None
        begin: Any = part % size
        return Parts(axis, False, {begin: (begin + 1, value)}, polynomial(1))
    if part.step is not None or len(value.shape) != len(shape) or not (_is_from_the_start(part.start, part.stop)):
        return None
    begin, end = 0 if part.start is None else part.start, size if part.stop is None else part.stop
    length = _length(begin, end)
    # Where an end might lie before its beginning, parts might overlap.
    if part.stop is not None and begin != 0 and any(number < 0 for number in length.values()):
        return None
    return Parts(axis, True, {begin: (end, value)}, length)


def _is_from_the_start(*bounds: Any) -> bool:
    """Whether no bound counts from the end."""
    return all(bound is None or type(bound) is Size or (type(bound) is int and bound >= 0) for bound in bounds)


def _length(begin: Any, end: Any) -> dict[Any, Any]:
    return polynomial(Size("-", (end, begin)))


def _sum(first: dict[Any, Any], second: dict[Any, Any]) -> dict[Any, Any]:
    found = {key: first.get(key, 0) + second.get(key, 0) for key in {**first, **second}}
    return {key: number for key, number in found.items() if number}


def _in_order(parts: Parts, size: int | Size) -> list[Var] | None:
    """The values from the first to the last place, if each begins where the one before it ends."""
    begins = {frozenset(polynomial(begin).items()): found for begin, found in parts.values.items()}
    at: Any = frozenset()
    found: list[Var] = []
    for _ in parts.values:
        if at not in begins:
            return None
        end, value = begins[at]
        at = frozenset(polynomial(end).items())
        found.append(value)
    return found if at == frozenset(polynomial(size).items()) else None
