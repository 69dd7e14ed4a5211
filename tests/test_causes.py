"""Is each of these causes the one that is told first, with all the leaves that it spoils?"""

# ruff: noqa: N803 -- matrices have the names that they have on paper

import cause_cases_labels  # noqa: F401 -- it adds to the cases
import effort
import numpy as np
import pytest
from backward_checks import check
from cause_cases import CAUSES

from minigrad import testing


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name)
def test_a_cause_is_told_first(cause):
    for seed in effort.seeds(1, thoroughly=3):
        result = check(
            cause.forward, cause.backward, cause.inputs(np.random.default_rng(seed)), rng=seed, **cause.options
        )
        assert result.verdict == "fail"
        assert {finding.rule for finding in result.findings} == {cause.rule}, str(result)
        assert {leaf for finding in result.findings for leaf in finding.leaves} == set(cause.leaves)
        assert len(str(result).splitlines()) <= 15


RNG = np.random.default_rng(0)
X, W, G = RNG.standard_normal((7, 5)), RNG.standard_normal((5, 3)), RNG.standard_normal((7, 3))


def rule(actual, reference, **known):
    (finding,) = testing.diagnose(actual, reference, **known)
    return finding.rule


def test_an_epsilon_is_no_single_precision():
    p = RNG.uniform(0.1, 0.9, (7, 3))
    assert rule(1 / (p + 1e-7), 1 / p) != "precision.float32"
    assert rule(1 / (p + 1e-7), 1 / p, tensors={"p": p}) == "epsilon.extra"
    assert rule((1 / p).astype(np.float32).astype(float), 1 / p, tensors={"p": p}) == "precision.float32"


def test_elements_set_to_zero_are_not_clipped():
    truth = X.copy()
    for floor in (0.0, 0.0 * X):
        assert rule(np.maximum(truth, floor), truth) != "value.clipped"
    assert rule(np.where(truth == truth.max(), 0.5, truth), truth) != "value.clipped"
    assert rule(np.clip(truth, -0.5, 0.5), truth) == "value.clipped"


def test_the_target_left_out_of_a_squared_error_is_no_weight_decay():
    result = check(
        lambda p, y: 0.5 * np.sum((p - y) ** 2), lambda g, out, p, y: (g * -y, g * (y - p)), (X, X[::-1] + 1)
    )
    assert not result.findings[0].rule.startswith("decay.")


def test_a_square_that_is_no_weight_is_a_missing_path():
    result = check(lambda x: np.sum(x * x + np.sin(x)), lambda g, out, x: g * np.cos(x), X)
    assert result.findings[0].rule == "path.missing"


def test_a_batch_that_is_averaged_is_no_missing_sample():
    result = check(lambda x, W: x @ W, lambda g, out, x, W: (g @ W.T, x.T @ g / 7), (X, W))
    assert [finding.rule for finding in result.findings] == ["scale.batch"]


def test_the_numbers_in_another_shape_are_no_broadcasting():
    x, w = X, W[:, :1]
    result = check(lambda x, w: x @ w, lambda g, out, x, w: (g @ w.T, (x.T @ g).ravel()), (x, w))
    assert [finding.rule for finding in result.findings] == ["shape.wrong"]


def test_a_right_gradient_is_given_no_cause():
    assert testing.diagnose(X, X) == []


def test_the_bound_and_the_constant_are_told():
    (finding,) = testing.diagnose(np.clip(X, -0.5, 0.5), X)
    assert "np.clip(expected, -0.5, 0.5)" in finding.text
    radius = RNG.uniform(1, 2, 7)
    (finding,) = testing.diagnose(2 * 3.14 * radius, 2 * np.pi * radius)
    assert (finding.rule, "3.14 stands in the place of pi" in finding.text) == ("constant.rounded", True)
