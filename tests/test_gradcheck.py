"""Does gradcheck judge functions of Tensors rightly: at kinks, in every mode and order, and used wrongly?"""

import tracemalloc

import effort
import numpy as np
import pytest

import minigrad as mg
from minigrad import losses, nn, testing

RNG = np.random.default_rng(0)
X = RNG.standard_normal((7, 5))
W = RNG.standard_normal((5, 3))


def check(*args, **options):
    return testing.gradcheck(*args, raise_exception=False, **options)


def model(x, w):
    return mg.softmax(np.tanh(x @ w))


def test_right_functions_pass_in_every_order():
    for result in (
        testing.gradcheck(model, (X, W)),
        testing.gradcheck(model, {"x": X, "w": W}),
        testing.gradcheck(model, (X, W), order=2),
        testing.gradcheck(model, (X, W), mode="projected"),
        testing.gradgradcheck(model, (X, W)),
        testing.jvpcheck(model, (X, W)),
        testing.jvpcheck(model, (X, W), wrt="w"),
    ):
        assert result
        assert result.resolution < 1e-5
    third = testing.gradcheck(np.tanh, X[0], order=3)
    assert "gradcheck(tanh, ..., order=3, rng=0)" in str(third)
    assert [leaf.name for leaf in third.leaves] == ["x", "grad_output", "grad_output of the gradient of x"]
    assert [leaf.name for leaf in testing.gradgradcheck(model, (X, W)).leaves] == ["x", "w", "grad_output"]


def test_several_outputs_are_all_checked():
    assert testing.gradcheck(lambda x: {"a": np.sin(x), "b": [np.sum(x * x)]}, X).ok
    result = check(lambda x: (np.sin(x), np.sum(x.detach() * x)), X)
    assert result.findings[0].rule == "unexplained" or result.verdict == "fail"


@mg.primitive(lambda g, out, x: g * (1.0 - x * x))
def slope_of_the_input(x):
    """A tanh whose rule takes its input for its output."""
    return np.tanh(x)


def test_wrong_rules_are_blamed_on_their_operation():
    result = check(lambda x, w: np.sum(slope_of_the_input(x @ w) ** 2), (X, W))
    assert [finding.leaves for finding in result.findings] == [("x", "w")]
    assert {finding.rule for finding in result.findings} == {"operand.replaced"}
    assert result.findings[0].where == "the rule of slope_of_the_input for argument 0"
    assert testing.jvpcheck(slope_of_the_input, X, raise_exception=False).verdict == "fail"


def test_parts_that_are_not_recorded_are_found():
    assert check(lambda x: x * np.tanh(x.detach()), X).findings[0].rule == "path.detached"


@mg.primitive(lambda g, out, x: g * np.cos(x.numpy() if isinstance(x, mg.Tensor) else x))
def once_only(x):
    """A sine whose rule cannot be differentiated."""
    return np.sin(x)


def test_rules_that_are_constant_the_second_time_are_found():
    assert testing.gradcheck(once_only, X)
    result = testing.gradgradcheck(once_only, X, raise_exception=False)
    assert [leaf.name for leaf in result.leaves if leaf.verdict == "fail"] == ["x"]


def test_parameters_of_layers_are_leaves_and_stay_as_they_were():
    layer = nn.Sequential(nn.Dense(5, 4, rng=RNG), nn.Tanh(), nn.Dense(4, 3, rng=RNG))
    before = layer.state_dict()
    first = layer.parameters()[0]
    labels = RNG.integers(0, 3, 7)
    result = testing.gradcheck(lambda net, x: losses.cross_entropy(net(x), labels), (layer, X))
    assert [leaf.name for leaf in result.leaves][:2] == ["net.layers.0.weight", "net.layers.0.bias"]
    assert result.notes == ("checked in float64, at the same values",)
    assert testing.gradcheck(layer, X).leaves[0].name == "layers.0.weight"
    assert layer.parameters()[0] is first
    assert first.dtype == np.float32
    assert first.grad is None
    for name, array in layer.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_structures_and_numbers_are_leaves_and_integers_are_not():
    def function(items, scale, index):
        return np.sum(items["a"][index] * items["b"][0]) * scale

    result = testing.gradcheck(function, ({"a": X, "b": [W[0, 0]]}, 2.0, np.array([0, 0, 3])))
    assert [leaf.name for leaf in result.leaves] == ["items.a", "items.b[0]", "scale"]
    assert [leaf.name for leaf in check(function, ({"a": X, "b": [2.0]}, 2.0, 1), wrt="items").leaves] == [
        *("items.a", "items.b[0]")
    ]


KINKED = {
    "relu": lambda x: mg.relu(x),
    "abs": lambda x: np.abs(x),
    "weighted relu": lambda x: np.sum(mg.relu(x) * np.arange(1.0, 13.0)),
    "maximum": lambda x: np.maximum(x, 0.0),
    "max": lambda x: np.max(np.concatenate([np.reshape(x, -1), [0.0]])) + 0.0 * np.sum(x),
}


@pytest.mark.parametrize("name", KINKED)
@pytest.mark.parametrize("distance", [0.0, 1e-9, 1e-7, -1e-7])
def test_kinks_are_reported_and_any_slope_between_is_right(name, distance):
    for seed in effort.seeds(3, thoroughly=6):
        x = -np.abs(np.random.default_rng(seed).standard_normal(12)) - 0.01
        x[seed] = distance
        result = testing.gradcheck(KINKED[name], x, rng=seed)
        assert result.leaves[0].kinks == 1
        assert "at a kink" in str(result)
        refused = check(KINKED[name], x, rng=seed, kinks="refuse")
        assert refused.verdict == "inconclusive"


@pytest.mark.parametrize("name", KINKED)
@pytest.mark.parametrize("distance", [1e-5, -1e-5, 1e-3])
def test_slopes_away_from_a_kink_are_resolved_exactly(name, distance):
    for seed in effort.seeds(3, thoroughly=6):
        x = -np.abs(np.random.default_rng(seed).standard_normal(12)) - 0.2
        x[seed] = distance
        result = testing.gradcheck(KINKED[name], x, rng=seed)
        assert result.leaves[0].kinks == 0
        assert result.resolution < 1e-5


@pytest.mark.parametrize("distance", [2e-7, 5e-7, 1e-6, 2e-6, 5e-6])
def test_close_to_a_kink_right_slopes_never_fail(distance):
    for seed in effort.seeds(3, thoroughly=6):
        x = np.random.default_rng(seed).standard_normal(12)
        x[seed] = distance
        for function in KINKED.values():
            assert check(function, x, rng=seed).verdict != "fail"


def test_slopes_outside_of_a_kink_are_wrong():
    x = np.array([0.0, 1.0, -1.0])

    def steep(g, out, x):
        return g * np.where(x == 0, 1.5, np.sign(x))

    result = testing.check_backward(np.abs, steep, x, raise_exception=False)
    assert result.verdict == "fail"
    assert [finding.rule for finding in result.findings] == ["kink.outside"]


def test_ties_share_as_they_like():
    for share in (0.0, 0.3, 1.0):

        def backward(g, out, x, y, share=share):
            weight = np.where(x > y, 1.0, np.where(x == y, share, 0.0))
            return g * weight, g * (1 - weight)

        x = RNG.standard_normal(6)
        result = testing.check_backward(np.maximum, backward, (x, x + np.array([0, 0, 1, -1, 0, 2])))
        assert [leaf.kinks for leaf in result.leaves] == [3, 3]


def test_empty_leaves_are_not_called_right():
    result = check(lambda x, y: np.sum(x) + np.sum(np.square(y)), (np.empty((0, 3)), X))
    assert result.verdict == "inconclusive"
    assert [leaf.verdict for leaf in result.leaves] == ["inconclusive", "pass"]
    assert "nothing to check" in str(result)


def test_a_function_that_does_not_depend_on_a_leaf_has_gradient_zero():
    assert testing.gradcheck(lambda x, y: np.sin(x), (X, W)).ok


def test_a_dense_check_stores_no_jacobian():
    x = np.linspace(-1, 1, 2000)
    testing.gradcheck(np.tanh, x[:10])
    tracemalloc.start()
    testing.gradcheck(np.tanh, x, mode="dense")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The Jacobian would take 2,000 times as much; processes that run other tests have a megabyte of their own.
    assert peak < 150 * x.nbytes


def test_the_same_seed_gives_the_same_check():
    first, second, third = (check(model, (X, W), rng=seed) for seed in (3, 3, 4))
    assert first == second != third
    assert check(model, (X, W), rng=np.random.default_rng(3)).seed is None


@pytest.mark.parametrize(
    ("error", "message", "arguments", "options"),
    [
        (ValueError, "nothing was checked.*: ndarray of int64", (np.sin, np.arange(3)), {}),
        (ValueError, "nothing was checked.*no arguments", (lambda: mg.Tensor(1.0), ()), {}),
        (TypeError, "returned None: does it end with `return`", (lambda x: None, X), {}),
        (TypeError, r"returned a float, not a Tensor; float\(\)", (lambda x: x.sum().item(), X), {}),
        (TypeError, "returned a ndarray, not a Tensor", (lambda x: x.data, X), {}),
        (TypeError, "returned nothing: an empty list", (lambda x: [], X), {}),
        (TypeError, "a Tensor of int64", (lambda x: x.astype(int), X), {}),
        (ValueError, "did you mean 'weights'", (lambda weights: np.sin(weights), X), {"wrt": "weight"}),
        (ValueError, r"\(7, 5\), not \(5, 7\)", (np.sin, X), {"grad_output": X.T}),
        (ValueError, "another output each time", (nn.Dropout(0.5), X), {}),
        (ValueError, "order is", (np.sin, X), {"order": 0}),
        (TypeError, "no option 'atol'.*rtol is the relative error", (np.sin, X), {"atol": 1e-8}),
        (TypeError, "did you mean 'directions'", (np.sin, X), {"direction": 2}),
        (TypeError, "rng is an integer or a numpy.random.Generator", (np.sin, X), {"rng": "a"}),
    ],
)
def test_wrong_use_is_explained(error, message, arguments, options):
    with pytest.raises(error, match=message):
        testing.gradcheck(*arguments, **options)


def test_a_failed_assertion_leaves_its_report_behind():
    from minigrad.testing.checking import result

    result.asked.clear()
    assert not check(slope_of_the_input, X)
    assert "WRONG" in str(result.asked[-1])
    assert repr(result.asked[-1]) == "<gradcheck fail: slope_of_the_input>"


@pytest.mark.parametrize("count", [1, 3, 12])
def test_reports_stay_short(count):
    leaves = [X.copy() for _ in range(count)]
    result = check(lambda leaves: [slope_of_the_input(leaf) for leaf in leaves], (leaves,))
    text = str(result)
    assert len(text.splitlines()) <= 15
    assert max(map(len, text.splitlines())) <= 160
    assert f"{count} of {count}" in text


@pytest.mark.parametrize("frequency", [1.0, 2e3, 1e5])
def test_fast_oscillations_are_never_called_wrong(frequency):
    for seed in effort.seeds(4, thoroughly=12):
        x = np.random.default_rng(seed).standard_normal((7, 5))
        assert check(lambda x: np.sin(frequency * x), x, rng=seed).verdict != "fail"


def test_ties_of_large_values_are_resolved_from_an_absolute_distance():
    x = RNG.standard_normal((7, 5))
    x[5, 0], x[5, 2] = 9.0, 9.0 + 1e-5
    result = testing.gradcheck(lambda x: np.max(x, axis=1), x)
    assert result.leaves[0].kinks == 0
