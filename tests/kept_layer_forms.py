"""In which forms do layers keep the gradients of their parameters, and what is wrong in the twin of each?

Each form computes x @ W + b. `SLIP` is 1.0 in the right ones; in a wrong twin it scales the gradient of b.
"""

import numpy as np

RNG = np.random.default_rng(7)
W, B = RNG.standard_normal((5, 3)), RNG.standard_normal(3)


class Affine:
    slip = 1.0

    def __init__(self):
        self.W, self.b = W.copy(), B.copy()

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def gradients_of(self, g):
        return g @ self.W.T, self.x.T @ g, self.slip * g.sum(axis=0)


class Attributes(Affine):
    def backward(self, g):
        dx, self.dW, self.db = self.gradients_of(g)
        return dx


class Words(Affine):
    def backward(self, g):
        dx, self.W_gradient, self.grad_b = self.gradients_of(g)
        return dx


class OtherNames:
    """All is kept, nothing is returned."""

    slip = 1.0

    def __init__(self):
        self.weights, self.biases = W.copy(), B.copy()

    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases

    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        self.dbiases = self.slip * dvalues.sum(axis=0)
        self.dinputs = dvalues @ self.weights.T


class Dicts(Affine):
    def __init__(self):
        self.params, self.grads = {"W": W.copy(), "b": B.copy()}, {}

    W = property(lambda self: self.params["W"])
    b = property(lambda self: self.params["b"])

    def backward(self, g):
        dx, self.grads["W"], self.grads["b"] = self.gradients_of(g)
        return dx


class NewDict(Dicts):
    def backward(self, g):
        dx, dw, db = self.gradients_of(g)
        self.grads = {"dW": dw, "db": db}
        return dx


class Cache(Affine):
    def __init__(self):
        super().__init__()
        self.cache = {}

    def backward(self, g):
        dx, self.cache["dW"], self.cache["db"] = self.gradients_of(g)
        return dx


class Lists(Affine):
    def __init__(self):
        super().__init__()
        self.params, self.gradients = [self.W, self.b], []

    def backward(self, g):
        dx, *self.gradients = self.gradients_of(g)
        return dx


class KeptArrays(Affine):
    def __init__(self):
        super().__init__()
        self.grads = [np.zeros_like(self.W), np.zeros_like(self.b)]

    def backward(self, g):
        dx, dw, db = self.gradients_of(g)
        self.grads[0][...] = dw
        self.grads[1][...] = db
        return dx


class Flushed(Affine):
    def __init__(self):
        super().__init__()
        self.dWs, self.dbs = [], []

    def backward(self, g):
        dx, dw, db = self.gradients_of(g)
        self.dWs.append(dw)
        self.dbs.append(db)
        return dx

    def update(self, rate):
        raise AssertionError("is not called")


class Added(Affine):
    def __init__(self):
        super().__init__()
        self.dW, self.db = np.ones_like(self.W), np.zeros_like(self.b)

    def backward(self, g):
        dx, dw, db = self.gradients_of(g)
        self.dW += dw
        self.db = self.db + db
        return dx


class Parameter:
    def __init__(self, data):
        self.data, self.grad = data, None


class Objects(Affine):
    def __init__(self):
        self.weight, self.bias = Parameter(W.copy()), Parameter(B.copy())

    W = property(lambda self: self.weight.data)
    b = property(lambda self: self.bias.data)

    def backward(self, g):
        dx, dw, db = self.gradients_of(g)
        for parameter, gradient in ((self.weight, dw), (self.bias, db)):
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        return dx


class Slots:
    __slots__ = ("W", "b", "dW", "db", "x")
    slip = 1.0
    __init__, forward, gradients_of = Affine.__init__, Affine.forward, Affine.gradients_of
    backward = Attributes.backward


class OnTheClass(Affine):
    """Its dict of gradients belongs to the class."""

    grads: dict = {}  # noqa: RUF012 -- a mistake that people make
    backward = Dicts.backward


class BuiltLater(Attributes):
    def __init__(self):
        self.W = None

    def forward(self, x):
        if self.W is None:
            self.W, self.b = np.random.default_rng(0).standard_normal((x.shape[1], 3)), np.zeros(3)
        return super().forward(x)


class Stack(Attributes):
    """Keeps its inputs in a list, and takes the first of them."""

    def __init__(self):
        super().__init__()
        self.inputs = []

    def forward(self, x):
        self.inputs.append(x)
        return x @ self.W + self.b

    def backward(self, g):
        self.x = self.inputs[0]
        self.inputs.clear()
        return super().backward(g)


class Network:
    def __init__(self):
        self.layers = [Attributes(), Attributes()]
        self.layers[1].W, self.layers[1].b = RNG.standard_normal((3, 4)), np.zeros(4)

    slip = property(lambda self: 1.0, lambda self, slip: setattr(self.layers[1], "slip", slip))

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, g):
        for layer in reversed(self.layers):
            g = layer.backward(g)
        return g
