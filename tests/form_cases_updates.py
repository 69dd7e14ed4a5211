"""Which layers update their weights in the backward pass, and which take a flag that is no learning rate?"""

# ruff: noqa: N803, N806 -- matrices have the names that they have on paper

import copy

import numpy as np
from form_cases import form, layer, normal


class Dense:
    """The learning rate comes second, for one sample as a column."""

    def __init__(self, input_size, output_size, rng):
        self.weights = rng.standard_normal((output_size, input_size))
        self.bias = rng.standard_normal((output_size, 1))

    def forward(self, input_column):
        self.input = input_column
        return np.dot(self.weights, self.input) + self.bias

    def backward(self, output_gradient, learning_rate):
        weights_gradient = np.dot(output_gradient, self.input.T)
        input_gradient = np.dot(self.weights.T, output_gradient)
        self.weights -= learning_rate * weights_gradient
        self.bias -= learning_rate * output_gradient
        return input_gradient


class DenseUphill(Dense):
    def backward(self, output_gradient, learning_rate):
        input_gradient = np.dot(self.weights.T, output_gradient)
        self.weights -= learning_rate * np.dot(output_gradient, self.input.T)
        self.bias += learning_rate * output_gradient
        return input_gradient


class DenseUpdatesFirst(Dense):
    def backward(self, output_gradient, learning_rate):
        self.weights -= learning_rate * np.dot(output_gradient, self.input.T)
        self.bias -= learning_rate * output_gradient
        return np.dot(self.weights.T, output_gradient)


form(
    "dense layer with a learning rate", "rates", layer(normal((5, 1)), 5, 3), Dense,
    ("bias goes uphill", DenseUphill, "bias"),
    ("weights updated before they are used", DenseUpdatesFirst, "input_column"),
)  # fmt: skip


class KeywordRate(Dense):
    def backward(self, grad, *, lr):
        d_input = self.weights.T @ grad
        self.weights = self.weights - lr * grad @ self.input.T
        self.bias = self.bias - lr * grad
        return d_input


class KeywordRateHalf(Dense):
    def backward(self, grad, *, lr):
        d_input = self.weights.T @ grad
        self.weights = self.weights - 0.5 * lr * grad @ self.input.T
        self.bias = self.bias - lr * grad
        return d_input


form(
    "learning rate by keyword only", "rates", layer(normal((3, 1)), 3, 7), KeywordRate,
    ("half the step", KeywordRateHalf, "weights"),
)  # fmt: skip


class DefaultRate:
    def __init__(self, d_in, d_out, rng):
        self.W = rng.standard_normal((d_in, d_out))
        self.b = np.zeros(d_out)

    def forward(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward(self, dY, lr=0.01):
        dX = dY @ self.W.T
        self.W -= lr * (self.X.T @ dY)
        self.b -= lr * dY.sum(axis=0)
        return dX


class DefaultRateAveraged(DefaultRate):
    def backward(self, dY, lr=0.01):
        dX = dY @ self.W.T
        self.W -= lr * (self.X.T @ dY) / len(dY)
        self.b -= lr * dY.sum(axis=0)
        return dX


form(
    "learning rate with a default", "rates", layer(normal((7, 5)), 5, 3), DefaultRate,
    ("averaged over the batch", DefaultRateAveraged, "W"),
)  # fmt: skip


class OwnRate(DefaultRate):
    def __init__(self, d_in, d_out, rng, lr=0.1):
        super().__init__(d_in, d_out, rng)
        self.lr = lr

    def backward(self, dY):
        dX = dY @ self.W.T
        self.W -= self.lr * (self.X.T @ dY)
        self.b -= self.lr * dY.sum(axis=0)
        return dX


class OwnRateWrongAxis(OwnRate):
    def backward(self, dY):
        dX = dY @ self.W.T
        self.W -= self.lr * (self.X.T @ dY)
        self.b -= self.lr * dY[0]
        return dX


form(
    "learning rate of the layer's own", "rates", layer(normal((5, 3)), 3, 7), OwnRate,
    ("bias of the first sample only", OwnRateWrongAxis, "b"),
)  # fmt: skip


class RetainGrads:
    """Gradients are kept unless one asks for them not to be."""

    def __init__(self, n_in, n_out, rng):
        self.parameters = {"W": rng.standard_normal((n_in, n_out)), "b": rng.standard_normal((1, n_out))}
        self.gradients = {key: np.zeros_like(value) for key, value in self.parameters.items()}

    def forward(self, X, retain_derived=True):
        if retain_derived:
            self.X = X
        return np.tanh(X @ self.parameters["W"] + self.parameters["b"])

    def backward(self, dLda, retain_grads=True):
        Z = self.X @ self.parameters["W"] + self.parameters["b"]
        dZ = dLda * self.slope(Z)
        if retain_grads:
            self.gradients["W"] += self.X.T @ dZ
            self.gradients["b"] += dZ.sum(axis=0, keepdims=True)
        return dZ @ self.parameters["W"].T

    def slope(self, Z):
        return 1 - np.tanh(Z) ** 2


class RetainGradsSigmoid(RetainGrads):
    def slope(self, Z):
        return np.tanh(Z) * (1 - np.tanh(Z))


form(
    "retain_grads=True", "flags kept", layer(normal((7, 3)), 3, 5), RetainGrads,
    ("the slope of the sigmoid", RetainGradsSigmoid, "W"),
)  # fmt: skip


class TrainFlag(DefaultRate):
    def backward(self, dY, train=True):
        if train:
            self.dW = self.X.T @ dY
            self.db = np.sum(dY, axis=0)
        return dY @ self.W.T


class TrainFlagScaled(DefaultRate):
    def backward(self, dY, train=True):
        if train:
            self.dW = self.X.T @ dY * 2
            self.db = np.sum(dY, axis=0)
        return dY @ self.W.T


form(
    "train=True", "flags kept", layer(normal((5, 7)), 7, 3), TrainFlag,
    ("twice the gradient", TrainFlagScaled, "W"),
)  # fmt: skip


class AccumulateFlag(DefaultRate):
    def __init__(self, d_in, d_out, rng):
        super().__init__(d_in, d_out, rng)
        self.dW, self.db = np.zeros((d_in, d_out)), np.zeros(d_out)

    def backward(self, dY, accumulate=False):
        dW, db = self.X.T @ dY, dY.sum(axis=0)
        self.dW = self.dW + dW if accumulate else dW
        self.db = self.db + db if accumulate else db
        return dY @ self.W.T


class AccumulateAlways(AccumulateFlag):
    def backward(self, dY, accumulate=False):
        dX = super().backward(dY, accumulate)
        self.db = self.db * len(dY)
        return dX


form(
    "accumulate=False", "flags kept", layer(normal((3, 5)), 5, 7), AccumulateFlag,
    ("bias times the batch", AccumulateAlways, "b"),
)  # fmt: skip


class NeedInput(DefaultRate):
    """The first layer of a network needs no gradient of its input."""

    def backward(self, dY, need_dx=True):
        self.dW = self.X.T @ dY
        self.db = dY.sum(axis=0)
        return dY @ self.W.T if need_dx else None


class NeedInputTransposed(DefaultRate):
    def backward(self, dY, need_dx=True):
        self.dW = self.X.T @ dY
        self.db = dY.sum(axis=0)
        return dY @ self.W.reshape(self.W.shape[::-1]) if need_dx else None


form(
    "need_dx=True", "flags kept", layer(normal((7, 5)), 5, 3), NeedInput,
    ("reshaped for transposed", NeedInputTransposed, "X"),
)  # fmt: skip


# ---- Optimisers inside: what they are given is the gradient, whatever they make of it ----


class Sgd:
    def __init__(self, learning_rate=0.01):
        self.learning_rate = learning_rate

    def update(self, w, grad):
        return w - self.learning_rate * grad


class Momentum:
    def __init__(self, learning_rate=0.05, momentum=0.9):
        self.learning_rate, self.momentum, self.velocity = learning_rate, momentum, None

    def update(self, w, grad):
        if self.velocity is None:
            self.velocity = np.zeros_like(w)
        self.velocity = self.momentum * self.velocity + (1 - self.momentum) * grad
        return w - self.learning_rate * self.velocity


class Adam:
    def __init__(self, learning_rate=0.001, b1=0.9, b2=0.999):
        self.learning_rate, self.b1, self.b2, self.t = learning_rate, b1, b2, 0
        self.m = self.v = None

    def update(self, w, grad):
        if self.m is None:
            self.m, self.v = np.zeros_like(grad), np.zeros_like(grad)
        self.t += 1
        self.m = self.b1 * self.m + (1 - self.b1) * grad
        self.v = self.b2 * self.v + (1 - self.b2) * grad**2
        m_hat, v_hat = self.m / (1 - self.b1**self.t), self.v / (1 - self.b2**self.t)
        return w - self.learning_rate * m_hat / (np.sqrt(v_hat) + 1e-8)


class Optimised:
    """Each parameter has an optimiser of its own."""

    def __init__(self, n_in, n_out, optimizer, rng):
        self.W = rng.standard_normal((n_in, n_out))
        self.w0 = rng.standard_normal((1, n_out))
        self.W_opt = copy.copy(optimizer)
        self.w0_opt = copy.copy(optimizer)

    def forward(self, X):
        self.layer_input = X
        return X @ self.W + self.w0

    def backward(self, accum_grad):
        W = self.W
        grad_w = self.layer_input.T @ accum_grad
        grad_w0 = np.sum(accum_grad, axis=0, keepdims=True)
        self.W = self.W_opt.update(self.W, grad_w)
        self.w0 = self.w0_opt.update(self.w0, grad_w0)
        return accum_grad @ W.T


class OptimisedAveraged(Optimised):
    def backward(self, accum_grad):
        W = self.W
        grad_w = self.layer_input.T @ accum_grad
        grad_w0 = np.mean(accum_grad, axis=0, keepdims=True)
        self.W = self.W_opt.update(self.W, grad_w)
        self.w0 = self.w0_opt.update(self.w0, grad_w0)
        return accum_grad @ W.T


for optimizer in (Sgd, Momentum, Adam):
    form(
        f"{optimizer.__name__} inside the layer", "bound rates",
        lambda rng, build, optimizer=optimizer: (
            (build(5, 3, optimizer(), rng),), rng.standard_normal((7, 5)), {}
        ),
        Optimised,
        ("bias gradient averaged", OptimisedAveraged, "w0"),
    )  # fmt: skip
