"""What does a program take: calls, floating-point operations, and bytes read, written and held?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad.program import ir
from minigrad.program.errors import ProgramError
from minigrad.program.ir import Instruction, Size, Var, atoms
from minigrad.program.program_like import ProgramLike
from minigrad.program.run import evaluated, last_uses
from minigrad.program.views.arithmetic import Shape, is_view, operations
from minigrad.program.views.labels import function_name

# What reads of its first argument no more than it gives.
_CHOOSING = {ir.item, np.take, np.take_along_axis}
# What gives as many elements as the values say.
_COUNTING = {np.nonzero, np.flatnonzero, np.argwhere, np.extract, np.compress, np.unique, np.union1d, np.setdiff1d}


@dataclass(frozen=True)
class Amount:
    """What some calls take.

    Attributes:
        calls: their number.
        flops: floating-point operations.
        read, written: bytes of arrays; what only shows the memory of another value reads and writes none.
    """

    calls: int = 0
    flops: float = 0
    read: int = 0
    written: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(
            self.calls + other.calls, self.flops + other.flops, self.read + other.read, self.written + other.written
        )


@dataclass(frozen=True)
class Cost:
    """What a program takes at given sizes.

    Attributes:
        total: all of it.
        phases, layers, lines: parts of it by phase, by the layers inside which something is called, and by the line of
            the user's code; what has no layer or line stands at "".
        held: the most bytes that inputs, results and values that are still needed take at once.
        uncounted: functions whose floating-point operations are not known and not in the numbers, with their calls.
    """

    total: Amount
    phases: dict[str, Amount]
    layers: dict[str, Amount]
    lines: dict[str, Amount]
    held: int
    uncounted: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        rows = [("", "calls", "operations", "read", "written"), _row("all", self.total)]
        for title, parts in (("phase", self.phases), ("layer", self.layers), ("line", self.lines)):
            if len(parts) > 1:
                rows += [(title, "", "", "", "")] + [_row(f"  {name or '-'}", part) for name, part in parts.items()]
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *(row[i].rjust(widths[i]) for i in range(1, 5))]).rstrip()
            for row in rows
        ]
        lines.append(f"held at most: {_bytes(self.held)}")
        if self.uncounted:
            told = ", ".join(f"{name} ({count}x)" for name, count in self.uncounted.items())
            lines.append(f"operations not counted: {told}")
        return "\n".join(lines)


def cost(program: ProgramLike, values: Sequence[Any] | None) -> Cost:
    """What a program takes.

    Args:
        program: a program.
        values: an array for each input; None for the sizes that it was recorded with.

    Raises:
        ProgramError: where a size is known only when the program runs, and there are no arrays.
    """
    shapes = _shapes(program, values)
    phases: dict[str, Amount] = {}
    layers: dict[str, Amount] = {}
    lines: dict[str, Amount] = {}
    uncounted: dict[str, int] = {}
    total = Amount()
    for instruction in program.code:
        amount = _amount(instruction, shapes)
        if amount is None:
            name = function_name(instruction.function)
            uncounted[name] = uncounted.get(name, 0) + 1
            amount = _without_operations(instruction, shapes)
        total += amount
        place = "" if instruction.where is None else str(instruction.where)
        for parts, key in (
            (phases, instruction.phase),
            (layers, " / ".join(instruction.scope)),
            (lines, place),
        ):
            parts[key] = parts.get(key, Amount()) + amount
    return Cost(total, phases, layers, lines, _held(program, shapes), uncounted)


def _shapes(program: ProgramLike, values: Sequence[Any] | None) -> dict[Var, Shape]:
    """The shapes of all values, as numbers."""
    inputs = {each.var for each in program.inputs}
    examples = [each.example for each in program.inputs] if values is None else [np.shape(value) for value in values]
    shapes: dict[Var, Shape] = {each.var: shape for each, shape in zip(program.inputs, examples, strict=True)}
    made = [each for each in program.code if each.out.shape is not None]
    own = next((each for each in made if _depends_on_values(each, inputs)), None)
    if own is not None:
        if values is None:
            place = "" if own.where is None else f"{own.where}: "
            raise ProgramError(
                f"{place}how many elements {function_name(own.function)} gives is known only when it runs; give the "
                "arguments, as in program.cost(x, y)"
            )
        found = evaluated(
            program.code,
            dict(zip([each.var for each in program.inputs], values, strict=True)),
            [each.out for each in made],
        )
        return shapes | {var: np.shape(value) for var, value in found.items()}
    for each in made:
        assert each.out.shape is not None
        shapes[each.out] = tuple(int(size.value(shapes)) if isinstance(size, Size) else size for size in each.out.shape)
    return shapes


def _depends_on_values(instruction: Instruction, inputs: set[Var]) -> bool:
    """Whether the size of a result is no expression of the sizes of the inputs, or one by chance."""
    if instruction.function in _COUNTING:
        return True
    if instruction.function is ir.item and any(_is_mask(part) for part in atoms(instruction.args[1:])):
        return True
    sizes = instruction.out.shape or ()
    return any(dim.var not in inputs for size in sizes if isinstance(size, Size) for dim in size.dims())


def _is_mask(part: Any) -> bool:
    return isinstance(part, (Var, np.ndarray)) and part.dtype == np.bool_


def _amount(instruction: Instruction, shapes: dict[Var, Shape]) -> Amount | None:
    """What one call takes; None where its operations are not known."""

    def shape_of(part: Any) -> Shape:
        return shapes.get(part, ()) if isinstance(part, Var) else np.shape(part)

    plain = ir.mapped_atoms(instruction.args, lambda part: part.value(shapes) if isinstance(part, Size) else part)
    sized = Instruction(instruction.function, plain, instruction.kwargs, instruction.out)
    found = operations(sized, shape_of, any(_is_float(var) for var in (*instruction.uses(), instruction.out)))
    moved = _without_operations(instruction, shapes)
    return None if found is None else Amount(1, found, moved.read, moved.written)


def _without_operations(instruction: Instruction, shapes: dict[Var, Shape]) -> Amount:
    if is_view(instruction) and instruction.function is not ir.pick:
        return Amount(1)
    written = _size(instruction.out, shapes)
    if instruction.function is ir.pick:
        # What gives several results writes them; they are counted where they are picked.
        return Amount(1, 0, 0, written)
    parts = atoms((instruction.args, instruction.kwargs))
    read = [
        _size(part, shapes) if isinstance(part, Var) else part.nbytes
        for part in parts
        if isinstance(part, (Var, np.ndarray))
    ]
    if instruction.function in _CHOOSING and read:
        read[0] = min(read[0], written)
    return Amount(1, 0, sum(read), written)


def _held(program: ProgramLike, shapes: dict[Var, Shape]) -> int:
    """The most bytes that are needed at once; a value that shows the memory of another one holds that."""
    owner: dict[Var, Var] = {each.var: each.var for each in program.inputs}
    showing: dict[Var, int] = {}
    kept = [*program.outputs, *owner]
    used = {*kept, *(var for each in program.code for var in each.uses())}
    now = most = sum(_size(var, shapes) for var in owner)
    for instruction, unneeded in zip(program.code, last_uses(program.code, kept), strict=True):
        out = instruction.out
        shown = next(iter(instruction.uses()), None) if is_view(instruction) else None
        if shown is None or instruction.function is ir.pick:
            owner[out] = out
            now += _size(out, shapes)
        else:
            owner[out] = owner[shown]
        showing[owner[out]] = showing.get(owner[out], 0) + 1
        most = max(most, now)
        # What nobody uses goes at once.
        for var in unneeded if out in used else [out, *unneeded]:
            own = owner[var]
            if own in showing:
                showing[own] -= 1
                if not showing[own]:
                    now -= _size(own, shapes)
    return most


def _size(var: Var, shapes: dict[Var, Shape]) -> int:
    if var.shape is None or var.dtype is None or var.dtype.kind == "O":
        return 0
    return math.prod(shapes[var]) * var.dtype.itemsize


def _is_float(var: Var) -> bool:
    return var.dtype is not None and var.dtype.kind in "fc"


def _row(name: str, amount: Amount) -> tuple[str, str, str, str, str]:
    return name, f"{amount.calls}", _number(amount.flops), _bytes(amount.read), _bytes(amount.written)


def _scaled(number: float, units: Sequence[str], step: int) -> str:
    for unit in units[:-1]:
        if abs(number) < step:
            return f"{number:.4g}{unit}"
        number /= step
    return f"{number:.4g}{units[-1]}"


def _number(number: float) -> str:
    return _scaled(number, ("", " k", " M", " G", " T"), 1000)


def _bytes(number: float) -> str:
    return _scaled(number, (" B", " KiB", " MiB", " GiB", " TiB"), 1024)
