"""Do editors and type checkers know the types, and only right ones?"""

import os
import re
import runpy
import subprocess
import sys
import typing
from pathlib import Path

import numpy as np
import pytest
import stubs
from pages import ROOT, blocks

import minigrad as mg
from minigrad.engine.annotations import Out

CASES = Path(__file__).parent / "cases"

# Its functions have no annotations, as most people write them.
README = "# mypy: allow-untyped-defs, allow-untyped-calls\n" + "\n".join(
    block.code for block in blocks((ROOT / "README.md").read_text()) if block.language == "python"
)


def test_the_stubs_are_current():
    for path, text in ((stubs.OPERATIONS_STUB, stubs.operations_stub()), (stubs.METHODS_STUB, stubs.methods_stub())):
        assert path.read_text() == text, "`python tests/stubs.py` writes them again"


def fits(value, text):
    """Whether a result is what a stub says of it."""
    if text in ("Any", "..."):
        return True
    if match := re.fullmatch(r"(\w+)\[(.*)\]", text):
        kind, inner = match[1], match[2].split(", ")
        if type(value).__name__ != kind:
            return False
        if hasattr(value, "_fields"):
            inner = [inner[0] if hint is Out else "Array" for hint in typing.get_type_hints(type(value)).values()]
        elif kind == "list" or inner[-1] == "...":
            inner = inner[:1] * len(value)
        return all(map(fits, value, inner)) and len(value) == len(inner)
    return isinstance(value, {"Tensor": mg.Tensor, "Array": (np.ndarray, np.generic), "int": int}[text])


def drawn(part, wrap):
    if isinstance(part, (list, tuple)):
        return type(part)(drawn(item, wrap) for item in part)
    return wrap(part.draw(np.random.default_rng(0))) if hasattr(part, "draw") else part


@pytest.mark.parametrize("wrap", [np.asarray, mg.Tensor], ids=["arrays", "tensors"])
@pytest.mark.parametrize("name", stubs.PUBLIC)
def test_operations_give_what_their_stub_says(name, wrap):
    operation = stubs.PUBLIC[name]
    possible = {
        result
        for parameters, result in stubs.Signature(operation).overloads()
        if wrap is mg.Tensor or not re.search(r"(: |\[)Tensor(?! \|)", parameters)
    }
    for example in operation.examples:
        args = example if isinstance(example, tuple) else (example,)
        args, named = (args[:-1], args[-1]) if isinstance(args[-1], dict) else (args, {})
        result = operation.function(*drawn(args, wrap), **named)
        assert any(fits(result, text) for text in possible), (example, possible)


@pytest.fixture(scope="module")
def complaints(tmp_path_factory):
    """What ``mypy --strict`` says of programs to somebody who has installed the package: by file, the lines."""
    folder = tmp_path_factory.mktemp("programs")
    programs = {"readme.py": README} | {name: (CASES / name).read_text() for name in ("accepted.py", "refused.py")}
    for name, code in programs.items():
        (folder / name).write_text(code)
    options = ["--strict", "--ignore-missing-imports", "--follow-imports=silent", "--config-file="]
    options += [f"--cache-dir={stubs.PACKAGE.parent / '.mypy_cache' / 'programs'}"]
    command = [sys.executable, "-m", "mypy", *options, *programs]
    paths = {"MYPYPATH": str(stubs.PACKAGE.parent)}
    done = subprocess.run(command, cwd=folder, env=os.environ | paths, capture_output=True, text=True, check=False)
    found = {name: {} for name in programs}
    for name, line, message in re.findall(r"^([\w.]+):(\d+): error: (.*)$", done.stdout, re.MULTILINE):
        found[name][int(line)] = message
    assert re.search(r"^Found \d+ errors", done.stdout, re.MULTILINE), done.stdout + done.stderr
    return found


def test_a_users_program_has_the_types_it_should(complaints):
    assert complaints["accepted.py"] == {}


def test_the_program_runs(capsys):
    runpy.run_path(str(CASES / "accepted.py"))
    assert "pass" in capsys.readouterr().out


def test_the_readme_has_types(complaints):
    assert complaints["readme.py"] == {}


def test_mistakes_are_refused(complaints):
    lines = (CASES / "refused.py").read_text().splitlines()
    expected = {number for number, line in enumerate(lines, 1) if line.endswith("# refused")}
    assert complaints["refused.py"].keys() == expected
