"""Programs that the views of programs are tried on."""

import functools
import itertools

import mnist_conv
import numpy as np

import minigrad as mg
from minigrad import nn

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.normal(size=shape)


def two_layers(w1, b1, w2, b2, x, y):
    z1 = x @ w1 + b1
    a1 = np.tanh(z1)
    p = np.tanh(a1 @ w2 + b2)
    return ((p - y) ** 2).mean()


def two_layer_arguments(batch=3):
    return [normal(*shape) for shape in ((4, 5), (5,), (5, 2), (2,), (batch, 4), (batch, 2))]


@functools.cache
def two_layer_program():
    return mg.program(two_layers, *two_layer_arguments(), wrt=["w1", "b1", "w2", "b2"])


@functools.cache
def convolutional():
    """The example with two convolutions: a program, its model, and arguments."""
    model = mnist_conv.build(8, 3, np.random.default_rng(0))
    arguments = model, normal(2, 1, 8, 8), np.array([0, 2])
    return mg.program(classified, *arguments), arguments


def classified(model, x, labels):
    return mg.losses.cross_entropy(model(x), labels)


def network(*sizes):
    """Dense layers, each followed by tanh."""
    rng = np.random.default_rng(1)
    layers = []
    for features, outputs in itertools.pairwise(sizes):
        layers += [nn.Dense(features, outputs, rng=rng, dtype=np.float64), nn.Tanh()]
    return nn.Sequential(*layers)


def squared_error(model, x, y):
    return ((model(x) - y) ** 2).mean()


def network_program(*sizes):
    return mg.program(squared_error, network(*sizes), normal(7, sizes[0]), normal(7, sizes[-1]))
