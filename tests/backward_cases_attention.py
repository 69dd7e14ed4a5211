"""Which mistakes do people make in backward passes of softmax and attention?"""

import numpy as np
from backward_cases import function, normal, whole_mistake


def softmax_of(x):
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def softmax_back(g, out):
    return out * (g - (g * out).sum(axis=-1, keepdims=True))


function(
    "softmax", softmax_of, lambda g, out, x: (softmax_back(g, out),), normal((7, 5)),
    ("elementwise", "x", "support.diagonal", lambda g, out, x: g * out * (1 - out)),
    ("denominator taken as a constant", "x", "path.missing", lambda g, out, x: g * out),
    ("sum over the batch", "x", "support.axis", lambda g, out, x: out * (g - (g * out).sum(axis=0))),
    ("output in single precision", "x", "precision.float32",
     lambda g, out, x: softmax_back(g, softmax_of(x.astype(np.float32)))),
)  # fmt: skip


def log_softmax_of(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def log_softmax_in_place(g, out, x):
    x -= x.max(axis=-1, keepdims=True)
    return (g - softmax_of(x) * g.sum(axis=-1, keepdims=True),)


log_softmax = function(
    "log-softmax", log_softmax_of, lambda g, out, x: (g - np.exp(out) * g.sum(axis=-1, keepdims=True),), normal((7, 5)),
    ("as if g summed to one", "x", "upstream.constant", lambda g, out, x: g - np.exp(out)),
    ("elementwise", "x", "support.diagonal", lambda g, out, x: g * (1 - np.exp(out))),
    ("sum over the batch", "x", "support.axis", lambda g, out, x: g - np.exp(out) * g.sum(axis=0)),
    ("normaliser taken as a constant", "x", "path.missing", lambda g, out, x: g),
)  # fmt: skip
whole_mistake(log_softmax, "shifts its input in place", "x", "mutation.input", log_softmax_in_place)


def weights_of(q, k):
    return softmax_of(q @ k.T / k.shape[-1] ** 0.5)


def scores_back(g, q, k, v):
    """The gradient of q @ k.T."""
    return softmax_back(g @ v.T, weights_of(q, k)) / k.shape[-1] ** 0.5


function(
    "attention", lambda q, k, v: weights_of(q, k) @ v,
    lambda g, out, q, k, v: (scores_back(g, q, k, v) @ k, scores_back(g, q, k, v).T @ q, weights_of(q, k).T @ g),
    normal((7, 5), (7, 5), (7, 3)),
    ("not divided by the square root", "q", "scale.dimension",
     lambda g, out, q, k, v: softmax_back(g @ v.T, weights_of(q, k)) @ k),
    ("weights not transposed", "v", "operand.transposed", lambda g, out, q, k, v: weights_of(q, k) @ g),
    ("no derivative of the softmax", "k", "factor.missing",
     lambda g, out, q, k, v: (g @ v.T / k.shape[-1] ** 0.5).T @ q),
    ("q and k exchanged", "q", "operand.replaced", lambda g, out, q, k, v: scores_back(g, q, k, v) @ q),
)  # fmt: skip


def self_attention_right(g, out, x):
    scores, weights = scores_back(g, x, x, x), weights_of(x, x)
    return (scores @ x + scores.T @ x + weights.T @ g,)


function(
    "self-attention", lambda x: weights_of(x, x) @ x, self_attention_right, normal((7, 5)),
    ("keys left out", "x", "path.missing", lambda g, out, x: scores_back(g, x, x, x) @ x + weights_of(x, x).T @ g),
    ("queries counted twice", "x", "path.repeated",
     lambda g, out, x: self_attention_right(g, out, x)[0] + scores_back(g, x, x, x) @ x),
)  # fmt: skip
