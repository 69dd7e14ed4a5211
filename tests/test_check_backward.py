"""Are right backward passes accepted, wrong ones refused, and the mistakes in them named?"""

import loop_cases  # noqa: F401 -- it adds to the cases
import numpy as np
import pytest
import slip_cases  # noqa: F401 -- so does this
from backward_cases import FUNCTIONS, MISTAKES
from reference import layers as hand

from minigrad import testing


def check(*args, **options):
    return testing.check_backward(*args, raise_exception=False, **options)


def rules(result):
    return [finding.rule for finding in result.findings]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_right_passes_are_accepted(function):
    for seed in range(12):
        inputs = function.inputs(np.random.default_rng(seed))
        result = testing.check_backward(function.forward, function.right, inputs, rng=seed)
        assert result.verdict == "pass"
        assert result.resolution < 1e-4


# Mistakes whose numbers another rule explains as well, or that no rule explains.
AMBIGUOUS = {
    "multiply by a column: output for x": "operand.replaced",
    "x / norm: input for output": "factor.extra",
    "bce with logits: logits for probabilities": "unexplained",
}


def test_nine_in_ten_mistakes_are_expected_to_be_named():
    assert len(MISTAKES) >= 30
    assert len(AMBIGUOUS) < 0.1 * len(MISTAKES)
    assert AMBIGUOUS.keys() <= {mistake.name for mistake in MISTAKES}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_mistakes_are_found_and_named(mistake):
    for seed in range(4):
        inputs = mistake.inputs(np.random.default_rng(seed))
        result = check(mistake.forward, mistake.wrong, inputs, rng=seed)
        assert result.verdict == "fail"
        assert result.findings[0].rule == AMBIGUOUS.get(mistake.name, mistake.expected)
        if not result.findings[0].rule.startswith(("mutation.", "structure.count")):
            assert {finding.leaf for finding in result.findings} == {mistake.leaf}
            assert {leaf.name for leaf in result.leaves if leaf.verdict == "fail"} <= {mistake.leaf}
        assert len(str(result).splitlines()) <= 15


RNG = np.random.default_rng(0)
X = RNG.standard_normal((7, 5))


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
    assert "only good to" in str(result)


class FirstInput:
    """Keeps its first input for ever."""

    def __init__(self):
        self.weights = np.arange(15.0).reshape(3, 5) / 7
        self.x = None

    def forward(self, x):
        if self.x is None:
            self.x = x
        return self.weights @ x

    def backward(self, output_gradient, learning_rate):
        input_gradient = self.weights.T @ output_gradient
        self.weights = self.weights - learning_rate * output_gradient @ self.x.T
        return input_gradient


def test_layer_that_keeps_its_first_input_is_found():
    layer = FirstInput()
    weights = layer.weights
    before = weights.copy()
    result = check(layer, inputs=X[:1].T)
    assert [(finding.leaf, finding.rule) for finding in result.findings] == [("weights", "state.stale")]
    assert layer.weights is weights
    np.testing.assert_array_equal(weights, before)


LAYERS = [
    (lambda: hand.Dense(5, 3, np.random.default_rng(0)), (5, 1)),
    (lambda: hand.Convolutional((2, 5, 6), 3, 2, np.random.default_rng(0)), (2, 5, 6)),
    (lambda: hand.TiedConvolutional((2, 5, 6), 3, 2, np.random.default_rng(0)), (2, 5, 6)),
    (lambda: hand.Reshape((7, 5), (35, 1)), (7, 5)),
    (hand.Tanh, (7, 5)),
    (hand.Sigmoid, (7, 5)),
    (hand.Softmax, (5, 1)),
]


@pytest.mark.parametrize(("build", "shape"), LAYERS)
def test_layers_of_the_reference_project_are_right(build, shape):
    layer = build()
    result = testing.check_backward(layer, inputs=RNG.standard_normal(shape))
    assert len(result.leaves) == 1 + len(layer.parameters)


def test_gradients_of_parameters_are_read_from_the_update():
    class Forgetful(hand.Dense):
        def backward(self, output_gradient, learning_rate):
            input_gradient = self.derive(output_gradient)
            self.weights -= learning_rate * self.gradients[0]
            return input_gradient

    class UpdatesFirst(hand.Dense):
        def backward(self, output_gradient, learning_rate):
            self.weights -= learning_rate * output_gradient @ self.x.T
            self.bias -= learning_rate * output_gradient
            return self.weights.T @ output_gradient

    x = RNG.standard_normal((5, 1))
    forgetful = check(Forgetful(5, 3, RNG), inputs=x)
    assert [(finding.leaf, finding.rule) for finding in forgetful.findings] == [("bias", "structure.zero")]
    updates_first = check(UpdatesFirst(5, 3, RNG), inputs=x)
    assert [leaf.name for leaf in updates_first.leaves if leaf.verdict == "fail"] == ["x"]


class Holder:
    """Weights that are not attributes of the layer itself, and a learning rate that is."""

    def __init__(self, dtype=float):
        self.store = type("Store", (), {})()
        self.store.weights = np.linspace(-1, 1, 15).reshape(5, 3).astype(dtype)

    def forward(self, x):
        self.x = x
        return x @ self.store.weights

    def backward(self, g, lr):
        input_gradient = g @ self.store.weights.T
        self.store.weights -= lr * self.x.T @ g
        return input_gradient


def test_layers_are_left_as_they_were_wherever_their_weights_are():
    layer = Holder()
    before = layer.store.weights.copy()
    result = testing.check_backward(layer, inputs=X)
    assert [leaf.name for leaf in result.leaves] == ["x", "store.weights"]
    np.testing.assert_array_equal(layer.store.weights, before)
    layer.backward = lambda g: Holder.backward(layer, g, 0.1)
    result = testing.check_backward(layer, inputs=X)
    assert "store.weights were not checked" in str(result)
    np.testing.assert_array_equal(vars(layer)["store"].weights, before)


def test_weights_in_single_precision_are_checked_in_double():
    for seed in range(6):
        x = np.random.default_rng(seed).standard_normal((7, 5))
        assert testing.check_backward(Holder(np.float32), inputs=x, rng=seed).ok


def test_layers_inside_a_network_are_checked():
    class Network:
        def __init__(self):
            self.layers = [hand.Dense(5, 4, RNG), hand.Tanh(), hand.Dense(4, 3, RNG)]

        def forward(self, x):
            for layer in self.layers:
                x = layer.forward(x)
            return x

        def backward(self, output_gradient, learning_rate):
            for layer in reversed(self.layers):
                output_gradient = layer.backward(output_gradient, learning_rate)
            return output_gradient

    network = Network()
    result = testing.check_backward(network, inputs=RNG.standard_normal((5, 1)))
    assert [leaf.name for leaf in result.leaves] == [
        *("x", "layers[0].weights", "layers[0].bias", "layers[2].weights", "layers[2].bias")
    ]
    network.layers[1].derive = lambda g: g
    result = check(network, inputs=RNG.standard_normal((5, 1)))
    assert {finding.rule for finding in result.findings} == {"factor.missing"}
    assert all("tanh" in finding.where for finding in result.findings)


def cached_forward(x, w):
    z = x @ w
    return np.tanh(z), {"x": x, "w": w, "z": z}


def cached_backward(g, cache):
    dz = g * (1 - np.tanh(cache["z"]) ** 2)
    return dz @ cache["w"].T, cache["x"].T @ dz


def test_caches_are_handed_on():
    w = RNG.standard_normal((5, 5))
    assert testing.check_backward(cached_forward, cached_backward, (X, w)).ok

    def not_transposed(g, cache):
        dx, dw = cached_backward(g, cache)
        return dx @ np.linalg.inv(cache["w"].T) @ cache["w"], dw

    result = check(cached_forward, not_transposed, (X, w))
    assert [(finding.leaf, finding.rule) for finding in result.findings] == [("x", "operand.transposed")]


def test_inputs_by_keyword_and_in_structures():
    def forward(x, params):
        return x @ params["W"] + params["b"]

    def backward(g, out, x, params):
        return {"x": g @ params["W"].T, "params": {"W": x.T @ g, "b": g.mean(axis=0)}}

    inputs = {"x": X, "params": {"W": RNG.standard_normal((5, 3)), "b": np.ones(3)}}
    result = check(forward, backward, inputs)
    assert [(finding.leaf, finding.rule) for finding in result.findings] == [("params.b", "scale.batch")]
    assert check(forward, backward, inputs, wrt=["x", "params.W"]).ok


def test_backward_that_returns_a_buffer_is_found():
    buffer = np.empty_like(X)

    def backward(g, out, x):
        np.multiply(g, 1 - out**2, out=buffer)
        return buffer

    assert rules(check(np.tanh, backward, X)) == ["state.aliased"]


def test_backward_that_is_not_the_same_each_time_is_found():
    rng = np.random.default_rng(0)
    result = check(np.tanh, lambda g, out, x: g * (1 - out**2) * (1 + 1e-3 * rng.random()), X)
    assert rules(result)[0] == "state.nondeterministic"


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

    for seed in range(12):
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


@pytest.mark.parametrize(
    ("error", "message", "arguments", "options"),
    [
        (ValueError, "nothing was checked.*write 3.0 for 3", (np.square, lambda g, out, x: g, np.arange(3)), {}),
        (TypeError, "returned None", (lambda x: None, lambda g, out, x: g, X), {}),
        (TypeError, "returned a str, not an array", (lambda x: "x", lambda g, out, x: g, X), {}),
        (TypeError, "not a pair", (np.tanh, lambda g, cache: g, X), {"style": "cache"}),
        (TypeError, "needs inputs=", (np.tanh, lambda g, out, x: g), {}),
        (TypeError, "takes two functions", (np.tanh, None, X), {}),
        (TypeError, "a layer has forward and backward", (np.tanh, None, X), {"style": "layer"}),
        (ValueError, "style is", (np.tanh, lambda g, out, x: g, X), {"style": "other"}),
        (ValueError, "another output each time", (lambda x: x * RNG.random(), lambda g, out, x: g, X), {}),
        (ValueError, "is not finite at the inputs", (lambda x: np.exp(x + 1e3), lambda g, out, x: g * out, X), {}),
        (
            ValueError,
            r"shape of the output, \(7, 5\), not \(\)",
            (np.tanh, lambda g, out, x: g, X),
            {"grad_output": 1.0},
        ),
        (ValueError, "no 'X' among 'x'", (np.tanh, lambda g, out, x: g, X), {"wrt": "X"}),
        (ValueError, "directions is", (np.tanh, lambda g, out, x: g, X), {"directions": 0}),
        (ValueError, "mode is", (np.tanh, lambda g, out, x: g, X), {"mode": "fast"}),
        (ValueError, "kinks is", (np.tanh, lambda g, out, x: g, X), {"kinks": "ignore"}),
        (ValueError, "rtol is", (np.tanh, lambda g, out, x: g, X), {"rtol": -1.0}),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_wrong_use_is_explained(error, message, arguments, options):
    with pytest.raises(error, match=message):
        testing.check_backward(*arguments, **options)


def test_failure_is_raised_with_its_report():
    with pytest.raises(testing.GradcheckError, match=r"why: x: got == -expected") as raised:
        testing.check_backward(np.tanh, lambda g, out, x: g * (out**2 - 1), X, rng=5)
    assert isinstance(raised.value, AssertionError)
    assert raised.value.result.seed == 5
    assert "rng=5" in str(raised.value)
    assert not raised.value.result


def test_kinks_on_the_way_are_no_lack_of_precision():
    x = np.random.default_rng(146).standard_normal((7, 5))
    assert testing.check_backward(lambda x: np.maximum(x, 0), lambda g, out, x: g * (x > 0), x, rng=146).ok


def test_directions_do_not_cancel_where_derivatives_are_equal():
    for seed in range(60):
        result = check(
            lambda x: x.sum(), lambda g, out, x: 2 * g * np.ones_like(x), np.ones(2), mode="projected", rng=seed
        )
        assert result.verdict == "fail"


def test_nothing_to_check_is_an_error():
    with pytest.raises(ValueError, match="wrt names no leaf"):
        testing.check_backward(np.tanh, lambda g, out, x: g, X, wrt=[])


W = RNG.standard_normal((5, 3))


class ByName:
    """A layer whose learning rate has to be given by name."""

    def __init__(self):
        self.weights = W.copy()

    def forward(self, x):
        self.x = x
        return x @ self.weights

    def backward(self, g, *, learning_rate):
        before = g @ self.weights.T
        self.weights -= learning_rate * self.x.T @ g
        return before


class UpdatesFirst(ByName):
    def backward(self, g, learning_rate):
        self.weights -= learning_rate * self.x.T @ g
        return g @ self.weights.T


class NeverUpdates(ByName):
    def backward(self, g, learning_rate):
        return g @ self.weights.T


def test_learning_rate_by_name_is_found():
    assert testing.check_backward(ByName(), inputs=X).ok


def test_gradients_through_weights_that_were_updated_before_are_explained():
    (finding,) = check(UpdatesFirst(), inputs=X).findings
    assert (finding.leaf, finding.rule) == ("x", "state.updated")


def test_weights_that_are_not_updated_are_found_unless_they_are_constants():
    (finding,) = check(NeverUpdates(), inputs=X).findings
    assert (finding.leaf, finding.rule) == ("weights", "structure.zero")
    assert "wrt=" in finding.fix
    assert check(NeverUpdates(), inputs=X, wrt="x").ok


def test_gradients_may_come_in_a_row_for_arrays_in_a_dict():
    def forward(x, p):
        return x @ p["W"] + p["b"]

    def backward(g, out, x, p):
        return g @ p["W"].T, x.T @ g, g.sum(axis=0)

    assert testing.check_backward(forward, backward, (X, {"W": W, "b": np.ones(3)})).ok


def test_a_gradient_may_be_a_list_of_numbers():
    assert testing.check_backward(np.tanh, lambda g, out, x: (g * (1 - out**2)).tolist(), X).ok


def test_gradients_in_the_wrong_order_are_told():
    square = RNG.standard_normal((5, 5))
    result = check(np.matmul, lambda g, out, x, y: (x.T @ g, g @ y.T), (X[:5], square))
    assert rules(result) == ["structure.order", "structure.order"]


def test_a_backward_pass_that_takes_other_arguments_is_told_how_it_is_called():
    with pytest.raises(TypeError, match=r"takes \(g, x\).*called as backward\(g, out, \*inputs\)"):
        check(np.tanh, lambda g, x: g, X)
    with pytest.raises(TypeError, match=r"called as backward\(g, cache\)"):
        check(lambda x: (np.tanh(x), x), lambda g, out, x: g, X)


def test_results_of_changing_shape_are_told():
    lengths = iter(range(1, 100))
    with pytest.raises(ValueError, match=r"other shapes each time.*\(2,\), then \(3,\)"):
        check(lambda x: np.full(next(lengths), np.sum(x)), lambda g, out, x: g, X)


def test_first_input_shows_in_single_precision_too():
    class First(ByName):
        def forward(self, x):
            self.x = getattr(self, "x", x)
            return x**2

        def backward(self, g, learning_rate=0.0):
            return 2 * g * self.x

    layer = First()
    del layer.weights
    assert "state.stale" in rules(check(layer.forward, lambda g, out, x: layer.backward(g), X.astype(np.float32)))


@pytest.mark.parametrize("frequency", [10, 100, 500, 3000])
def test_waves_shorter_than_the_steps_do_not_pass_for_straight_lines(frequency):
    for seed in range(12):
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


def test_upstream_gradients_have_to_add_up():
    result = check(np.tanh, lambda g, out, x: np.abs(g) * (1 - out**2), X)
    assert rules(result)[0] == "upstream.nonlinear"


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


class Leaky:
    """A layer with a single number to learn, in an array without axes."""

    def __init__(self):
        self.slope = np.array(0.25)

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.slope * x)

    def backward(self, g, learning_rate):
        gradient = g * np.where(self.x > 0, 1.0, self.slope)
        self.slope = self.slope - learning_rate * np.sum(g * self.x * (self.x <= 0))
        return gradient


def test_parameters_without_axes_may_become_numbers():
    layer = Leaky()
    assert testing.check_backward(layer, inputs=X).ok
    assert float(layer.slope) == 0.25


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
