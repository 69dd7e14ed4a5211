"""Seven functions, and their gradients as a person derives them: what printed source is held against."""

# ruff: noqa: N803, N806 -- matrices have the names that they have on paper

import numpy as np
from scipy import special

import minigrad as mg
from minigrad import losses


def uniform(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).uniform(-1.0, 1.0, shape)


class Case:
    """A function, by hand and for minigrad, and what it is called with.

    Args:
        function: for minigrad.
        by_hand: value and gradients.
        most: how many lines the printed function may have, without the first and the last.
        wrt: the arguments whose gradients are wanted.
        arguments: the arrays, by a size of the batch and a seed.
    """

    def __init__(self, function, by_hand, most, wrt, arguments):
        self.function, self.by_hand, self.most, self.wrt, self.arguments = function, by_hand, most, wrt, arguments


def two_layer(W1, b1, W2, b2, x, y):
    z1 = x @ W1 + b1
    a1 = np.tanh(z1)
    z2 = a1 @ W2 + b2
    p = np.tanh(z2)
    return losses.mse(p, y)


def two_layer_by_hand(W1, b1, W2, b2, x, y):
    a1 = np.tanh(x @ W1 + b1)
    p = np.tanh(a1 @ W2 + b2)
    error = p - y
    loss = (error**2).mean()
    dz2 = 2.0 / p.size * error * (1.0 - p**2)
    dz1 = dz2 @ W2.T * (1.0 - a1**2)
    return loss, x.T @ dz1, dz1.sum(axis=0), a1.T @ dz2, dz2.sum(axis=0)


def classifier(W1, b1, W2, b2, x, labels):
    z1 = x @ W1 + b1
    a1 = mg.relu(z1)
    logits = a1 @ W2 + b2
    logp = mg.log_softmax(logits)
    return -logp[np.arange(len(labels)), labels].mean()


def classifier_by_hand(W1, b1, W2, b2, x, labels):
    a1 = np.maximum(x @ W1 + b1, 0.0)
    logits = a1 @ W2 + b2
    exps = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = exps / exps.sum(axis=1, keepdims=True)
    rows = np.arange(len(x))
    loss = -np.log(p[rows, labels]).mean()
    dlogits = p / len(x)
    dlogits[rows, labels] -= 1.0 / len(x)
    dz1 = dlogits @ W2.T * (a1 > 0.0)
    return loss, x.T @ dz1, dz1.sum(axis=0), a1.T @ dlogits, dlogits.sum(axis=0)


def lstm_cell(W, U, b, x, h, c):
    z = x @ W + h @ U + b
    n = h.shape[1]
    i = mg.sigmoid(z[:, :n])
    f = mg.sigmoid(z[:, n : 2 * n])
    g = np.tanh(z[:, 2 * n : 3 * n])
    o = mg.sigmoid(z[:, 3 * n :])
    c_new = f * c + i * g
    h_new = o * np.tanh(c_new)
    return (h_new * h_new).sum() + c_new.sum()


def lstm_cell_by_hand(W, U, b, x, h, c):
    n = h.shape[1]
    z = x @ W + h @ U + b
    i, f, o = special.expit(z[:, :n]), special.expit(z[:, n : 2 * n]), special.expit(z[:, 3 * n :])
    g = np.tanh(z[:, 2 * n : 3 * n])
    c_new = f * c + i * g
    t = np.tanh(c_new)
    h_new = o * t
    loss = (h_new**2).sum() + c_new.sum()
    dh_new = 2.0 * h_new
    dc_new = 1.0 + dh_new * o * (1.0 - t**2)
    di = dc_new * g * i * (1.0 - i)
    df = dc_new * c * f * (1.0 - f)
    dg = dc_new * i * (1.0 - g**2)
    do = dh_new * t * o * (1.0 - o)
    dz = np.concatenate([di, df, dg, do], axis=1)
    return loss, x.T @ dz, h.T @ dz, dz.sum(axis=0), dz @ U.T, dc_new * f


def attention(Wq, Wk, Wv, Wo, x, y):
    q = x @ Wq
    k = x @ Wk
    v = x @ Wv
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    w = mg.softmax(scores)
    out = (w @ v) @ Wo
    return losses.mse(x + out, y)


def attention_by_hand(Wq, Wk, Wv, Wo, x, y):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    root = np.sqrt(q.shape[-1])
    scores = q @ k.mT / root
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    w = exps / exps.sum(axis=-1, keepdims=True)
    mixed = w @ v
    error = x + mixed @ Wo - y
    loss = (error**2).mean()
    dout = 2.0 / error.size * error
    dmixed = dout @ Wo.T
    dw = dmixed @ v.mT
    dscores = w * (dw - (w * dw).sum(axis=-1, keepdims=True)) / root
    dq, dk, dv = dscores @ k, dscores.mT @ q, w.mT @ dmixed
    return loss, *((x.mT @ each).sum(axis=0) for each in (dq, dk, dv)), (mixed.mT @ dout).sum(axis=0)


def batch_norm(gamma, beta, x, y):
    mu = np.mean(x, axis=0)
    var = np.var(x, axis=0)
    xhat = (x - mu) / np.sqrt(var + 1e-5)
    out = gamma * xhat + beta
    return ((out - y) ** 2).sum()


def batch_norm_by_hand(gamma, beta, x, y):
    centred = x - x.mean(axis=0)
    std = np.sqrt((centred**2).mean(axis=0) + 1e-5)
    xhat = centred / std
    error = gamma * xhat + beta - y
    loss = (error**2).sum()
    dout = 2.0 * error
    dxhat = dout * gamma
    dx = (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0)) / std
    return loss, (dout * xhat).sum(axis=0), dout.sum(axis=0), dx


def gaussian_process(log_l, log_s, log_n, X, y):
    squares = np.sum(X**2, axis=1)
    d = squares[:, None] + squares - 2.0 * X @ X.T
    K = np.exp(2.0 * log_s) * np.exp(-0.5 * d / np.exp(2.0 * log_l)) + np.exp(2.0 * log_n) * np.eye(X.shape[0])
    alpha = np.linalg.solve(K, y)
    _, logdet = np.linalg.slogdet(K)
    return -0.5 * (y @ alpha) - 0.5 * logdet - 0.5 * X.shape[0] * np.log(2 * np.pi)


def gaussian_process_by_hand(log_l, log_s, log_n, X, y):
    squares = (X**2).sum(axis=1)
    d = squares[:, None] + squares - 2.0 * X @ X.T
    scaled = d / np.exp(2.0 * log_l)
    F = np.exp(2.0 * log_s) * np.exp(-0.5 * scaled)
    K = F + np.exp(2.0 * log_n) * np.eye(len(X))
    alpha = np.linalg.solve(K, y)
    loss = -0.5 * (y @ alpha) - 0.5 * np.linalg.slogdet(K)[1] - 0.5 * len(X) * np.log(2 * np.pi)
    dK = 0.5 * (np.outer(alpha, alpha) - np.linalg.inv(K))
    dlog_n = 2.0 * np.exp(2.0 * log_n) * np.trace(dK)
    return loss, (dK * F * scaled).sum(), 2.0 * (dK * F).sum(), dlog_n


def hessian_product(w, v, X, y):
    def likelihood(w):
        z = X @ w
        return np.mean(mg.softplus(z) - y * z)

    return mg.hvp(likelihood, w, v)


def hessian_product_by_hand(w, v, X, y):
    s = special.expit(X @ w)
    return X.T @ (s * (1.0 - s) * (X @ v)) / len(X)


def of_layers(targets):
    return lambda n, seed: [
        *(uniform(*shape, seed=seed) for shape in [(3, 4), (4,), (4, 2), (2,), (n, 3)]),
        targets(n, seed),
    ]


CASES = {
    "two_layer": Case(
        two_layer,
        two_layer_by_hand,
        12,
        ["W1", "b1", "W2", "b2"],
        of_layers(lambda n, seed: uniform(n, 2, seed=seed + 1)),
    ),
    "classifier": Case(
        classifier,
        classifier_by_hand,
        15,
        ["W1", "b1", "W2", "b2"],
        of_layers(lambda n, seed: np.random.default_rng(seed).integers(0, 2, n)),
    ),
    "lstm_cell": Case(
        lstm_cell,
        lstm_cell_by_hand,
        20,
        ["W", "U", "b", "h", "c"],
        lambda n, seed: [uniform(*shape, seed=seed) for shape in [(3, 16), (4, 16), (16,), (n, 3), (n, 4), (n, 4)]],
    ),
    "attention": Case(
        attention,
        attention_by_hand,
        19,
        ["Wq", "Wk", "Wv", "Wo"],
        lambda n, seed: [
            uniform(*shape, seed=seed + k)
            for k, shape in enumerate([(6, 4), (6, 4), (6, 5), (5, 6), (n, 7, 6), (n, 7, 6)])
        ],
    ),
    "batch_norm": Case(
        batch_norm,
        batch_norm_by_hand,
        12,
        ["gamma", "beta", "x"],
        lambda n, seed: [
            uniform(*shape, seed=seed + k) for k, shape in enumerate([(4,), (4,), (n + 1, 4), (n + 1, 4)])
        ],
    ),
    "gaussian_process": Case(
        gaussian_process,
        gaussian_process_by_hand,
        14,
        ["log_l", "log_s", "log_n"],
        lambda n, seed: [
            *(np.float64(0.1 * (k + seed)) for k in range(3)),
            uniform(n + 1, 2, seed=seed),
            uniform(n + 1, seed=seed),
        ],
    ),
    "hessian_product": Case(
        hessian_product,
        hessian_product_by_hand,
        3,
        [],
        lambda n, seed: [
            *(uniform(4, seed=seed + k) for k in range(2)),
            uniform(n, 4, seed=seed),
            (uniform(n, seed=seed) > 0.0) * 1.0,
        ],
    ),
}
