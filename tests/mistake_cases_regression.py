"""Which mistakes do people make in losses of numbers, distances and distributions?"""

import numpy as np
from backward_cases import Function, normal, positive
from mistake_cases import OPEN, slip


def mse(p, t):
    return np.mean((p - t) ** 2)


def mse_right(g, out, p, t):
    d = g * 2 * (p - t) / p.size
    return d, -d


MSE = Function("mse", mse, mse_right, normal((7, 3), (7, 3)))


@slip(OPEN, MSE, "p", "scale.dimension")
def divided_by_samples_only(g, out, p, t):
    d = g * 2 * (p - t) / len(p)
    return d, -d


@slip(OPEN, MSE, "t", "scale.sign")
def same_sign_for_the_target(g, out, p, t):
    d = g * 2 * (p - t) / p.size
    return d, d


def squares(p, t):
    return 0.5 * ((p - t) ** 2).sum(axis=1).mean()


def squares_right(g, out, p, t):
    d = g * (p - t) / len(p)
    return d, -d


SQUARES = Function("half the sum of squares", squares, squares_right, normal((5, 3), (5, 3)))


@slip(OPEN, SQUARES, "p", "scale.dimension")
def divided_by_all_elements(g, out, p, t):
    d = g * (p - t) / p.size
    return d, -d


@slip(OPEN, SQUARES, "p", "scale.constant")
def two_without_its_half(g, out, p, t):
    d = g * 2 * (p - t) / len(p)
    return d, -d


def rmse(p, t):
    return np.sqrt(np.mean((p - t) ** 2))


def rmse_right(g, out, p, t):
    d = g * (p - t) / (p.size * out)
    return d, -d


RMSE = Function("rmse", rmse, rmse_right, normal((7,), (7,)))


@slip(OPEN, RMSE, "p", "factor.missing")
def root_forgotten(g, out, p, t):
    d = g * 2 * (p - t) / p.size
    return d, -d


def huber(p, t):
    e = p - t
    return np.where(np.abs(e) <= 1.5, 0.5 * e**2, 1.5 * (np.abs(e) - 0.75)).mean()


def huber_right(g, out, p, t):
    e = p - t
    d = g * np.where(np.abs(e) <= 1.5, e, 1.5 * np.sign(e)) / e.size
    return d, -d


def huber_inputs(rng):
    t = rng.standard_normal((7, 3))
    return t + rng.choice([-3.1, -2.3, -0.7, -0.2, 0.4, 0.9, 2.1], (7, 3)), t


HUBER = Function("huber", huber, huber_right, huber_inputs)


@slip(OPEN, HUBER, "p", "factor.missing")
def delta_forgotten(g, out, p, t):
    e = p - t
    d = g * np.where(np.abs(e) <= 1.5, e, np.sign(e)) / e.size
    return d, -d


@slip(OPEN, HUBER, "p", "factor.missing", "approximation.formula")
def sign_forgotten(g, out, p, t):
    e = p - t
    d = g * np.where(np.abs(e) <= 1.5, e, 1.5) / e.size
    return d, -d


def kl(p, q):
    return np.sum(p * (np.log(p) - np.log(q))) / len(p)


def kl_right(g, out, p, q):
    return g * (np.log(p) - np.log(q) + 1) / len(p), -g * p / q / len(p)


KL = Function("kl divergence", kl, kl_right, positive((5, 3), (5, 3)))


@slip(OPEN, KL, "p", "path.missing", "term.missing")
def one_forgotten(g, out, p, q):
    return g * (np.log(p) - np.log(q)) / len(p), -g * p / q / len(p)


@slip(OPEN, KL, "q", "operand.replaced")
def quotient_upside_down(g, out, p, q):
    return g * (np.log(p) - np.log(q) + 1) / len(p), -g * q / p / len(p)


def nll(p, y):
    return -np.log(p[np.arange(len(y)), y]).mean()


def nll_right(g, out, p, y):
    d = np.zeros_like(p)
    d[np.arange(len(y)), y] = -g / p[np.arange(len(y)), y] / len(y)
    return d, None


NLL = Function("nll", nll, nll_right, lambda rng: (*positive((7, 4))(rng), rng.integers(0, 3, 7)))


@slip(OPEN, NLL, "p", "labels.shifted")
def labels_plus_one(g, out, p, y):
    d = np.zeros_like(p)
    d[np.arange(len(y)), y + 1] = -g / p[np.arange(len(y)), y + 1] / len(y)
    return d, None


@slip(OPEN, NLL, "p", "factor.missing")
def slope_of_log_forgotten(g, out, p, y):
    d = np.zeros_like(p)
    d[np.arange(len(y)), y] = -g / len(y)
    return d, None


def ridge(x, w, y):
    return ((x @ w)[:, 0] - y) @ ((x @ w)[:, 0] - y) / len(y) + 0.3 * np.sum(w**2)


def ridge_right(g, out, x, w, y):
    e = g * 2 * (x @ w - y[:, None]) / len(y)
    return e @ w.T, x.T @ e + g * 2 * 0.3 * w, -e[:, 0]


RIDGE = Function("ridge regression", ridge, ridge_right, normal((7, 5), (5, 1), (7,)))


@slip(OPEN, RIDGE, "w", "shape.broadcast")
def targets_without_their_axis(g, out, x, w, y):
    e = g * 2 * (x @ w - y) / len(y)
    return e @ np.repeat(w.T, len(y), axis=0), x.T @ e + g * 2 * 0.3 * w, -e.sum(axis=0)


@slip(OPEN, RIDGE, "w", "decay.scale")
def two_of_the_decay_forgotten(g, out, x, w, y):
    e = g * 2 * (x @ w - y[:, None]) / len(y)
    return e @ w.T, x.T @ e + g * 0.3 * w, -e[:, 0]


def two_layers(x, w1, w2):
    h = np.tanh(x @ w1)
    return np.mean((h @ w2) ** 2) + 0.5 * 0.2 * (np.sum(w1 * w1) + np.sum(w2 * w2))


def two_layers_right(g, out, x, w1, w2):
    h = np.tanh(x @ w1)
    do = g * 2 * (h @ w2) / (len(x) * w2.shape[1])
    dz = do @ w2.T * (1 - h**2)
    return dz @ w1.T, x.T @ dz + g * 0.2 * w1, h.T @ do + g * 0.2 * w2


TWO_LAYERS = Function("two layers with decay", two_layers, two_layers_right, normal((7, 3), (3, 5), (5, 2)))


@slip(OPEN, TWO_LAYERS, "w1", "decay.missing", "path.missing")
def first_weights_not_decayed(g, out, x, w1, w2):
    h = np.tanh(x @ w1)
    do = g * 2 * (h @ w2) / (len(x) * w2.shape[1])
    dz = do @ w2.T * (1 - h**2)
    return dz @ w1.T, x.T @ dz, h.T @ do + g * 0.2 * w2


@slip(OPEN, TWO_LAYERS, "w1", "factor.missing")
def slope_of_tanh_forgotten(g, out, x, w1, w2):
    h = np.tanh(x @ w1)
    do = g * 2 * (h @ w2) / (len(x) * w2.shape[1])
    dz = do @ w2.T
    return dz @ w1.T, x.T @ dz + g * 0.2 * w1, h.T @ do + g * 0.2 * w2


def cosine(a, b):
    return (a * b).sum(axis=1) / (np.sqrt((a**2).sum(axis=1)) * np.sqrt((b**2).sum(axis=1)))


def cosine_right(g, out, a, b):
    na = np.sqrt((a**2).sum(axis=1, keepdims=True))
    nb = np.sqrt((b**2).sum(axis=1, keepdims=True))
    c, d = out[:, None], g[:, None]
    return d * (b / (na * nb) - c * a / na**2), d * (a / (na * nb) - c * b / nb**2)


COSINE = Function("cosine similarity", cosine, cosine_right, normal((5, 3), (5, 3)))


@slip(OPEN, COSINE, "a", "path.missing", "term.missing")
def norms_taken_as_constant(g, out, a, b):
    na = np.sqrt((a**2).sum(axis=1, keepdims=True))
    nb = np.sqrt((b**2).sum(axis=1, keepdims=True))
    d = g[:, None]
    return d * b / (na * nb), d * a / (na * nb)


@slip(OPEN, COSINE, "a", "factor.missing", "operand.replaced")
def norm_not_squared(g, out, a, b):
    na = np.sqrt((a**2).sum(axis=1, keepdims=True))
    nb = np.sqrt((b**2).sum(axis=1, keepdims=True))
    c, d = out[:, None], g[:, None]
    return d * (b / (na * nb) - c * a / na), d * (a / (na * nb) - c * b / nb)
