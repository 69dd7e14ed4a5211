"""Is code recorded that was written for arrays, and right, or not at all?"""

import math

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from recorded_subject import FunctionOfOne
from scipy import signal, special
from scipy.special import logsumexp

from minigrad import testing
from minigrad.testing.diagnosis.recorded_pass import traced
from minigrad.testing.subjects.stateful_layer import LayerSubject

RNG = np.random.default_rng(0)
X = RNG.standard_normal((4, 3))
WEIGHTS = RNG.standard_normal((3, 2))
KERNEL = RNG.standard_normal((2, 2))


def row_by_row(x):
    out = np.zeros((len(x), 2))
    for i, row in enumerate(x):
        out[i, 0] = np.sum(row**2)
        out[i, 1] += row[0] * row[1]
    return out


def element_by_element(x):
    out = np.empty_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = math.exp(x[i, j]) if x[i, j] > 0 else math.tanh(x[i, j]) - 1
    return out


def through_views(x):
    out = np.ones(x.shape)
    row = out[1]
    row += x[0]
    out[2] *= x[2]
    column = out[:, 1]
    column[...] = column * x[:, 0]
    out[0, :2] -= x[3, 1:]
    return out


def masked(x):
    out = x.copy()
    out[out < 0] = 0.1 * out[out < 0]
    np.maximum(out, 0.05, out=out)
    return out


def accumulated(x):
    out = np.zeros(3)
    np.add.at(out, [0, 2, 0, 1], x[:, 1])
    return out


def filled_and_joined(x):
    total = np.full(3, 2.0)
    total.fill(1.0)
    total += x[0]
    rows = [total * row for row in x]
    return np.array(rows).flatten()


def best_of_each(x):
    best = x.argmax(axis=1)
    order = np.argsort(x[0])
    return x[np.arange(len(x)), best] + len(np.unique(best)) * x[0, order[0]]


def helper(x):
    return np.log1p(np.square(x))


def with_helpers(x, depth=2, *, factor=1.5):
    def inner(y):
        return helper(y) + np.sin(factor * y)

    return inner(x) if depth == 0 else with_helpers(inner(x), depth - 1)


def through_other_views(x):
    out = np.zeros(12)
    out.reshape(4, 3)[...] = x**2
    whole = out.reshape(3, 4)
    whole.T[0] += x[0]
    x.copy().ravel()[0] = 5.0
    whole.transpose(1, 0).reshape(-1)[0] = 7.0
    return whole


def put_and_filled(x):
    out = np.empty((4, 3))
    np.copyto(out, x)
    np.putmask(out, out < 0, 0)
    square = np.full((3, 3), x[0, 0])
    np.fill_diagonal(square, 2.0)
    return out @ square


def with_numbers(x):
    total = float(np.mean(x)) + np.float64(np.sum(x[0])) + x[0, 1].item()
    assert isinstance(x, np.ndarray)
    assert isinstance(1.0, float)
    text = f"{total:.3f}"
    return np.array([total * math.pow(abs(v), 1.5) + len(text) for v in x.ravel().tolist()], dtype=float)


def by_indices(x):
    out = np.zeros_like(x)
    for i, j in np.ndindex(*x.shape):
        out[i, j] = x[i, j] ** 2
    for (i, j), value in np.ndenumerate(x):
        out[i, j] += value
    constant = np.eye(3)
    constant[0] = x[0]
    return out @ constant


FUNCTIONS = [
    *(through_other_views, put_and_filled, with_numbers, by_indices),
    lambda x: np.vectorize(lambda v: 1 / (1 + math.exp(-v)))(x),
    lambda x: np.apply_along_axis(lambda row: np.exp(row) / np.sum(np.exp(row)), 1, x),
    lambda x: np.einsum("...i,ij->...j", x, WEIGHTS) + WEIGHTS.sum(axis=0),
    lambda x: WEIGHTS.T.dot(x.T) @ np.c_[np.ones(len(x)), x],
    lambda x: np.r_[x, x[:1]] * np.add.reduce(x, axis=0) + np.subtract.outer(x[0], x[1]).sum(axis=0),
    lambda x: np.array([value**2 for value in x.flat]),
    *(row_by_row, element_by_element, through_views, masked, accumulated, filled_and_joined, best_of_each),
    with_helpers,
    lambda x: x - logsumexp(x, axis=1, keepdims=True),
    lambda x: special.logsumexp(x, axis=0) + special.softmax(x, axis=1).sum() + special.log_softmax(x, axis=1)[0],
    lambda x: special.softmax(x),
    lambda x: signal.correlate2d(x, KERNEL, "valid") * signal.convolve2d(x, KERNEL, mode="same")[1:, 1:],
    lambda x: x * 0.5 * (1 + special.erf(x / math.sqrt(2))),
    lambda x: np.arctan(x) + np.cosh(x),
    lambda x: np.float64(0.5) * np.asarray(x) @ np.ones(3),
    lambda x: np.einsum("ij,kj->ki", x, x * x) + np.einsum("ij,ij->i", x, np.cos(x)),
    lambda x: np.einsum("ij,jk", x, WEIGHTS) * np.einsum("ij->", x),
    lambda x: np.tensordot(x, x.T, axes=1) + np.tensordot(x, x[::-1], axes=([1], [1])) + np.outer(x[:, 0], x[:, 1]),
    lambda x: np.tensordot(sliding_window_view(x, (2, 2)), KERNEL, axes=2),
    lambda x: as_strided(x, (3, 2, 2), (x.strides[0], *x.strides)).sum(axis=(1, 2)),
    lambda x: x + np.linalg.norm(x),
    lambda x: x / np.linalg.norm(x, axis=1, keepdims=True),
    lambda x: np.roll(x, 1, axis=0) * np.tile(x[:1], (4, 1)) * np.repeat(x[:2], 2, axis=0),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_recorded_has_the_gradient_of_the_function(function):
    subject = FunctionOfOne(function, X)
    g = RNG.standard_normal(np.shape(function(X)))
    before = X.copy()
    tape = traced(subject, [X], [g])
    assert tape is not None
    np.testing.assert_array_equal(X, before)
    truth = testing.numerical_vjp(function, X, g)
    np.testing.assert_allclose(tape.gradient(0), truth.value, atol=1e-9)


def lost(x):
    return np.array([complex(value).real for value in x[0]])


def without_a_rule(x):
    return np.sort(x)


def diagonal(x):
    return np.einsum("ii->i", x[:3, :3])


def constant(x):
    return np.zeros(3)


def too_long(x):
    out = np.zeros(3000)
    for i in range(3000):
        out[i] = x[0, 0] * i
        out *= 1.0
    return out


@pytest.mark.parametrize(
    "function", [too_long, lost, without_a_rule, diagonal, constant, lambda x: x[0].tolist(), lambda x: x.no_such_thing]
)
def test_what_cannot_be_recorded_leaves_no_tape(function):
    subject = FunctionOfOne(function, X)
    shape = np.shape(function(X)) if function is too_long else 3
    assert traced(subject, [X], [np.ones(shape)]) is None


class Linear:
    def __init__(self, weights):
        self.weights = weights

    def forward(self, x):
        self.x = x
        return np.dot(self.weights, x)


class Network:
    """Layers in a list, and a buffer that the forward pass writes to."""

    def __init__(self):
        self.layers = [Linear(RNG.standard_normal((2, 3))), Linear(RNG.standard_normal((2, 2)))]
        self.scale = RNG.standard_normal(2)
        self.out = None

    def doubled(self, x):
        self.out = np.zeros(x.shape)
        for i in range(len(x)):
            self.out[i] = 2 * x[i] * self.scale[i]
        return self.out

    def forward(self, x):
        for layer in self.layers:
            x = np.tanh(layer.forward(x))
        return self.doubled(x)

    def backward(self, g, learning_rate):
        return g


def test_layers_are_recorded_and_left_as_they_were():
    network, x, g = Network(), RNG.standard_normal((3, 1)), RNG.standard_normal((2, 1))
    first, second, scale = network.layers[0].weights, network.layers[1].weights, network.scale
    before = first.copy()
    subject = LayerSubject(network, x)
    assert {leaf.name for leaf in subject.leaves} == {"x", "layers[0].weights", "layers[1].weights", "scale"}
    tape = traced(subject, [leaf.value for leaf in subject.leaves], [g])
    assert tape is not None

    def by_weights(w):
        return 2 * np.tanh(second @ np.tanh(w @ x)) * scale[:, None]

    position = [leaf.name for leaf in subject.leaves].index("layers[0].weights")
    truth = testing.numerical_vjp(by_weights, before, g)
    np.testing.assert_allclose(tape.gradient(position), truth.value, atol=1e-9)
    assert network.layers[0].weights is first
    np.testing.assert_array_equal(first, before)
    assert isinstance(network.out, np.ndarray)
    assert isinstance(network.layers[0].x, np.ndarray)


def test_mistakes_in_loops_are_told_with_their_line():
    def forward(x):
        out = np.zeros_like(x)
        for j in range(x.shape[1]):
            mean = np.mean(x[:, j])
            out[:, j] = np.exp(x[:, j] - mean)
        return out

    def backward(g, out, x):
        return g * out  # the way through the mean is left out

    x = RNG.standard_normal((7, 5))
    result = testing.check_backward(forward, backward, x, raise_exception=False)
    (finding,) = result.findings
    assert finding.rule == "path.missing"
    line = forward.__code__.co_firstlineno + 3
    assert f"test_recorder.py:{line}" in finding.where or f"test_recorder.py:{line + 1}" in finding.where
