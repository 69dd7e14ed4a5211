"""When do two calls give the same value?"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from minigrad.program import ir
from minigrad.program.ir import Instruction, Size, Var, atoms

# Larger arrays are the same only if they are one object.
_COMPARED = 4096
_SYMMETRIC = {np.add, np.multiply}
_ARITHMETIC = {np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum}
_WITHOUT_PARTS = {int, float, bool, str, type(None), Size, np.ndarray}
# Other functions of `ir` do something, or look at what no argument shows.
_PURE_OF_IR = {ir.item, ir.pick, ir.astype}


def is_pure(function: Callable[..., Any]) -> bool:
    """Whether a call can be left out where nobody needs its value, and two equal calls be one."""
    # A loop is as pure as its body.
    if not getattr(function, "is_pure", True):
        return False
    return getattr(function, "__module__", None) != ir.__name__ or function in _PURE_OF_IR


def values_in(instruction: Instruction) -> list[Var]:
    """The values whose elements a call needs; `Instruction.uses`, which is slower."""
    found: list[Var] = []
    for part in (*instruction.args, *instruction.kwargs.values()):
        kind = type(part)
        if kind is Var:
            found.append(part)
        elif kind not in _WITHOUT_PARTS:
            found += [inner for inner in atoms(part) if type(inner) is Var]
    return found


def key_of(instruction: Instruction) -> Hashable:
    """What is equal for two calls of one function with the same arguments."""
    args = tuple([part if type(part) is Var else constant_key(part) for part in instruction.args])
    if not instruction.kwargs:
        if (
            instruction.function in _SYMMETRIC
            and type(args[0]) is type(args[1]) is Var
            and args[0].number > args[1].number
        ):
            args = args[::-1]
        if int in [type(part) for part in instruction.args] and _is_of_floats(instruction):
            args = tuple(
                [
                    constant_key(float(part)) if type(part) is int else own
                    for part, own in zip(instruction.args, args, strict=True)
                ]
            )
        return (instruction.function, args)
    return (instruction.function, args, constant_key(instruction.kwargs))


def _is_of_floats(instruction: Instruction) -> bool:
    """Whether 1 and 1.0 are the same to a call: it computes with one value, of the dtype of the result."""
    dtype = instruction.out.dtype
    if instruction.function not in _ARITHMETIC or dtype is None or dtype.kind != "f":
        return False
    return all(part.dtype == dtype for part in instruction.args if type(part) is Var)


def constant_key(part: Any) -> Any:
    """What is equal for two constants that are the same."""
    kind = type(part)
    if kind is Var:
        return part
    if kind is Size:
        return (Size, part.operator, tuple([constant_key(each) for each in part.parts]))
    if kind is tuple or kind is list:
        return (kind, tuple([constant_key(each) for each in part]))
    if kind is dict:
        return (dict, tuple([(name, constant_key(part[name])) for name in sorted(part)]))
    if kind is slice:
        return (slice, constant_key(part.start), constant_key(part.stop), constant_key(part.step))
    if kind is np.ndarray:
        if part.dtype.hasobject or part.size > _COMPARED:
            return (np.ndarray, id(part))
        return (np.ndarray, part.shape, part.dtype.str, part.tobytes())
    if kind is int or kind is str or kind is bool or part is None:
        return (kind, part)
    if kind is float or kind is complex or isinstance(part, np.generic):
        # 1.0 and 1, and 0.0 and -0.0, are equal and not the same.
        return (kind, repr(part))
    return (kind, part) if isinstance(part, Hashable) else (kind, id(part))
