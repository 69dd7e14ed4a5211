"""Is what the README and the docstrings show what happens?"""

import ast
import contextlib
import doctest
import inspect
import io
import linecache
import re
from pathlib import Path

import numpy as np
import pytest
from debug_stories import STORIES

import minigrad as mg
from minigrad import data, losses, nn, optim, testing
from minigrad.debugging.formulas import STABLE
from minigrad.engine.registry import operations

README = (Path(__file__).parent.parent / "README.md").read_text()
PATTERN = r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?"
BLOCKS = re.findall(PATTERN, README, re.DOTALL)
NAMES = {"mg": mg, "np": np, "nn": nn, "losses": losses, "optim": optim, "data": data, "testing": testing}


@pytest.mark.parametrize(("code", "output"), BLOCKS)
def test_readme_examples_print_what_they_say(code, output):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.parse(code), "README.md", "exec"), {"__name__": "readme"})
    assert output, "an example without its output"
    assert without_rounding(printed.getvalue()) == without_rounding(output)


DEBUGGING = (Path(__file__).parent.parent / "docs" / "debugging.md").read_text()


@pytest.mark.parametrize(("code", "output"), re.findall(PATTERN, DEBUGGING, re.DOTALL))
def test_the_page_on_debugging_prints_what_it_says(code, output, monkeypatch):
    # The messages show lines of a file.
    monkeypatch.setitem(linecache.cache, "train.py", (len(code), None, code.splitlines(keepends=True), "train.py"))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), np.errstate(all="ignore"):
        exec(compile(ast.parse(code), "train.py", "exec"), {"__name__": "page"})
    assert printed.getvalue() == output


def test_the_page_on_debugging_lists_the_causes():
    package = Path(mg.__file__).parent / "debugging"
    source = "\n".join(path.read_text() for path in package.glob("*.py"))
    first = re.findall(r"^\| (`.*?) \|", DEBUGGING, re.MULTILINE)
    told = {cause for cell in first for cause in re.findall(r"`(.*?)`", cell)}
    named = {*re.findall(r'Cause\(\s*"(.*?)"', source), *STABLE, *(story.cause for story in STORIES)}
    assert told == named | {"power at 0"}


PAGE = (Path(__file__).parent.parent / "docs" / "checking.md").read_text()


def printed_and_told(page):
    """What each block of code of a page prints, and what the page says that it does."""
    names = {"__name__": "page"}
    text = (Path(__file__).parent.parent / "docs" / page).read_text()
    for code, output in re.findall(PATTERN, text, re.DOTALL):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(ast.parse(code), f"docs/{page}", "exec"), names)
        yield printed.getvalue(), output


def test_the_page_on_checking_prints_what_it_says():
    for printed, told in printed_and_told("checking.md"):
        assert without_rounding(printed) == without_rounding(told)


def test_the_page_on_programs_prints_what_it_says():
    for printed, told in printed_and_told("program.md"):
        assert printed == told


def test_the_page_on_checking_lists_the_causes():
    told = set(re.findall(r"`([a-z]+\.[a-z_0-9]+)`", PAGE[PAGE.index("## The causes") :]))
    package = Path(testing.__file__).parent
    source = "\n".join(path.read_text() for path in package.rglob("*.py"))
    families = {cause.split(".")[0] for cause in told}
    used = {cause for cause in re.findall(r'"([a-z]+\.[a-z_0-9]+)"', source) if cause.split(".")[0] in families}
    assert told - {"result.findings"} == used | {"mutation.input", "mutation.upstream"}


def without_rounding(text):
    """The text without figures that are nothing but rounding errors, which every machine makes in its own way."""
    return re.sub(r"(?<=relative error )\S+|(?<=good to )[^)]+|(?<=an error of )\S+", "...", text)


def test_readme_has_its_examples():
    assert len(BLOCKS) >= 3


def documented():
    """Every public object with a docstring, methods included."""
    for module in (mg, nn, losses, optim, data, testing, testing.strategies):
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
