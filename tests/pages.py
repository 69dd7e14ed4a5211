"""Which blocks of code does a page of the documentation have, and what do they print?"""

import ast
import contextlib
import io
import itertools
import linecache
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block between two lines of backquotes.

    Attributes:
        language: what stands behind the first backquotes, such as "python".
        title: of ``title="..."`` behind it, else "".
        code: what stands in the block.
        output: what stands in the block of text that follows, if there is nothing but white space between, or the end
            of a grid of blocks that stand side by side; else None.
    """

    language: str
    title: str
    code: str
    output: str | None


def blocks(text):
    """The blocks of a page, in order; those that are the output of another one are no blocks of their own."""
    found = list(_FENCE.finditer(text))
    between = [text[first.end() : second.start()] for first, second in itertools.pairwise(found)]
    follows = [not part.replace("</div>", "").strip() for part in between]
    result, taken = [], False
    for position, match in enumerate(found):
        if taken:
            taken = False
            continue
        language, rest, code = match.groups()
        taken = language != "text" and position < len(follows) and follows[position]
        taken = taken and found[position + 1][1] == "text"
        title = re.search(r'title="(.*?)"', rest)
        result.append(Block(language, title[1] if title else "", code, found[position + 1][3] if taken else None))
    return result


def run(code, name, names, ignored=()):
    """What a block prints. Messages that show its lines find them under the name of its file.

    Warnings are errors, but for those whose messages begin like one of `ignored`.
    """
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        for message in ignored:
            warnings.filterwarnings("ignore", re.escape(message))
        exec(compile(ast.parse(code), name, "exec"), names)
    return printed.getvalue()


def without_rounding(text):
    """The text without figures that are nothing but rounding errors, which every machine makes in its own way."""
    return re.sub(r"(?<=relative error )\S+|(?<=good to )[^)]+|(?<=an error of )\S+", "...", text)
