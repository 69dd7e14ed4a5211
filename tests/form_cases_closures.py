"""Which passes are closures, or functions with some arguments filled in?"""

# ruff: noqa: N803, N806 -- matrices have the names that they have on paper

from functools import partial

import numpy as np
from form_cases import drawn, form, normal


def activation_forward(A_prev, W, b, activation):
    Z = W @ A_prev + b
    A = np.tanh(Z) if activation == "tanh" else np.maximum(0, Z)
    return A, (A_prev, W, Z)


def activation_backward(dA, cache, activation):
    A_prev, W, Z = cache
    dZ = dA * (1 - np.tanh(Z) ** 2) if activation == "tanh" else dA * (Z > 0)
    return W.T @ dZ, dZ @ A_prev.T, np.sum(dZ, axis=1, keepdims=True)


def filled_in(rng, backward):
    def draw(rng):
        return normal((4, 3), (2, 4), (2, 1))(rng)

    inputs = drawn(rng, draw, lambda A_prev, W, b: W @ A_prev + b)
    forward = partial(activation_forward, activation="relu")
    return (forward, backward), inputs, {}


form(
    "partial functions with a cache", "bound cache", filled_in, partial(activation_backward, activation="relu"),
    ("the slope of another activation", partial(activation_backward, activation="tanh"), "W"),
)  # fmt: skip


def make_layer(W, back):
    """What the forward pass saw is remembered by the two functions alone."""
    seen = {}

    def forward(x):
        seen["z"] = x @ W
        return np.log1p(np.exp(seen["z"]))

    def backward(g):
        return back(g, seen["z"]) @ W.T

    return forward, backward


def closures(rng, back):
    return make_layer(rng.standard_normal((5, 3)), back), rng.standard_normal((7, 5)), {}


form(
    "closures that share what they saw", "bound", closures, lambda g, z: g / (1 + np.exp(-z)),
    ("slope left out", lambda g, z: g, "x"),
)  # fmt: skip


def make_objective(X, y, lam, penalty):
    """The data is enclosed, the weights are the input."""

    def objective(w):
        r = X @ w - y
        return 0.5 * (r @ r) + lam * np.sqrt(w @ w + 1e-2), X.T @ r + lam * penalty(w)

    return objective


def objective(rng, penalty):
    return (make_objective(rng.standard_normal((7, 4)), rng.standard_normal(7), 0.7, penalty),), 1 + rng.random(4), {}


form(
    "an objective as a closure", "bound loss", objective, lambda w: w / np.sqrt(w @ w + 1e-2),
    ("the root squared", lambda w: w / (w @ w + 1e-2), "w"),
)  # fmt: skip


def tempered_loss(w, x, y, tau=1.0):
    scores = x @ w / tau
    e = np.exp(scores)
    p = e / e.sum(axis=1, keepdims=True)
    return -np.sum(y * np.log(p)), x.T @ (p * y.sum(axis=1, keepdims=True) - y) / tau


def tempered_loss_no_temperature(w, x, y, tau=1.0):
    loss, dw = tempered_loss(w, x, y, tau)
    return loss, dw * tau


def data(rng, function):
    x, y = rng.standard_normal((5, 4)), np.eye(3)[rng.integers(0, 3, 5)]
    return (partial(function, x=x, y=y, tau=0.5),), rng.standard_normal((4, 3)), {}


form(
    "a loss with its data filled in", "bound loss", data, tempered_loss,
    ("temperature forgotten", tempered_loss_no_temperature, "w"),
)  # fmt: skip
