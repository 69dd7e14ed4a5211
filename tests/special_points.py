"""How are derivatives of any order taken at single points, infinity and NaN among them?"""

import math

import numpy as np

import minigrad as mg

INF, NAN = math.inf, math.nan


def derivative(function, points, order=1):
    """The derivative of a function of one argument at each of the points."""
    x = mg.Tensor(points, dtype=float, requires_grad=True)
    result = function(x)
    for _ in range(order):
        (result,) = mg.gradients(result, [x], seed=np.ones(result.shape), create_graph=True)
    return result.data
