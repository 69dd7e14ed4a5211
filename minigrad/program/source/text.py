"""How tightly does a piece of an expression hold together, and when does it need parentheses?"""

from __future__ import annotations

import re
from typing import NamedTuple

# The higher, the tighter, as in the grammar of Python.
COMPARISON, OR, XOR, AND, SHIFT, SUM, PRODUCT, UNARY, POWER, ATOM = range(6, 16)

_INDENT = "    "


class Text(NamedTuple):
    """A piece of an expression.

    Attributes:
        text: as it is printed.
        level: how tightly it holds together.
        is_name: whether it is a name, which costs nothing to be written twice.
    """

    text: str
    level: int = ATOM
    is_name: bool = False

    def within(self, level: int) -> str:
        """The text where something at least as tight is needed."""
        return self.text if self.level >= level else f"({self.text})"


def quoted(text: str) -> str:
    """A string in double quotes, as people write it, if it can be."""
    plain = repr(text)
    return f'"{plain[1:-1]}"' if plain[0] == "'" and '"' not in plain and "\\'" not in plain else plain


def filled(opening: str, inside: str, closing: str, width: int) -> str:
    """A line with what it has in parentheses; several where that is too long, which end behind a comma.

    Args:
        opening: with the parenthesis, or a bracket.
        inside: what follows, up to the closing one.
        closing: the rest.
        width: how long a line may be.
    """
    whole = f"{opening}{inside}{closing}"
    if len(whole) <= width:
        return whole
    lines = [""]
    # A comma in a string ends no line.
    for piece in re.findall(r"""(?:"[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*'|[^,"'])+,? ?""", inside):
        if lines[-1] and len(_INDENT + lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join([opening, *[_INDENT + each.rstrip() for each in lines], closing])


def broken(line: str, width: int) -> str | None:
    """A call with a list of parts, with lines that end between two of them; None where a part is too long for that."""
    start = line.find("([") + 2
    if start == 1:
        return None
    cuts, depth = [start], 0
    for position, letter in enumerate(line):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 2 and position > start:
            cuts.append(position + 2)
    pieces = [line[cut:end] for cut, end in zip(cuts, [*cuts[1:], len(line)], strict=True)]
    lines = [line[:start]]
    for piece in pieces:
        if len(lines[-1]) + len(piece.rstrip()) > width and lines[-1].strip():
            lines.append(" " * start)
        lines[-1] += piece
    lines = [each.rstrip() for each in lines]
    return "\n".join(lines) if max(map(len, lines)) <= width else None
