"""Does pytest give every test its checks, with its own seed and options, and show the report of a failed assertion?"""

import subprocess
import sys
import zlib

import numpy as np
import pytest

import minigrad as mg
from minigrad import testing

X = np.linspace(0.1, 1.0, 5)

# What the tests that these tests run begin with.
BEGINNING = """
import numpy as np
import pytest
from minigrad import testing

X = np.linspace(0.1, 1.0, 5)
QUIET = {"raise_exception": False}


def forward(x):
    return np.tanh(x)


def wrong(g, out, x):
    return g * (1 - x * x)


def failed():
    return testing.check_backward(forward, wrong, X, **QUIET)

"""

HEAD = "check_backward FAILED  forward: 1 of 1 gradient wrong"


@pytest.fixture
def run(pytester):
    """Run a test file in this process; the result has the outcomes and the output."""

    def run_file(body, *args):
        pytester.makepyfile(test_it=BEGINNING + body)
        return pytester.runpytest("--strict-markers", "-Werror", "-pno:cacheprovider", *args)

    return run_file


def test_the_seed_is_the_checksum_of_the_id_of_the_test(gradcheck, request):
    seed = zlib.crc32(request.node.nodeid.encode())
    assert gradcheck(np.tanh, X).seed == seed
    assert gradcheck.gradgradcheck(np.tanh, X).seed == seed
    assert gradcheck.jvpcheck(np.tanh, X).seed == seed
    assert gradcheck.check_backward(np.tanh, lambda g, out, x: g * (1 - out * out), X).seed == seed
    assert gradcheck.compare_backward(lambda x: np.sum(x * x), {"x": 2 * X}, X)


def test_an_explicit_seed_or_generator_wins(gradcheck):
    assert gradcheck(np.tanh, X, rng=3).seed == 3
    assert gradcheck(np.tanh, X, rng=np.random.default_rng(3)).seed is None


SEEDS = """
@pytest.mark.parametrize("name", ["a", "b"])
def test_one(gradcheck, name, record):
    record(gradcheck(np.tanh, X).seed)


class TestGroup:
    def test_one(self, gradcheck, record):
        record(gradcheck(np.tanh, X).seed)


@pytest.fixture
def record(request):
    def write(seed):
        with open("seeds.txt", "a") as file:
            file.write(f"{request.node.nodeid} {seed}\\n")

    return write
"""


def test_seeds_differ_between_tests_and_stay_the_same_in_any_order(run, pytester):
    run(SEEDS).assert_outcomes(passed=3)
    first = (pytester.path / "seeds.txt").read_text().splitlines()
    assert len({line.split()[1] for line in first}) == 3
    (pytester.path / "seeds.txt").unlink()
    names = [line.split()[0] for line in first]
    pytester.runpytest(names[2], names[1]).assert_outcomes(passed=2)
    assert (pytester.path / "seeds.txt").read_text().splitlines() == [first[2], first[1]]


@mg.primitive(lambda g, out, x: g * (1.0 - x * x))
def slope_of_the_input(x):
    """A tanh whose rule takes its input for its output."""
    return np.tanh(x)


def test_the_seed_in_the_report_gives_the_same_check_without_pytest(gradcheck):
    for check, again in ((gradcheck, testing.gradcheck), (gradcheck.jvpcheck, testing.jvpcheck)):
        result = check(slope_of_the_input, X, raise_exception=False)
        text = str(result)
        seed = int(text.rsplit("rng=", 1)[1].rstrip(")"))
        repeated = again(slope_of_the_input, X, raise_exception=False, rng=seed)
        assert str(repeated) == text
        assert repeated == result != again(slope_of_the_input, X, raise_exception=False)


# kinks="refuse" makes the check of relu at 0 inconclusive; mode and rtol show in the leaves.
MARKERS = """
import minigrad as mg

pytestmark = pytest.mark.gradcheck(kinks="refuse", raise_exception=False, rtol=0.5, rng=7)


def test_of_the_module(gradcheck):
    result = gradcheck(mg.relu, np.array([0.0, 1.0]))
    assert (result.verdict, result.seed, result.leaves[0].directions) == ("inconclusive", 7, False)
    assert gradcheck.check_backward(forward, lambda g, out, x: 1.4 * g * (1 - out * out), X)


@pytest.mark.gradcheck(kinks="report", mode="projected", order=2, style="cache")
class TestGroup:
    def test_of_the_class(self, gradcheck):
        assert gradcheck(lambda x: mg.relu(x) * 2.0, np.array([-1.0, 1.0])).leaves[0].directions
        assert gradcheck(np.tanh, X).options == "order=2"
        cached = lambda x: (np.tanh(x), np.tanh(x))
        assert gradcheck.check_backward(cached, lambda g, out: g * (1 - out * out), X)
        assert gradcheck.compare_backward(lambda x: np.sum(x * x), {"x": 2.8 * X}, X)

    @pytest.mark.gradcheck(mode="dense")
    @pytest.mark.gradcheck(mode="auto", rng=8)
    def test_of_the_function(self, gradcheck):
        result = gradcheck(np.tanh, X)
        assert not result.leaves[0].directions
        assert result.seed == 8

    def test_of_the_call(self, gradcheck):
        assert not gradcheck(np.tanh, X, mode="dense").leaves[0].directions
        with pytest.raises(testing.GradcheckError):
            gradcheck.check_backward(forward, wrong, X, style="args", rtol=0.0, raise_exception=True)
"""


def test_the_closest_marker_wins_for_each_option_and_the_call_over_all(run):
    run(MARKERS).assert_outcomes(passed=4)


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("(rtoll=1e-6)", "@pytest.mark.gradcheck(rtoll=...): there is no 'rtoll' among *; did you mean 'rtol'?"),
        ("(steps={})", "@pytest.mark.gradcheck(steps=...): there is no 'steps' among *"),
        ("(1e-6)", "@pytest.mark.gradcheck takes options by their names, such as rtol=1e-6; it was given 1e-06"),
    ],
)
def test_markers_that_mean_nothing_are_errors(run, marker, message):
    result = run(f"@pytest.mark.gradcheck{marker}\ndef test_it(gradcheck):\n    pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    "assertion",
    [
        "assert failed()",
        "assert failed().ok",
        "assert 1 == 1 and failed(), 'a message'",
        "assert gradcheck.check_backward(forward, wrong, X, **QUIET)",
        "gradcheck.check_backward(forward, wrong, X)",
        "result = failed(); assert result, str(result)",
    ],
)
def test_the_report_is_shown_once_with_what_failed(run, assertion):
    result = run(f"def test_it(gradcheck):\n    {assertion}\n")
    result.assert_outcomes(failed=1)
    assert shown(result) == 1
    lines = [line for line in result.outlines if line.startswith(("E ", ">"))]
    assert assertion in lines[0]
    assert len(lines) < 20
    result.stdout.fnmatch_lines(["E * why: x: the derivative of tanh*"])
    # The traceback ends where the user asked.
    assert "minigrad/testing" not in result.stdout.str()
    assert "Checks object" not in result.stdout.str()


def shown(result):
    """How many reports the output has, the summary at its end left out."""
    return result.stdout.str().split("short test summary")[0].count(HEAD)


# pytest does not rewrite the assertions of other modules than tests, which then fail without a message.
HELPER = "def holds(value):\n    assert value\n"


def test_the_report_is_shown_where_assertions_are_not_rewritten(run, pytester):
    pytester.makepyfile(helper=HELPER)
    body = """
def test_it():
    import helper

    assert not testing.check_backward(np.sinh, wrong, X, **QUIET)
    helper.holds(failed())
"""
    result = run(body)
    assert shown(result) == 1
    assert "FAILED  sinh" not in result.stdout.str()


def test_nothing_leaks_from_one_test_to_the_next(run, pytester):
    pytester.makepyfile(helper=HELPER)
    body = """
def test_passes():
    assert not failed()


def test_fails():
    import helper

    helper.holds(False)
"""
    result = run(body)
    result.assert_outcomes(passed=1, failed=1)
    assert shown(result) == 0


@pytest.mark.parametrize(
    "lines",
    [
        ["assert not failed()", "assert 1 == 2"],
        ["assert not failed()", "raise ValueError"],
        [
            "with pytest.raises(testing.GradcheckError):",
            "    testing.check_backward(forward, wrong, X)",
            "assert 1 == 2",
        ],
    ],
)
def test_no_report_of_what_the_failure_is_not_about(run, lines):
    result = run("\n    ".join(["def test_it():", *lines]))
    result.assert_outcomes(failed=1)
    assert shown(result) == 0


def test_of_several_results_by_one_name_the_last_is_shown(run):
    body = """
def test_it():
    assert not testing.check_backward(forward, lambda g, out, x: 2 * g, X, **QUIET)
    assert failed()
"""
    assert shown(run(body)) == 1


def test_nothing_is_shown_for_tests_that_pass_or_are_expected_to_fail(run):
    body = """
def test_passes():
    assert not failed()


@pytest.mark.xfail(strict=True)
def test_fails():
    assert failed()
"""
    result = run(body, "-rP")
    result.assert_outcomes(passed=1, xfailed=1)
    assert HEAD not in result.stdout.str()


def test_pytest_lists_the_marker_and_the_fixture(pytester):
    pytester.runpytest("--markers").stdout.fnmatch_lines(["@pytest.mark.gradcheck(*options): *rtol=1e-6*"])
    pytester.runpytest("--fixtures").stdout.fnmatch_lines(["gradcheck -- *", "    The checks of minigrad.testing*"])


def test_pytest_runs_without_the_plugin(run):
    body = "def test_it():\n    assert failed()\ndef test_other(gradcheck):\n    pass\n"
    result = run(body, "-p", "no:minigrad")
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(["*fixture 'gradcheck' not found*"])
    assert shown(result) == 0


def test_the_plugin_alone_imports_neither_minigrad_nor_numpy():
    code = "import sys, pytest, minigrad_pytest; print({'minigrad', 'numpy', 'scipy', 'hypothesis'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
