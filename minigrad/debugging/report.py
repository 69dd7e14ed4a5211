"""What is said of a number that went bad?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.debugging.causes import Cause
from minigrad.debugging.errors import NotFiniteError
from minigrad.debugging.numbers import described, is_numeric, shown, shown_index
from minigrad.debugging.places import Place
from minigrad.debugging.scenes import Scene, is_elementwise


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be said; an error that is kept would keep alive where it was raised."""

    message: str
    operation: str
    place: Place | None
    cause: str

    def error(self) -> NotFiniteError:
        """The error that says it."""
        file, line = ("", 0) if self.place is None else (self.place.file, self.place.line)
        return NotFiniteError(self.message, self.operation, file, line, self.cause)


def of_scene(scene: Scene, cause: Cause) -> Report:
    """What is said of an operation that made NaN or infinity."""
    name, number = scene.op.name, shown(scene.number)
    where = f" at {shown_index(scene.index)}" if scene.index else ""
    if scene.note is not None and scene.note.rule_of:
        name = f"{name} (in the derivative of {scene.note.rule_of})"
    if scene.position is None:
        happened = f"{name} gave {number}{where}"
    else:
        happened = f"the derivative of {name} gave {number}{where} for argument {scene.position}, of a finite gradient"
    return report(happened, _numbers(scene), cause, scene.op.name, scene.place)


def report(happened: str, numbers: list[str], cause: Cause, operation: str, place: Place | None) -> Report:
    """The message: what happened and where, the numbers, the cause, and the cure."""
    lines = [f"{happened}\n  {told(place)}"]
    if place is not None and place.text():
        lines.append(f"    {place.text()}")
    lines += [f"  {line}" for line in numbers]
    lines += [f"cause: {cause.name}: {cause.why}", f"cure: {cause.cure}"]
    return Report("\n".join(lines), operation, place, cause.name)


def told(place: Place | None) -> str:
    """A place, and what it belongs to."""
    if place is None:
        return "called outside of the block of mg.debug(); compute it inside, to be told the line"
    function = "" if place.function == "<module>" else f", in {place.function}"
    return f"called in {place}{function}{f', inside {place.inside}' if place.inside else ''}"


def _numbers(scene: Scene) -> list[str]:
    lines = []
    index = scene.index if is_elementwise(scene.op) and np.shape(scene.bad) == np.shape(scene.out) else None
    for position, array in enumerate(scene.arrays):
        parent = scene.parents[position]
        named = f" {parent.name!r}" if parent is not None and parent.name else ""
        lines.append(_line(f"argument {position}{named}", array, scene.at(position), index))
    if scene.position is not None:
        lines.append(_line("result", scene.out, None, None))
        lines.append(_line("gradient of the result", scene.gradient, scene.gradient_at(), index))
    return lines


def _line(name: str, value: Any, at: float | None, index: tuple[int, ...] | None) -> str:
    if not is_numeric(value):
        return f"{name}: {type(value).__name__}"
    there = f"; {shown(at)} at that place" if at is not None and index and np.ndim(value) else ""
    return f"{name}: {described(value)}{there}"
