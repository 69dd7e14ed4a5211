"""What is raised where a function cannot be written as a program?"""

from __future__ import annotations

KEPT = (
    "a function keeps a value from an earlier call, in a list or an attribute, and that call was recorded as a "
    "program; inside of the function compute the value anew, or pass it as an argument; outside, call the function "
    "itself with arrays, and what it keeps is arrays again"
)


class ProgramError(RuntimeError):
    """A function cannot be recorded as a program, or a program cannot be run with what it was given."""
