"""How does compiled code change what is kept between calls: parameters, what optimisers remember, step counts?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy.linalg.blas import daxpy, dger, saxpy, sger

from minigrad.kernels.threads import BLAS_HAS_ONE_THREAD
from minigrad.ops.linalg.products import product
from minigrad.program.held import HeldEntry, HeldTensor
from minigrad.program.ir import Instruction, Var, guard, look, mapped_atoms, pick, sized
from minigrad.program.simplify.keys import values_in

_ADD_OUTER, _ADD_MULTIPLE = {"f": sger, "d": dger}, {"f": saxpy, "d": daxpy}
# SciPy's BLAS has threads of its own, and divides nothing that is shorter.
_MOST_OF_A_VECTOR = 1 << 31 if BLAS_HAS_ONE_THREAD else 10_000
_MOST_OF_A_MATRIX = 1 << 31 if BLAS_HAS_ONE_THREAD else 1 << 15


def is_update(function: Any) -> bool:
    """Whether a call is the update of a parameter, `minigrad.optim.updating.Updating`."""
    return getattr(function, "is_update", False) is True


def stops_after_updates(code: Sequence[Instruction]) -> bool:
    """Whether something that may leave the code, or raise, comes after an update.

    Then new values are written at the end, so that a call that does not come there has changed nothing.
    """
    first = next((place for place, each in enumerate(code) if is_update(each.function)), len(code))
    return any(each.function in (guard, sized, look) for each in code[first:])


def in_place(
    code: Sequence[Instruction], outputs: Sequence[Any], changed: set[Var]
) -> tuple[list[Instruction], list[Any]]:
    """The code with updates that write to the arrays themselves, and its outputs.

    Afterwards the new value of a parameter is its array, as the old one was before.

    Args:
        code: the instructions.
        outputs: what is wanted of them.
        changed: the inputs that are written to.
    """
    alias: dict[Var, Var] = {}
    updates = {each.out: each for each in code if is_update(each.function)}
    if not updates:
        return list(code), list(outputs)
    found: list[Instruction] = []
    for each in code:
        if each.function is pick and each.args[0] in updates:
            position = each.args[1]
            args = updates[each.args[0]].args
            alias[each.out] = args[0] if position == 0 else args[2 + position]
            continue
        found.append(each)

    def current(part: Any) -> Any:
        while type(part) is Var and part in alias:
            part = alias[part]
        return part

    found = [
        Instruction(
            each.function, mapped_atoms(each.args, current), mapped_atoms(each.kwargs, current), each.out, each.where
        )
        for each in found
    ]
    outputs = [current(out) for out in outputs]
    return _grouped(_fused(found, outputs, changed)), outputs


def _fused(code: Sequence[Instruction], outputs: Sequence[Any], changed: set[Var]) -> list[Instruction]:
    """Plain descent by calls of BLAS, which need no array for the gradient of a weight."""
    made = {each.out: each for each in code}
    users: dict[Var, int] = {}
    for each in code:
        for var in values_in(each):
            users[var] = users.get(var, 0) + 1
    wanted = {out for out in outputs if type(out) is Var}
    found: list[Instruction] = []
    dropped: set[Var] = set()
    for each in code:
        if is_update(each.function) and each.function.is_plain_descent:  # type: ignore[attr-defined]  # of an update
            # It may remember a velocity that other parameters have, and does not use it.
            weight, gradient, lr, *_ = each.args
            is_used_here_alone = type(gradient) is Var and users.get(gradient) == 1 and gradient not in wanted
            outer = _as_outer(gradient, made) if is_used_here_alone else None
            if outer is not None and not changed.intersection(outer):
                dropped.add(gradient)
                each = _call(each, _adding_outer(gradient.dtype), (weight, *outer, lr))
            # In half precision the update is computed in single, and BLAS would add to a copy of the parameter.
            elif (
                type(gradient) is Var
                and gradient.dtype is not None
                and gradient.dtype == weight.dtype
                and _is_short_vector(gradient)
            ):
                each = _call(each, _adding_multiple(gradient.dtype), (weight, gradient, lr))
        found.append(each)
    return [each for each in found if each.out not in dropped]


def _call(instruction: Instruction, function: Callable[..., Any], args: tuple[Any, ...]) -> Instruction:
    return Instruction(function, args, {}, instruction.out, instruction.where, instruction.phase)


def _grouped(code: Sequence[Instruction]) -> list[Instruction]:
    """Updates of one optimiser that follow each other as one call, so that warnings come after all of them."""
    found: list[Instruction] = []
    group: list[Instruction] = []

    def close() -> None:
        if group:
            first, *others = group
            function = first.function.together([each.function for each in others])  # type: ignore[attr-defined]  # of an update
            found.append(_call(first, function, tuple(part for each in group for part in each.args[:3])))
            group.clear()

    for each in code:
        if group and not (is_update(each.function) and each.function.is_of_the_optimizer_of(group[0].function)):  # type: ignore[attr-defined]  # of an update
            close()
        if is_update(each.function):
            group.append(each)
        else:
            found.append(each)
    close()
    return found


def _as_outer(gradient: Var, made: dict[Var, Instruction]) -> tuple[Var, Var] | None:
    """The row and the column whose outer product a gradient is, as that of a weight is for one sample; else None."""
    maker = made.get(gradient)
    if maker is None or maker.function is not product.kernel or gradient.dtype is None:  # type: ignore[attr-defined]  # set by `with_kernel`
        return None
    left, column = maker.args
    before = made.get(left) if type(left) is Var else None
    if before is None or before.function is not np.transpose or len(before.args) > 1 or before.kwargs:
        return None
    row = before.args[0]
    if type(row) is not Var or type(column) is not Var or row.shape is None or column.shape is None:
        return None
    if gradient.dtype.char not in _ADD_OUTER or row.shape[0] != 1 or column.shape[0] != 1:
        return None
    if not row.dtype == column.dtype == gradient.dtype:
        return None
    return (row, column) if 0 < math.prod(gradient.sizes) <= _MOST_OF_A_MATRIX else None


def _is_short_vector(gradient: Var) -> bool:
    """Whether BLAS adds a multiple of it in one thread."""
    if gradient.dtype is None or gradient.dtype.char not in _ADD_MULTIPLE or gradient.shape is None:
        return False
    return len(gradient.shape) == 1 and 0 < gradient.sizes[0] <= _MOST_OF_A_VECTOR


def _adding_outer(dtype: np.dtype[Any]) -> Callable[[Any, Any, Any, float], None]:
    """What does ``weight -= lr * row.T @ column`` in one pass over the weight."""
    ger = _ADD_OUTER[dtype.char]

    def add(weight: Any, row: Any, column: Any, lr: float) -> None:
        if not weight.flags.c_contiguous or np.may_share_memory(weight, row):
            weight -= dtype.type(lr) * np.dot(row.T, column)
        else:
            ger(-lr, column[0], row[0], 1, 1, weight.T, 0, 0, 1)

    add.is_in_place = True  # type: ignore[attr-defined]  # as `AllOf`
    return add


def _adding_multiple(dtype: np.dtype[Any]) -> Callable[[Any, Any, float], None]:
    """What does ``bias -= lr * gradient``."""
    axpy = _ADD_MULTIPLE[dtype.char]

    def add(bias: Any, gradient: Any, lr: float) -> None:
        if not bias.flags.c_contiguous:
            bias -= dtype.type(lr) * gradient
        else:
            axpy(gradient, bias, len(bias), -lr)

    add.is_in_place = True  # type: ignore[attr-defined]  # as `AllOf`
    return add


def writer_to(held: Any) -> Callable[[Any], Any]:
    """What puts a new value where an input is kept."""
    if isinstance(held, HeldTensor):
        return partial(setattr, held.tensor, "data")
    assert isinstance(held, HeldEntry)
    array = held.holder[held.entry]
    fill: Callable[[Any], Any] = array.fill if not array.ndim else partial(np.copyto, array)
    return fill
