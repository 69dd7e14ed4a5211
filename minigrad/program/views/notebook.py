"""How does a program look in a notebook?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minigrad.engine import html
from minigrad.program.errors import ProgramError

if TYPE_CHECKING:
    from minigrad.program.program import Program

# Printing code takes about a second for a thousand instructions.
_LONGEST = 300


def page(program: Program) -> str:
    """The program as NumPy code, or as calls where that is refused; of a long one, only how it begins."""
    title = repr(program).strip("<>")
    if len(program.code) > _LONGEST:
        return html.box(title, html.lines("print(program.source()) shows the code, print(program.text()) the calls"))
    try:
        return html.box(title, html.lines(program.source()))
    except ProgramError:
        return html.box(title, html.lines(program.text()))
