"""Which pictures do the pages of the documentation draw?

``python tests/page_pictures.py`` runs the code of each page that draws some, and writes them beside it; then the
examples of models, and writes one picture of each. That takes two minutes. ``python tests/page_pictures.py vae`` writes
that of one example alone.
"""

import contextlib
import io
import os
import re
import runpy
import sys
import tempfile
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

import matplotlib
from pages import ROOT, printed

DRAWING = ["docs/pictures.md"]
# The picture of each example that the page about them shows, by the name that the example gives it.
EXAMPLES = {
    "bayes": "posterior.svg",
    "char_transformer": "surprise.svg",
    "pinn": "solution.svg",
    "resnet": "learning_curves.svg",
    "vae": "digits.svg",
}
# With a salt and one date, the same picture is the same file. Text as text keeps it small, and can be compared.
STYLE = {"svg.hashsalt": "minigrad", "svg.fonttype": "none"}


def drawn(page):
    """The pictures that the code of a page saves, by name."""
    found = {}
    with matplotlib.rc_context(STYLE), mock.patch.dict(os.environ, {"SOURCE_DATE_EPOCH": "0"}):
        # The folder that they are saved in is gone when the code has run.
        for _ in printed(page):
            found |= {path.name: path.read_bytes() for path in Path.cwd().glob("*.svg")}
    return found


def drawn_by(example, options=()):
    """All pictures that an example draws, by name."""
    main = runpy.run_path(str(ROOT / "examples" / f"{example}.py"))["main"]
    dated = mock.patch.dict(os.environ, {"SOURCE_DATE_EPOCH": "0"})
    silent, place = contextlib.redirect_stdout(io.StringIO()), tempfile.TemporaryDirectory()
    with matplotlib.rc_context(STYLE), dated, silent, place as folder:
        main([*options, "--plot", folder])
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def shown(page):
    """The names of the pictures that a page shows."""
    return re.findall(r"!\[[^\]]*\]\(([^)]+)\)", (ROOT / page).read_text())


def labels(picture):
    """What is written in a picture, but for numbers, of which the last digits are those of a machine."""
    elements = [each for each in ElementTree.fromstring(picture).iter() if each.tag.endswith("text")]
    texts = {"".join(each.itertext()).strip() for each in elements}
    return {text for text in texts if not re.search(r"\d", text)}


if __name__ == "__main__":
    chosen = sys.argv[1:] or [*DRAWING, *EXAMPLES]
    for choice in chosen:
        if choice in EXAMPLES:
            pictures = {ROOT / "docs" / f"{choice}.svg": drawn_by(choice)[EXAMPLES[choice]]}
        else:
            pictures = {(ROOT / choice).parent / name: picture for name, picture in drawn(choice).items()}
        for place, picture in pictures.items():
            place.write_bytes(picture)
            sys.stdout.write(f"{place.relative_to(ROOT)}: {len(picture) / 1000:.0f} kB\n")
