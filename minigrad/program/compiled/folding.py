"""Which instructions need not run each time, without a single bit of the results changing?"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from minigrad.engine.stand_ins import is_self_contained
from minigrad.program import ir
from minigrad.program.ir import Instruction, Var, mapped_atoms
from minigrad.program.simplify.keys import is_pure, key_of, values_in
from minigrad.program.simplify.passes import alive

# What looks at the shape and dtype of its first argument alone.
_LIKE = {np.ones_like, np.zeros_like, np.full_like}
# Larger constants are made when they are needed.
_MOST_ELEMENTS = 1 << 16
_ARRAYS = {np.arange, np.zeros, np.ones, np.full, np.eye}
_SAME = {np.positive, np.copy, np.ascontiguousarray}


def folded(
    code: Sequence[Instruction], outputs: Sequence[Any], inputs: Collection[Var], layouts: Collection[Var]
) -> tuple[list[Instruction], list[Any]]:
    """Code that gives the same, and its outputs.

    What depends on no input is computed now. Calls that give what there is already are left out, and so are those
    that nobody needs. Nothing is computed in another order or by another formula.

    Args:
        code: instructions whose shapes are numbers.
        outputs: values, or constants.
        inputs: values that may change while the code runs: of these, copies remain copies.
        layouts: values whose elements lie in the order of C; copies of others have another order than these.
    """
    known: dict[Var, Any] = {}
    made: dict[Any, Var] = {}
    makers: dict[Var, Instruction] = {}
    kept: list[Instruction] = []

    def current(part: Any) -> Any:
        return known.get(part, part) if type(part) is Var else part

    for each in code:
        instruction = each
        if any(type(part) is Var and part in known for part in values_in(each)):
            instruction = _with_arguments(each, mapped_atoms(each.args, current), mapped_atoms(each.kwargs, current))
        if not is_pure(instruction.function):
            kept.append(instruction)
            continue
        value = _value_now(instruction)
        if value is None:
            value = _same_as(instruction, makers, inputs, layouts)
        if value is None:
            instruction = _without_broadcasts(instruction, makers)
            key = _key(instruction)
            value = made.setdefault(key, instruction.out) if key is not None else None
            if value is instruction.out:
                value = None
        if value is not None:
            known[each.out] = value
            continue
        makers[instruction.out] = instruction
        kept.append(instruction)
    found = [current(out) for out in outputs]
    return alive(kept, [out for out in found if type(out) is Var]), found


def _with_arguments(instruction: Instruction, args: Any, kwargs: Any) -> Instruction:
    return Instruction(instruction.function, args, kwargs, instruction.out, instruction.where, instruction.phase)


def _key(instruction: Instruction) -> Any:
    if instruction.out.shape is None and not is_self_contained(instruction.function):
        return None
    try:
        key = key_of(instruction)
        hash(key)
    except TypeError:
        return None
    return key


def _value_now(instruction: Instruction) -> Any:
    """The value of a call that depends on no input; None where it does."""
    function, args, out = instruction.function, instruction.args, instruction.out
    if out.shape is None or out.dtype is None or math.prod(out.sizes) > _MOST_ELEMENTS:
        return None
    if function in _LIKE and type(args[0]) is Var and len(values_in(instruction)) == 1:
        found = np.full(out.sizes, 0 if function is np.zeros_like else 1, out.dtype)
        if function is np.full_like:
            if np.ndim(args[1]):
                return None
            found = np.full(out.sizes, args[1], out.dtype)
        return _frozen(found)
    if values_in(instruction) or not (isinstance(function, np.ufunc) or function in _ARRAYS or function is ir.astype):
        return None
    if any(isinstance(part, np.ndarray) and part.flags.writeable for part in args):
        # Somebody may write to it.
        return None
    with np.errstate(all="ignore"):
        return _frozen(function(*args, **instruction.kwargs))


def _frozen(value: Any) -> Any:
    array = np.asarray(value)
    if not array.ndim:
        return array[()]
    array.flags.writeable = False
    return array


def _same_as(
    instruction: Instruction, makers: dict[Var, Instruction], inputs: Collection[Var], layouts: Collection[Var]
) -> Any:
    """An earlier value that a call gives again; None where there is none."""
    function, args, out = instruction.function, instruction.args, instruction.out
    if not args or type(args[0]) is not Var:
        if function is not np.multiply or type(args[1]) is not Var:
            return None
        args = args[::-1]
    source = args[0]
    if source.shape != out.shape or source.dtype != out.dtype:
        return None
    is_as_good = source not in inputs and source in layouts
    if function in _SAME and len(args) == 1 and not instruction.kwargs:
        return source if is_as_good else None
    if function in (np.reshape, np.broadcast_to) and not instruction.kwargs:
        return source if len(values_in(instruction)) == 1 else None
    if function is ir.astype:
        return source if is_as_good else None
    if function in (np.multiply, np.divide) and not instruction.kwargs and _is_one(args[1]):
        return source if (function is np.multiply or args is instruction.args) and is_as_good else None
    if function is np.transpose and len(args) == 1 and not instruction.kwargs:
        before = makers.get(source)
        if before is not None and before.function is np.transpose and len(before.args) == 1 and not before.kwargs:
            return before.args[0]
    return None


def _is_one(part: Any) -> bool:
    return isinstance(part, (int, float, np.generic)) and not isinstance(part, bool) and bool(part == 1)


def _without_broadcasts(instruction: Instruction, makers: dict[Var, Instruction]) -> Instruction:
    """An elementwise call that repeats elements by itself, without a call that does so before."""
    if not isinstance(instruction.function, np.ufunc) or instruction.kwargs or len(instruction.args) != 2:
        return instruction
    args = list(instruction.args)
    for position, part in enumerate(args):
        before = makers.get(part) if type(part) is Var else None
        if before is None or before.function is not np.broadcast_to or before.kwargs:
            continue
        source, other = before.args[0], args[1 - position]
        if type(source) is not Var or source.shape is None or source.dtype != part.dtype:
            continue
        shapes = [np.shape(each) if type(each) is not Var else each.sizes for each in (source, other)]
        if np.broadcast_shapes(*shapes) == instruction.out.shape and not (source.shape == () and other is part):
            args[position] = source
    if args == list(instruction.args):
        return instruction
    return _with_arguments(instruction, tuple(args), instruction.kwargs)
