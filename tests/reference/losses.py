"""How wrong is a prediction, and how does that change with each element of it, derived by hand?

The mean is over the n elements of the prediction p, and the truth is y; each prime is dL/dp.
"""

import numpy as np


def mse(truth, prediction):
    """L = 1/n sum_i (p[i] - y[i])^2."""
    return np.mean((prediction - truth) ** 2)


def mse_prime(truth, prediction):
    """p[i] is in one term of the sum, the derivative of whose square is dL/dp[i] = 2 (p[i] - y[i]) / n."""
    return 2 * (prediction - truth) / prediction.size


def binary_cross_entropy(truth, prediction):
    """L = -1/n sum_i (y[i] log p[i] + (1 - y[i]) log(1 - p[i]))."""
    return -np.mean(truth * np.log(prediction) + (1 - truth) * np.log(1 - prediction))


def binary_cross_entropy_prime(truth, prediction):
    """d log(p)/dp = 1/p and d log(1 - p)/dp = -1/(1 - p), so dL/dp[i] = ((1 - y[i])/(1 - p[i]) - y[i]/p[i]) / n."""
    return ((1 - truth) / (1 - prediction) - truth / prediction) / prediction.size
