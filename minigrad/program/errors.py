"""What is raised where a function cannot be written as a program?"""

from __future__ import annotations

KEPT = (
    "a function keeps a value from an earlier call, in a list or an attribute, and that call was recorded as a "
    "program; inside of the function compute the value anew, or pass it as an argument; outside, call the function "
    "itself with arrays, and what it keeps is arrays again"
)

ELSEWHERE = (
    "another thread records a function that uses this Tensor or variable too, which holds a stand-in meanwhile; call "
    "the compiled function once before other threads start, and compute in one thread inside of it"
)


class ProgramError(RuntimeError):
    """A function cannot be recorded as a program, or a program cannot be run with what it was given."""


def by_chance(where: object, detail: str = "") -> ProgramError:
    """The error where the same inputs give other calls or numbers; `where` is the line, or None."""
    place = "" if where is None else f"{where}: "
    return ProgramError(
        f"{place}the same inputs give other calls or numbers when the function is called again{detail}: "
        "it draws random numbers, or keeps something between calls; pass a generator, or what it keeps, as an "
        "argument"
    )
