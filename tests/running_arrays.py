"""Which arrays, leaves and gradients do the tests of running sums, polynomials and sequences share?"""

import numpy as np

import minigrad as mg

RNG = np.random.default_rng(0)
MATRIX, VECTOR, CUBE = RNG.normal(size=(2, 4)), RNG.normal(size=4), RNG.normal(size=(2, 3, 4))


def leaf(values, dtype=None):
    return mg.Tensor(values, dtype=dtype, requires_grad=True)


def grads(out, *tensors):
    return [g.data for g in mg.gradients(out, tensors, seed=np.ones(out.shape))]
