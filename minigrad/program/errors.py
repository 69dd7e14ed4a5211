"""What is raised where a function cannot be written as a program?"""

from __future__ import annotations


class ProgramError(RuntimeError):
    """A function cannot be recorded as a program, or a program cannot be run with what it was given."""
