"""Which axes of the inputs have to be of one size, because the calls of a recording bring them together?

Axes of equal sizes may be so by chance, as a batch of 4 and a layer of 4 are. What is found here is a proposal: the
function is called with sizes chosen by it, and tells whether they fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from minigrad.ops.manipulation.indexing import added_at, placed_at
from minigrad.program import ir
from minigrad.program.ir import Instruction, Var
from minigrad.program.record import Recording

_REDUCTIONS = {
    np.sum, np.mean, np.max, np.min, np.prod, np.any, np.all, np.argmax, np.argmin, np.var, np.std, np.median,
    np.linalg.vector_norm,
}  # fmt: skip
_SAME_SHAPE = {
    ir.astype, np.copy, np.zeros_like, np.ones_like, np.cumsum, np.cumprod, np.sort, np.argsort, np.round, np.tril,
    np.triu, np.flip, np.roll, np.clip,
}  # fmt: skip
_MOVING = {np.transpose, np.swapaxes, np.moveaxis, np.matrix_transpose, np.rollaxis}


Axis: TypeAlias = tuple[Var, int]


class Components:
    """The axes of all values of a recording, those that have to be of one size joined.

    What calls need that are known here, and what others may need, is told apart.

    Args:
        recording: made at sizes of which no two classes have the same.
    """

    def __init__(self, recording: Recording) -> None:
        self._parent: dict[Axis, Axis] = {}
        self._parent_for_sure: dict[Axis, Axis] = {}
        self._cut_from: dict[Var, Var] = {}
        self._shapes = {var: np.shape(value) for var, value in recording.values.items()}
        for instruction in recording.code:
            self._join(instruction)

    def root(self, var: Var, axis: int) -> Axis:
        """One axis that stands for all that are joined with this one."""
        return _root(self._parent, (var, axis))

    def root_for_sure(self, var: Var, axis: int) -> Axis:
        """The same, of what calls join that are known here."""
        return _root(self._parent_for_sure, (var, axis))

    def _same(self, first: Axis, second: Axis) -> None:
        _join(self._parent, first, second)
        _join(self._parent_for_sure, first, second)

    def _trailing(self, var: Var, other: Var, skip: int = 0) -> None:
        """Join axes counted from the last, as broadcasting does."""
        mine, theirs = self._shapes[var], self._shapes[other]
        for back in range(1 + skip, min(len(mine), len(theirs)) + 1):
            if mine[-back] == theirs[-back]:
                self._same((var, len(mine) - back), (other, len(theirs) - back))

    def _join(self, instruction: Instruction) -> None:
        function, out = instruction.function, instruction.out
        used = [var for var in instruction.uses() if var in self._shapes]
        if out not in self._shapes or not used:
            for first, second in pairwise(used):
                self._by_size(first, second)
            return
        first, shape = used[0], self._shapes[out]
        if (isinstance(function, np.ufunc) and function.signature is None) or function is np.where:
            for var in used:
                self._trailing(var, out)
        elif function is np.matmul and len(used) == 2:
            self._matmul(used, out)
        elif function is np.outer and len(used) == 2 and all(len(self._shapes[var]) == 1 for var in used):
            for axis, var in enumerate(used):
                self._same((var, 0), (out, axis))
        elif function is np.linalg.solve and len(used) == 2:
            self._solved(used, out)
        elif function in _SAME_SHAPE or function is np.broadcast_to:
            self._trailing(first, out)
        elif function in _REDUCTIONS and len(used) == 1:
            self._reduced(instruction, first, out)
        elif function in _MOVING and len(used) == 1:
            # Sizes that tell the axes apart.
            told = np.broadcast_to(0.0, range(2, 2 + len(shape)))
            moved = function(told, *instruction.args[1:], **instruction.kwargs).shape
            for axis, size in enumerate(moved):
                self._same((first, size - 2), (out, axis))
        elif function is ir.item and self._is_basic(instruction.args[1]):
            self._cut_from[out] = first
            self._indexed(first, instruction.args[1], out)
        elif function in (placed_at, added_at) and self._is_basic(instruction.args[1]):
            self._indexed(out, instruction.args[1], first)
        elif function is ir.item and (arrays := self._arrays(instruction.args[1])) is not None:
            self._chosen(first, arrays, out)
        elif function in (placed_at, added_at) and (arrays := self._arrays(instruction.args[1])) is not None:
            self._chosen(out, arrays, first)
        elif function in (np.reshape, np.expand_dims, np.squeeze):
            self._reshaped(first, out)
        elif function is np.concatenate and type(axis := _axis(instruction, 0)) is int:
            self._concatenated(used, out, axis % len(shape))
        elif function is np.einsum and (letters := _letters(instruction)) is not None:
            self._lettered([*instruction.args[1:], out], letters)
        else:
            # Nothing is known of it: axes of equal sizes stay together, those at the same place if they can be.
            for var in used:
                self._by_size(var, out)
            for one, other in pairwise(used):
                self._by_size(one, other)

    def _by_size(self, var: Var, other: Var) -> None:
        if len(self._shapes[var]) == len(self._shapes[other]):
            for axis, (size, theirs) in enumerate(zip(self._shapes[var], self._shapes[other], strict=True)):
                if size == theirs:
                    _join(self._parent, (var, axis), (other, axis))
            return
        for axis, size in enumerate(self._shapes[var]):
            for position, theirs in enumerate(self._shapes[other]):
                if size == theirs:
                    _join(self._parent, (var, axis), (other, position))

    def _matmul(self, used: Sequence[Var], out: Var) -> None:
        left, right = used
        x, y, shape = self._shapes[left], self._shapes[right], self._shapes[out]
        self._same((left, len(x) - 1), (right, max(len(y) - 2, 0)))
        if len(x) > 1:
            self._same((left, len(x) - 2), (out, len(shape) - (2 if len(y) > 1 else 1)))
        if len(y) > 1:
            self._same((right, len(y) - 1), (out, len(shape) - 1))
        if len(x) > 2 or len(y) > 2:
            for var in used:
                if len(self._shapes[var]) > 2:
                    self._trailing(var, out, skip=2)

    def _solved(self, used: Sequence[Var], out: Var) -> None:
        matrix, right = used
        last, ndim = len(self._shapes[matrix]) - 1, len(self._shapes[right])
        self._same((matrix, last - 1), (matrix, last))
        self._same((matrix, last), (right, max(ndim - 2, 0)))
        self._trailing(right, out)

    def _reduced(self, instruction: Instruction, var: Var, out: Var) -> None:
        ndim = len(self._shapes[var])
        axis = _axis(instruction, None)
        gone = {each % ndim for each in np.atleast_1d(axis).tolist()} if axis is not None else set(range(ndim))
        if instruction.kwargs.get("keepdims"):
            kept = [(each, each) for each in range(ndim) if each not in gone]
        else:
            kept = list(zip([each for each in range(ndim) if each not in gone], range(ndim), strict=False))
        for mine, theirs in kept:
            self._same((var, mine), (out, theirs))

    def _concatenated(self, used: Sequence[Var], out: Var, axis: int) -> None:
        """Join all axes but the one that grows; that, with the axis that parts were cut from, if it is as long."""
        for var in used:
            for each in range(len(self._shapes[out])):
                if each != axis:
                    self._same((var, each), (out, each))
            whole = self._cut_from.get(var)
            size = self._shapes[out][axis]
            if whole is not None and self._shapes[whole][axis : axis + 1] == (size,):
                self._same((whole, axis), (out, axis))

    def _lettered(self, values: Sequence[Any], letters: Sequence[str]) -> None:
        """Join axes that one letter stands for; those of constants have no say."""
        first: dict[str, tuple[Var, int]] = {}
        for var, names in zip(values, letters, strict=True):
            for axis, letter in enumerate(names if type(var) is Var else ""):
                self._same(first.setdefault(letter, (var, axis)), (var, axis))

    @staticmethod
    def _is_basic(index: Any) -> bool:
        parts = index if isinstance(index, tuple) else (index,)
        return all(isinstance(part, (int, slice, type(None), type(...))) for part in parts)

    def _indexed(self, var: Var, index: Any, out: Var) -> None:
        mine, theirs = self._shapes[var], self._shapes[out]
        parts = list(index if isinstance(index, tuple) else (index,))
        if ... not in parts:
            parts.append(...)
        place = parts.index(...)
        taken = sum(part is not None and part is not ... for part in parts)
        parts[place : place + 1] = [slice(None)] * (len(mine) - taken)
        axis = position = 0
        for part in parts:
            if part is None:
                position += 1
                continue
            if isinstance(part, slice):
                if mine[axis] == theirs[position]:
                    self._same((var, axis), (out, position))
                position += 1
            axis += 1

    def _arrays(self, index: Any) -> list[Any] | None:
        """The arrays of integers that an index begins with, and nothing but them and positions; else None."""
        parts = list(index) if isinstance(index, tuple) else [index]
        for part in parts:
            dtype = getattr(part, "dtype", None)
            if type(part) is not int and (dtype is None or dtype.kind not in "iu"):
                return None
        return parts

    def _chosen(self, whole: Var, parts: Sequence[Any], out: Var) -> None:
        """Join the axes of index arrays with those that they make, and the axes behind with themselves."""
        shapes = [np.shape(part) if type(part) is not Var else self._shapes[part] for part in parts]
        made = max(map(len, shapes))
        for place, (part, shape) in enumerate(zip(parts, shapes, strict=True)):
            for back in range(1, len(shape) + 1):
                if shape[-back] != self._shapes[out][made - back]:
                    continue
                if type(part) is Var:
                    self._same((part, len(shape) - back), (out, made - back))
                elif shape[-back] == self._shapes[whole][place]:
                    # The constant np.arange(len(x)) of x[np.arange(len(x)), labels].
                    self._same((whole, place), (out, made - back))
        for axis in range(len(parts), len(self._shapes[whole])):
            self._same((whole, axis), (out, axis - len(parts) + made))

    def _reshaped(self, var: Var, out: Var) -> None:
        """Join axes before and after the part that changes."""
        mine, theirs = self._shapes[var], self._shapes[out]
        start = 0
        while start < min(len(mine), len(theirs)) and mine[start] == theirs[start]:
            self._same((var, start), (out, start))
            start += 1
        back = 1
        while back <= min(len(mine), len(theirs)) - start and mine[-back] == theirs[-back]:
            self._same((var, len(mine) - back), (out, len(theirs) - back))
            back += 1
        for axis in range(start, len(mine) - back + 1):
            for position in range(start, len(theirs) - back + 1):
                if mine[axis] == theirs[position] != 1:
                    self._same((var, axis), (out, position))


def _axis(instruction: Instruction, default: int | None) -> Any:
    """The axis that a call is told, by name or as its second argument."""
    return instruction.kwargs.get("axis", instruction.args[1] if len(instruction.args) > 1 else default)


def _letters(instruction: Instruction) -> list[str] | None:
    """What the axes of each argument and of the result of ``np.einsum`` are called; None for dots and the like."""
    text = instruction.args[0]
    if not isinstance(text, str) or "->" not in text or "." in text:
        return None
    given, _, result = text.replace(" ", "").partition("->")
    letters = [*given.split(","), result]
    return letters if len(letters) == len(instruction.args) else None


def _root(parents: dict[Axis, Axis], axis: Axis) -> Axis:
    while (above := parents.get(axis, axis)) != axis:
        axis = above
    return axis


def _join(parents: dict[Axis, Axis], first: Axis, second: Axis) -> None:
    a, b = _root(parents, first), _root(parents, second)
    if a != b:
        parents[b] = a
