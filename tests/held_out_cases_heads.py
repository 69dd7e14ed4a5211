"""Which mistakes in attention are kept from whoever writes rules?"""

import numpy as np
from mistake_cases import HELD_OUT, slip
from mistake_cases_heads import (
    ATTENTION,
    ATTENTION_POOL,
    CAUSAL,
    FEED_FORWARD,
    HEADS,
    SELF_ATTENTION,
    causal_weights,
    softmax,
    split_heads,
)


@slip(HELD_OUT, ATTENTION, "v", "operand.replaced")
def scores_for_weights(g, out, q, k, v):
    root = np.sqrt(q.shape[1])
    a = softmax(q @ k.T / root)
    da = g @ v.T
    ds = a * (da - (da * a).sum(axis=-1, keepdims=True))
    return ds @ k / root, ds.T @ q / root, (q @ k.T / root).T @ g


@slip(HELD_OUT, ATTENTION, "q", "factor.missing", "path.missing")
def softmax_skipped(g, out, q, k, v):
    root = np.sqrt(q.shape[1])
    a = softmax(q @ k.T / root)
    ds = g @ v.T
    return ds @ k / root, ds.T @ q / root, a.T @ g


@slip(HELD_OUT, CAUSAL, "k", "term.extra", "factor.missing", "operand.replaced")
def mask_forgotten(g, out, q, k, v):
    root = np.sqrt(q.shape[2])
    a = softmax(q @ k.transpose(0, 2, 1) / root)
    da = g @ v.transpose(0, 2, 1)
    ds = a * (da - (da * a).sum(axis=2, keepdims=True)) / root
    return ds @ k, ds.transpose(0, 2, 1) @ q, a.transpose(0, 2, 1) @ g


@slip(HELD_OUT, CAUSAL, "q", "factor.extra", "scale.dimension", "scale.constant")
def scaled_twice(g, out, q, k, v):
    root = np.sqrt(q.shape[2])
    a = causal_weights(q, k)
    da = g @ v.transpose(0, 2, 1) / root
    ds = a * (da - (da * a).sum(axis=2, keepdims=True)) / root
    return ds @ k, ds.transpose(0, 2, 1) @ q, a.transpose(0, 2, 1) @ g


@slip(HELD_OUT, SELF_ATTENTION, "wq", "structure.order", "operand.replaced")
def queries_and_keys_exchanged(g, out, x, wq, wk, wv):
    q, k, v = x @ wq, x @ wk, x @ wv
    root = np.sqrt(wq.shape[1])
    a = softmax(q @ k.T / root)
    da = g @ v.T
    ds = a * (da - (da * a).sum(axis=1, keepdims=True)) / root
    dq, dk, dv = ds @ k, ds.T @ q, a.T @ g
    return dq @ wq.T + dk @ wk.T + dv @ wv.T, x.T @ dk, x.T @ dq, x.T @ dv


@slip(HELD_OUT, SELF_ATTENTION, "x", "operand.replaced")
def keys_by_the_query_weights(g, out, x, wq, wk, wv):
    q, k, v = x @ wq, x @ wk, x @ wv
    root = np.sqrt(wq.shape[1])
    a = softmax(q @ k.T / root)
    da = g @ v.T
    ds = a * (da - (da * a).sum(axis=1, keepdims=True)) / root
    dq, dk, dv = ds @ k, ds.T @ q, a.T @ g
    return dq @ wq.T + dk @ wq.T + dv @ wv.T, x.T @ dq, x.T @ dk, x.T @ dv


@slip(HELD_OUT, HEADS, "v", "layout.blocks")
def heads_in_another_order(g, out, q, k, v):
    root = np.sqrt(q.shape[1] // 2)
    qs, ks, vs, gs = split_heads(q), split_heads(k), split_heads(v), split_heads(g)
    a = softmax(qs @ ks.transpose(0, 2, 1) / root)
    da = gs @ vs.transpose(0, 2, 1)
    ds = a * (da - (da * a).sum(axis=-1, keepdims=True)) / root
    parts = ds @ ks, ds.transpose(0, 2, 1) @ qs, a.transpose(0, 2, 1) @ gs
    return tuple(np.hstack([p[1], p[0]]) for p in parts)


@slip(HELD_OUT, HEADS, "v", "layout.reshaped")
def upstream_split_by_reshape_alone(g, out, q, k, v):
    root = np.sqrt(q.shape[1] // 2)
    qs, ks, vs, gs = split_heads(q), split_heads(k), split_heads(v), g.reshape(2, len(g), -1)
    a = softmax(qs @ ks.transpose(0, 2, 1) / root)
    da = gs @ vs.transpose(0, 2, 1)
    ds = a * (da - (da * a).sum(axis=-1, keepdims=True)) / root
    parts = ds @ ks, ds.transpose(0, 2, 1) @ qs, a.transpose(0, 2, 1) @ gs
    return tuple(p.transpose(1, 0, 2).reshape(q.shape) for p in parts)


@slip(HELD_OUT, ATTENTION_POOL, "w", "support.diagonal")
def softmax_taken_elementwise(g, out, x, w):
    t = np.tanh(x)
    a = softmax(t @ w)
    ds = (x @ g) * a * (1 - a)
    return np.outer(a, g) + np.outer(ds, w) * (1 - t**2), t.T @ ds


@slip(HELD_OUT, ATTENTION_POOL, "x", "factor.missing")
def slope_of_tanh_forgotten(g, out, x, w):
    t = np.tanh(x)
    a = softmax(t @ w)
    da = x @ g
    ds = a * (da - (da * a).sum())
    return np.outer(a, g) + np.outer(ds, w), t.T @ ds


@slip(HELD_OUT, FEED_FORWARD, "w2", "operand.replaced", "factor.missing")
def hidden_before_relu(g, out, x, w1, w2):
    h = x @ w1
    dh = g @ w2.T * (h > 0)
    return g + dh @ w1.T, x.T @ dh, h.T @ g


@slip(HELD_OUT, FEED_FORWARD, "x", "path.repeated")
def residual_added_twice(g, out, x, w1, w2):
    h = np.maximum(x @ w1, 0)
    dh = g @ w2.T * (h > 0)
    dx = dh @ w1.T
    dx += g
    return dx + g, x.T @ dh, h.T @ g
