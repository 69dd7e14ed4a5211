"""How does an object look in a notebook? Small pieces of HTML, in whatever colours the notebook has, light or dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

# The text has the colour of the notebook; these two are told apart from it, and from each other, on white and on black.
ACCENT, GOOD = "#d1603d", "#2f8f83"

_LEFT = 'style="text-align:left"'


def box(title: str, *parts: str, mark: str = "") -> str:
    """A title, given as text, above parts that are HTML; with a mark, there is a line of that colour at the left."""
    edge = f"border-left:4px solid {mark};padding-left:8px" if mark else ""
    return f'<div style="{edge}"><div><strong>{escape(title)}</strong></div>{"".join(parts)}</div>'


def lines(text: str) -> str:
    """Text in columns of characters, as it is, with a bar for scrolling where it is wide."""
    return f'<pre style="overflow-x:auto;line-height:1.35">{escape(text)}</pre>'


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells of text."""
    head = "".join(f"<th {_LEFT}>{escape(cell)}</th>" for cell in header)
    body = "".join(f"<tr>{''.join(f'<td {_LEFT}>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def folded(title: str, content: str) -> str:
    """HTML that is shown when somebody clicks on its title, which is text."""
    return f"<details><summary>{escape(title)}</summary>{content}</details>"
