"""Which mistakes do people make in attention: scores, scale, masks, softmax, heads?"""

import numpy as np
from backward_cases import Function, normal
from mistake_cases import OPEN, slip


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attention(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[1])
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    a = e / e.sum(axis=-1, keepdims=True)
    return a @ v


def attention_right(g, out, q, k, v):
    root = np.sqrt(q.shape[1])
    a = softmax(q @ k.T / root)
    da = g @ v.T
    ds = a * (da - (da * a).sum(axis=-1, keepdims=True))
    return ds @ k / root, ds.T @ q / root, a.T @ g


ATTENTION = Function("attention", attention, attention_right, normal((5, 3), (7, 3), (7, 2)))


@slip(OPEN, ATTENTION, "q", "factor.missing", "scale.dimension", "scale.constant")
def scale_forgotten(g, out, q, k, v):
    a = softmax(q @ k.T / np.sqrt(q.shape[1]))
    da = g @ v.T
    ds = a * (da - (da * a).sum(axis=-1, keepdims=True))
    return ds @ k, ds.T @ q, a.T @ g


@slip(OPEN, ATTENTION, "k", "support.diagonal")
def softmax_taken_elementwise(g, out, q, k, v):
    root = np.sqrt(q.shape[1])
    a = softmax(q @ k.T / root)
    ds = (g @ v.T) * a * (1 - a)
    return ds @ k / root, ds.T @ q / root, a.T @ g


def causal(q, k, v):
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[2])
    mask = np.triu(np.ones(scores.shape[1:]), 1)
    scores = scores - 1e9 * mask
    e = np.exp(scores - scores.max(axis=2, keepdims=True))
    return e / e.sum(axis=2, keepdims=True) @ v


def causal_weights(q, k):
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[2])
    return softmax(scores - 1e9 * np.triu(np.ones(scores.shape[1:]), 1))


def causal_right(g, out, q, k, v):
    root = np.sqrt(q.shape[2])
    a = causal_weights(q, k)
    da = g @ v.transpose(0, 2, 1)
    ds = a * (da - (da * a).sum(axis=2, keepdims=True)) / root
    return ds @ k, ds.transpose(0, 2, 1) @ q, a.transpose(0, 2, 1) @ g


CAUSAL = Function("causal attention", causal, causal_right, normal((2, 5, 3), (2, 5, 3), (2, 5, 4)))


@slip(OPEN, CAUSAL, "q", "support.axis")
def softmax_over_the_queries(g, out, q, k, v):
    root = np.sqrt(q.shape[2])
    a = causal_weights(q, k)
    da = g @ v.transpose(0, 2, 1)
    ds = a * (da - (da * a).sum(axis=1, keepdims=True)) / root
    return ds @ k, ds.transpose(0, 2, 1) @ q, a.transpose(0, 2, 1) @ g


@slip(OPEN, CAUSAL, "v", "operand.transposed")
def weights_not_transposed(g, out, q, k, v):
    root = np.sqrt(q.shape[2])
    a = causal_weights(q, k)
    da = g @ v.transpose(0, 2, 1)
    ds = a * (da - (da * a).sum(axis=2, keepdims=True)) / root
    return ds @ k, ds.transpose(0, 2, 1) @ q, a @ g


def self_attention(x, wq, wk, wv):
    q, k, v = x @ wq, x @ wk, x @ wv
    scores = q @ k.T / np.sqrt(wq.shape[1])
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (e / e.sum(axis=1, keepdims=True)) @ v


def self_attention_right(g, out, x, wq, wk, wv):
    q, k, v = x @ wq, x @ wk, x @ wv
    root = np.sqrt(wq.shape[1])
    a = softmax(q @ k.T / root)
    da = g @ v.T
    ds = a * (da - (da * a).sum(axis=1, keepdims=True)) / root
    dq, dk, dv = ds @ k, ds.T @ q, a.T @ g
    return dq @ wq.T + dk @ wk.T + dv @ wv.T, x.T @ dq, x.T @ dk, x.T @ dv


SELF_ATTENTION = Function("self attention", self_attention, self_attention_right, normal((7, 5), *[(5, 3)] * 3))


@slip(OPEN, SELF_ATTENTION, "x", "path.missing")
def values_path_forgotten(g, out, x, wq, wk, wv):
    q, k, v = x @ wq, x @ wk, x @ wv
    root = np.sqrt(wq.shape[1])
    a = softmax(q @ k.T / root)
    da = g @ v.T
    ds = a * (da - (da * a).sum(axis=1, keepdims=True)) / root
    dq, dk, dv = ds @ k, ds.T @ q, a.T @ g
    return dq @ wq.T + dk @ wk.T, x.T @ dq, x.T @ dk, x.T @ dv


@slip(OPEN, SELF_ATTENTION, "wk", "operand.transposed")
def scores_not_transposed(g, out, x, wq, wk, wv):
    q, k, v = x @ wq, x @ wk, x @ wv
    root = np.sqrt(wq.shape[1])
    a = softmax(q @ k.T / root)
    da = g @ v.T
    ds = a * (da - (da * a).sum(axis=1, keepdims=True)) / root
    dq, dk, dv = ds @ k, ds @ q, a.T @ g
    return dq @ wq.T + dk @ wk.T + dv @ wv.T, x.T @ dq, x.T @ dk, x.T @ dv


def split_heads(x):
    return x.reshape(len(x), 2, -1).transpose(1, 0, 2)


def heads(q, k, v):
    scores = split_heads(q) @ split_heads(k).transpose(0, 2, 1) / np.sqrt(q.shape[1] // 2)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    a = e / e.sum(axis=-1, keepdims=True)
    return (a @ split_heads(v)).transpose(1, 0, 2).reshape(q.shape)


def heads_right(g, out, q, k, v):
    root = np.sqrt(q.shape[1] // 2)
    qs, ks, vs, gs = split_heads(q), split_heads(k), split_heads(v), split_heads(g)
    a = softmax(qs @ ks.transpose(0, 2, 1) / root)
    da = gs @ vs.transpose(0, 2, 1)
    ds = a * (da - (da * a).sum(axis=-1, keepdims=True)) / root
    parts = ds @ ks, ds.transpose(0, 2, 1) @ qs, a.transpose(0, 2, 1) @ gs
    return tuple(p.transpose(1, 0, 2).reshape(q.shape) for p in parts)


HEADS = Function("two heads", heads, heads_right, normal((5, 6), (5, 6), (5, 6)))


@slip(OPEN, HEADS, "v", "layout.reshaped")
def heads_joined_by_reshape_alone(g, out, q, k, v):
    root = np.sqrt(q.shape[1] // 2)
    qs, ks, vs, gs = split_heads(q), split_heads(k), split_heads(v), split_heads(g)
    a = softmax(qs @ ks.transpose(0, 2, 1) / root)
    da = gs @ vs.transpose(0, 2, 1)
    ds = a * (da - (da * a).sum(axis=-1, keepdims=True)) / root
    parts = ds @ ks, ds.transpose(0, 2, 1) @ qs, a.transpose(0, 2, 1) @ gs
    return tuple(p.reshape(q.shape) for p in parts)


@slip(OPEN, HEADS, "q", "scale.constant", "scale.dimension")
def scale_of_the_whole_width(g, out, q, k, v):
    qs, ks, vs, gs = split_heads(q), split_heads(k), split_heads(v), split_heads(g)
    a = softmax(qs @ ks.transpose(0, 2, 1) / np.sqrt(q.shape[1] // 2))
    da = gs @ vs.transpose(0, 2, 1)
    ds = a * (da - (da * a).sum(axis=-1, keepdims=True)) / np.sqrt(q.shape[1])
    parts = ds @ ks, ds.transpose(0, 2, 1) @ qs, a.transpose(0, 2, 1) @ gs
    return tuple(p.transpose(1, 0, 2).reshape(q.shape) for p in parts)


def attention_pool(x, w):
    s = np.tanh(x) @ w
    e = np.exp(s - s.max())
    a = e / e.sum()
    return a @ x


def attention_pool_right(g, out, x, w):
    t = np.tanh(x)
    a = softmax(t @ w)
    da = x @ g
    ds = a * (da - (da * a).sum())
    return np.outer(a, g) + np.outer(ds, w) * (1 - t**2), t.T @ ds


ATTENTION_POOL = Function("attention pooling", attention_pool, attention_pool_right, normal((7, 3), (3,)))


@slip(OPEN, ATTENTION_POOL, "x", "path.missing")
def weights_taken_as_constants(g, out, x, w):
    t = np.tanh(x)
    a = softmax(t @ w)
    da = x @ g
    ds = a * (da - (da * a).sum())
    return np.outer(a, g), t.T @ ds


def feed_forward(x, w1, w2):
    return x + np.maximum(x @ w1, 0) @ w2


def feed_forward_right(g, out, x, w1, w2):
    h = np.maximum(x @ w1, 0)
    dh = g @ w2.T * (h > 0)
    return g + dh @ w1.T, x.T @ dh, h.T @ g


def feed_forward_inputs(rng):
    while True:
        x, w1, w2 = normal((5, 3), (3, 7), (7, 3))(rng)
        if np.abs(x @ w1).min() > 0.04:
            return x, w1, w2


FEED_FORWARD = Function("feed forward with residual", feed_forward, feed_forward_right, feed_forward_inputs)


@slip(OPEN, FEED_FORWARD, "x", "path.missing")
def residual_forgotten(g, out, x, w1, w2):
    h = np.maximum(x @ w1, 0)
    dh = g @ w2.T * (h > 0)
    return dh @ w1.T, x.T @ dh, h.T @ g


@slip(OPEN, FEED_FORWARD, "w1", "factor.missing")
def mask_of_relu_forgotten(g, out, x, w1, w2):
    h = np.maximum(x @ w1, 0)
    dh = g @ w2.T
    return g + dh @ w1.T, x.T @ dh, h.T @ g
