"""How does a program look in a notebook?"""

from __future__ import annotations

from minigrad.engine import html
from minigrad.program.errors import ProgramError
from minigrad.program.program_like import ProgramLike
from minigrad.program.source.writer import source_of
from minigrad.program.views.text import text

# Printing code takes about a second for a thousand instructions.
_LONGEST = 300


def page(program: ProgramLike) -> str:
    """The program as NumPy code, or as calls where that is refused; of a long one, only how it begins."""
    title = repr(program).strip("<>")
    if len(program.code) > _LONGEST:
        return html.box(title, html.lines("print(program.source()) shows the code, print(program.text()) the calls"))
    try:
        return html.box(title, html.lines(source_of(program, None, False)))
    except ProgramError:
        return html.box(title, html.lines(text(program)))
