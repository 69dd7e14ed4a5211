"""Which gradients are zero but for rounding: of functions of Tensors, and of pairs written by hand?"""

# ruff: noqa: N803 -- matrices have the names that they have on paper

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

import minigrad as mg


@dataclass(frozen=True)
class Zero:
    name: str
    function: Callable  # function(*inputs) -> Tensor
    inputs: Callable  # inputs(rng) -> tuple of arrays
    leaf: str  # the parameter whose gradient is zero
    is_constant: bool = True  # whether the output stays the same but for a little rounding, however large it is


@dataclass(frozen=True)
class ZeroPair:
    name: str
    forward: Callable  # forward(*inputs) -> array
    backward: Callable  # backward(g, out, *inputs) -> one gradient for each input
    inputs: Callable
    leaf: str
    model: Callable | None = None  # the same in minigrad


ZEROS: list[Zero] = []
PAIRS: list[ZeroPair] = []


def zero(name, inputs, leaf, function, is_constant=True):
    ZEROS.append(Zero(name, function, inputs, leaf, is_constant))


def pair(name, inputs, leaf, forward, backward, model=None):
    PAIRS.append(ZeroPair(name, forward, backward, inputs, leaf, model))


def normal(*shapes):
    return lambda rng: tuple(rng.standard_normal(shape) for shape in shapes)


def positive(*shapes):
    return lambda rng: tuple(rng.uniform(0.5, 2.0, shape) for shape in shapes)


def weights(*shape):
    """Different weights of the elements of an output, so that their sum hides nothing."""
    return np.linspace(0.3, 1.7, int(np.prod(shape))).reshape(shape)


def centred(x, axis):
    return x - np.mean(x, axis=axis, keepdims=True)


def normalised(x, axis, eps=1e-5):
    c = centred(x, axis)
    return c / np.sqrt(np.mean(c * c, axis=axis, keepdims=True) + eps)


def log_sum_exp(x):
    m = np.max(x, axis=-1, keepdims=True)
    return np.squeeze(m, -1) + np.log(np.sum(np.exp(x - m), axis=-1))


# Sums that are constant.
zero("sum of softmax", normal((2, 3)), "x", lambda x: np.sum(mg.softmax(x)))
zero("row sums of softmax", normal((2, 3)), "x", lambda x: np.sum(mg.softmax(x), axis=1))
zero(
    "softmax by hand", normal((2, 3)), "x",
    lambda x: np.sum(np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True)),
)  # fmt: skip
zero("sum of the centred", normal((2, 3)), "x", lambda x: np.sum(x - np.mean(x)))
zero("columns of the centred", normal((5, 3)), "x", lambda x: np.sum(centred(x, 0), axis=0))
zero("sum of standard scores", normal((5,)), "x", lambda x: np.sum(normalised(x, 0)))
zero("squares of standard scores", normal((5,)), "x", lambda x: np.sum(normalised(x, 0, 0.0) ** 2))
zero("length of a unit vector", normal((5,)), "x", lambda x: np.sum((x / np.sqrt(np.sum(x * x))) ** 2))
zero("telescoping sum", normal((6,)), "x", lambda x: np.sum(x[1:] - x[:-1]) - (x[5] - x[0]))
zero("x / x", positive((3, 2)), "x", lambda x: x / x)

# Shifts that change nothing.
zero("shift of softmax", normal((2, 3), (2, 1)), "b", lambda x, b: mg.softmax(x + b))
zero("shift of log-softmax", normal((2, 3), (2, 1)), "b", lambda x, b: mg.log_softmax(x + b))
zero("shift of log-sum-exp", normal((2, 3), (2, 1)), "b", lambda x, b: log_sum_exp(x + b) - b[:, 0])
zero(
    "bias before batch norm", normal((5, 2), (2, 3), (3,)), "b",
    lambda x, W, b: normalised(x @ W + b, 0) * weights(5, 3),
)  # fmt: skip
zero(
    "bias before batch norm and a network", normal((5, 2), (2, 3), (3,), (3, 2)), "b",
    lambda x, W, b, V: np.tanh(normalised(x @ W + b, 0)) @ V,
)  # fmt: skip
zero("shift before layer norm", normal((2, 3), (2, 1)), "b", lambda x, b: normalised(x + b, 1) * weights(2, 3))
zero(
    "bias before instance norm", normal((2, 2, 3, 2), (2, 1, 1)), "b",
    lambda x, b: normalised(x + b, (2, 3)) * weights(2, 2, 3, 2),
)  # fmt: skip
zero("shift before the variance", normal((5, 3), (3,)), "b", lambda x, b: np.mean(centred(x + b, 0) ** 2, axis=0))
zero(
    "key bias of attention", normal((4, 2), (2, 3), (2, 3), (3,), (2, 2)), "b",
    lambda x, Q, K, b, V: mg.softmax((x @ Q) @ (x @ K + b).T / np.sqrt(3.0)) @ (x @ V),
)  # fmt: skip


def correlation(x, y):
    a, b = centred(x, 0), centred(y, 0)
    return np.sum(a * b) / np.sqrt(np.sum(a * a) * np.sum(b * b))


def cosine(x, y):
    return np.sum(x * y) / np.sqrt(np.sum(x * x) * np.sum(y * y))


zero("correlation of the shifted", normal((5,), (5,), ()), "c", lambda x, y, c: correlation(x + c, y))
zero(
    "correlation of the scaled", lambda rng: (*normal((5,), (5,))(rng), rng.uniform(0.5, 2.0)), "c",
    lambda x, y, c: correlation(c * x, y), is_constant=False,
)  # fmt: skip
zero(
    "cosine of the scaled", lambda rng: (*normal((5,), (5,))(rng), rng.uniform(0.5, 2.0)), "c",
    lambda x, y, c: cosine(c * x, y), is_constant=False,
)  # fmt: skip
zero(
    "layer norm of the scaled", lambda rng: (*normal((2, 3))(rng), rng.uniform(0.5, 2.0, (2, 1))), "c",
    lambda x, c: normalised(c * x, 1, 0.0) * weights(2, 3), is_constant=False,
)  # fmt: skip
zero(
    "unit vectors of the scaled", lambda rng: (*normal((2, 3))(rng), rng.uniform(0.5, 2.0, (2, 1))), "c",
    lambda x, c: c * x / np.sqrt(np.sum((c * x) ** 2, axis=1, keepdims=True)), is_constant=False,
)  # fmt: skip

# Identities.
zero("sin^2 + cos^2", normal((3, 2)), "x", lambda x: np.sin(x) ** 2 + np.cos(x) ** 2)
zero("cosh^2 - sinh^2", normal((3, 2)), "x", lambda x: np.cosh(x) ** 2 - np.sinh(x) ** 2, is_constant=False)
zero("log(exp(x)) - x", normal((3, 2)), "x", lambda x: np.log(np.exp(x)) - x)
zero("log of a product", positive((3, 2)), "x", lambda x: np.log(3.0 * x) - np.log(x))
zero("(x + 1)^2 - x^2 - 2 x", normal((3, 2)), "x", lambda x: (x + 1) ** 2 - x**2 - 2 * x, is_constant=False)
zero("tanh and exponentials", normal((3, 2)), "x", lambda x: np.tanh(x) - (1 - 2 / (np.exp(2 * x) + 1)))
zero("sigmoid of both signs", normal((3, 2)), "x", lambda x: mg.sigmoid(x) + mg.sigmoid(-x))
zero(
    "determinant of a rotation", lambda rng: (rng.uniform(0.1, 3.0),), "angle",
    lambda angle: np.cos(angle) * np.cos(angle) - np.sin(angle) * -np.sin(angle),
)  # fmt: skip
zero(
    "norm of the rotated", lambda rng: (rng.standard_normal((5, 2)), rng.uniform(0.1, 3.0)), "angle",
    lambda x, angle: (x[:, 0] * np.cos(angle) - x[:, 1] * np.sin(angle)) ** 2
    + (x[:, 0] * np.sin(angle) + x[:, 1] * np.cos(angle)) ** 2,
)  # fmt: skip

# Zero at this point only.
DESIGN = np.random.default_rng(7).standard_normal((7, 3))


def fitted(rng):
    """Weights at which the squared error is smallest, and what they are to fit."""
    y = rng.standard_normal(7)
    return np.linalg.lstsq(DESIGN, y, rcond=None)[0], y


zero("least squares at the minimum", fitted, "w", lambda w, y: np.sum((DESIGN @ w - y) ** 2), is_constant=False)
zero(
    "an exact fit", lambda rng: (w := rng.standard_normal(3), DESIGN @ w), "w",
    lambda w, y: np.mean((DESIGN @ w - y) ** 2), is_constant=False,
)  # fmt: skip
zero(
    "logistic loss at the minimum", lambda rng: (special.logit(p := rng.uniform(0.2, 0.8, 5)), p), "z",
    lambda z, p: -np.sum(p * mg.log_sigmoid(z) + (1 - p) * mg.log_sigmoid(-z)), is_constant=False,
)  # fmt: skip
zero(
    "cross-entropy at the minimum", lambda rng: (z := rng.standard_normal((2, 3)), special.softmax(z, axis=1)), "z",
    lambda z, p: -np.sum(p * mg.log_softmax(z)), is_constant=False,
)  # fmt: skip
zero(
    "temperature at equal logits", lambda rng: (rng.uniform(0.5, 2.0), np.full((2, 1), rng.standard_normal())),
    "t", lambda t, z: mg.softmax((z + np.zeros((2, 3))) / t) * weights(2, 3),
)  # fmt: skip


# Pairs on plain NumPy.
def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_back(g, p):
    return p * (g - np.sum(g * p, axis=-1, keepdims=True))


def norm_back(g, x, axis, eps=1e-5):
    """The gradient through standard scores along an axis."""
    c = x - x.mean(axis=axis, keepdims=True)
    inverse = 1 / np.sqrt((c * c).mean(axis=axis, keepdims=True) + eps)
    h = c * inverse
    return inverse * (g - g.mean(axis=axis, keepdims=True) - h * (g * h).mean(axis=axis, keepdims=True))


def np_normalised(x, axis, eps=1e-5):
    c = x - x.mean(axis=axis, keepdims=True)
    return c / np.sqrt((c * c).mean(axis=axis, keepdims=True) + eps)


pair(
    "sum of softmax", normal((3, 4)), "x", lambda x: softmax(x).sum(axis=1),
    lambda g, out, x: softmax_back(np.broadcast_to(g[:, None], x.shape), softmax(x)),
    lambda x: np.sum(mg.softmax(x), axis=1),
)  # fmt: skip
pair(
    "shift of log-softmax", normal((3, 4), (3, 1)), "b",
    lambda x, b: (x + b) - special.logsumexp(x + b, axis=1, keepdims=True),
    lambda g, out, x, b: (
        g - np.exp(out) * g.sum(axis=1, keepdims=True),
        (g - np.exp(out) * g.sum(axis=1, keepdims=True)).sum(axis=1, keepdims=True),
    ),
    lambda x, b: mg.log_softmax(x + b),
)  # fmt: skip


def dense_norm_back(g, out, x, W, b):
    dz = norm_back(g, x @ W + b, 0)
    return dz @ W.T, x.T @ dz, dz.sum(axis=0)


pair(
    "bias before batch norm", normal((5, 4), (4, 3), (3,)), "b", lambda x, W, b: np_normalised(x @ W + b, 0),
    dense_norm_back, lambda x, W, b: normalised(x @ W + b, 0),
)  # fmt: skip


def layer_norm_back(g, out, x, b):
    dz = norm_back(g, x + b, 1)
    return dz, dz.sum(axis=1, keepdims=True)


pair(
    "shift before layer norm", normal((3, 4), (3, 1)), "b", lambda x, b: np_normalised(x + b, 1), layer_norm_back,
    lambda x, b: normalised(x + b, 1),
)  # fmt: skip


def instance_norm_back(g, out, x, b):
    dz = norm_back(g, x + b, (2, 3))
    return dz, dz.sum(axis=(0, 2, 3)).reshape(b.shape)


pair(
    "bias before instance norm", normal((2, 2, 3, 2), (2, 1, 1)), "b", lambda x, b: np_normalised(x + b, (2, 3)),
    instance_norm_back, lambda x, b: normalised(x + b, (2, 3)),
)  # fmt: skip


def attention(x, Q, K, b, V):
    return softmax((x @ Q) @ (x @ K + b).T / np.sqrt(3.0)) @ (x @ V)


def attention_back(g, out, x, Q, K, b, V):
    q, k, v = x @ Q, x @ K + b, x @ V
    a = softmax(q @ k.T / np.sqrt(3.0))
    ds = softmax_back(g @ v.T, a) / np.sqrt(3.0)
    dq, dk, dv = ds @ k, ds.T @ q, a.T @ g
    return dq @ Q.T + dk @ K.T + dv @ V.T, x.T @ dq, x.T @ dk, dk.sum(axis=0), x.T @ dv


pair(
    "key bias of attention", normal((5, 3), (3, 4), (3, 4), (4,), (3, 2)), "b", attention, attention_back,
    lambda x, Q, K, b, V: mg.softmax((x @ Q) @ (x @ K + b).T / np.sqrt(3.0)) @ (x @ V),
)  # fmt: skip
pair(
    "cosine of the scaled", lambda rng: (*normal((5,), (5,))(rng), rng.uniform(0.5, 2.0)), "c",
    lambda x, y, c: np.dot(c * x, y) / np.linalg.norm(c * x) / np.linalg.norm(y),
    lambda g, out, x, y, c: (
        g * c * (y / np.linalg.norm(y) / np.linalg.norm(c * x) - out * c * x / np.dot(c * x, c * x)),
        g * (c * x / np.linalg.norm(c * x) / np.linalg.norm(y) - out * y / np.dot(y, y)),
        g * np.dot(x, y / np.linalg.norm(y) / np.linalg.norm(c * x) - out * c * x / np.dot(c * x, c * x)),
    ),
    lambda x, y, c: cosine(c * x, y),
)  # fmt: skip
pair(
    "sum of the centred", normal((5, 3)), "x", lambda x: (x - x.mean(axis=0)).sum(axis=0),
    lambda g, out, x: np.ones_like(x) * g - (np.ones_like(x) * g).mean(axis=0),
    lambda x: np.sum(centred(x, 0), axis=0),
)  # fmt: skip
pair(
    "least squares at the minimum", fitted, "w", lambda w, y: np.sum((DESIGN @ w - y) ** 2),
    lambda g, out, w, y: (2 * g * DESIGN.T @ (DESIGN @ w - y), -2 * g * (DESIGN @ w - y)),
    lambda w, y: np.sum((DESIGN @ w - y) ** 2),
)  # fmt: skip
pair(
    "cross-entropy at the minimum", lambda rng: (rng.standard_normal((3, 4)),), "z",
    lambda z: -np.sum(softmax(z.copy()) * 0.25) + 0.25 * special.logsumexp(z * 0.0, axis=1).sum(),
    lambda g, out, z: -0.25 * g * softmax_back(np.ones_like(z), softmax(z)),
    lambda z: -np.sum(mg.softmax(z) * 0.25) + 0.75 * np.log(4.0),
)  # fmt: skip
pair(
    "sin^2 + cos^2", normal((3, 2)), "x", lambda x: np.sin(x) ** 2 + np.cos(x) ** 2,
    lambda g, out, x: g * (2 * np.sin(x) * np.cos(x) - 2 * np.cos(x) * np.sin(x) * 1.0000000000000002),
    lambda x: np.sin(x) ** 2 + np.cos(x) ** 2,
)  # fmt: skip
pair(
    "query, key and value bias in one", normal((5, 3), (3, 6), (6,)), "b",
    lambda x, W, b: softmax((x @ W + b)[:, :2] @ (x @ W + b)[:, 2:4].T) @ (x @ W + b)[:, 4:],
    lambda g, out, x, W, b: _packed_back(g, x, W, b),
    lambda x, W, b: mg.softmax((x @ W + b)[:, :2] @ (x @ W + b)[:, 2:4].T) @ (x @ W + b)[:, 4:],
)  # fmt: skip


def _packed_back(g, x, W, b):
    z = x @ W + b
    q, k, v = z[:, :2], z[:, 2:4], z[:, 4:]
    a = softmax(q @ k.T)
    ds = softmax_back(g @ v.T, a)
    dz = np.concatenate([ds @ k, ds.T @ q, a.T @ g], axis=1)
    return dz @ W.T, x.T @ dz, dz.sum(axis=0)
