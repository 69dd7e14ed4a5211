"""In which forms do people write layers, whose gradients are right, and what is wrong in the twin of each?

Each form computes x @ W + b, as those do that keep their gradients.
"""

import numpy as np
from kept_layer_forms import (
    Added,
    Affine,
    Attributes,
    BuiltLater,
    Cache,
    Dicts,
    Flushed,
    KeptArrays,
    Lists,
    Network,
    NewDict,
    Objects,
    OnTheClass,
    OtherNames,
    Slots,
    Stack,
    Words,
)


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
