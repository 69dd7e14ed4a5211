"""In which forms do people write layers, whose gradients are right, and what is wrong in the twin of each?

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


class ReturnsAll(Affine):
    def backward(self, g):
        return self.gradients_of(g)


class ReturnsList(Affine):
    def backward(self, g):
        dx, dw, db = self.gradients_of(g)
        return dx, [dw, db]


class ReturnsDict(Affine):
    def backward(self, g):
        dx, dw, db = self.gradients_of(g)
        return dx, {"dW": dw, "db": db}


class ByRate(Affine):
    def backward(self, g, step_size=0.1):
        dx, dw, db = self.gradients_of(g)
        self.W -= step_size * dw
        self.b = self.b - step_size * db
        return dx


class KeepsRate(Affine):
    def __init__(self):
        super().__init__()
        self.lr = 0.01

    def backward(self, g):
        dx, dw, db = self.gradients_of(g)
        self.W -= self.lr * dw
        self.b -= self.lr * db
        return dx


class Flag(Attributes):
    def backward(self, g, retain_grads=True, verbose=False, cache=None):
        return super().backward(g)


class RateUnused(Attributes):
    def backward(self, g, lr):
        return super().backward(g)


class Momentum:
    def __init__(self):
        self.velocity = 0.0

    def update(self, weights, gradient):
        self.velocity = 0.9 * self.velocity + gradient
        return weights - 0.01 * self.velocity


class OptimiserReturns(Affine):
    def __init__(self):
        super().__init__()
        self.W_opt, self.b_opt = Momentum(), Momentum()

    def forward_pass(self, x, training=True):
        return Affine.forward(self, x)

    def backward_pass(self, accum_grad):
        dx, dw, db = self.gradients_of(accum_grad)
        self.W, self.b = self.W_opt.update(self.W, dw), self.b_opt.update(self.b, db)
        return dx

    forward = None


class InPlace:
    def step(self, params, grads):
        for values, gradient in zip(params, grads, strict=True):
            values -= 0.1 * np.sign(gradient)


class OptimiserInPlace(Affine):
    def __init__(self):
        super().__init__()
        self.optimizer = InPlace()

    def backward(self, g):
        dx, *gradients = self.gradients_of(g)
        self.optimizer.step([self.W, self.b], gradients)
        return dx


class OptimiserGiven(Affine):
    def backward(self, g, optimizer):
        dx, dw, db = self.gradients_of(g)
        self.W = optimizer.update(self.W, dw)
        self.b = optimizer.update(self.b, db)
        return dx


class Propagation(Attributes):
    forward_propagation, backward_propagation = Affine.forward, Attributes.backward
    forward = backward = None


class Called(Attributes):
    __call__, grad = Affine.forward, Attributes.backward
    forward = backward = None


class WithCache(Affine):
    def forward(self, x):
        return x @ self.W + self.b, (x,)

    def backward(self, dout, cache):
        (self.x,) = cache
        dx, self.dW, self.db = self.gradients_of(dout)
        return dx


class WithInput(Attributes):
    def forward(self, input):
        return Affine.forward(self, input)

    def backward(self, input, grad_output):
        self.x = input
        return super().backward(grad_output)


FORMS = [
    *(Attributes, Words, OtherNames, Dicts, NewDict, Cache, Lists, KeptArrays, Flushed, Added, Objects, Slots),
    *(OnTheClass, BuiltLater, Stack, Network, ReturnsAll, ReturnsList, ReturnsDict, ByRate, KeepsRate, Flag),
    *(RateUnused, OptimiserReturns, OptimiserInPlace, OptimiserGiven, Propagation, Called, WithCache, WithInput),
]
