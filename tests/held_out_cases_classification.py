"""Which mistakes in losses of classes are kept from whoever writes rules?"""

import numpy as np
from mistake_cases import HELD_OUT, slip
from mistake_cases_classification import (
    BCE,
    CLASSIFIER,
    CROSS_ENTROPY,
    FOCAL,
    HINGE,
    LOG_SOFTMAX,
    LOGISTIC,
    SOFTMAX,
    softmax,
)


@slip(HELD_OUT, SOFTMAX, "z", "factor.missing")
def output_outside_forgotten(g, out, z):
    return (g - (g * out).sum(axis=1, keepdims=True),)


@slip(HELD_OUT, SOFTMAX, "z", "path.missing", "support.diagonal")
def sum_taken_as_constant(g, out, z):
    return (g * out,)


@slip(HELD_OUT, LOG_SOFTMAX, "z", "path.sign")
def plus_for_minus(g, out, z):
    return (g + np.exp(out) * g.sum(axis=1, keepdims=True),)


@slip(HELD_OUT, LOG_SOFTMAX, "z", "support.axis")
def sum_over_the_samples(g, out, z):
    return (g - np.exp(out) * g.sum(axis=0, keepdims=True),)


@slip(HELD_OUT, CROSS_ENTROPY, "scores", "scale.batch")
def not_averaged(g, out, scores, labels):
    d = softmax(scores)
    d[np.arange(len(labels)), labels] -= 1
    return g * d, None


@slip(HELD_OUT, CROSS_ENTROPY, "scores", "scale.sign")
def labels_minus_probabilities(g, out, scores, labels):
    d = -softmax(scores)
    d[np.arange(len(labels)), labels] += 1
    return g * d / len(labels), None


@slip(HELD_OUT, CROSS_ENTROPY, "scores", "samples.missing")
def last_sample_forgotten(g, out, scores, labels):
    p = softmax(scores)
    d = np.zeros_like(p)
    for i in range(len(labels) - 1):
        d[i] = p[i]
        d[i, labels[i]] -= 1
    return g * d / len(labels), None


@slip(HELD_OUT, CLASSIFIER, "w", "decay.scale")
def decay_doubled(g, out, x, w, b, y):
    d = softmax(x @ w + b)
    d[range(len(y)), y] -= 1
    d = g * d / len(y)
    return d @ w.T, x.T @ d + g * 2 * 0.1 * w, d.sum(axis=0), None


@slip(HELD_OUT, CLASSIFIER, "w", "decay.sign", "path.sign")
def decay_subtracted(g, out, x, w, b, y):
    d = softmax(x @ w + b)
    d[range(len(y)), y] -= 1
    d = g * d / len(y)
    return d @ w.T, x.T @ d - g * 0.1 * w, d.sum(axis=0), None


@slip(HELD_OUT, BCE, "z", "factor.extra")
def slope_of_sigmoid_twice(g, out, z, y):
    p = 1 / (1 + np.exp(-z))
    return g * (p - y) * p * (1 - p) / len(y), None


@slip(HELD_OUT, BCE, "z", "path.sign", "operand.replaced")
def wrong_sign_for_negatives(g, out, z, y):
    p = 1 / (1 + np.exp(-z))
    return g * (-y * (1 - p) - (1 - y) * p) / len(y), None


@slip(HELD_OUT, LOGISTIC, "w", "decay.missing", "path.missing")
def penalty_forgotten(g, out, x, w, b, y):
    m = len(y)
    dz = 1 / (1 + np.exp(-(x @ w + b))) - y
    return g * np.outer(dz, w) / m, g * x.T @ dz / m, g * np.sum(dz, keepdims=True) / m, None


@slip(HELD_OUT, LOGISTIC, "b", "scale.batch")
def bias_summed_not_averaged(g, out, x, w, b, y):
    m = len(y)
    dz = 1 / (1 + np.exp(-(x @ w + b))) - y
    return g * np.outer(dz, w) / m, g * (x.T @ dz + 0.7 * w) / m, g * np.sum(dz, keepdims=True), None


@slip(HELD_OUT, HINGE, "scores", "scale.constant", "operand.replaced", "approximation.formula")
def right_class_minus_one(g, out, scores, y):
    n = len(y)
    mask = (scores - scores[np.arange(n), y][:, None] + 1 > 0).astype(float)
    mask[np.arange(n), y] = -1
    return g * mask / n, None


@slip(HELD_OUT, HINGE, "scores", "path.sign")
def right_class_pushed_down(g, out, scores, y):
    n = len(y)
    mask = (scores - scores[np.arange(n), y][:, None] + 1 > 0).astype(float)
    mask[np.arange(n), y] = 0
    mask[np.arange(n), y] = mask.sum(axis=1)
    return g * mask / n, None


@slip(HELD_OUT, FOCAL, "scores", "path.sign")
def sign_of_the_inner_slope(g, out, scores, y):
    n = len(y)
    s = softmax(scores)
    p = s[np.arange(n), y]
    dp = -2 * (1 - p) * np.log(p) - (1 - p) ** 2 / p
    ds = np.zeros_like(s)
    ds[np.arange(n), y] = g * dp / n
    return s * (ds - (ds * s).sum(axis=1, keepdims=True)), None


@slip(HELD_OUT, FOCAL, "scores", "support.diagonal")
def only_the_diagonal_of_softmax(g, out, scores, y):
    n = len(y)
    s = softmax(scores)
    p = s[np.arange(n), y]
    dp = 2 * (1 - p) * np.log(p) - (1 - p) ** 2 / p
    ds = np.zeros_like(s)
    ds[np.arange(n), y] = g * dp / n
    return ds * s * (1 - s), None
