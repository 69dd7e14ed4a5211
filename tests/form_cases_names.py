"""Which layers have other names for their two passes?"""

# ruff: noqa: N803 -- matrices have the names that they have on paper

import numpy as np
from form_cases import away, form, layer, normal, plain


class FromScratch:
    """forward_pass and backward_pass; frozen layers keep no gradients."""

    def __init__(self, n_in, n_units, rng):
        limit = 1 / np.sqrt(n_in)
        self.W = rng.uniform(-limit, limit, (n_in, n_units))
        self.w0 = np.zeros((1, n_units))
        self.trainable = True

    def forward_pass(self, X, training=True):
        self.layer_input = X
        return X.dot(self.W) + self.w0

    def backward_pass(self, accum_grad):
        if self.trainable:
            self.grad_W = self.layer_input.T.dot(accum_grad)
            self.grad_w0 = np.sum(accum_grad, axis=0, keepdims=True)
        return accum_grad.dot(self.W.T)


class FromScratchNoTranspose(FromScratch):
    def backward_pass(self, accum_grad):
        self.grad_W = self.layer_input.reshape(self.W.shape[0], -1).dot(accum_grad)
        self.grad_w0 = np.sum(accum_grad, axis=0, keepdims=True)
        return accum_grad.dot(self.W.T)


form(
    "forward_pass and backward_pass", "names kept", layer(normal((7, 3)), 3, 5), FromScratch,
    ("reshaped for transposed", FromScratchNoTranspose, "W"),
)  # fmt: skip


class Textbook:
    """feedforward and backprop, for columns."""

    def __init__(self, n, m, rng):
        self.weights = rng.standard_normal((m, n))
        self.biases = rng.standard_normal((m, 1))

    def feedforward(self, a):
        self.a_in = a
        self.a_out = 1.0 / (1.0 + np.exp(-(self.weights @ a + self.biases)))
        return self.a_out

    def backprop(self, grad):
        delta = grad * self.sigmoid_prime()
        self.delta_weights = delta @ self.a_in.T
        self.delta_biases = delta
        return self.weights.T @ delta

    def sigmoid_prime(self):
        return self.a_out * (1 - self.a_out)


class TextbookTwice(Textbook):
    def sigmoid_prime(self):
        s = 1.0 / (1.0 + np.exp(-self.a_out))
        return s * (1 - s)


form(
    "feedforward and backprop", "names kept", layer(normal((5, 1)), 5, 3), Textbook,
    ("sigmoid taken twice", TextbookTwice, "weights"),
)  # fmt: skip


class Theano:
    def __init__(self, n_visible, n_hidden, rng):
        self.W = rng.standard_normal((n_visible, n_hidden))

    def fprop(self, inputs):
        self.inputs = inputs
        return np.log1p(np.exp(inputs @ self.W))

    def bprop(self, grads_wrt_outputs):
        d = grads_wrt_outputs / (1 + np.exp(-(self.inputs @ self.W)))
        self.gradW = self.inputs.T @ d
        return d @ self.W.T


class TheanoMinus(Theano):
    def bprop(self, grads_wrt_outputs):
        d = grads_wrt_outputs / (1 + np.exp(self.inputs @ self.W))
        self.gradW = self.inputs.T @ d
        return d @ self.W.T


form(
    "fprop and bprop", "names kept", layer(normal((3, 5)), 5, 7), Theano,
    ("minus in the exponent forgotten", TheanoMinus, "W"),
)  # fmt: skip


class Swish:
    """Called forwards; the gradient is a method."""

    def __call__(self, x):
        self.x = x
        self.s = 1 / (1 + np.exp(-x))
        return x * self.s

    def grad(self, dy):
        return dy * (self.s + self.x * self.s * (1 - self.s))


class SwishGate(Swish):
    def grad(self, dy):
        return dy * self.s


form("__call__ and grad", "names", plain(normal((7, 5))), Swish, ("gate taken as a constant", SwishGate, "x"))


class Elu:
    """Called forwards, and backward beside it."""

    def __init__(self, alpha=1.3):
        self.alpha = alpha

    def __call__(self, z):
        self.z = z
        return np.where(z > 0, z, self.alpha * (np.exp(z) - 1))

    def backward(self, dz):
        return dz * np.where(self.z > 0, 1, self.alpha * np.exp(self.z))


class EluNoAlpha(Elu):
    def backward(self, dz):
        return dz * np.where(self.z > 0, 1, np.exp(self.z))


def elu_inputs(rng):
    z = away(rng, 5, 3)
    z[0, 0] = -np.abs(z[0, 0])
    return z


form("__call__ and backward", "names", plain(elu_inputs, 1.3), Elu, ("alpha forgotten", EluNoAlpha, "z"))


class FullyConnected:
    """The names of an article: the error comes back, with a learning rate."""

    def __init__(self, input_size, output_size, rng):
        self.weights = rng.uniform(-0.5, 0.5, (input_size, output_size))
        self.bias = rng.uniform(-0.5, 0.5, (1, output_size))

    def forward_propagation(self, input_data):
        self.input = input_data
        self.output = np.dot(self.input, self.weights) + self.bias
        return self.output

    def backward_propagation(self, output_error, learning_rate):
        input_error = np.dot(output_error, self.weights.T)
        weights_error = np.dot(self.input.T, output_error)
        self.weights -= learning_rate * weights_error
        self.bias -= learning_rate * output_error
        return input_error


class FullyConnectedBias(FullyConnected):
    def backward_propagation(self, output_error, learning_rate):
        input_error = np.dot(output_error, self.weights.T)
        self.weights -= learning_rate * np.dot(self.input.T, output_error)
        self.bias -= learning_rate * output_error * self.output
        return input_error


form(
    "forward_propagation and backward_propagation", "names rates", layer(normal((1, 5)), 5, 3), FullyConnected,
    ("bias gradient times the output", FullyConnectedBias, "bias"),
)  # fmt: skip


class Unusual:
    """Names that nobody can guess."""

    def __init__(self, n, rng):
        self.scale = rng.uniform(0.5, 1.5, n)

    def compute(self, signal):
        self.signal = signal
        return np.sin(self.scale * signal)

    def propagate_error(self, error):
        inner = error * np.cos(self.scale * self.signal)
        self.scale_grad = (inner * self.signal).sum(axis=0)
        return inner * self.scale


class UnusualNotSummed(Unusual):
    def propagate_error(self, error):
        inner = error * np.cos(self.scale * self.signal)
        self.scale_grad = (error * self.signal).sum(axis=0)
        return inner * self.scale


form(
    "names that are told with methods=", "names kept",
    layer(normal((7, 3)), 3, methods=("compute", "propagate_error")), Unusual,
    ("slope of the sine forgotten", UnusualNotSummed, "scale"),
)  # fmt: skip
