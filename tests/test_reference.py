"""Does minigrad learn what hand-derived NumPy learns: the same outputs, gradients, and weights after 200 steps?"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pytest
from reference import layers as hand
from reference import losses as hand_losses
from reference.models import convolutional, perceptron, small, tempered
from reference.network import gradients, predict, pull_back, train

import minigrad as mg
from minigrad import data, losses, nn, optim
from minigrad.testing import GradcheckError, check_backward

SAMPLES, EPOCHS = 100, 2  # one sample a step, so 200 steps

MSE = (hand_losses.mse, hand_losses.mse_prime, losses.mse)
BCE = (hand_losses.binary_cross_entropy, hand_losses.binary_cross_entropy_prime, losses.bce)


class Planes(nn.Layer):
    """The reference project's convolution as its user would port it: plane by plane, a bias for every element."""

    def __init__(self, kernels, bias):
        self.kernels = mg.Tensor(kernels, requires_grad=True)
        self.bias = mg.Tensor(bias, requires_grad=True)

    def forward(self, images):
        return mg.stack([self.maps(image) for image in images])

    def maps(self, image):
        sums = [
            sum(mg.correlate2d(plane, kernel) for plane, kernel in zip(image, bank, strict=True))
            for bank in self.kernels
        ]
        return mg.stack(sums) + self.bias


def port(layer):
    """The same layer in minigrad, with copies of the same weights."""
    match layer:
        case hand.Dense():
            ported = nn.Dense(*layer.weights.T.shape, dtype=np.float64)
        case hand.TiedConvolutional():
            depth, channels, *size = layer.kernels.shape
            ported = nn.Conv(channels, depth, tuple(size), dtype=np.float64)
        case hand.Convolutional():
            return Planes(*layer.parameters)
        case hand.Reshape():
            return nn.Reshape(layer.output_shape[0])
        case _:
            return getattr(nn, type(layer).__name__)()
    ported.weight.data, ported.bias.data = as_rows(layer, layer.parameters)
    return ported


def ported(network):
    return nn.Sequential(*map(port, network))


def as_rows(layer, arrays):
    """Parameters of a layer, or their gradients, in the shapes that belong to samples that are rows, not columns."""
    if isinstance(layer, hand.Dense):
        weights, bias = arrays
        return [weights.T, bias[:, 0]]
    return list(arrays)


def parameters(network):
    return [array for layer in network for array in as_rows(layer, layer.parameters)]


def as_columns(samples):
    return samples[..., np.newaxis] if samples.ndim == 2 else samples


@cache
def digits(classes):
    """Digits in the size of MNIST's, (N, 1, 28, 28), and one-hot rows for their labels."""
    (images, labels), _ = data.load_digits()
    chosen = np.flatnonzero(labels < classes)[:SAMPLES]
    enlarged = np.kron(images[chosen, np.newaxis] / 255.0, np.ones((3, 3)))
    return np.pad(enlarged, ((0, 0), (0, 0), (2, 2), (2, 2))), np.eye(classes)[labels[chosen]]


def flat_digits():
    images, targets = digits(10)
    return images.reshape(len(images), -1), targets


def noise():
    rng = np.random.default_rng(1)
    return rng.standard_normal((SAMPLES, 2, 5, 6)), np.eye(3)[rng.integers(3, size=SAMPLES)]


@dataclass(frozen=True)
class Case:
    """A network, its loss, the derivative of that by hand, the same loss in minigrad, and what to learn."""

    build: Callable
    loss: Callable
    loss_prime: Callable
    minigrad_loss: Callable
    samples: Callable

    def network(self):
        return self.build(np.random.default_rng(0))


CASES = {
    "perceptron": Case(perceptron, *MSE, flat_digits),
    "convolution of planes": Case(partial(convolutional, hand.Convolutional), *BCE, partial(digits, 2)),
    "nn.Conv": Case(partial(convolutional, hand.TiedConvolutional), *BCE, partial(digits, 2)),
    "small, planes": Case(partial(small, hand.Convolutional), *MSE, noise),
    "small, nn.Conv": Case(partial(small, hand.TiedConvolutional), *BCE, noise),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
small_cases = pytest.mark.parametrize("case", [CASES["small, planes"], CASES["small, nn.Conv"]], ids=["planes", "Conv"])


def assert_close(actual, expected, tolerance=1e-12):
    """Half the tolerance is relative to the element itself, half to the largest, for small sums of large terms."""
    actual = np.asarray(actual.detach() if isinstance(actual, mg.Tensor) else actual)
    assert actual.dtype == expected.dtype == np.float64
    assert actual.shape == expected.shape
    largest = np.max(np.abs(expected))
    assert largest > 0
    np.testing.assert_allclose(actual, expected, rtol=0.5 * tolerance, atol=0.5 * tolerance * largest)


def check_gradients(case, network, count=5):
    """The output, the loss and every gradient, that of the input included, for a few samples one by one."""
    model = ported(network)
    samples, targets = case.samples()
    for sample, target in zip(samples[:count], targets[:count], strict=True):
        x, y = as_columns(sample[np.newaxis])[0], target[:, np.newaxis]
        output = predict(network, x)
        input_gradient, by_layer = gradients(network, case.loss_prime, x, y)
        by_hand = [array for layer, arrays in zip(network, by_layer, strict=True) for array in as_rows(layer, arrays)]

        batch = mg.Tensor(sample[np.newaxis], requires_grad=True)
        prediction = model(batch)
        loss = case.minigrad_loss(prediction, target[np.newaxis])
        found = mg.gradients(loss, [batch, *model.parameters()])

        assert_close(prediction, output.T)
        assert_close(loss, case.loss(y, output))
        assert_close(found[0], input_gradient.reshape(batch.shape))
        for actual, expected in zip(found[1:], by_hand, strict=True):
            assert_close(actual, expected)


@every_case
def test_gradients_are_the_same_with_weights_as_drawn(case):
    check_gradients(case, case.network())


@every_case
def test_gradients_are_the_same_with_tempered_weights(case):
    check_gradients(case, tempered(case.network()))


def make_wrong(layer, part, factor):
    """Scale one of the gradients that a layer finds: that of its input, or one of those of its parameters."""
    right = layer.derive

    def wrong(output_gradient):
        found = [right(output_gradient), *layer.gradients]
        found[part] = found[part] * factor
        layer.gradients = tuple(found[1:])
        return found[0]

    layer.derive = wrong


@small_cases
@pytest.mark.parametrize("position", range(7))
def test_a_gradient_that_is_wrong_by_very_little_is_noticed(case, position):
    for part in range(1 + len(case.network()[position].parameters)):
        network = tempered(case.network())
        make_wrong(network[position], part, 1 + 1e-11)
        with pytest.raises(AssertionError):
            check_gradients(case, network)


HAND = {
    "Dense": (lambda rng: hand.Dense(5, 3, rng), (5, 1), ["weights", "bias"]),
    "Convolutional": (lambda rng: hand.Convolutional((2, 5, 6), 3, 4, rng), (2, 5, 6), ["kernels", "bias"]),
    "TiedConvolutional": (lambda rng: hand.TiedConvolutional((2, 5, 6), 3, 4, rng), (2, 5, 6), ["kernels", "bias"]),
    "Reshape": (lambda rng: hand.Reshape((2, 3, 5), (30, 1)), (2, 3, 5), []),
    "Tanh": (lambda rng: hand.Tanh(), (5, 1), []),
    "Sigmoid": (lambda rng: hand.Sigmoid(), (5, 1), []),
    "Softmax": (lambda rng: hand.Softmax(), (5, 1), []),
}


@pytest.mark.parametrize(("build", "shape", "parameters"), HAND.values(), ids=HAND)
def test_every_layer_by_hand_is_right(build, shape, parameters):
    """Against values of the layer alone: both sides of every other test could share a mistake."""
    rng = np.random.default_rng(4)
    result = check_backward(build(rng), inputs=rng.standard_normal(shape))
    assert [leaf.name for leaf in result.leaves] == ["x", *parameters]


@pytest.mark.parametrize(("build", "shape", "parameters"), HAND.values(), ids=HAND)
def test_a_layer_that_is_wrong_by_a_thousandth_is_noticed(build, shape, parameters):
    for part, name in enumerate(["x", *parameters]):
        rng = np.random.default_rng(4)
        layer = build(rng)
        make_wrong(layer, part, 1.001)
        with pytest.raises(GradcheckError) as caught:
            check_backward(layer, inputs=rng.standard_normal(shape))
        assert {finding.leaf for finding in caught.value.result.findings} == {name}


class Network:
    """A list of layers as one layer, followed by a loss."""

    def __init__(self, layers, loss, loss_prime):
        self.layers, self.loss, self.loss_prime = layers, loss, loss_prime

    def forward(self, x):
        self.output = predict(self.layers, x)
        return self.loss(self.output)

    def backward(self, output_gradient, learning_rate):
        return pull_back(self.layers, output_gradient * self.loss_prime(self.output), learning_rate)


@small_cases
def test_the_gradients_of_whole_networks_by_hand_are_right(case):
    samples, targets = case.samples()
    truth = targets[0][:, np.newaxis]
    network = Network(tempered(case.network()), partial(case.loss, truth), partial(case.loss_prime, truth))
    result = check_backward(network, inputs=samples[0])
    dense = [f"layers[{position}].{name}" for position in (3, 5) for name in ("weights", "bias")]
    assert [leaf.name for leaf in result.leaves] == ["x", "layers[0].kernels", "layers[0].bias", *dense]


@pytest.mark.parametrize("kind", [hand.Tanh, hand.Sigmoid, hand.Softmax])
def test_activations_are_the_same(kind):
    rng = np.random.default_rng(2)
    values, seed = rng.normal(scale=3.0, size=(2, 1, 7))
    by_hand, x = kind(), mg.Tensor(values, requires_grad=True)
    out = port(by_hand)(x)
    assert_close(out, by_hand.forward(values.T).T)
    out.backward(seed)
    assert_close(x.grad, by_hand.backward(seed.T, learning_rate=0.1).T)


@pytest.mark.parametrize(("loss", "prime", "minigrad_loss"), [MSE, BCE])
def test_losses_and_their_primes_are_the_same(loss, prime, minigrad_loss):
    rng = np.random.default_rng(3)
    for truth in (rng.uniform(size=(6, 1)), rng.integers(2, size=(6, 1)).astype(float)):
        values = rng.uniform(0.01, 0.99, size=(6, 1))
        prediction = mg.Tensor(values, requires_grad=True)
        out = minigrad_loss(prediction, truth)
        out.backward()
        assert_close(out, loss(truth, values))
        assert_close(prediction.grad, prime(truth, values))
        check_backward(partial(loss, truth), lambda g, out, p, truth=truth: g * prime(truth, p), values, style="args")


@every_case
def test_the_same_is_learned_in_200_steps(case):
    network = tempered(case.network())
    model = ported(network)
    start = [array.copy() for array in parameters(network)]
    samples, targets = case.samples()
    assert len(samples) * EPOCHS == 200
    pairs = mg.batches(samples, targets, batch_size=1, shuffle=False)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    history = mg.train(model, case.minigrad_loss, optimizer, pairs, epochs=EPOCHS, progress=False)
    x, y = as_columns(samples), as_columns(targets)
    errors = train(network, case.loss, case.loss_prime, x, y, EPOCHS, learning_rate=0.1)

    for actual, expected, before in zip(model.parameters(), parameters(network), start, strict=True):
        assert_close(actual, expected, 1e-9)
        # What has hardly moved would agree whatever the gradients are.
        assert np.max(np.abs(expected - before)) > 1e-4 * np.max(np.abs(expected))
    assert errors[-1] < errors[0]
    np.testing.assert_allclose([record["loss"] for record in history.records], errors, rtol=1e-9)
    assert_close(mg.predict(model, samples), np.array([predict(network, each)[:, 0] for each in x]), 1e-9)
    check_gradients(case, network)
