"""What does a failing property raise, beside other errors and examples that say nothing, and how is it shown?"""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example
from hypothesis import strategies as st
from property_checks import failure, few, rules

import minigrad as mg
from minigrad import testing
from minigrad.testing import grad_property
from minigrad.testing.strategies.hypothesis import arrays, labels, shapes


def test_inconclusive_examples_pass_unless_all_are():
    @few
    @grad_property(x=arrays(shapes(1, 1, min_side=0)))
    def sometimes_empty(x):
        return np.sin(x)

    @few
    @grad_property(x=arrays((0, 3)))
    def always_empty(x):
        return np.sin(x)

    @few
    @grad_property(x=st.just(np.zeros(3)), kinks="refuse")
    def at_the_kink(x):
        return mg.relu(x)

    sometimes_empty()
    for test in (always_empty, at_the_kink):
        error = failure(test)
        assert error.result.verdict == "inconclusive"
        assert str(error).startswith(
            "every example was inconclusive (1 of them); the last one:\ngradcheck INCONCLUSIVE"
        )
        assert error.example is None


def test_other_errors_are_raised_as_they_are():
    @few
    @grad_property(x=arrays(3))
    def infinite(x):
        return np.log(x)

    @few
    @grad_property(x=arrays(3))
    def lost(x):
        return x.data

    @few
    @grad_property(x=labels(3, 2))
    def integers(x):
        return x

    with np.errstate(all="ignore"), pytest.raises(ValueError, match="infinite is not finite"):
        infinite()
    with pytest.raises(TypeError, match="lost returned a ndarray, not a Tensor"):
        lost()
    with pytest.raises(ValueError, match="nothing was checked"):
        integers()


def test_two_different_failures_are_both_told_and_the_gradient_explained():
    def backward(g, out, x):
        if 7 in x.shape or 1 < x.size < 5:
            raise KeyError(x.shape)
        return g

    @few
    @grad_property(backward, x=arrays(shapes(1, 2)))
    def sine(x):
        return np.sin(x)

    with pytest.raises(BaseExceptionGroup) as caught:
        sine()
    (error,) = [each for each in caught.value.exceptions if isinstance(each, testing.GradcheckError)]
    assert rules(error) == {("x", "factor.missing")}
    assert set(error.result.leaves[0].shape) <= {3, 5}
    assert error.example["x"].shape == (1,)


def test_the_notes_of_hypothesis_stay_and_occur_once():
    @few
    @grad_property(lambda g, out, x: g, x=arrays(shapes()))
    def sine(x):
        return np.sin(x)

    error = failure(sine)
    notes = "\n".join(error.__notes__)
    assert notes.count("sine(") == 1
    assert notes.count("x=array([0.05])") == 1
    assert str(error).count("smallest example") == 1
    # Whatever is known of the failure so far survives being asked again.
    assert str(failure(sine)) == str(error)


def test_failing_examples_given_explicitly_are_told():
    @few
    @example(x=np.array([1.0, 2.0]))
    @grad_property(lambda g, out, x: g, x=arrays(shapes()))
    def sine(x):
        return np.sin(x)

    assert str(failure(sine)).endswith("smallest example: x=array([1., 2.])")


TESTS = """
import numpy as np
from minigrad.testing import grad_property
from minigrad.testing.strategies.hypothesis import arrays, shapes

@grad_property(x=arrays(shapes(1, 2, max_side=4)))
def test_right(x):
    return np.sin(x)

class TestIt:
    @grad_property(lambda g, out, x: g, x=arrays(shapes(1, 2)))
    def test_wrong(self, x):
        return np.sin(x)
"""


def test_pytest_shows_the_report_and_the_place_of_the_test(tmp_path):
    (tmp_path / "test_it.py").write_text(TESTS)
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    path = [str(Path(mg.__file__).parent.parent), *sys.path]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": ":".join(path)}, capture_output=True, text=True, check=False
    )
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "[factor.missing]" in done.stdout
    assert done.stdout.count("smallest example: x=array([0.05])") == 1
    assert re.search(r"^test_it.py:\d+: GradcheckError$", done.stdout, re.MULTILINE)
