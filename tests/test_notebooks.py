"""Do the notebooks give what stands in them?"""

import re
import sys
from itertools import pairwise

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from notebooks import NOTEBOOKS, executed, normalised, read, text_of, told

import minigrad as mg

LINK = re.compile(r"\]\(([^)\s]+)\)")

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def notebook(*sources):
    """A notebook with these cells of code."""
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
    return nbformat.v4.new_notebook(cells=cells)


def outputs(notebook):
    """What each cell of code tells, by its id."""
    return {cell.id: told(cell) for cell in notebook.cells if cell.cell_type == "code"}


def test_there_are_notebooks():
    assert {path.stem for path in NOTEBOOKS} >= {"digits", "gaussian_process", "homework"}


@each
def test_a_notebook_gives_what_stands_in_it(path):
    committed = read(path)
    found = outputs(executed(committed))
    again = f"python tests/notebooks.py {path.stem}, if the new output is right"
    for name, output in outputs(committed).items():
        assert found[name] == output, f"{path.name}, cell {name!r} gives something else: {again}"
        assert {"stderr", "error"}.isdisjoint(kind for kind, _ in output), f"{path.name}, cell {name!r}"


@each
def test_a_notebook_is_as_it_is_written_by_the_script(path):
    text = path.read_text()
    assert text == text_of(normalised(read(path)))
    assert len(text) < 200_000
    assert sum(map(bool, outputs(read(path)).values())) >= 5, "it was not executed"


@each
def test_cells_have_names_and_code_follows_words(path):
    cells = read(path).cells
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    assert 'pip install "minigrad-numpy[examples]"' in cells[0].source
    assert cells[-1].source.startswith("## Where to go on")
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    for before, cell in pairwise(cells):
        assert cell.cell_type == "markdown" or before.cell_type == "markdown", cell.id
    # Names that Jupyter draws have eight hexadecimal digits, or are those of a UUID.
    assert not [cell.id for cell in cells if re.fullmatch(r"[0-9a-f]{8}(-.*)?", cell.id)]


@each
def test_links_lead_to_files(path):
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    links = [link for link in LINK.findall(text) if not link.startswith("http")]
    assert links
    for link in links:
        target = (path.parent / link.partition("#")[0]).resolve()
        assert target.exists(), link


def test_the_kernel_is_this_python_with_the_tested_package():
    run = executed(notebook("import sys; print(sys.executable)", "import minigrad; print(minigrad.__file__)"))
    assert outputs(run) == {"cell-0": [("stdout", f"{sys.executable}\n")], "cell-1": [("stdout", f"{mg.__file__}\n")]}


def test_what_differs_is_seen_and_what_may_differ_is_not():
    sources = ["print('3 images')", "object()", "print('largest relative error 5e-14 (reference')", "2 + 2"]
    run = executed(notebook(*sources, "import sys; print('careful', file=sys.stderr)", "print(1); print(2)"))
    assert outputs(run) == {
        "cell-0": [("stdout", "3 images\n")],
        "cell-1": [("text/plain", "<object at 0x...>")],
        "cell-2": [("stdout", "largest relative error ... (reference\n")],
        "cell-3": [("text/plain", "4")],
        "cell-4": [("stderr", "careful\n")],
        "cell-5": [("stdout", "1\n2\n")],
    }


def test_a_warning_ends_the_notebook():
    with pytest.raises(CellExecutionError, match="divide by zero"):
        executed(notebook("import numpy as np", "np.log(np.zeros(1))"))
