"""Which mistakes do people make in softmax, cross entropy, hinge and other losses of classes?"""

import numpy as np
from backward_cases import Function, normal
from mistake_cases import OPEN, slip


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_right(g, out, z):
    return (out * (g - (g * out).sum(axis=1, keepdims=True)),)


SOFTMAX = Function("softmax", softmax, softmax_right, normal((5, 3)))


@slip(OPEN, SOFTMAX, "z", "support.diagonal")
def elementwise_slope(g, out, z):
    return (g * out * (1 - out),)


@slip(OPEN, SOFTMAX, "z", "support.axis")
def sum_over_the_batch(g, out, z):
    return (out * (g - (g * out).sum(axis=0, keepdims=True)),)


def log_softmax(z):
    shifted = z - z.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def log_softmax_right(g, out, z):
    return (g - np.exp(out) * g.sum(axis=1, keepdims=True),)


LOG_SOFTMAX = Function("log softmax", log_softmax, log_softmax_right, normal((7, 5)))


@slip(OPEN, LOG_SOFTMAX, "z", "factor.missing", "support.diagonal")
def upstream_not_summed(g, out, z):
    return (g - np.exp(out) * g,)


@slip(OPEN, LOG_SOFTMAX, "z", "operand.replaced", "factor.missing")
def exp_forgotten(g, out, z):
    return (g - out * g.sum(axis=1, keepdims=True),)


def classes(rng, n=7, k=5):
    return rng.standard_normal((n, k)), rng.integers(0, k - 1, n)


def cross_entropy(scores, labels):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(labels)), labels]).mean()


def cross_entropy_right(g, out, scores, labels):
    d = softmax(scores)
    d[np.arange(len(labels)), labels] -= 1
    return g * d / len(labels), None


CROSS_ENTROPY = Function("cross entropy", cross_entropy, cross_entropy_right, classes)


@slip(OPEN, CROSS_ENTROPY, "scores", "labels.not_subtracted", "path.missing")
def one_hot_not_subtracted(g, out, scores, labels):
    d = softmax(scores)
    return g * d / len(labels), None


@slip(OPEN, CROSS_ENTROPY, "scores", "labels.shifted")
def labels_counted_from_one(g, out, scores, labels):
    d = softmax(scores)
    d[np.arange(len(labels)), labels - 1] -= 1
    return g * d / len(labels), None


@slip(OPEN, CROSS_ENTROPY, "scores", "upstream.ignored")
def loss_taken_as_the_end(g, out, scores, labels):
    d = softmax(scores)
    d[np.arange(len(labels)), labels] -= 1
    return d / len(labels), None


def classifier(x, w, b, y):
    z = x @ w + b
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    data = -np.log(p[range(len(y)), y]).sum() / len(y)
    return data + 0.5 * 0.1 * np.sum(w * w)


def classifier_right(g, out, x, w, b, y):
    d = softmax(x @ w + b)
    d[range(len(y)), y] -= 1
    d = g * d / len(y)
    return d @ w.T, x.T @ d + g * 0.1 * w, d.sum(axis=0), None


def classifier_inputs(rng):
    return rng.standard_normal((7, 5)), rng.standard_normal((5, 3)), rng.standard_normal(3), rng.integers(0, 3, 7)


CLASSIFIER = Function("softmax classifier", classifier, classifier_right, classifier_inputs)


@slip(OPEN, CLASSIFIER, "w", "decay.missing", "path.missing")
def decay_forgotten(g, out, x, w, b, y):
    d = softmax(x @ w + b)
    d[range(len(y)), y] -= 1
    d = g * d / len(y)
    return d @ w.T, x.T @ d, d.sum(axis=0), None


@slip(OPEN, CLASSIFIER, "w", "decay.scale")
def decay_halved(g, out, x, w, b, y):
    d = softmax(x @ w + b)
    d[range(len(y)), y] -= 1
    d = g * d / len(y)
    return d @ w.T, x.T @ d + g * 0.5 * 0.1 * w, d.sum(axis=0), None


def binary(rng, n=7):
    return rng.standard_normal(n), rng.integers(0, 2, n)


def bce_with_logits(z, y):
    p = 1 / (1 + np.exp(-z))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def bce_with_logits_right(g, out, z, y):
    p = 1 / (1 + np.exp(-z))
    return g * (p - y) / len(y), None


BCE = Function("bce with logits", bce_with_logits, bce_with_logits_right, binary)


@slip(OPEN, BCE, "z", "factor.missing")
def slope_of_sigmoid_forgotten(g, out, z, y):
    p = 1 / (1 + np.exp(-z))
    return g * (p - y) / (p * (1 - p)) / len(y), None


@slip(OPEN, BCE, "z", "operand.replaced", "factor.missing")
def logits_for_probabilities(g, out, z, y):
    return g * (z - y) / len(y), None


def logistic(x, w, b, y):
    a = 1 / (1 + np.exp(-(x @ w + b)))
    m = len(y)
    cost = -np.sum(y * np.log(a) + (1 - y) * np.log(1 - a)) / m
    return cost + 0.7 / (2 * m) * np.sum(w**2)


def logistic_right(g, out, x, w, b, y):
    m = len(y)
    dz = 1 / (1 + np.exp(-(x @ w + b))) - y
    return g * np.outer(dz, w) / m, g * (x.T @ dz + 0.7 * w) / m, g * np.sum(dz, keepdims=True) / m, None


def logistic_inputs(rng):
    return rng.standard_normal((7, 5)), rng.standard_normal(5), rng.standard_normal(1), rng.integers(0, 2, 7)


LOGISTIC = Function("logistic regression", logistic, logistic_right, logistic_inputs)


@slip(OPEN, LOGISTIC, "w", "decay.scale")
def decay_not_divided_by_m(g, out, x, w, b, y):
    m = len(y)
    dz = 1 / (1 + np.exp(-(x @ w + b))) - y
    return g * np.outer(dz, w) / m, g * (x.T @ dz / m + 0.7 * w), g * np.sum(dz, keepdims=True) / m, None


@slip(OPEN, LOGISTIC, "b", "decay.extra")
def bias_decayed(g, out, x, w, b, y):
    m = len(y)
    dz = 1 / (1 + np.exp(-(x @ w + b))) - y
    dw = g * (x.T @ dz + 0.7 * w) / m
    return g * np.outer(dz, w) / m, dw, g * (np.sum(dz, keepdims=True) + 0.7 * b) / m, None


def hinge(scores, y):
    n = len(y)
    margins = np.maximum(0, scores - scores[np.arange(n), y][:, None] + 1)
    margins[np.arange(n), y] = 0
    return margins.sum() / n


def hinge_right(g, out, scores, y):
    n = len(y)
    mask = (scores - scores[np.arange(n), y][:, None] + 1 > 0).astype(float)
    mask[np.arange(n), y] = 0
    mask[np.arange(n), y] = -mask.sum(axis=1)
    return g * mask / n, None


def hinge_inputs(rng):
    # Margins are multiples of 0.4 away from 1, so at least 0.2 from the kink.
    return rng.integers(-4, 5, (7, 5)) * 0.4 + 0.0, rng.integers(0, 5, 7)


HINGE = Function("hinge", hinge, hinge_right, hinge_inputs)


@slip(OPEN, HINGE, "scores", "labels.not_excluded")
def right_class_counted(g, out, scores, y):
    n = len(y)
    mask = (scores - scores[np.arange(n), y][:, None] + 1 > 0).astype(float)
    mask[np.arange(n), y] = -mask.sum(axis=1)
    return g * mask / n, None


@slip(OPEN, HINGE, "scores", "path.missing", "labels.not_subtracted")
def right_class_gets_nothing(g, out, scores, y):
    n = len(y)
    mask = (scores - scores[np.arange(n), y][:, None] + 1 > 0).astype(float)
    mask[np.arange(n), y] = 0
    return g * mask / n, None


def focal(scores, y):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = (e / e.sum(axis=1, keepdims=True))[np.arange(len(y)), y]
    return -np.mean((1 - p) ** 2 * np.log(p))


def focal_right(g, out, scores, y):
    n = len(y)
    s = softmax(scores)
    p = s[np.arange(n), y]
    dp = 2 * (1 - p) * np.log(p) - (1 - p) ** 2 / p
    ds = np.zeros_like(s)
    ds[np.arange(n), y] = g * dp / n
    return s * (ds - (ds * s).sum(axis=1, keepdims=True)), None


FOCAL = Function("focal loss", focal, focal_right, classes)


@slip(OPEN, FOCAL, "scores", "path.missing", "term.missing")
def focusing_taken_as_constant(g, out, scores, y):
    n = len(y)
    s = softmax(scores)
    p = s[np.arange(n), y]
    dp = -((1 - p) ** 2) / p
    ds = np.zeros_like(s)
    ds[np.arange(n), y] = g * dp / n
    return s * (ds - (ds * s).sum(axis=1, keepdims=True)), None


@slip(OPEN, FOCAL, "scores", "factor.missing", "scale.constant")
def two_of_the_square_forgotten(g, out, scores, y):
    n = len(y)
    s = softmax(scores)
    p = s[np.arange(n), y]
    dp = (1 - p) * np.log(p) - (1 - p) ** 2 / p
    ds = np.zeros_like(s)
    ds[np.arange(n), y] = g * dp / n
    return s * (ds - (ds * s).sum(axis=1, keepdims=True)), None
