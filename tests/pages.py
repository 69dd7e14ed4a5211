"""Which blocks of code does a page of the documentation have, and what do they print?

``python tests/pages.py docs/tour.md`` says where the page shows something else than its code prints, and
``python tests/pages.py --write docs/tour.md`` writes what it prints. Without pages, all are looked at.
"""

import ast
import contextlib
import io
import itertools
import linecache
import os
import re
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
# Those of two libraries side by side have a test of their own.
ONE_SESSION = [page for page in PAGES if "coming-from" not in page]

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
    """The text without durations, and without figures that are rounding errors: every machine has its own of these."""
    text = re.sub(r"\(\d+\.\d s\)", "(... s)", text)
    return re.sub(r"(?<=relative error )\S+|(?<=good to )[^)]+|(?<=an error of )\S+", "...", text)


def printed(page):
    """The blocks of Python of a page, each with what it prints. They run in order, in one session and a new folder.

    A block whose title is the name of a file is that file for messages which show lines of code.
    """
    names, back = {"__name__": "page"}, Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for block in blocks((ROOT / page).read_text()):
                if block.language == "python":
                    yield block, run(block.code, block.title or Path(page).name, names)
        finally:
            os.chdir(back)


def rewritten(page):
    """The text of a page with what its blocks print."""
    text = (ROOT / page).read_text()
    for block, output in printed(page):
        if without_rounding(output) != without_rounding(block.output or ""):
            before = f"{block.code}```\n" + ("" if block.output is None else f"\n```text\n{block.output}```\n")
            text = text.replace(before, f"{block.code}```\n" + (f"\n```text\n{output}```\n" if output else ""), 1)
    return text


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--write"]
    wrong = {page: new for page in arguments or ONE_SESSION if (new := rewritten(page)) != (ROOT / page).read_text()}
    for page, new in wrong.items():
        sys.stdout.write(f"{page} shows something else than its code prints\n")
        if "--write" in sys.argv:
            (ROOT / page).write_text(new)
    raise SystemExit(bool(wrong))
