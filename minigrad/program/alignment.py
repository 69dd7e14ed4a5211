"""What do several recordings of one function have in common, and what of it depends on sizes?

They were made with other values and other sizes. A constant that is not the same in all of them is a number that
depends on sizes, an array that does, or something that would be frozen: a value, or chance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.program import ir
from minigrad.program.counting import chosen_by_values, takes_for_granted
from minigrad.program.ir import Dim, Instruction, Place, Shape, Size, Var
from minigrad.program.patterns import PREVIOUS, array_by_sizes, rounding_of
from minigrad.program.record import Recording
from minigrad.program.sizes import Sizes, inferred


class DisagreementError(Exception):
    """Two recordings differ in what should be the same.

    Attributes:
        what: differs: "calls", "constant", or "count" for one that depends on values and was always the same.
        raised: whether the function raised something in one of them.
        where: the line of the user's code.
        detail: what was found.
    """

    def __init__(self, what: str, where: Place | None, detail: str, raised: bool = False) -> None:
        super().__init__(detail)
        self.what, self.where, self.detail, self.raised = what, where, detail, raised


class Aligned:
    """The code that all recordings share.

    Args:
        recordings: at least two, with other values each.
        symbols: the sizes that differ, by slot and axis, in each of the recordings.

    Attributes:
        code: the instructions, with a `Size` where numbers depend on sizes.
        var: the values, by those of the first recording.
        size_names: what the user's functions call sizes.

    Raises:
        DisagreementError: where something differs that no size explains.
    """

    def __init__(self, recordings: Sequence[Recording], symbols: Mapping[tuple[int, int], Sizes]) -> None:
        self.recordings = recordings
        self.var: dict[Var, Var] = {}
        self.code: list[Instruction] = []
        self.size_names: dict[Size, str] = {}
        self._found: dict[Any, Size | None] = {}
        # What was counted by values, and came to the same in all recordings.
        self._same_counts: set[int] = set()
        self._hoisted: dict[tuple[int, ...], Var] = {}
        self._made: dict[Var, Instruction] = {}
        self._next = 0
        self._symbols: dict[Dim, Sizes] = {}
        self._theirs = [dict(zip(r.inputs_made, recordings[0].inputs_made, strict=True)) for r in recordings]
        # Of what is looked at now: those of the instructions that are added for it.
        self._phase = "forward"
        self._scope: tuple[str, ...] = ()
        first = recordings[0]
        # The values themselves come first, so that their axes can be named by them.
        for slot, made in enumerate(first.inputs_made):
            var = Var(self._number(), (), made.dtype)
            sizes: list[int | Size] = []
            for axis, size in enumerate(first.values[made].shape):
                found = symbols.get((slot, axis))
                if found is None:
                    sizes.append(size)
                    continue
                known = next((each for each, theirs in self._symbols.items() if theirs == found), None)
                if known is None:
                    known = Dim(var, axis)
                    self._symbols[known] = found
                sizes.append(Size("dim", (known,)))
            var.shape = tuple(sizes)
            self.var[made] = var
        self._align()
        self._name_sizes()

    def _number(self) -> int:
        self._next += 1
        return self._next

    def _align(self) -> None:
        codes = [recording.code for recording in self.recordings]
        for instructions in zip(*codes, strict=False):
            first = instructions[0]
            if any(not _same_call(first, other) for other in instructions[1:]):
                raise DisagreementError("calls", first.where, _told(instructions))
            for own, other in zip(self._theirs, instructions, strict=True):
                own[other.out] = first.out
            where = first.where
            self._phase, self._scope = first.phase, first.scope
            if first.function is ir.guard and any(each.args[1] != first.args[1] for each in instructions):
                raise DisagreementError("calls", where, "a branch that goes another way")
            args = self._merged([each.args for each in instructions], where)
            kwargs = self._merged([each.kwargs for each in instructions], where)
            out = self._value([each.out for each in instructions], chosen_by_values(first, self._made))
            self.var[first.out] = out
            self._made[first.out] = first
            made = Instruction(first.function, args, kwargs, out, where, first.phase, first.scope)
            number = takes_for_granted(made, self._same_counts)
            if number is not None:
                raise DisagreementError("count", where, str(number))
            self.code.append(made)
        if len({len(code) for code in codes}) > 1:
            longest = max(codes, key=len)
            extra = longest[min(len(code) for code in codes)]
            raise DisagreementError("calls", extra.where, f"{_name(extra.function)} is called in some of them alone")
        self.returned = self._merged([recording.returned for recording in self.recordings], None)
        if any(r.updates.keys() != self.recordings[0].updates.keys() for r in self.recordings):
            raise DisagreementError("calls", None, "other parameters are updated")
        self.updates = {
            position: self._merged([recording.updates[position] for recording in self.recordings], None)
            for position in self.recordings[0].updates
        }
        self.gradients = [None if gradient is None else self.var[gradient] for gradient in self.recordings[0].gradients]
        for own, recording in zip(self._theirs, self.recordings, strict=True):
            mine = [None if each is None else own[each] for each in recording.gradients]
            if mine != self.recordings[0].gradients:
                raise DisagreementError("calls", None, "other values are the gradients")

    def _value(self, outs: Sequence[Var], by_values: int | None) -> Var:
        """One value for those of all recordings; the size of one of its axes may depend on values."""
        first = outs[0]
        if first.shape is None:
            return Var(self._number(), None, None)
        if any(out.dtype != first.dtype or out.shape is None or len(out.shape) != len(first.shape) for out in outs):
            raise DisagreementError("calls", None, f"{first.dtype} of {len(first.shape)} axes and others")
        var = Var(self._number(), (), first.dtype)
        sizes: list[int | Size] = []
        for axis, numbers in enumerate(zip(*[out.shape for out in outs if out.shape is not None], strict=True)):
            if len(set(numbers)) == 1 and axis != by_values:
                sizes.append(numbers[0])
                continue
            found = self._inferred(numbers) if axis != by_values else None
            if found is None:
                # It depends on values, as that of x[x > 0] does.
                own = Dim(var, axis)
                self._symbols[own] = tuple(numbers)
                if len(set(numbers)) == 1:
                    self._same_counts.add(numbers[0])
                self._found.clear()
                found = Size("dim", (own,))
            sizes.append(found)
        var.shape = tuple(sizes)
        return var

    def _inferred(self, numbers: Sequence[Any], rounding: float = 1e-13) -> Size | None:
        key = (type(numbers[0]), rounding, *numbers)
        if key not in self._found:
            self._found[key] = inferred(numbers, self._symbols, rounding)
        return self._found[key]

    def _merged(self, trees: Sequence[Any], where: Place | None) -> Any:
        """One tree of arguments for those of all recordings."""
        first = trees[0]
        kind = type(first)
        if kind is Var:
            mapped = [own.get(tree) for own, tree in zip(self._theirs, trees, strict=True)]
            if any(each is not first for each in mapped):
                raise DisagreementError("calls", where, "other values are the arguments")
            return self.var[first]
        if any(type(tree) is not kind for tree in trees):
            raise DisagreementError("constant", where, f"{first!r} and {trees[-1]!r}")
        if kind in (tuple, list) or (isinstance(first, tuple) and hasattr(first, "_fields")):
            if any(len(tree) != len(first) for tree in trees):
                raise DisagreementError("constant", where, f"{len(first)} and {len(trees[-1])} values")
            items = [self._merged(each, where) for each in zip(*trees, strict=True)]
            return kind(*items) if hasattr(first, "_fields") else kind(items)
        if kind is dict:
            if any(tree.keys() != first.keys() for tree in trees):
                raise DisagreementError("constant", where, "other keys")
            return {key: self._merged([tree[key] for tree in trees], where) for key in first}
        if kind is slice:
            bounds = [self._merged([getattr(t, b) for t in trees], where) for b in ("start", "stop", "step")]
            return slice(*bounds)
        if kind is np.ndarray:
            return self._array(trees, where)
        if _all_same(trees):
            return first
        if isinstance(first, (int, float)) and not isinstance(first, (bool, np.generic)):
            found = self._inferred(trees)
        elif isinstance(first, (np.integer, np.floating)):
            found = self._inferred([tree.item() for tree in trees], rounding_of(first))
        else:
            found = None
        if found is None:
            raise DisagreementError("constant", where, f"{first!r} and {trees[-1]!r}")
        return found

    def _array(self, arrays: Sequence[Any], where: Place | None) -> Any:
        """A constant array, or one that depends on sizes and is computed by an instruction of its own."""
        if all(_is_same_array(arrays[0], array) for array in arrays[1:]):
            return arrays[0]
        key = tuple(id(array) for array in arrays)
        if key not in self._hoisted:
            made = array_by_sizes(arrays, self._inferred)
            if made is None:
                told = " and ".join(dict.fromkeys(str(array.shape) for array in arrays))
                raise DisagreementError("constant", where, f"an array of shape {told}")
            for function, args, kwargs in made:
                # Each call is given what the one before it made.
                given = tuple(self._hoisted[key] if part is PREVIOUS else part for part in args)
                dtype = np.dtype(kwargs.get("dtype", arrays[0].dtype))
                shapes = [array.shape for array in arrays]
                if function is np.arange:
                    shapes = [(array.size,) for array in arrays]
                out = Var(self._number(), self._shape(shapes), dtype)
                self.code.append(Instruction(function, given, kwargs, out, where, self._phase, self._scope))
                self._hoisted[key] = out
        return self._hoisted[key]

    def _shape(self, shapes: Sequence[tuple[int, ...]]) -> Shape:
        return tuple(
            sizes[0] if len(set(sizes)) == 1 else self._inferred(sizes) or sizes[0]
            for sizes in zip(*shapes, strict=True)
        )

    def _name_sizes(self) -> None:
        """Sizes that the user's functions have names for."""
        for name in self.recordings[0].numbers:
            numbers = [recording.numbers.get(name) for recording in self.recordings]
            if None in numbers or len(set(numbers)) == 1 or not name.isidentifier():
                continue
            for each, theirs in self._symbols.items():
                if theirs == tuple(numbers):
                    self.size_names.setdefault(Size("dim", (each,)), name)


def _same_call(first: Instruction, other: Instruction) -> bool:
    return first.function == other.function and first.phase == other.phase


def _all_same(values: Sequence[Any]) -> bool:
    first = values[0]
    try:
        return all(value is first or bool(value == first) or (value != value and first != first) for value in values)
    except (TypeError, ValueError):
        return False


def _is_same_array(first: Any, other: Any) -> bool:
    if first.shape != other.shape or first.dtype != other.dtype:
        return False
    return bool(np.array_equal(first, other, equal_nan=first.dtype.kind in "fc"))


def _name(function: Callable[..., Any]) -> str:
    return {ir.item: "indexing", ir.guard: "a branch"}.get(function, getattr(function, "__name__", str(function)))


def _told(instructions: Sequence[Instruction]) -> str:
    return " and ".join(dict.fromkeys(_name(each.function) for each in instructions))
