"""Which models give their loss and the gradients of their parameters?"""

# ruff: noqa: N803, N806 -- matrices have the names that they have on paper

import functools

import numpy as np
from form_cases import drawn, form, normal, onehot, single
from form_cases_criteria import SoftmaxWithLoss
from form_cases_dicts import Affine, AffineBiasMean
from form_cases_names import Swish


def spoiled(function, key, change):
    """The same model with a slip in the gradient of one parameter: change(gradient, *inputs)."""

    @functools.wraps(function)
    def wrong(*inputs):
        loss, grads = function(*inputs)
        grads[key] = change(grads[key], *inputs)
        return loss, grads

    return wrong


def log_softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


# ---- Functions: parameters come first or in a dictionary ----


def ridge(theta, X, y, lam):
    m = len(y)
    r = X @ theta - y
    J = (r @ r) / (2 * m) + lam / (2 * m) * (theta[1:] @ theta[1:])
    grad = X.T @ r / m
    grad[1:] += lam / m * theta[1:]
    return J, grad


def ridge_decays_all(theta, X, y, lam):
    J, _ = ridge(theta, X, y, lam)
    return J, (X.T @ (X @ theta - y) + lam * theta) / len(y)


def ridge_transposed(theta, X, y, lam):
    """(n,) against (n, 1) gives (n, n)."""
    J, grad = ridge(theta, X, y, lam)
    r = (X @ theta)[:, None] - y
    grad = (X.T @ r).sum(axis=1) / len(y)
    grad[1:] += lam / len(y) * theta[1:]
    return J, grad


def regression(rng):
    X = np.column_stack([np.ones(7), rng.standard_normal((7, 3))])
    return rng.standard_normal(4), X, rng.standard_normal(7), 0.5


form(
    "linear regression with weight decay", "loss", single(regression, wrt="theta"), ridge,
    ("the intercept decayed too", ridge_decays_all, "theta"),
    ("(n,) against (n, 1)", ridge_transposed, "theta"),
)  # fmt: skip


def svm_naive(W, X, y, reg):
    """In loops, over samples and classes."""
    dW = np.zeros_like(W)
    loss = 0.0
    for i in range(X.shape[0]):
        scores = X[i].dot(W)
        for j in range(W.shape[1]):
            if j == y[i]:
                continue
            margin = scores[j] - scores[y[i]] + 1
            if margin > 0:
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    return loss / X.shape[0] + reg * np.sum(W * W), dW / X.shape[0] + 2 * reg * W


def svm_naive_half_decay(W, X, y, reg):
    loss, dW = svm_naive(W, X, y, reg)
    return loss, dW - reg * W


def svm_naive_not_divided(W, X, y, reg):
    loss, dW = svm_naive(W, X, y, reg)
    return loss, (dW - 2 * reg * W) * X.shape[0] + 2 * reg * W


def svm_inputs(rng):
    def margins(W, X, y, reg):
        scores = X @ W
        distance = scores - scores[np.arange(5), y][:, None] + 1
        return distance[np.arange(3) != y[:, None]]

    def draw(rng):
        return 0.5 * rng.standard_normal((4, 3)), rng.standard_normal((5, 4)), rng.integers(0, 3, 5), 0.1

    return drawn(rng, draw, margins)


form(
    "svm in loops, W first", "loss", single(svm_inputs), svm_naive,
    ("half of the weight decay", svm_naive_half_decay, "W"),
    ("not divided by the batch", svm_naive_not_divided, "W"),
)  # fmt: skip


def two_layer_net(params, X, y, reg):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    hidden = np.maximum(0, X @ W1 + b1)
    log_probs = log_softmax(hidden @ W2 + b2)
    N = len(X)
    loss = -log_probs[np.arange(N), y].mean() + 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
    dscores = np.exp(log_probs)
    dscores[np.arange(N), y] -= 1
    dscores /= N
    dhidden = dscores @ W2.T
    dhidden[hidden <= 0] = 0
    grads = {
        "W2": hidden.T @ dscores + reg * W2,
        "b2": dscores.sum(axis=0),
        "W1": X.T @ dhidden + reg * W1,
        "b1": dhidden.sum(axis=0),
    }
    return loss, grads


def net_params(rng):
    W1, b1, W2, b2 = normal((3, 4), 4, (4, 3), 3)(rng)
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}


def net_inputs(rng):
    def draw(rng):
        return net_params(rng), rng.standard_normal((5, 3)), rng.integers(0, 3, 5), 0.2

    return drawn(rng, draw, lambda params, X, y, reg: X @ params["W1"] + params["b1"])


form(
    "two-layer net, parameters in a dictionary", "loss nested", single(net_inputs, wrt="params"), two_layer_net,
    ("decay left out", spoiled(two_layer_net, "W2", lambda g, params, X, y, reg: g - reg * params["W2"]), "W2"),
    ("decay of the bias", spoiled(two_layer_net, "b1", lambda g, params, X, y, reg: g + reg * params["b1"]), "b1"),
)  # fmt: skip


def gmm(means, log_sigma, logits, X):
    """The negative log likelihood of a mixture of round Gaussians."""
    d = X[:, None, :] - means
    sigma2 = np.exp(2 * log_sigma)
    log_mix = log_softmax(logits)
    terms = log_mix - 0.5 * (d**2).sum(-1) / sigma2 - X.shape[1] * log_sigma - 0.5 * X.shape[1] * np.log(2 * np.pi)
    log_p = np.log(np.exp(terms).sum(axis=1, keepdims=True))
    r = np.exp(terms - log_p)
    grads = {
        "means": -(r[:, :, None] * d).sum(axis=0) / sigma2[:, None],
        "log_sigma": -(r * ((d**2).sum(-1) / sigma2 - X.shape[1])).sum(axis=0),
        "logits": len(X) * np.exp(log_mix) - r.sum(axis=0),
    }
    return -log_p.sum(), grads


def one_dimension(gradient, means, log_sigma, logits, X):
    d2 = ((X[:, None, :] - means) ** 2).sum(-1)
    terms = log_softmax(logits) - 0.5 * d2 / np.exp(2 * log_sigma) - X.shape[1] * log_sigma
    r = np.exp(log_softmax(terms))
    return gradient - (r * (X.shape[1] - 1)).sum(axis=0)


form(
    "mixture of Gaussians", "loss nested",
    single(normal((3, 2), 3, 3, (7, 2), scale=0.6), wrt=["means", "log_sigma", "logits"]), gmm,
    ("deviation as in one dimension", spoiled(gmm, "log_sigma", one_dimension), "log_sigma"),
)  # fmt: skip


def matrix_factorisation(U, V, R, mask, lam=0.1):
    """The loss, and each gradient beside it."""
    E = mask * (U @ V.T - R)
    loss = 0.5 * np.sum(E**2) + 0.5 * lam * (np.sum(U**2) + np.sum(V**2))
    return loss, E @ V + lam * U, E.T @ U + lam * V


def matrix_factorisation_unmasked(U, V, R, mask, lam=0.1):
    loss, dU, _ = matrix_factorisation(U, V, R, mask, lam)
    return loss, dU, (U @ V.T - R).T @ U + lam * V


form(
    "matrix factorisation", "loss",
    single(
        lambda rng: (*normal((5, 2), (4, 2), (5, 4))(rng), rng.permutation(20).reshape(5, 4) % 2), wrt=["U", "V"]
    ),
    matrix_factorisation,
    ("what is not known counted too", matrix_factorisation_unmasked, "V"),
)  # fmt: skip


def propagate(w, b, X, Y):
    """Logistic regression with samples in columns; the gradients come before the cost."""
    m = X.shape[1]
    A = 1 / (1 + np.exp(-(w.T @ X + b)))
    cost = -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / m
    grads = {"dw": X @ (A - Y).T / m, "db": np.sum(A - Y) / m}
    return grads, cost


def propagate_summed(w, b, X, Y):
    grads, cost = propagate(w, b, X, Y)
    return {**grads, "db": grads["db"] * X.shape[1]}, cost


form(
    "logistic regression, gradients before the cost", "loss nested",
    single(
        lambda rng: (rng.standard_normal((3, 1)), 0.5 * float(rng.standard_normal()), rng.standard_normal((3, 7)),
                     rng.integers(0, 2, (1, 7))),
        wrt=["w", "b"],
    ),
    propagate,
    ("sum for mean", propagate_summed, "b"),
)  # fmt: skip


def logistic(w, b, X, y):
    """y is -1 or 1."""
    margin = y * (X @ w + b)
    s = -y / (1 + np.exp(margin)) / len(y)
    return np.log1p(np.exp(-margin)).mean(), {"w": X.T @ s, "b": s.sum()}


form(
    "logistic regression with a number for the bias", "loss nested",
    single(
        lambda rng: (rng.standard_normal(3), float(rng.standard_normal()), rng.standard_normal((7, 3)),
                     rng.choice([-1, 1], 7)),
        wrt=["w", "b"],
    ),
    logistic,
    ("the sign of y forgotten", spoiled(logistic, "w", lambda g, w, b, X, y: np.abs(g)), "w"),
)  # fmt: skip


# ---- Models of layers, with the loss as the last one ----


class BookModel:
    """The lists of all parameters and gradients hold the very arrays of the layers."""

    def __init__(self, first, rng):
        self.layers = [first(*normal((4, 3), 3, scale=0.7)(rng)), Affine(*normal((3, 5), 5, scale=0.7)(rng))]
        self.loss_layer = SoftmaxWithLoss()
        self.params, self.grads = [], []
        for each in self.layers:
            self.params += each.params
            self.grads += each.grads
        self.activation = Swish()

    def forward(self, x, t):
        first, second = self.layers
        return self.loss_layer.forward(second.forward(self.activation(first.forward(x))), t)

    def backward(self, dout=1):
        first, second = self.layers
        return first.backward(self.activation.grad(second.backward(self.loss_layer.backward(dout))))


form(
    "model whose lists hold the arrays of its layers", "kept loss",
    lambda rng, first: ((BookModel(first, rng),), (rng.standard_normal((7, 4)), onehot(rng, 7, 5)), {}), Affine,
    ("mean of everything for each bias", AffineBiasMean, "params[1]"),
)  # fmt: skip
