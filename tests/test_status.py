"""Is the page of operations what the suite finds, and does it find enough?"""

import re

import effort
import numpy as np
import operation_checks
import pytest
import status
from scipy import special

import minigrad as mg
from minigrad.engine.examples import reals
from minigrad.engine.registry import operations


def existing(page):
    """The page without functions that the installed NumPy does not have; the committed one is made with the newest."""

    def kept(match):
        *path, last = match[1].split(".")
        module = {"np": np, "np.linalg": np.linalg, "np.fft": np.fft, "scipy.special": special}.get(".".join(path))
        return match[0] if module is None or hasattr(module, last) else ""

    page = re.sub(r"`((?:np|scipy)\.[\w.]+)`(?:, )?", kept, page)
    return re.sub(r"\n\d+ functions", "\nSome functions", page.replace("|  |", "| - |"))


@pytest.fixture(autouse=True)
def _first_examples(monkeypatch):
    """The first example of each operation is enough here: test_ops.py makes the same checks at all of them."""
    if not effort.thorough:
        monkeypatch.setattr(status, "examples_of", lambda operation: operation.examples[:1])


def test_the_page_is_current():
    """Where this fails, look at what changed, and run ``python tests/status.py``."""
    assert existing(status.PAGE.read_text()) == existing(status.page())


def test_both_pages_tell_the_same_number():
    (found,) = re.findall(r"\n(\d+) functions", status.PAGE.read_text())
    assert f"{found} functions of NumPy" in (status.PAGE.parent / "numpy.md").read_text()


def test_enough_functions_are_verified_to_first_and_second_order():
    found = status.rows()
    assert len(status.verified_functions(found)) >= 170
    assert {"yes", "float64", "refused"} == {cell for *_, cells in found for cell in cells}


def test_a_wrong_rule_is_no_yes(monkeypatch):
    @mg.primitive(lambda g, out, x: g * np.sin(x), examples=[reals(2)])
    def detached(x):
        """x sin(x), with the rule of a sine that is a constant."""
        return x * np.sin(x)

    operation = operations["detached"]
    assert status.answer(operation_checks.first_derivative, operation) == "NO"
    assert status.answer(operation_checks.float32_is_kept, operation) == "yes"
