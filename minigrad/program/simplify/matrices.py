"""How are transposes and products of matrices written?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.program import ir
from minigrad.program.ir import Instruction, Shape, Var
from minigrad.program.simplify.identities import is_full
from minigrad.program.simplify.sweep import Sweep, instruction_like
from minigrad.program.simplify.views import axes_added

_SWAPS = (np.transpose, np.swapaxes)


def swap_named(sweep: Sweep, call: Instruction) -> Instruction | Var | None:
    """The two axes of a matrix are swapped by ``x.T``, the last two of more by ``x.mT``."""
    value = call.args[0]
    if type(value) is not Var or value.shape is None:
        return None
    ndim = len(value.shape)
    order = _order(call, ndim)
    if order is None:
        return None
    if order == tuple(range(ndim)):
        return value
    if ndim == 2:
        plain: Instruction = instruction_like(call, np.transpose, value)
    elif order == (*range(ndim - 2), ndim - 1, ndim - 2):
        plain = instruction_like(call, np.swapaxes, value, -1, -2)
    else:
        return None
    is_plain = call.function is plain.function and call.args == plain.args and not call.kwargs
    return None if is_plain else plain


def _order(call: Instruction, ndim: int) -> tuple[int, ...] | None:
    """The axes of the value in the order of those of the result."""
    if call.function is np.transpose:
        axes = call.args[1] if len(call.args) == 2 else call.kwargs.get("axes")
        if axes is None:
            return tuple(range(ndim))[::-1]
        return tuple(axis % ndim for axis in axes) if all(type(axis) is int for axis in axes) else None
    first, second = (call.args[1], call.args[2]) if len(call.args) == 3 else (None, None)
    if type(first) is not int or type(second) is not int:
        return None
    order = list(range(ndim))
    order[first], order[second] = order[second], order[first]
    return tuple(order)


def swapped_twice(sweep: Sweep, call: Instruction) -> Instruction | Var | None:
    """``x.T.T`` becomes ``x``."""
    inner = sweep.maker(call.args[0], *_SWAPS)
    if inner is None or type(inner.args[0]) is not Var or inner.args[0].shape is None:
        return None
    ndim = len(inner.args[0].shape)
    first, second = _order(inner, ndim), _order(call, ndim)
    if first is None or second is None:
        return None
    found: Var = inner.args[0]
    return found if tuple(first[axis] for axis in second) == tuple(range(ndim)) else None


def swap_of_a_row(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``x[None].T`` becomes ``x[:, None]``, and the other way round."""
    inner = sweep.maker(call.args[0], ir.item)
    if inner is None or type(inner.args[0]) is not Var or inner.args[0].shape is None:
        return None
    if len(inner.args[0].shape) != 1 or call.out.shape is None or len(call.out.shape) != 2:
        return None
    added = axes_added(inner.args[1], 1)
    if added is None:
        return None
    return instruction_like(call, ir.item, inner.args[0], (slice(None), None) if added == (0,) else (None,))


def swap_of_a_product(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``(A.T @ B).T`` becomes ``B.T @ A``."""
    made = sweep.own(call.args[0], np.matmul)
    if made is None or made.kwargs or not is_swap(call) or not all(_is_matrix(part) for part in made.args):
        return None
    left, right = made.args
    swaps = [sweep.maker(part, *_SWAPS) for part in made.args]
    if not any(each is not None and is_swap(each) for each in swaps):
        return None
    return instruction_like(call, np.matmul, _swapped(sweep, right), _swapped(sweep, left))


def _is_matrix(part: Any) -> bool:
    return type(part) is Var and part.shape is not None and len(part.shape) >= 2


def is_swap(call: Instruction) -> bool:
    """Whether a call swaps the last two axes."""
    shape = call.out.shape
    if call.function not in _SWAPS or shape is None or len(shape) < 2:
        return False
    ndim = len(shape)
    return _order(call, ndim) == (*range(ndim - 2), ndim - 1, ndim - 2)


def _swapped(sweep: Sweep, value: Any) -> Var:
    shape: Shape = (*value.shape[:-2], value.shape[-1], value.shape[-2])
    if len(shape) == 2:
        return sweep.call(np.transpose, value, out_shape=shape, out_dtype=value.dtype)
    return sweep.call(np.swapaxes, value, -1, -2, out_shape=shape, out_dtype=value.dtype)


def moved_nowhere(sweep: Sweep, call: Instruction) -> Var | None:
    """``np.moveaxis(x, -1, 1)`` of a matrix."""
    value, *axes = call.args
    if type(value) is not Var or value.shape is None or call.kwargs or len(axes) != 2:
        return None
    before, after = [np.atleast_1d(each) % len(value.shape) for each in axes]
    return value if np.array_equal(before, after) else None


def product_with_one_number(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``x @ [[2.0]]`` becomes ``2.0 * x``."""
    first, second = call.args
    for value, constant in ((first, second), (second, first)):
        if not isinstance(constant, np.ndarray) or constant.shape != (1, 1) or type(value) is not Var:
            continue
        if value.shape == call.out.shape and value.dtype == call.out.dtype == constant.dtype == float:
            return instruction_like(call, np.multiply, constant.item(), value)
    return None


def solved_for_a_column(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``np.linalg.solve(A, b[:, None])[..., 0]`` becomes ``np.linalg.solve(A, b)``."""
    value, index = call.args
    made = sweep.own(value, np.linalg.solve)
    if made is None or made.kwargs or type(index) is not tuple or len(index) != 2:
        return None
    if not (is_full(index[0]) and type(index[1]) is int and index[1] == 0):
        return None
    column = sweep.maker(made.args[1], ir.item)
    if column is None or type(column.args[0]) is not Var or column.args[0].shape is None:
        return None
    is_vector = len(column.args[0].shape) == 1 and axes_added(column.args[1], 1) == (1,)
    is_one_matrix = type(made.args[0]) is Var and made.args[0].shape is not None and len(made.args[0].shape) == 2
    return (
        instruction_like(call, np.linalg.solve, made.args[0], column.args[0]) if is_vector and is_one_matrix else None
    )
