"""How does a module of functions look that a user's layers are made of?"""

import numpy as np

CALLS = {"sigmoid": 0}
WEIGHTS = np.array([1.0, 2.0, 3.0])


def sigmoid(z):
    CALLS["sigmoid"] += 1
    return 1.0 / (1.0 + np.exp(-z))


class Sigmoid:
    """A function with a memory."""

    def __call__(self, z):
        self.out = sigmoid(z)
        return self.out


def weighted(z):
    return z * WEIGHTS[0]


ACTIVATIONS = {"sigmoid": Sigmoid(), "tanh": np.tanh, "doubled": lambda z: 2 * z}
