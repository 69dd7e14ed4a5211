"""How does compiled code change what is kept between calls: parameters, what optimisers remember, step counts?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy.linalg.blas import daxpy, dger, saxpy, sger

from minigrad.kernels.threads import BLAS_HAS_ONE_THREAD
from minigrad.ops.linalg.products import product
from minigrad.optim import SGD
from minigrad.optim.arithmetic import telling_afterwards
from minigrad.optim.optimizer import Updating
from minigrad.program.held import HeldEntry, HeldTensor
from minigrad.program.ir import Instruction, Var, mapped_atoms, pick
from minigrad.program.simplify.keys import values_in

_ADD_OUTER, _ADD_MULTIPLE = {"f": sger, "d": dger}, {"f": saxpy, "d": daxpy}
# SciPy's BLAS has threads of its own, and divides nothing that is shorter.
_MOST_OF_A_VECTOR = 1 << 31 if BLAS_HAS_ONE_THREAD else 10_000
_MOST_OF_A_MATRIX = 1 << 31 if BLAS_HAS_ONE_THREAD else 1 << 15


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
    updates = {each.out: each for each in code if isinstance(each.function, Updating)}
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
        if _is_plain_descent(each.function):
            weight, gradient, lr = each.args
            outer = _as_outer(gradient, made) if users.get(gradient) == 1 and gradient not in wanted else None
            if outer is not None and not changed.intersection(outer):
                dropped.add(gradient)
                each = _call(each, _adding_outer(gradient.dtype), (weight, *outer, lr))
            elif _is_short_vector(gradient):
                each = _call(each, _adding_multiple(gradient.dtype), (weight, gradient, lr))
        found.append(each)
    return [each for each in found if each.out not in dropped]


def _call(instruction: Instruction, function: Callable[..., Any], args: tuple[Any, ...]) -> Instruction:
    return Instruction(function, args, {}, instruction.out, instruction.where, instruction.phase)


def _grouped(code: Sequence[Instruction]) -> list[Instruction]:
    """Updates of one optimiser that follow each other as one call, so that warnings come after all of them."""
    found: list[Instruction] = []
    for each in code:
        if not isinstance(each.function, Updating):
            found.append(each)
            continue
        values, gradient, lr = each.args[:3]
        before = found[-1] if found else None
        if (
            before is not None
            and isinstance(before.function, AllOf)
            and before.function.optimizer is each.function.optimizer
            and before.args[0] is lr
        ):
            group = AllOf(each.function.optimizer, (*before.function.updates, each.function))
            found[-1] = _call(before, group, (*before.args, values, gradient))
        else:
            found.append(_call(each, AllOf(each.function.optimizer, (each.function,)), (lr, values, gradient)))
    return found


class AllOf:
    """Several updates of an optimiser, each of which happens whole or not at all; warnings come afterwards."""

    is_in_place = True

    def __init__(self, optimizer: Any, updates: tuple[Updating, ...]) -> None:
        self.optimizer, self.updates = optimizer, updates
        self._calls = [each.in_place for each in updates]

    def __call__(self, lr: Any, *arrays: Any) -> None:
        """Update; `arrays` are the parameters, each with its gradient after it."""
        pairs = list(zip(self._calls, arrays[::2], arrays[1::2], strict=True))
        telling_afterwards(self.optimizer, partial(_in_turn, pairs), lr)


def _in_turn(updates: Sequence[tuple[Any, Any, Any]], lr: Any) -> None:
    for update, values, gradient in updates:
        update(values, gradient, lr)


def _is_plain_descent(function: Any) -> bool:
    """Whether an update is ``w - lr * g`` and nothing else."""
    if not isinstance(function, Updating) or type(function.optimizer) is not SGD:
        return False
    settings = function.optimizer._settings()
    return not settings["momentum"] and not settings["weight_decay"]


def _as_outer(gradient: Var, made: dict[Var, Instruction]) -> tuple[Var, Var] | None:
    """The row and the column whose outer product a gradient is, as that of a weight is for one sample; else None."""
    maker = made.get(gradient)
    if maker is None or maker.function is not product.kernel or gradient.dtype is None:  # type: ignore[attr-defined]  # set by `with_kernel`
        return None
    left, column = maker.args
    before = made.get(left)
    if before is None or before.function is not np.transpose or len(before.args) > 1 or before.kwargs:
        return None
    row = before.args[0]
    if type(row) is not Var or type(column) is not Var or row.shape is None or column.shape is None:
        return None
    if gradient.dtype.char not in _ADD_OUTER or row.shape[0] != 1 or column.shape[0] != 1:
        return None
    if not row.dtype == column.dtype == gradient.dtype:
        return None
    size = row.shape[1] * column.shape[1]
    return (row, column) if 0 < size <= _MOST_OF_A_MATRIX else None  # type: ignore[operator]  # a number here


def _is_short_vector(gradient: Var) -> bool:
    """Whether BLAS adds a multiple of it in one thread."""
    if gradient.dtype is None or gradient.dtype.char not in _ADD_MULTIPLE or gradient.shape is None:
        return False
    return len(gradient.shape) == 1 and 0 < gradient.shape[0] <= _MOST_OF_A_VECTOR  # type: ignore[operator]  # a number here


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
