"""What does a program look like as text, one line for each instruction?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minigrad.engine.pytrees import mapped
from minigrad.program.ir import Size, Var, guard
from minigrad.program.program_like import ProgramLike
from minigrad.program.views.labels import Labels

_WIDEST = 44


def text(program: ProgramLike) -> str:
    """The program as a table: what each value is called, its shape, its dtype if not float64, and the call.

    What the program takes stands first, then a heading for each phase, and last what it gives and what has to hold for
    the sizes of its inputs.
    """
    labels = Labels(program)
    lines = [f"program {program.name}({', '.join(each.name for each in program.inputs)})", "", "inputs"]
    lines += _aligned(
        [
            [
                each.name,
                _kind(labels, each.var),
                "gradient wanted" if each.wanted else "",
                "" if each.argument is not None else "held by the function",
            ]
            for each in program.inputs
        ]
    )
    phase = ""
    rows: list[list[str]] = []
    for instruction in program.code:
        if instruction.phase != phase:
            lines += _aligned(rows)
            lines += ["", instruction.phase]
            phase, rows = instruction.phase, []
        called = "" if instruction.function is guard else labels.value(instruction.out)
        place = "" if instruction.where is None else f"# {instruction.where}"
        if instruction.scope:
            place = f"{place or '#'} in {' / '.join(instruction.scope)}"
        rows.append([called, _kind(labels, instruction.out), labels.call(instruction), place])
    lines += _aligned(rows)
    result = mapped(program.result, lambda part: _Name(labels.value(part)) if isinstance(part, Var) else part)
    lines += ["", f"returns {result!r}"]
    gradients = [labels.value(gradient) for gradient in program.gradients if gradient is not None]
    if gradients:
        lines.append(f"gradients {', '.join(gradients)}")
    for rule in program.guards:
        axis = labels.size(Size("dim", (rule.dim,)))
        lines.append(f"requires {axis} {'>=' if rule.is_least else '=='} {labels.size(rule.size)}: {rule.why}")
    return "\n".join(lines) + "\n"


class _Name(str):
    """A name that stands in a structure without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _kind(labels: Labels, var: Var) -> str:
    """The shape, and the dtype where it is another one than float64."""
    if var.shape is None:
        return ""
    if var.dtype is not None and var.dtype.kind == "O":
        return "generator"
    return labels.shape(var.shape) + ("" if var.dtype == np.float64 else f" {var.dtype}")


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns of one width each, as far as they are not too wide."""
    if not rows:
        return []
    widths = [
        max((len(row[column]) for row in rows if len(row[column]) <= _WIDEST), default=0)
        for column in range(len(rows[0]))
    ]
    return [
        ("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip() for row in rows
    ]
