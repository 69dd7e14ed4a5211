"""How many floating-point operations does one call take, and which calls only show the memory of another value?

Textbook numbers: an operation on each element counts one, exp, tanh and a comparison too; a sum, mean or maximum of n
elements n; a product of matrices n x k and k x m 2nkm; a correlation of images two for each element of a kernel and
each element of its maps. Arithmetic of integers counts nothing, a complex number as much as a real one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.program import ir
from minigrad.program.ir import Instruction, Var, atoms

Shape = tuple[int, ...]
# The shape of an argument; of a number ().
ShapeOf = Callable[[Any], Shape]

# On elements; those that are no ufuncs, or take another number of operations than one.
_PER_RESULT: dict[Callable[..., Any], int] = {
    np.positive: 0, np.conjugate: 0, np.copysign: 0, np.signbit: 0, np.isnan: 0, np.isinf: 0, np.isfinite: 0,
    np.clip: 2, np.nan_to_num: 1, np.diff: 1, np.outer: 1, np.kron: 1, np.round: 1, np.sinc: 3, np.isclose: 3,
}  # fmt: skip
# For each element that is reduced.
_PER_ELEMENT: dict[Callable[..., Any], int] = {
    np.sum: 1, np.mean: 1, np.prod: 1, np.max: 1, np.min: 1, np.amax: 1, np.amin: 1, np.cumsum: 1, np.cumprod: 1,
    np.argmax: 1, np.argmin: 1, np.ptp: 2, np.var: 4, np.std: 4, np.nansum: 1, np.nanmean: 1, np.nanmax: 1,
       np.linalg.norm: 2, np.average: 2, np.any: 0, np.all: 0, np.count_nonzero: 0, np.nanprod: 1, np.nanmin: 1,
    np.nanvar: 4, np.nanstd: 4, np.linalg.vector_norm: 2, np.bincount: 1,
}  # fmt: skip
# What moves elements, or makes them of nothing.
_NO_ARITHMETIC = {
    np.where, np.concatenate, np.stack, np.pad, np.tile, np.repeat, np.take, np.take_along_axis, np.copy, np.zeros,
    np.ones, np.full, np.zeros_like, np.ones_like, np.full_like, np.eye, np.tri, np.tril, np.triu, np.arange, np.roll,
    np.diag, np.diagflat, np.resize, np.isneginf, np.isposinf, np.fft.fftshift, np.fft.ifftshift, np.linspace,
    np.select, np.nonzero, np.vstack, np.hstack, np.identity, np.empty, np.indices, np.append, np.delete, np.insert,
    np.compress, np.extract, np.choose, np.tril_indices, np.triu_indices, np.column_stack, np.meshgrid, np.ix_,
    np.shape, np.argwhere, np.flatnonzero, np.array, np.asarray, np.block, np.dstack, ir.astype, ir.draw, ir.guard,
    ir.item, ir.pick,
}  # fmt: skip
_VIEWS = {
    np.reshape, np.transpose, np.swapaxes, np.moveaxis, np.rollaxis, np.squeeze, np.expand_dims, np.broadcast_to,
    np.ravel, np.real, np.imag, np.diagonal, np.flip, np.fliplr, np.flipud, np.rot90, np.atleast_1d, np.atleast_2d,
    np.atleast_3d, np.matrix_transpose, np.permute_dims, np.split, np.array_split, np.broadcast_arrays, np.unstack,
    np.lib.stride_tricks.sliding_window_view,
}  # fmt: skip


def is_view(instruction: Instruction) -> bool:
    """Whether the result of a call shows the memory of its first argument."""
    function = instruction.function
    if function is ir.item:
        return not any(isinstance(part, (Var, np.ndarray, list)) for part in atoms(instruction.args[1:]))
    return function in _VIEWS or function is ir.pick


def operations(instruction: Instruction, shape_of: ShapeOf, has_floats: bool) -> float | None:
    """The floating-point operations of a call; None where they are not known.

    Args:
        instruction: the call.
        shape_of: gives the shapes of its arguments and of its result.
        has_floats: whether floating-point numbers are among its arguments or results.
    """
    function, args = instruction.function, instruction.args
    if function in _NO_ARITHMETIC or is_view(instruction):
        return 0
    if function in _BY_SHAPES:
        return _BY_SHAPES[function]([shape_of(arg) for arg in args], shape_of(instruction.out))
    if function in (np.einsum, np.tensordot):
        contracted = _einsum if function is np.einsum else _tensordot
        return contracted(instruction, shape_of)
    name = getattr(function, "__name__", "")
    if name in _BY_NAME:
        return _BY_NAME[name](instruction, shape_of)
    if not has_floats and (isinstance(function, np.ufunc) or function in _PER_RESULT or function in _PER_ELEMENT):
        return 0
    if function in _PER_ELEMENT:
        return _PER_ELEMENT[function] * math.prod(shape_of(args[0]))
    if function in _PER_RESULT or isinstance(function, np.ufunc):
        return _PER_RESULT.get(function, 1) * math.prod(shape_of(instruction.out))
    return None


def _matmul(given: Sequence[Shape], out: Shape) -> float:
    return 2 * math.prod(out) * given[0][-1]


def _dot(given: Sequence[Shape], out: Shape) -> float:
    first, second = given[:2]
    return 2 * math.prod(out) * first[-1] if first and second else math.prod(out)


def _lu(given: Sequence[Shape]) -> float:
    matrix = given[0]
    return math.prod(matrix[:-2]) * 2 * matrix[-1] ** 3 / 3


def _solve(given: Sequence[Shape], out: Shape) -> float:
    return _lu(given) + 2 * given[0][-1] * math.prod(out)


_BY_SHAPES: dict[Callable[..., Any], Callable[[Sequence[Shape], Shape], float]] = {
    np.matmul: _matmul,
    np.vecdot: lambda given, out: 2 * math.prod(out) * given[0][-1],
    np.dot: _dot,
    np.inner: _dot,
    np.vdot: lambda given, out: 2 * math.prod(given[0]),
    np.trace: lambda given, out: min(given[0][:2]) * math.prod(given[0][2:]),
    np.linalg.solve: _solve,
    np.linalg.inv: lambda given, out: 3 * _lu(given),
    np.linalg.det: lambda given, out: _lu(given),
    np.linalg.slogdet: lambda given, out: _lu(given),
    np.linalg.cholesky: lambda given, out: _lu(given) / 2,
}


def _einsum(instruction: Instruction, shape_of: ShapeOf) -> float | None:
    """A product and a sum for each combination of all indices; more operands as if multiplied at once."""
    text, *arrays = instruction.args
    if not isinstance(text, str) or "." in text:
        return None
    inside, _, result = text.replace(" ", "").partition("->")
    sizes: dict[str, int] = {}
    for letters, array in zip(inside.split(","), arrays, strict=True):
        for letter, size in zip(letters, shape_of(array), strict=True):
            sizes[letter] = max(size, sizes.get(letter, 1))
    is_summed = "->" not in text or set(result) != set(sizes)
    return math.prod(sizes.values()) * (len(arrays) - 1 + is_summed)


def _tensordot(instruction: Instruction, shape_of: ShapeOf) -> float:
    first, second = (math.prod(shape_of(arg)) for arg in instruction.args[:2])
    result = math.prod(shape_of(instruction.out))
    # Of the sizes of both operands those that remain are in the result, and those that are summed are in both.
    summed = math.isqrt(first * second // result) if result else 0
    return 2 * result * summed


def _kernel_size(shape: Shape) -> int:
    return math.prod(shape[1:])


def _window(instruction: Instruction, shape_of: ShapeOf, position: int) -> int:
    """The number of elements of the windows, where an argument says how large they are."""
    size: Shape = instruction.args[position]
    return math.prod(size) * math.prod(shape_of(instruction.args[0]))


def _none(instruction: Instruction, shape_of: ShapeOf) -> float:
    """Of those that move elements."""
    return 0


# Functions that are declared as self-contained.
_BY_NAME: dict[str, Callable[[Instruction, ShapeOf], float]] = {
    **dict.fromkeys(("placed_at", "assigned", "chosen", "index_along_axis"), _none),
    "added_at": lambda i, shape_of: math.prod(shape_of(i.args[0])),
    "conv2d": lambda i, shape_of: 2 * math.prod(shape_of(i.out)) * _kernel_size(shape_of(i.args[1])),
    "conv2d_transpose": lambda i, shape_of: 2 * math.prod(shape_of(i.args[0])) * _kernel_size(shape_of(i.args[1])),
    "conv2d_kernels": lambda i, shape_of: 2 * math.prod(shape_of(i.args[1])) * _kernel_size(shape_of(i.out)),
    # A comparison, a division and two sums; a division and a sum.
    "max_pool2d_gradient": lambda i, shape_of: 4 * _window(i, shape_of, 3),
    "avg_pool2d_gradient": lambda i, shape_of: 2 * _window(i, shape_of, 2),
}
