"""Which values may have another shape for other values of the inputs, and not for other shapes alone?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minigrad.engine.stand_ins import is_self_contained
from minigrad.program import ir
from minigrad.program.ir import Instruction, Var, atoms
from minigrad.program.simplify.keys import values_in

# How many of the first arguments are arrays, of which the shapes alone count. Of an axis, a shape or a number the value
# counts.
_ARRAYS: dict[Any, int] = {
    np.where: 3, np.take_along_axis: 2, np.outer: 2, np.dot: 2, np.clip: 3, np.searchsorted: 2, np.full_like: 2,
    **dict.fromkeys(
        [
            *(np.sum, np.prod, np.max, np.min, np.mean, np.any, np.all, np.argmax, np.argmin, np.argsort, np.sort),
            *(np.transpose, np.swapaxes, np.moveaxis, np.reshape, np.expand_dims, np.squeeze, np.ravel, np.copy),
            *(np.concatenate, np.stack, np.broadcast_to, np.cumsum, np.cumprod, np.var, np.std, np.flip, np.roll),
            *(np.ones_like, np.zeros_like, np.empty_like, np.diagonal, np.trace, np.tril, np.triu, ir.astype),
            *(np.linalg.solve, np.linalg.inv, np.linalg.cholesky, np.linalg.det, np.linalg.slogdet, np.linalg.eigh),
            *(np.linalg.svd, np.linalg.qr, np.linalg.eigvalsh, np.linalg.norm),
        ],
        1,
    ),
    np.linalg.solve: 2,
}  # fmt: skip


def with_checks(code: Sequence[Instruction]) -> list[Instruction]:
    """The code with a check after each call whose result may have another shape next time.

    What the function did with the shape, such as ``len(x[x > 3])``, holds for the shape of the recording alone.
    """
    return list(_checked(code))


def _checked(code: Sequence[Instruction]) -> Iterator[Instruction]:
    makers = {each.out: each for each in code}
    counts = {each.args[0]: each.args[1] + 1 for each in code if each.function is ir.pick}
    for each in code:
        yield each
        if _may_differ(each, makers):
            # Of several results, how many they are.
            size = each.out.sizes if each.out.shape is not None else counts.get(each.out, 0)
            out = Var(-each.out.number, None, None)
            yield Instruction(ir.sized, (each.out, size), {}, out, each.where, each.phase)


def _may_differ(instruction: Instruction, makers: dict[Var, Instruction]) -> bool:
    function, args = instruction.function, instruction.args
    if isinstance(function, np.ufunc) or function in (ir.guard, ir.look):
        return False
    if function is ir.pick:
        return _may_differ(makers[args[0]], makers)
    if function is ir.item:
        return _chooses(args[1])
    if function is ir.draw:
        return any(map(_is_var, atoms((args[2:], instruction.kwargs))))
    if is_self_contained(function) or str(getattr(function, "__module__", "")).startswith("minigrad."):
        # Sizes, axes and flags are no arrays there.
        return False
    count = 1 if isinstance(getattr(function, "__self__", None), np.ufunc) else _ARRAYS.get(function)
    if count is None or (function is np.where and len(args) == 1):
        return bool(values_in(instruction))
    return any(type(part) is Var for part in atoms((args[count:], instruction.kwargs)))


def _chooses(index: Any) -> bool:
    """Whether an index takes as many elements as its values say."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(
        part.dtype == np.bool_
        if type(part) is Var
        else isinstance(part, (slice, list)) and any(map(_is_var, atoms(part)))
        for part in parts
    )


def _is_var(part: Any) -> bool:
    return type(part) is Var
