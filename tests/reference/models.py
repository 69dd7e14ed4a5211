"""Which networks does the reference project train, and what do they lack that has to be compared too?"""

import numpy as np

from reference.layers import Dense, Reshape, Sigmoid, Softmax, Tanh


def perceptron(rng):
    """All of MNIST: 784-40-10 with tanh, for the mean squared error."""
    return [Dense(784, 40, rng), Tanh(), Dense(40, 10, rng), Tanh()]


def convolutional(convolution, rng):
    """MNIST's zeros and ones: 3x3 convolution to 5 maps, 100 and 2 units, all with sigmoid, for cross-entropy."""
    return [
        convolution((1, 28, 28), 3, 5, rng),
        Sigmoid(),
        Reshape((5, 26, 26), (5 * 26 * 26, 1)),
        Dense(5 * 26 * 26, 100, rng),
        Sigmoid(),
        Dense(100, 2, rng),
        Sigmoid(),
    ]


def small(convolution, rng):
    """What the others lack: several channels, images that are not square, and Softmax."""
    return [
        convolution((2, 5, 6), 3, 2, rng),
        Tanh(),
        Reshape((2, 3, 4), (24, 1)),
        Dense(24, 4, rng),
        Sigmoid(),
        Dense(4, 3, rng),
        Softmax(),
    ]


def tempered(network):
    """The network, with every weight divided by the square root of the number of inputs it is one of.

    With weights as drawn, most units are saturated, and learning amplifies rounding: two runs of this very code whose
    first weights differ by one unit in the last place are 2e-2 apart after 200 steps of `perceptron`, 1e-15 with
    tempered weights. So no two programs can be asked to agree on what they learn from the former.
    """
    for layer in network:
        if layer.parameters:
            weights = layer.parameters[0]
            weights /= np.sqrt(weights[0].size)
    return network
