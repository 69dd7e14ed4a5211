"""Which matrices do the tests of linear algebra draw, and how do they differentiate by one?"""

import numpy as np
import pytest
from leaves import leaf

import minigrad as mg

RNG = np.random.default_rng(7)
STATE = RNG.bit_generator.state
LinAlgError = np.linalg.LinAlgError


@pytest.fixture(autouse=True)
def _same_values_in_any_order():
    RNG.bit_generator.state = STATE


def gradient(function, x, **options):
    """The gradient of a function, whose result is weighted so that no two of its elements count alike."""
    x = leaf(x, **options)
    out = function(x)
    return mg.gradients(out, [x], seed=np.cos(np.arange(out.size)).reshape(out.shape))[0].data


def derivatives(function, x, order):
    """The derivatives of a function of a matrix, each of a weighted sum of the one before, and of the function."""
    x = leaf(x)
    weights = np.cos(np.arange(x.size) + 0.3).reshape(x.shape)
    out, found = function(x), []
    for _ in range(order):
        if not out.requires_grad:
            found.append(np.zeros(x.shape))
            continue
        (out,) = mg.gradients(out, [x], seed=np.ones(out.shape), create_graph=True)
        found.append(out.data)
        out = (out * weights).sum()
    return found


def orthogonal(*shape):
    return np.linalg.qr(RNG.standard_normal(shape))[0]


def with_values(values, rows, columns=None):
    """A matrix with these singular values."""
    count = len(values)
    return orthogonal(rows, count) * values @ orthogonal(columns or rows, count).T


def with_eigenvalues(values):
    vectors = orthogonal(len(values), len(values))
    return vectors * values @ vectors.T
