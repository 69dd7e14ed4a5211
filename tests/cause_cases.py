"""Which mistakes do people make around weight decay, broadcasting, layouts, clipping and pooling?"""

# ruff: noqa: E501, N803, N806 -- matrices have the names that they have on paper; cases are read in few lines

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Cause:
    name: str
    rule: str
    forward: Callable
    backward: Callable | None  # (g, out, *inputs); None where forward gives the value and the gradients at once
    inputs: Callable  # inputs(rng)
    leaves: tuple = ()
    options: dict = field(default_factory=dict)


CAUSES: list[Cause] = []


def cause(rule, name, forward, backward, inputs, *leaves, **options):
    CAUSES.append(Cause(name, rule, forward, backward, inputs, leaves, options))


def normal(*shapes):
    return lambda rng: tuple(rng.standard_normal(shape) for shape in shapes)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# ---- weight decay


def ridge(x, y, W, b):
    return np.sum((x @ W + b - y) ** 2) / (2 * len(x)) + 0.5 * 0.1 * np.sum(W * W)


def ridge_backward(decay_W, decay_b=lambda b: 0.0):
    def backward(g, out, x, y, W, b):
        d = g * (x @ W + b - y) / len(x)
        return d @ W.T, -d, x.T @ d + g * decay_W(W), d.sum(axis=0) + g * decay_b(b)

    return backward


RIDGE = normal((7, 5), (7, 3), (5, 3), (3,))
cause("decay.missing", "ridge without its decay", ridge, ridge_backward(lambda W: 0.0), RIDGE, "W")
cause("decay.scale", "ridge decayed twice", ridge, ridge_backward(lambda W: 0.2 * W), RIDGE, "W")
cause("decay.sign", "ridge with the decay subtracted", ridge, ridge_backward(lambda W: -0.1 * W), RIDGE, "W")
cause("decay.scale", "ridge with a half too many", ridge, ridge_backward(lambda W: 0.05 * W), RIDGE, "W")
cause("decay.scale", "ridge decay by the batch", ridge, ridge_backward(lambda W: 0.1 * W / 7), RIDGE, "W")
cause(
    "decay.extra", "ridge with a decayed bias", ridge, ridge_backward(lambda W: 0.1 * W, lambda b: 0.1 * b), RIDGE, "b"
)


def lasso(x, y, W):
    return np.mean((x @ W - y) ** 2) + 0.3 * np.abs(W).sum()


def lasso_backward(decay):
    def backward(g, out, x, y, W):
        d = 2 * g * (x @ W - y) / y.size
        return d @ W.T, -d, x.T @ d + g * decay(W)

    return backward


cause("decay.missing", "lasso without signs", lasso, lasso_backward(lambda W: 0.0), normal((7, 5), (7, 3), (5, 3)), "W")
cause("decay.sign", "lasso with signs turned", lasso, lasso_backward(lambda W: -0.3 * np.sign(W)),
      normal((7, 5), (7, 3), (5, 3)), "W")  # fmt: skip


def logistic(x, t, theta):
    h = 1 / (1 + np.exp(-(x @ theta)))
    y = t > 0
    cost = -np.mean(np.where(y, np.log(h), np.log(1 - h)))
    return cost + 0.5 / 7 * np.sum(theta[1:] ** 2)


def logistic_backward(change):
    def backward(g, out, x, t, theta):
        d = (1 / (1 + np.exp(-(x @ theta))) - (t > 0)) / len(x)
        decay = theta / 7
        decay[0] = 0
        return g * np.outer(d, theta), np.zeros_like(t), g * (x.T @ d + change(decay, theta))

    return backward


LOGISTIC = normal((7, 5), (7,), (5,))
cause("decay.extra", "logistic regression decays its intercept", logistic, logistic_backward(lambda d, th: th / 7),
      LOGISTIC, "theta")  # fmt: skip
cause("decay.missing", "logistic regression without decay", logistic, logistic_backward(lambda d, th: 0 * d), LOGISTIC,
      "theta")  # fmt: skip
cause("decay.scale", "logistic regression's decay not divided by the batch", logistic,
      logistic_backward(lambda d, th: 7 * d), LOGISTIC, "theta")  # fmt: skip


# ---- broadcasting


def column_loss(x, y, w):
    return np.sum(((x @ w).ravel() - y) ** 2) / len(y)


cause("shape.broadcast", "residuals of a column and a row", column_loss,
      lambda g, out, x, y, w: (2 * g / len(y) * ((x @ w).ravel() - y)[:, None] * w.T,
                               -2 * g / len(y) * ((x @ w).ravel() - y), 2 * g / len(y) * x.T @ (x @ w - y)),
      normal((7, 5), (7,), (5, 1)), "w")  # fmt: skip
cause("shape.broadcast", "squared error of a column and a row", lambda pred, y: np.mean((pred[:, 0] - y) ** 2),
      lambda g, out, pred, y: (2 * g * (pred - y) / len(y), -2 * g * (pred[:, 0] - y) / len(y)),
      normal((7, 1), (7,)), "pred")  # fmt: skip
cause("shape.broadcast", "residuals of a column and a row, added up", lambda x, y, b: np.sum((x[:, 0] + b - y) ** 2),
      lambda g, out, x, y, b: (2 * g * (x[:, 0] + b - y)[:, None], -2 * g * (x[:, 0] + b - y),
                               2 * g * (x + b - y).sum() * np.ones(1)),
      normal((7, 1), (7,), (1,)), "b")  # fmt: skip
cause("shape.keepdims", "bias of columns", lambda W, x, b: W @ x + b,
      lambda g, out, W, x, b: (g @ x.T, W.T @ g, g.sum(axis=1)), normal((3, 5), (5, 7), (3, 1)), "b")  # fmt: skip
cause("shape.keepdims", "scale of a layer norm", lambda x, s: x * s,
      lambda g, out, x, s: (g * s, (g * x).sum(axis=0)), normal((7, 5), (1, 5)), "s")  # fmt: skip
cause("shape.keepdims", "centred rows of a square array", lambda x: x - x.mean(axis=1, keepdims=True),
      lambda g, out, x: g - g.mean(axis=1), normal((5, 5)), "x")  # fmt: skip
cause("shape.keepdims", "softmax of square scores", softmax,
      lambda g, out, x: out * (g - (g * out).sum(axis=1)), normal((5, 5)), "z")  # fmt: skip
cause("shape.keepdims", "normalised rows of a square array", lambda x: x / x.sum(axis=1, keepdims=True),
      lambda g, out, x: (g - (g * out).sum(axis=1, keepdims=True)) / x.sum(axis=1),
      lambda rng: (rng.uniform(0.5, 2, (5, 5)),), "x")  # fmt: skip


def attention(q, k):
    return softmax(q @ k.T)


def attention_backward(g, out, q, k):
    ds = out * (g - (g * out).sum(axis=-1))
    return ds @ k, ds.T @ q


cause("shape.keepdims", "attention scores", attention, attention_backward, normal((5, 3), (5, 3)), "q", "k")


# ---- layout

cause("layout.transposed", "images read with height and width exchanged", lambda x, w: x * w,
      lambda g, out, x, w: ((g * w).transpose(0, 1, 3, 2), g * x), normal((2, 3, 5, 5), (2, 3, 5, 5)), "x")  # fmt: skip
cause("layout.transposed", "image gradient in the shape of exchanged axes", lambda x: x.reshape(len(x), -1),
      lambda g, out, x: g.reshape(x.shape).swapaxes(2, 3), normal((2, 3, 5, 7)), "x")  # fmt: skip
cause("layout.reshaped", "reshape for a transpose", lambda x: np.tanh(x.T), lambda g, out, x:
      (g * (1 - out**2)).reshape(x.shape), normal((7, 5)), "x")  # fmt: skip
cause("layout.reshaped", "heads put together by a reshape alone",
      lambda x: x.reshape(5, 2, 3).transpose(1, 0, 2), lambda g, out, x: g.reshape(5, 6), normal((5, 6)), "x")  # fmt: skip
cause("layout.reshaped", "weights before heads put together by a reshape alone",
      lambda x, W: np.tanh((x @ W).reshape(5, 2, 3).transpose(1, 0, 2)),
      lambda g, out, x, W: ((g * (1 - out**2)).reshape(5, 6) @ W.T, x.T @ (g * (1 - out**2)).reshape(5, 6)),
      normal((5, 4), (4, 6)), "x", "W")  # fmt: skip
cause("layout.reshaped", "flattened images reshaped with channels last", lambda x: x.reshape(len(x), -1),
      lambda g, out, x: g.reshape(3, 4, 5, 2).transpose(0, 3, 1, 2), normal((3, 2, 4, 5)), "x")  # fmt: skip


def gates(x, W):
    i, f, o, c = np.split(x @ W, 4, axis=1)
    return np.tanh(c) / (1 + np.exp(-i)) + o * f


def gates_backward(order):
    def backward(g, out, x, W):
        i, f, o, c = np.split(x @ W, 4, axis=1)
        s, t = 1 / (1 + np.exp(-i)), np.tanh(c)
        parts = {"i": g * t * s * (1 - s), "f": g * o, "o": g * f, "c": g * s * (1 - t * t)}
        d = np.hstack([parts[name] for name in order])
        return d @ W.T, x.T @ d

    return backward


cause("layout.blocks", "gates in another order", gates, gates_backward("ifco"), normal((7, 5), (5, 12)), "x", "W")
cause("layout.blocks", "first gates exchanged", gates, gates_backward("fioc"), normal((7, 5), (5, 12)), "x", "W")
cause("layout.blocks", "concatenated the wrong way round", lambda x, h, W: np.tanh(np.hstack([h, x]) @ W),
      lambda g, out, x, h, W: ((g * (1 - out**2)) @ W[3:].T, (g * (1 - out**2)) @ W[:3].T,
                               np.hstack([x, h]).T @ (g * (1 - out**2))),
      normal((7, 3), (7, 3), (6, 5)), "W")  # fmt: skip


# ---- clipping

cause("value.clipped", "elements clipped", lambda x, W: 9 * x @ W,
      lambda g, out, x, W: (9 * g @ W.T, np.clip(9 * x.T @ g, -5, 5)), normal((7, 5), (5, 3)), "W")  # fmt: skip
cause("value.clipped", "loss clipped at one", lambda x, W: np.sum((x @ W) ** 3),
      lambda g, out, x, W: (g * 3 * (x @ W) ** 2 @ W.T, g * np.clip(x.T @ (3 * (x @ W) ** 2), -1, 1)),
      normal((7, 5), (5, 3)), "W")  # fmt: skip


def norm_clipped(g, out, x, W):
    dW = x.T @ (3 * (x @ W) ** 2)
    return g * 3 * (x @ W) ** 2 @ W.T, g * dW * (5 / np.linalg.norm(dW))


cause("value.clipped", "loss clipped to a norm", lambda x, W: np.sum((x @ W) ** 3), norm_clipped,
      normal((7, 5), (5, 3)), "W")  # fmt: skip


# ---- pooling


def pool(x):
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).max(axis=(3, 5))


def spread(g):
    return np.repeat(np.repeat(g, 2, axis=2), 2, axis=3)


def distinct(*shape):
    return lambda rng: (rng.permutation(np.linspace(-2.0, 2.1, np.prod(shape))).reshape(shape),)


cause("pooling.average", "average for maximum", pool, lambda g, out, x: spread(g) / 4, distinct(2, 3, 4, 6), "x")
cause("pooling.average", "to all of the window", pool, lambda g, out, x: spread(g), distinct(2, 3, 4, 6), "x")
cause("pooling.maximum", "maximum for average",
      lambda x: x.reshape(2, 3, 2, 2, 3, 2).mean(axis=(3, 5)), lambda g, out, x: spread(g) * (x == spread(pool(x))),
      distinct(2, 3, 4, 6), "x")  # fmt: skip
cause("pooling.average", "longest path through time", lambda x, W: np.tanh(x @ W).max(axis=1),
      lambda g, out, x, W: ((np.repeat(g[:, None], 4, axis=1) / 4 * (1 - np.tanh(x @ W) ** 2)) @ W.T,
                            np.einsum("ntd,ntk->dk", x, np.repeat(g[:, None], 4, axis=1) / 4
                                      * (1 - np.tanh(x @ W) ** 2))),
      normal((3, 4, 5), (5, 2)), "x", "W")  # fmt: skip


def pool_loop(x):
    out = np.zeros((2, 2, 3))
    for i in range(2):
        for j in range(3):
            out[:, i, j] = x[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max(axis=(1, 2))
    return out


cause("pooling.average", "average in a loop", lambda x, W: pool_loop(x * W),
      lambda g, out, x, W: (np.repeat(np.repeat(g, 2, axis=1), 2, axis=2) / 4 * W,
                            np.repeat(np.repeat(g, 2, axis=1), 2, axis=2) / 4 * x),
      normal((2, 4, 6), (2, 4, 6)), "x", "W")  # fmt: skip
