"""Are layers checked whole: their parameters, their updates, and what they keep from call to call?"""

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
from reference import layers as hand

from minigrad import testing


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
    result = check(layer, inputs=X)
    assert result.verdict == "inconclusive"
    assert "no gradient of store.weights was found" in str(result)
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


def test_generators_start_anew_with_a_seed():
    class Dropout:
        def __init__(self):
            self.rng = np.random.default_rng(1)

        def forward(self, x, training=True):
            self.mask = (self.rng.random(x.shape) > 0.3) / 0.7
            return x * self.mask

        def backward(self, g):
            return g * self.mask

    class OfNumPy(Dropout):
        def forward(self, x):
            self.mask = (np.random.rand(*x.shape) > 0.3) / 0.7
            return x * self.mask

    for form in (Dropout, OfNumPy):
        layer, before = form(), np.random.get_state()[1].copy()
        state = layer.rng.bit_generator.state
        assert testing.check_backward(layer, inputs=X, seed=0)
        assert layer.rng.bit_generator.state == state
        np.testing.assert_array_equal(np.random.get_state()[1], before)
        with pytest.raises(ValueError, match="another output each time"):
            testing.check_backward(layer, inputs=X)
