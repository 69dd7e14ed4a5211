"""Is what the pages and the docstrings show what happens?"""

import doctest
import inspect
import io
import re
import tomllib
from pathlib import Path

import numpy as np
import pages
import pytest
from debug_stories import STORIES
from pages import ONE_SESSION, PAGES, ROOT, blocks, printed, without_rounding

import minigrad as mg
from minigrad import data, losses, nn, optim, plot, testing
from minigrad.debugging.formulas import STABLE
from minigrad.engine.registry import operations

NAMES = {"mg": mg, "np": np, "nn": nn, "losses": losses, "optim": optim, "data": data, "plot": plot}
NAMES |= {"testing": testing}


@pytest.mark.parametrize("page", ONE_SESSION)
def test_a_page_shows_what_its_code_prints(page):
    for block, output in printed(page):
        assert without_rounding(output) == without_rounding(block.output or ""), block.code


def test_a_page_that_shows_something_else_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    code = "```python\nprint(1 + 1)\n```\n"
    for shown in ("", "\n```text\n3\n```\n"):
        (tmp_path / "page.md").write_text(f"Sums.\n\n{code}{shown}\nAnd so on.\n")
        assert pages.rewritten("page.md") == f"Sums.\n\n{code}\n```text\n2\n```\n\nAnd so on.\n"


@pytest.mark.parametrize("page", PAGES)
def test_commands_name_what_exists(page):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (ROOT / page).read_text()
    for block in blocks(text):
        assert block.language in {"python", "sh", "text"}, block.code
        for name in re.findall(r"(?:python )?([\w./]+\.py|\.ci/\w+)\b", block.code if block.language == "sh" else ""):
            assert (ROOT / name).is_file(), name
    for extras in re.findall(r"(?:minigrad-numpy|\.)\[([a-z,]+)\]", text):
        assert set(extras.split(",")) <= project["optional-dependencies"].keys(), extras
    assert not re.search(r"pip install \S*\bminigrad\b(?!-numpy)", text)


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_the_engine_is_as_long_as_its_page_says():
    rows = re.findall(r"\]\(\.\./(\S+\.py)\) \| (\d+) \|", (ROOT / "docs/engine.md").read_text())
    assert len(rows) == 6
    for name, lines in rows:
        assert len((ROOT / name).read_text().splitlines()) == int(lines), name


DEBUGGING = (ROOT / "docs/debugging.md").read_text()


def test_the_page_on_debugging_lists_the_causes():
    package = Path(mg.__file__).parent / "debugging"
    source = "\n".join(path.read_text() for path in package.glob("*.py"))
    first = re.findall(r"^\| (`.*?) \|", DEBUGGING, re.MULTILINE)
    told = {cause for cell in first for cause in re.findall(r"`(.*?)`", cell)}
    named = {*re.findall(r'Cause\(\s*"(.*?)"', source), *STABLE, *(story.cause for story in STORIES)}
    assert told == named | {"power at 0"}


PAGE = (ROOT / "docs/checking.md").read_text()


def test_the_page_on_checking_lists_the_causes():
    told = set(re.findall(r"`([a-z]+\.[a-z_0-9]+)`", PAGE[PAGE.index("## The causes") :]))
    package = Path(testing.__file__).parent
    source = "\n".join(path.read_text() for path in package.rglob("*.py"))
    families = {cause.split(".")[0] for cause in told}
    used = {cause for cause in re.findall(r'"([a-z]+\.[a-z_0-9]+)"', source) if cause.split(".")[0] in families}
    assert told - {"result.findings"} == used | {"mutation.input", "mutation.upstream"}


def documented():
    """Every public object with a docstring, methods included."""
    for module in (mg, nn, losses, optim, data, mg.exchange, mg.metrics, plot, testing, testing.strategies):
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.ismodule(value):
                continue
            yield f"{module.__name__}.{name}", value.__doc__
            if inspect.isclass(value):
                for key, member in vars(value).items():
                    if not key.startswith("_") and getattr(member, "__doc__", None):
                        yield f"{module.__name__}.{name}.{key}", member.__doc__


EXAMPLES = {name: text for name, text in documented() if text and ">>>" in text}


@pytest.mark.parametrize("name", EXAMPLES)
def test_docstring_examples_run(name):
    test = doctest.DocTestParser().get_doctest(inspect.cleandoc(EXAMPLES[name]), dict(NAMES), name, None, None)
    report = io.StringIO()
    failed = doctest.DocTestRunner(verbose=False).run(test, out=report.write).failed
    assert not failed, report.getvalue()


def test_docstrings_with_examples_were_found():
    assert {"minigrad.Tensor", "minigrad.primitive", "minigrad.gradients", "minigrad.optim.Adam"} <= EXAMPLES.keys()


def test_operations_and_public_names_say_what_they_do():
    for operation in operations.values():
        assert operation.function.__doc__
        assert inspect.signature(operation.function)
