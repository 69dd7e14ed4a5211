"""In which layers are the gradients kept as attributes?"""

from dataclasses import dataclass

import numpy as np
from form_cases import form, layer, normal


class Dense:
    def __init__(self, n_in, n_out, rng):
        self.W = rng.standard_normal((n_in, n_out)) * 0.5
        self.b = rng.standard_normal(n_out)
        self.dW = None
        self.db = None

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout):
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return np.dot(dout, self.W.T)


class DenseMeanBias(Dense):
    def backward(self, dout):
        self.dW = np.dot(self.x.T, dout)
        self.db = np.mean(dout, axis=0)
        return np.dot(dout, self.W.T)


class DenseAveraged(Dense):
    def backward(self, dout):
        self.dW = np.dot(self.x.T, dout) / self.x.shape[0]
        self.db = np.sum(dout, axis=0)
        return np.dot(dout, self.W.T)


form(
    "dense layer with dW and db", "kept", layer(normal((7, 5)), 5, 3), Dense,
    ("bias gradient averaged", DenseMeanBias, "b"),
    ("weight gradient averaged", DenseAveraged, "W"),
)  # fmt: skip


class LinearModule:
    """One output has its axis kept: the bias is a row."""

    def __init__(self, in_features, out_features, rng):
        self.weight = rng.uniform(-1, 1, (out_features, in_features))
        self.bias = rng.uniform(-1, 1, (1, out_features))
        self.grad_weight = np.zeros_like(self.weight)
        self.grad_bias = np.zeros_like(self.bias)

    def forward(self, inp):
        self.inp = inp
        return inp @ self.weight.T + self.bias

    def backward(self, grad_output):
        self.grad_weight = grad_output.T @ self.inp
        self.grad_bias = grad_output.sum(axis=0, keepdims=True)
        return grad_output @ self.weight


class LinearModuleNotSummed(LinearModule):
    def backward(self, grad_output):
        self.grad_weight = grad_output.T @ self.inp
        self.grad_bias = grad_output[:1]
        return grad_output @ self.weight


form(
    "linear module with grad_weight and grad_bias", "kept", layer(normal((5, 7)), 7, 3), LinearModule,
    ("bias gradient of the first sample only", LinearModuleNotSummed, "bias"),
)  # fmt: skip


class BookDense:
    """Neither pass returns anything: the results are attributes too."""

    def __init__(self, n_inputs, n_neurons, rng):
        self.weights = 0.3 * rng.standard_normal((n_inputs, n_neurons))
        self.biases = 0.3 * rng.standard_normal((1, n_neurons))

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        self.dinputs = np.dot(dvalues, self.weights.T)


class BookDenseRegularised(BookDense):
    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues) + 2 * 0.1 * self.weights
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        self.dinputs = np.dot(dvalues, self.weights.T)


form(
    "dense layer with output and dinputs, which returns nothing", "kept", layer(normal((7, 3)), 3, 5), BookDense,
    ("weight decay that the layer's output does not have", BookDenseRegularised, "weights"),
)  # fmt: skip


class ColumnLayer:
    """For one sample, a column."""

    def __init__(self, input_size, output_size, rng):
        self.weights = rng.standard_normal((output_size, input_size))
        self.biases = rng.standard_normal((output_size, 1))
        self.input = self.weights_gradient = self.biases_gradient = None

    def forward(self, input_column):
        self.input = input_column
        return np.tanh(self.weights @ self.input + self.biases)

    def backward(self, output_gradient):
        z_gradient = output_gradient * self.slope()
        self.weights_gradient = z_gradient @ self.input.T
        self.biases_gradient = z_gradient
        return self.weights.T @ z_gradient

    def slope(self):
        return 1 - np.tanh(self.weights @ self.input + self.biases) ** 2


class ColumnLayerSlopeOfOutput(ColumnLayer):
    def slope(self):
        output = np.tanh(self.weights @ self.input + self.biases)
        return 1 - np.tanh(output) ** 2


form(
    "tanh layer for columns with weights_gradient", "kept", layer(normal((5, 1)), 5, 3), ColumnLayer,
    ("slope taken at the output", ColumnLayerSlopeOfOutput, "weights"),
)  # fmt: skip


class Accumulating:
    """Adds up until it is told to start again."""

    def __init__(self, fan_in, fan_out, rng):
        self.W = rng.standard_normal((fan_in, fan_out))
        self.b = rng.standard_normal(fan_out)
        self.zero_grad()

    def zero_grad(self):
        self.gW = np.zeros_like(self.W)
        self.gb = np.zeros_like(self.b)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, gy):
        self.gW += self.x.T @ gy
        self.gb += gy.sum(0)
        return gy @ self.W.T


class AccumulatingTwice(Accumulating):
    def backward(self, gy):
        self.gW += self.x.T @ gy
        self.gb += gy.sum(0)
        self.gb += gy.sum(0)
        return gy @ self.W.T


form(
    "dense layer that adds to gW and gb, with zero_grad", "kept", layer(normal((5, 3)), 3, 7), Accumulating,
    ("bias gradient added twice", AccumulatingTwice, "b"),
)  # fmt: skip


@dataclass
class Standardise:
    gamma: np.ndarray
    beta: np.ndarray
    eps: float = 1e-5
    dgamma: np.ndarray | None = None
    dbeta: np.ndarray | None = None

    def forward(self, x):
        self.std = np.sqrt(x.var(axis=-1, keepdims=True) + self.eps)
        self.normed = (x - x.mean(axis=-1, keepdims=True)) / self.std
        return self.gamma * self.normed + self.beta

    def backward(self, dy):
        self.dgamma = (dy * self.normed).sum(axis=0)
        self.dbeta = dy.sum(axis=0)
        d = dy * self.gamma
        return (d - d.mean(-1, keepdims=True) - self.normed * (d * self.normed).mean(-1, keepdims=True)) / self.std


class StandardiseScaleOnly(Standardise):
    def backward(self, dy):
        super().backward(dy)
        return dy * self.gamma / self.std


def normalisation(rng, build):
    return (build(rng.uniform(0.5, 1.5, 5), rng.standard_normal(5)),), rng.standard_normal((3, 5)), {}


form(
    "layer norm as a dataclass", "kept config", normalisation, Standardise,
    ("mean and deviation taken as constants", StandardiseScaleOnly, "x"),
)  # fmt: skip


class Slotted:
    __slots__ = ("W", "dW", "x")

    def __init__(self, d_in, d_out, rng):
        self.W = rng.standard_normal((d_in, d_out))

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, d):
        self.dW = self.x.T @ d
        return d @ self.W.T


class SlottedTransposed(Slotted):
    __slots__ = ()

    def backward(self, d):
        self.dW = (d.T @ self.x).reshape(self.W.shape)
        return d @ self.W.T


form(
    "layer with slots", "kept", layer(normal((7, 3)), 3, 5), Slotted,
    ("reshaped for transposed", SlottedTransposed, "W"),
)  # fmt: skip


class Nabla:
    """The names of the paper."""

    def __init__(self, n, m, rng):
        self.w = rng.standard_normal((m, n))
        self.b = rng.standard_normal((m, 1))

    def forward(self, a):
        self.a = a
        return 1.0 / (1.0 + np.exp(-(self.w @ a + self.b)))

    def backward(self, delta):
        sigma = self.forward(self.a)
        delta = delta * sigma * (1 - sigma)
        self.nabla_w = delta @ self.a.T
        self.nabla_b = delta.sum(axis=1, keepdims=True)
        return self.w.T @ delta


class NablaWithoutSlope(Nabla):
    def backward(self, delta):
        self.nabla_w = delta @ self.a.T
        self.nabla_b = delta.sum(axis=1, keepdims=True)
        return self.w.T @ delta


form(
    "sigmoid layer with nabla_w, samples in columns", "kept", layer(normal((5, 7)), 5, 3), Nabla,
    ("no slope of the sigmoid", NablaWithoutSlope, "w"),
)  # fmt: skip
