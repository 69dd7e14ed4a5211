"""Is check_backward right about small errors, large and small values, single precision, waves and kinks?"""

import effort
import numpy as np
import pytest
from backward_checks import (
    RNG,
    W,
    X,
    _same_values_in_any_order,  # noqa: F401 -- the fixture acts on every test here
    check,
    rules,
)

from minigrad import testing


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_small_errors_show_at_every_scale(scale):
    assert check(lambda x: x**3, lambda g, out, x: g * 3 * x**2, X * scale).ok
    wrong = check(lambda x: x**3, lambda g, out, x: g * 3.03 * x**2, X * scale)
    assert wrong.verdict == "fail"
    assert wrong.resolution < 1e-6


def test_gradients_that_are_all_zero_are_wrong_however_small_the_true_one_is():
    result = check(lambda x: 1e-8 * np.sum(x**2), lambda g, out, x: np.zeros_like(x), X)
    assert rules(result) == ["structure.zero"]


def test_gradients_that_drown_in_rounding_are_inconclusive():
    result = check(lambda x: 1e6 + 1e-12 * np.sum(x**2), lambda g, out, x: g * 2e-12 * x, X)
    assert result.verdict == "inconclusive"
    assert not result
    assert "only good to" in " ".join(str(result).split())


@pytest.mark.parametrize(
    "forward",
    [
        lambda x: np.tanh(x.astype(np.float32)).astype(float),
        lambda x: np.tanh(x.astype(np.float32)),
        lambda x: np.sum(x * np.tanh(x.astype(np.float32))),
    ],
)
def test_single_precision_inside_a_function_of_doubles_is_found(forward):
    def backward(g, out, x):
        return g * ((1 - np.tanh(x) ** 2) if np.ndim(out) else np.tanh(x) + x * (1 - np.tanh(x) ** 2))

    for seed in effort.seeds(4, thoroughly=12):
        x = np.random.default_rng(seed).standard_normal((7, 5))
        assert "precision.float32" in rules(check(forward, backward, x, rng=seed))


def test_inputs_in_single_precision_are_judged_as_such():
    def forward(x, w):
        return np.tanh(x @ w)

    def backward(g, out, x, w):
        dz = g * (1 - out**2)
        return dz @ w.T, x.T @ dz

    narrow = (X.astype(np.float32), RNG.standard_normal((5, 3)).astype(np.float32))
    assert testing.check_backward(forward, backward, narrow).ok
    only_narrow = check(lambda x: np.tanh(x.astype(np.float32)), lambda g, out, x: g * (1 - out**2), narrow[:1])
    assert only_narrow.verdict == "pass"
    wrong = check(lambda x: np.tanh(x.astype(np.float32)), lambda g, out, x: g * (1 - out), narrow[:1])
    assert wrong.verdict == "fail"


def test_kinks_on_the_way_are_no_lack_of_precision():
    x = np.random.default_rng(146).standard_normal((7, 5))
    assert testing.check_backward(lambda x: np.maximum(x, 0), lambda g, out, x: g * (x > 0), x, rng=146).ok


def test_directions_do_not_cancel_where_derivatives_are_equal():
    for seed in effort.seeds(20, thoroughly=60):
        result = check(
            lambda x: x.sum(), lambda g, out, x: 2 * g * np.ones_like(x), np.ones(2), mode="projected", rng=seed
        )
        assert result.verdict == "fail"


@pytest.mark.parametrize("frequency", [10, 100, 500, 3000])
def test_waves_shorter_than_the_steps_do_not_pass_for_straight_lines(frequency):
    for seed in effort.seeds(4, thoroughly=12):
        x = np.random.default_rng(seed).standard_normal((7, 5))
        result = check(
            lambda x: np.sin(frequency * x), lambda g, out, x: g * frequency * np.cos(frequency * x), x, rng=seed
        )
        assert result.verdict == "pass"


@pytest.mark.parametrize(
    ("forward", "slope", "least"),
    [
        (np.log, lambda x: 1 / x, 10),
        (np.sqrt, lambda x: 0.5 / np.sqrt(x), 10),
        # Steps may cross the pole at 0.
        (np.reciprocal, lambda x: -1 / x**2, 5),
    ],
)
def test_values_of_very_different_sizes_are_resolved_together(forward, slope, least):
    passed = 0
    for seed in range(12):
        x = 10 ** np.random.default_rng(seed).uniform(-8, 0, (7, 5))
        result = check(forward, lambda g, out, x: g * slope(x), x, rng=seed)
        assert result.verdict != "fail"
        passed += result.ok
    assert passed >= least


def test_small_terms_beside_large_ones_are_resolved():
    x, b = 1e4 * X, 1e-4 * RNG.standard_normal(3)

    def backward(g, out, x, w, b):
        return g @ w.T, x.T @ g, g.sum(axis=0)

    assert testing.check_backward(lambda x, w, b: x @ w + b, backward, (x, W, b)).ok


def test_small_slopes_beside_large_values_are_resolved():
    passed = 0
    for seed in range(12):
        x = 1e-4 * np.random.default_rng(seed).standard_normal((7, 5))
        result = check(lambda x: np.exp(-(x**2)), lambda g, out, x: -2 * g * x * out, x, rng=seed)
        passed += result.ok
    assert passed >= 10


def test_what_only_wide_steps_see_is_not_believed():
    def forward(x):
        return 1e10 + x + (x - 1) * np.exp(-(((x - 1) / 0.01) ** 2))

    assert check(forward, lambda g, out, x: 2 * g, np.ones(1)).verdict != "fail"


def test_small_kinks_nearby_are_no_lack_of_precision():
    def backward(g, out, x):
        return g * (1 + 2e-3 * np.sign(x)) * np.array([1.0, 0.0])

    x = np.array([1e-6, 1.0])
    assert check(lambda x: x[0] + 2e-3 * np.abs(x[0]), backward, x).verdict != "fail"


def shares(g, out, x):
    tied = x == out[:, None]
    return g[:, None] * tied / tied.sum(axis=1, keepdims=True)


def test_directions_through_many_ties_are_taken_apart():
    x = RNG.standard_normal((60, 50))
    x[[[3], [17], [40]], [1, 5, 9]] = 5.0
    assert testing.check_backward(lambda x: x.max(axis=1), shares, x).ok

    def wrong(g, out, x):
        gradient = shares(g, out, x)
        gradient[7] *= 1.2
        return gradient

    result = check(lambda x: x.max(axis=1), wrong, x)
    assert result.verdict == "fail"
    assert result.leaves[0].index[0] == 7


def test_kinks_of_opposite_signs_in_several_results_do_not_cancel():
    y = RNG.standard_normal(6)

    def backward(g, out, x):
        # Each difference that is 0 may have any slope from -1 to 1.
        slopes = np.where(x == y, np.sign(g), np.sign(x - y))
        return np.array(np.sum(g * slopes))

    x = np.array(y[2])
    y[4] = y[2]
    for seed in range(12):
        assert check(lambda x: np.abs(x - y), backward, x, rng=seed).verdict == "pass"


def test_factors_are_named_at_kinks_too():
    x = RNG.standard_normal((6, 5))
    x[2, 1] = x[3, 3] = 0.0
    # The numerical derivative at 0 is half of the slope; the one that was chosen by hand is 0.
    result = check(lambda x: np.maximum(x, 0) * 3, lambda g, out, x: g * 3 * (x > 0) / 6, x)
    assert rules(result) == ["scale.batch"]


def test_infinite_slopes_are_not_taken_for_kinks():
    result = check(lambda x: np.sqrt(np.abs(x)), lambda g, out, x: 0.0 * g, np.zeros(3))
    assert result.verdict == "inconclusive"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("slip", [0.0, 0.01])
def test_weights_of_which_there_are_views_stay_together(dtype, slip):
    class Tied:
        def __init__(self):
            self.flat = np.random.default_rng(1).standard_normal(15).astype(dtype)
            self.W = self.flat.reshape(5, 3)
            self.back = self.W.T

        def forward(self, x):
            self.x, self.h = x, np.tanh(x @ self.W)
            return self.h @ self.back

        def backward(self, g):
            dz = (1 + slip) * (g @ self.W) * (1 - self.h**2)
            self.dW = self.x.T @ dz + g.T @ self.h
            return dz @ self.back

    result = check(Tied(), inputs=X.astype(dtype))
    assert result.verdict == ("fail" if slip else "pass"), str(result)
