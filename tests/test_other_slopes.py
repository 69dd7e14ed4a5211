"""Is a derivative named that belongs to another function, or that is taken of a function of its operand?"""

import numpy as np
import pytest
from scipy import special

from minigrad import testing

RNG = np.random.default_rng(7)
X, Y = RNG.standard_normal((5, 3)), RNG.standard_normal((5, 3))
POSITIVE, OTHER = RNG.uniform(0.5, 2.0, (5, 3)), RNG.uniform(0.5, 2.0, (5, 3))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def one_hot_loss(z):
    return -np.sum(ONE_HOT * np.log(softmax(z)))


ONE_HOT = np.eye(3)[[0, 2, 1, 1, 0]]
ROWS = {"axis": 1, "keepdims": True}

# What is computed, the gradient that somebody writes, of what, and the rules that tell the truth about it.
MISTAKES = {
    "swish: tanh's slope": (
        lambda x: x / (1 + np.exp(-x)),
        lambda g, out, x: g * (sigmoid(x) + x * (1 - sigmoid(x) ** 2)),
        (X,), "operand.replaced",
    ),
    "gate: 1 - s forgotten": (
        lambda x, y: y / (1 + np.exp(-x)),
        lambda g, out, x, y: (g * y * sigmoid(x), g * sigmoid(x)),
        (X, Y), "factor.missing",
    ),
    "gate: logits for the gate": (
        lambda x, y: y / (1 + np.exp(-x)),
        lambda g, out, x, y: (g * y * sigmoid(x) * (1 - sigmoid(x)), g * x),
        (X, Y), "operand.replaced",
    ),
    "sine times y: sine for cosine": (
        lambda x, y: np.sin(x) * y, lambda g, out, x, y: (g * y * np.sin(x), g * np.sin(x)), (X, Y), "operand.replaced",
    ),
    "cube": (
        lambda x, y: x**3 * y, lambda g, out, x, y: (g * y * 3 * x, g * x**3), (X, Y), "factor.missing",
    ),
    "logarithm: log for 1 / x": (
        lambda x, y: np.log(x) * y,
        lambda g, out, x, y: (g * y * np.log(x), g * np.log(x)),
        (POSITIVE, Y), "operand.replaced",
    ),
    "logsumexp: the other axis": (
        lambda x: np.log(np.exp(x).sum(axis=1)) ** 2,
        lambda g, out, x: (g * 2 * out**0.5)[:, None] * softmax(x, 0),
        (X + 2,), "support.axis",
    ),
    "logsumexp: not divided": (
        lambda x: np.log(np.exp(x).sum(axis=0)), lambda g, out, x: g * np.exp(x), (X,), "factor.missing",
    ),
    "logsumexp: maximum": (
        lambda x: np.log(np.exp(x).sum(axis=1)),
        lambda g, out, x: g[:, None] * (x == x.max(axis=1, keepdims=True)),
        (X,), "operand.replaced",
    ),
    "length: not divided": (
        lambda x: np.sqrt((x * x).sum(axis=1)), lambda g, out, x: g[:, None] * x, (X,), "factor.missing",
    ),
    "distance: root forgotten": (
        lambda x, y: np.sqrt(((x - y) ** 2).sum(axis=1)),
        lambda g, out, x, y: (2 * g[:, None] * (x - y), -2 * g[:, None] * (x - y)),
        (X, Y), "factor.missing",
    ),
    "unit columns: projection not divided": (
        lambda x: x / np.sqrt((x * x).sum(axis=0)),
        lambda g, out, x: g - out * (g * out).sum(axis=0),
        (X,), "factor.missing",
    ),
    "cross entropy: scores for probabilities": (
        one_hot_loss, lambda g, out, z: g * (z - ONE_HOT), (X,), "operand.replaced",
    ),
    "cross entropy: softmax over the batch": (
        one_hot_loss, lambda g, out, z: g * (softmax(z, 0) - ONE_HOT), (X,), "operand.replaced",
    ),
    "cross entropy: softmax's slope as well": (
        one_hot_loss,
        lambda g, out, z: g * (softmax(z) - ONE_HOT) * softmax(z) * (1 - softmax(z)),
        (X,), "factor.extra",
    ),
    "quotient upside down": (
        lambda x, y: np.sum(x * np.log(y)),
        lambda g, out, x, y: (g * np.log(y), g * y / x),
        (POSITIVE, OTHER), "operand.replaced",
    ),
    "sum of squares under a root: root forgotten": (
        lambda x: np.sqrt(np.mean(np.tanh(x) ** 2)),
        lambda g, out, x: g * 2 * np.tanh(x) * (1 - np.tanh(x) ** 2) / x.size,
        (X,), "factor.missing",
    ),
    "mean over a window: its area forgotten": (
        lambda x: x.mean(axis=(1, 2)) ** 2,
        lambda g, out, x: (g * 2 * x.mean(axis=(1, 2)))[:, None, None] + 0 * x,
        (RNG.standard_normal((2, 3, 5)),), "scale.dimension",
    ),
    "padding cut at one end": (
        lambda x: np.pad(x, 2) ** 2,
        lambda g, out, x: (g * 2 * np.pad(x, 2))[:-4, :-4],
        (X,), "layout.shifted",
    ),
    "cumulative sum from the start": (
        lambda x, y: np.cumsum(x, axis=0) * y,
        lambda g, out, x, y: (np.cumsum(g * y, axis=0), g * np.cumsum(x, axis=0)),
        (X, Y), "operand.flipped",
    ),
    "scale of a norm: output for the normalised input": (
        lambda x, y: y * x / np.sqrt(x.var(axis=0) + 1e-3) + 0.3,
        lambda g, out, x, y: (g * 0, (g * out).sum(axis=0)),
        (X - X.mean(axis=0), Y[0]), "operand.replaced",
    ),
    "column against row": (
        lambda x, y: (x - x.mean()) * y,
        lambda g, out, x, y: ((g * y)[:, None] - (g * y)[:, None].mean(axis=1), g * (x - x.mean())),
        (X[:, 0], Y[:, 0]), "shape.broadcast",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_the_derivative_of_something_else_is_named(name):
    forward, backward, inputs, rule = MISTAKES[name]
    wrt = ["y"] if name.startswith("scale of a norm") else None
    found = testing.check_backward(forward, backward, inputs, rng=0, raise_exception=False, wrt=wrt)
    assert found.findings[0].rule == rule, found.findings


def test_three_products_in_one_line_are_no_loop():
    def forward(x, a, b, c):
        q, k, v = x @ a, x @ b, x @ c
        return q * np.tanh(k) + np.exp(v)

    def backward(g, out, x, a, b, c):
        q, k, v = x @ a, x @ b, x @ c
        dq, dk, dv = g * np.tanh(k), g * q * (1 - np.tanh(k) ** 2), g * np.exp(v)
        return dq @ a.T + dk @ b.T, x.T @ dq, x.T @ dk, x.T @ dv

    inputs = X, *(RNG.standard_normal((3, 2)) for _ in range(3))
    found = testing.check_backward(forward, backward, inputs, rng=0, raise_exception=False)
    assert found.findings[0].rule == "path.missing", found.findings


def test_labels_off_by_one_in_what_is_divided_by_too():
    y = np.array([0, 2, 1, 3, 0])
    p = special.softmax(RNG.standard_normal((5, 4)), axis=1)

    def backward(g, out, p):
        d, other = np.zeros_like(p), np.minimum(y + 1, 3)
        d[np.arange(5), other] = -g / p[np.arange(5), other]
        return d

    def forward(p):
        return -np.log(p[np.arange(5), y]).sum()

    found = testing.check_backward(forward, backward, (p,), rng=0, raise_exception=False)
    assert found.findings[0].rule == "labels.shifted", found.findings


@pytest.mark.parametrize("seed", range(3))
def test_numbers_without_a_reason_stay_unexplained(seed):
    """Nothing is made up where a gradient has noise of its own size."""
    noise = np.random.default_rng(seed).standard_normal(X.shape)

    def forward(x):
        return np.log(np.exp(x).sum(axis=1)) * np.sqrt((x * x).sum(axis=1))

    found = testing.check_backward(forward, lambda g, out, x: noise * g.sum(), (X,), rng=0, raise_exception=False)
    assert found.findings[0].rule in ("unexplained", "support.axis"), found.findings
