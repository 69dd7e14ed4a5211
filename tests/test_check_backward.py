"""Are right backward passes accepted, wrong ones refused, and the mistakes in them named?"""

import backward_cases_attention  # noqa: F401 -- it adds to the cases
import backward_cases_elementwise  # noqa: F401 -- it adds to the cases
import backward_cases_images  # noqa: F401 -- it adds to the cases
import backward_cases_linear  # noqa: F401 -- it adds to the cases
import backward_cases_losses  # noqa: F401 -- it adds to the cases
import backward_cases_normalisation  # noqa: F401 -- it adds to the cases
import backward_cases_places  # noqa: F401 -- it adds to the cases
import backward_cases_recurrent  # noqa: F401 -- it adds to the cases
import loop_cases  # noqa: F401 -- it adds to the cases
import numpy as np
import pytest
import slip_cases  # noqa: F401 -- it adds to the cases
from backward_cases import FUNCTIONS, MISTAKES
from backward_checks import (
    RNG,
    X,
    _same_values_in_any_order,  # noqa: F401 -- the fixture acts on every test here
    check,
    rules,
)

from minigrad import testing


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_right_passes_are_accepted(function, seeds):
    for seed in seeds:
        inputs = function.inputs(np.random.default_rng(seed))
        result = testing.check_backward(function.forward, function.right, inputs, rng=seed)
        assert result.verdict == "pass"
        assert result.resolution < 1e-4


# Mistakes whose numbers another rule explains as well, or that no rule explains.
AMBIGUOUS = {
    "multiply by a column: output for x": "operand.replaced",
}


def test_nine_in_ten_mistakes_are_expected_to_be_named():
    assert len(MISTAKES) >= 30
    assert len(AMBIGUOUS) < 0.1 * len(MISTAKES)
    assert AMBIGUOUS.keys() <= {mistake.name for mistake in MISTAKES}


# They write into what they are given, and their numbers are right.
SIDE_EFFECTS = {
    "tanh: multiplies g in place",
    "log-softmax: shifts its input in place",
    "x / norm: normalises its input in place",
}


@pytest.mark.parametrize(
    "mistake",
    [mistake for mistake in MISTAKES if mistake.name not in SIDE_EFFECTS],
    ids=lambda mistake: mistake.name,
)
def test_mistakes_are_found_and_named(mistake, seeds):
    for seed in seeds[:2]:
        inputs = mistake.inputs(np.random.default_rng(seed))
        result = check(mistake.forward, mistake.wrong, inputs, rng=seed)
        assert result.verdict == "fail"
        assert result.findings[0].rule == AMBIGUOUS.get(mistake.name, mistake.expected)
        if not result.findings[0].rule.startswith(("mutation.", "structure.count")):
            assert {name for finding in result.findings for name in finding.leaves} == {mistake.leaf}
            assert {leaf.name for leaf in result.leaves if leaf.verdict == "fail"} <= {mistake.leaf}
        assert len(str(result).splitlines()) <= 15


@pytest.mark.parametrize(
    "mistake", [mistake for mistake in MISTAKES if mistake.name in SIDE_EFFECTS], ids=lambda mistake: mistake.name
)
def test_side_effects_of_right_passes_are_warnings_unless_asked_for(mistake, seeds):
    for seed in seeds[:2]:
        inputs = mistake.inputs(np.random.default_rng(seed))
        result = check(mistake.forward, mistake.wrong, inputs, rng=seed)
        assert (result.verdict, result.findings) == ("pass", ())
        assert [warning.rule for warning in result.warnings] == [mistake.expected]
        strict = check(mistake.forward, mistake.wrong, inputs, rng=seed, strict=True)
        assert (strict.verdict, strict.warnings) == ("fail", ())
        assert rules(strict) == [mistake.expected]


def test_a_buffer_that_is_returned_again_is_a_warning():
    buffer = np.empty_like(X)

    def backward(g, out, x):
        np.multiply(g, 1 - out**2, out=buffer)
        return buffer

    result = check(np.tanh, backward, X)
    assert (result.verdict, [warning.rule for warning in result.warnings]) == ("pass", ["state.aliased"])
    assert "warning: x: the array that was returned changed" in str(result)
    assert rules(check(np.tanh, backward, X, strict=True)) == ["state.aliased"]


def test_backward_that_is_not_the_same_each_time_is_found():
    rng = np.random.default_rng(0)
    result = check(np.tanh, lambda g, out, x: g * (1 - out**2) * (1 + 1e-3 * rng.random()), X)
    assert rules(result)[0] == "state.nondeterministic"


def wrong_at(index):
    def backward(g, out, x):
        gradient = g * (1 - np.tanh(x) ** 2)
        gradient[index] *= 1.5
        return gradient

    return backward


def test_one_wrong_element_of_many_is_located():
    x = RNG.standard_normal((100, 61))
    result = check(lambda x: np.tanh(x).sum(), wrong_at((17, 3)), x)
    assert result.verdict == "fail"
    assert result.leaves[0].index == (17, 3)
    assert check(lambda x: np.tanh(x).sum(), lambda g, out, x: g * (1 - np.tanh(x) ** 2), x).leaves[0].directions


def test_failure_is_raised_with_its_report():
    with pytest.raises(testing.GradcheckError, match=r"why: x: got == -expected") as raised:
        testing.check_backward(np.tanh, lambda g, out, x: g * (out**2 - 1), X, rng=5)
    assert isinstance(raised.value, AssertionError)
    assert raised.value.result.seed == 5
    assert "rng=5" in str(raised.value)
    assert not raised.value.result


def test_gradients_in_the_wrong_order_are_told():
    square = RNG.standard_normal((5, 5))
    result = check(np.matmul, lambda g, out, x, y: (x.T @ g, g @ y.T), (X[:5], square))
    assert rules(result) == ["structure.order", "structure.order"]


def test_upstream_gradients_have_to_add_up():
    result = check(np.tanh, lambda g, out, x: np.abs(g) * (1 - out**2), X)
    assert rules(result)[0] == "upstream.nonlinear"


def test_what_is_one_call_behind_shows():
    kept = [np.zeros_like(X)]

    def forward(x):
        kept.append(x.copy())
        return np.tanh(x), kept[-2]

    result = check(forward, lambda g, before: g * (1 - np.tanh(before) ** 2), X)
    assert result.verdict == "fail"
    assert rules(result)[0].startswith("state.")


def test_rules_that_fail_with_other_operands_do_not_hide_the_verdict():
    def forward(x):
        return np.sum(np.stack([np.sum(x), np.sum(x**2), np.sum(np.sin(x))]) ** 2)

    result = check(forward, lambda g, out, x: g * x, X)
    assert result.verdict == "fail"
