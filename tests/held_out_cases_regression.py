"""Which mistakes in losses of numbers and distances are kept from whoever writes rules?"""

import numpy as np
from mistake_cases import HELD_OUT, slip
from mistake_cases_regression import COSINE, HUBER, KL, MSE, NLL, RIDGE, RMSE, SQUARES, TWO_LAYERS


@slip(HELD_OUT, MSE, "p", "scale.constant")
def two_forgotten(g, out, p, t):
    d = g * (p - t) / p.size
    return d, -d


@slip(HELD_OUT, MSE, "p", "scale.dimension", "scale.batch")
def mean_taken_for_a_sum(g, out, p, t):
    d = g * 2 * (p - t)
    return d, -d


@slip(HELD_OUT, SQUARES, "p", "scale.sign")
def target_minus_prediction(g, out, p, t):
    d = g * (t - p) / len(p)
    return d, -d


@slip(HELD_OUT, RMSE, "p", "factor.missing")
def root_over_batch_forgotten(g, out, p, t):
    d = g * (p - t) / p.size * out
    return d, -d


@slip(HELD_OUT, RMSE, "p", "samples.missing")
def loop_ends_too_early(g, out, p, t):
    d = np.zeros_like(p)
    for i in range(len(p) - 1):
        d[i] = g * (p[i] - t[i]) / (len(p) * out)
    return d, -d


@slip(HELD_OUT, HUBER, "p", "operand.replaced", "approximation.formula")
def error_not_cut(g, out, p, t):
    d = g * (p - t) / p.size
    return d, -d


@slip(HELD_OUT, HUBER, "p", "value.clipped", "operand.replaced")
def cut_at_one(g, out, p, t):
    d = g * np.clip(p - t, -1, 1) / p.size
    return d, -d


@slip(HELD_OUT, KL, "q", "factor.missing")
def weight_p_forgotten(g, out, p, q):
    return g * (np.log(p) - np.log(q) + 1) / len(p), -g / q / len(p)


@slip(HELD_OUT, KL, "p", "structure.order")
def gradients_exchanged(g, out, p, q):
    return -g * p / q / len(p), g * (np.log(p) - np.log(q) + 1) / len(p)


@slip(HELD_OUT, NLL, "p", "operand.replaced", "factor.extra")
def logits_taken_for_probabilities(g, out, p, y):
    d = p.copy()
    d[np.arange(len(y)), y] -= 1
    return g * d / len(y), None


@slip(HELD_OUT, NLL, "p", "scale.dimension")
def divided_by_size(g, out, p, y):
    d = np.zeros_like(p)
    d[np.arange(len(y)), y] = -g / p[np.arange(len(y)), y] / p.size
    return d, None


@slip(HELD_OUT, RIDGE, "y", "shape.wrong")
def column_for_the_targets(g, out, x, w, y):
    e = g * 2 * (x @ w - y[:, None]) / len(y)
    return e @ w.T, x.T @ e + g * 2 * 0.3 * w, -e


@slip(HELD_OUT, RIDGE, "w", "decay.missing", "path.missing")
def penalty_forgotten(g, out, x, w, y):
    e = g * 2 * (x @ w - y[:, None]) / len(y)
    return e @ w.T, x.T @ e, -e[:, 0]


@slip(HELD_OUT, TWO_LAYERS, "w2", "decay.scale")
def decay_averaged_too(g, out, x, w1, w2):
    h = np.tanh(x @ w1)
    do = g * 2 * (h @ w2) / (len(x) * w2.shape[1])
    dz = do @ w2.T * (1 - h**2)
    return dz @ w1.T, x.T @ dz + g * 0.2 * w1 / len(x), h.T @ do + g * 0.2 * w2 / len(x)


@slip(HELD_OUT, TWO_LAYERS, "x", "decay.extra")
def input_decayed(g, out, x, w1, w2):
    h = np.tanh(x @ w1)
    do = g * 2 * (h @ w2) / (len(x) * w2.shape[1])
    dz = do @ w2.T * (1 - h**2)
    return dz @ w1.T + g * 0.2 * x, x.T @ dz + g * 0.2 * w1, h.T @ do + g * 0.2 * w2


@slip(HELD_OUT, COSINE, "a", "path.sign")
def plus_for_the_norm(g, out, a, b):
    na = np.sqrt((a**2).sum(axis=1, keepdims=True))
    nb = np.sqrt((b**2).sum(axis=1, keepdims=True))
    c, d = out[:, None], g[:, None]
    return d * (b / (na * nb) + c * a / na**2), d * (a / (na * nb) + c * b / nb**2)


@slip(HELD_OUT, COSINE, "a", "operand.replaced")
def norms_exchanged(g, out, a, b):
    na = np.sqrt((a**2).sum(axis=1, keepdims=True))
    nb = np.sqrt((b**2).sum(axis=1, keepdims=True))
    c, d = out[:, None], g[:, None]
    return d * (b / (na * nb) - c * a / nb**2), d * (a / (na * nb) - c * b / na**2)
