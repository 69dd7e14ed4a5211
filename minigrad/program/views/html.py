"""What is on the page on which a reader steps through a program: lines, values, gradients, and where they come from?"""

from __future__ import annotations

import html as text_of_pages
import json
import linecache
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from minigrad.program.errors import ProgramError
from minigrad.program.ir import Instruction, Place, Var, guard
from minigrad.program.program_like import ProgramLike
from minigrad.program.run import evaluated
from minigrad.program.views.drawings import drawing
from minigrad.program.views.labels import Labels

# A page of more steps is read by nobody, and grows beyond a few megabytes.
_MOST_STEPS = 3000
# Of all pictures together, before they are written as text.
_MOST_BYTES = 2_000_000


def write_page(program: ProgramLike, path: str | os.PathLike[str], values: Sequence[Any]) -> None:
    """Write the page to a file.

    Args:
        program: a program.
        path: the file, which is replaced.
        values: an array for each input; the page shows what the program computes from them.

    Raises:
        ProgramError: for a program of more steps than a page holds.
    """
    if len(program.code) > _MOST_STEPS:
        raise ProgramError(
            f"{program.name} has {len(program.code)} instructions, and a page shows {_MOST_STEPS} at most; record a "
            "part of it, such as one layer or one step in time"
        )
    folder = Path(__file__).parent
    page = (folder / "page.html").read_text(encoding="utf-8")
    parts = {
        "title": text_of_pages.escape(program.name),
        "style": (folder / "page.css").read_text(encoding="utf-8"),
        "script": (folder / "page.js").read_text(encoding="utf-8"),
        # Nothing inside may end the element that holds it.
        "program": json.dumps(_data(program, values), allow_nan=False).replace("<", "\\u003c"),
    }
    for name, part in parts.items():
        before, _, after = page.partition("{{" + name + "}}")
        page = before + part + after
    Path(path).write_text(page, encoding="utf-8")


def _data(program: ProgramLike, given: Sequence[Any]) -> dict[str, Any]:
    """All that the page shows."""
    labels = Labels(program)
    order = [each.var for each in program.inputs] + [each.out for each in program.code]
    numbers = {var: number for number, var in enumerate(order)}
    inputs = {each.var: value for each, value in zip(program.inputs, given, strict=True)}
    values = inputs | evaluated(program.code, inputs, [each.out for each in program.code])
    used: dict[Var, list[int]] = {var: [] for var in order}
    for instruction in program.code:
        for var in dict.fromkeys(instruction.uses()):
            used[var].append(numbers[instruction.out])
    gradients: dict[Var, int] = {}
    for instruction in program.code:
        of = program.gradient_of.get(instruction.out)
        if of is not None and instruction.phase == "backward":
            gradients.setdefault(of, numbers[instruction.out])
    outputs = set(program.outputs)
    side = int(min(96, max(24, (_MOST_BYTES / max(len(order), 1)) ** 0.5)))

    def entry(var: Var, made: Instruction | None) -> dict[str, Any]:
        of = program.gradient_of.get(var) if made is not None and made.phase == "backward" else None
        data = {} if var.shape is None else drawing(values[var], side)
        uses = [] if made is None else [numbers[each] for each in dict.fromkeys(made.uses())]
        return {
            "name": labels.value(var) if made is None or made.function is not guard else "a branch",
            "phase": "input" if made is None else made.phase,
            "call": _call(labels, made),
            "source": "" if made is None or made.where is None else _source(made.where),
            "place": "" if made is None or made.where is None else str(made.where),
            "layers": "" if made is None else " / ".join(made.scope),
            "shape": _shape(values[var]) if var.shape is not None else "",
            "dtype": str(var.dtype) if var.dtype is not None and var.dtype.kind != "O" else "",
            "uses": uses,
            "used": used[var],
            "gradient": gradients.get(var),
            "of": None if of is None else numbers[of],
            "result": var in outputs,
            "data": data,
        }

    entries = [entry(each.var, None) for each in program.inputs] + [entry(each.out, each) for each in program.code]
    return {"title": program.name, "values": entries}


def _call(labels: Labels, made: Instruction | None) -> str:
    if made is None:
        return "given"
    call = labels.call(made)
    return call if made.function is guard else f"{labels.value(made.out)} = {call}"


def _shape(value: Any) -> str:
    return str(getattr(value, "shape", ""))


def _source(place: Place) -> str:
    """The line of the user's file, where it is there."""
    return linecache.getline(place.file, place.line).strip()
