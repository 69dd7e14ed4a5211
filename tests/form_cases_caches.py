"""Which pairs of functions hand a cache from the forward to the backward pass?"""

# ruff: noqa: N803, N806 -- matrices have the names that they have on paper

import numpy as np
from form_cases import away, drawn, form, normal, pair

# ---- Matrix products ----


def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1).dot(w) + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, _ = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db


def affine_backward_mean(dout, cache):
    dx, dw, db = affine_backward(dout, cache)
    return dx, dw, db / dout.shape[0]


def affine_backward_mixed(dout, cache):
    x, w, _ = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(-1, x.shape[0]).dot(dout)
    return dx, dw, np.sum(dout, axis=0)


form(
    "affine layer of images", "cache", pair(affine_forward, normal((3, 2, 5), (10, 4), 4)), affine_backward,
    ("mean for sum", affine_backward_mean, "b"),
    ("reshaped to the transposed shape", affine_backward_mixed, "w"),
)  # fmt: skip


def relu_forward(x):
    return np.maximum(0, x), x


def relu_backward(dout, cache):
    dx = np.array(dout, copy=True)
    dx[cache <= 0] = 0
    return dx


def affine_relu_forward(x, w, b):
    a, fc_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (fc_cache, relu_cache)


def affine_relu_backward(dout, cache):
    fc_cache, relu_cache = cache
    return affine_backward(relu_backward(dout, relu_cache), fc_cache)


def affine_relu_backward_of_output(dout, cache):
    fc_cache, relu_cache = cache
    _, dw, db = affine_backward(dout, fc_cache)
    return relu_backward(dout, relu_cache).dot(fc_cache[1].T), dw, db


def affine_relu_inputs(rng):
    return drawn(rng, normal((3, 4), (4, 5), 5), lambda x, w, b: x @ w + b)


form(
    "relu", "cache", pair(relu_forward, lambda rng: away(rng, 7, 5)), relu_backward,
    ("mask turned round", lambda dout, cache: dout * (cache <= 0), "x"),
)  # fmt: skip
form(
    "affine and relu in a sandwich", "cache", pair(affine_relu_forward, affine_relu_inputs), affine_relu_backward,
    ("no mask for the weights", affine_relu_backward_of_output, "w"),
)  # fmt: skip


def softmax_forward(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    s = e / e.sum(axis=1, keepdims=True)
    return s, {"s": s}


def softmax_backward(ds, cache):
    s = cache["s"]
    return s * (ds - np.sum(ds * s, axis=1, keepdims=True))


form(
    "softmax", "cache", pair(softmax_forward, normal((5, 3))), softmax_backward,
    ("diagonal of the Jacobian only", lambda ds, cache: ds * cache["s"] * (1 - cache["s"]), "z"),
)  # fmt: skip


def l2norm_forward(v):
    length = np.sqrt((v**2).sum(axis=1))[:, None]
    return v / length, (v, length)


def l2norm_backward(g, cache):
    v, length = cache
    return g / length - v * (g * v).sum(axis=1, keepdims=True) / length**3


def l2norm_backward_square(g, cache):
    v, length = cache
    return g / length - v * (g * v).sum(axis=1, keepdims=True) / length**2


form(
    "normalised rows", "cache", pair(l2norm_forward, normal((7, 3))), l2norm_backward,
    ("square for cube", l2norm_backward_square, "v"),
)  # fmt: skip


# ---- Attention ----


def attention_forward(Q, K, V):
    scale = 1.0 / np.sqrt(Q.shape[1])
    scores = Q @ K.T * scale
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    return weights @ V, (Q, K, V, weights, scale)


def attention_backward(dout, cache):
    Q, K, V, weights, scale = cache
    dV = weights.T @ dout
    dweights = dout @ V.T
    dscores = weights * (dweights - (dweights * weights).sum(axis=1, keepdims=True))
    dQ = dscores @ K * scale
    dK = dscores.T @ Q * scale
    return dQ, dK, dV


def attention_backward_unscaled(dout, cache):
    dQ, dK, dV = attention_backward(dout, cache)
    return dQ / cache[-1], dK / cache[-1], dV


form(
    "attention", "cache", pair(attention_forward, normal((3, 5), (7, 5), (7, 2))), attention_backward,
    ("scale left out", attention_backward_unscaled, "K"),
)  # fmt: skip


def causal_forward(x, Wq, Wk, Wv):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    scores = q @ k.T / np.sqrt(q.shape[-1])
    scores = np.where(np.tril(np.ones_like(scores)) > 0, scores, -1e9)
    p = np.exp(scores - scores.max(-1, keepdims=True))
    p = p / p.sum(-1, keepdims=True)
    return p @ v, {"x": x, "Wq": Wq, "Wk": Wk, "Wv": Wv, "q": q, "k": k, "v": v, "p": p}


def causal_backward(dout, c):
    dp, dv = dout @ c["v"].T, c["p"].T @ dout
    ds = c["p"] * (dp - (dp * c["p"]).sum(-1, keepdims=True)) / np.sqrt(c["q"].shape[-1])
    dq, dk = ds @ c["k"], ds.T @ c["q"]
    dx = dq @ c["Wq"].T + dk @ c["Wk"].T + dv @ c["Wv"].T
    return dx, c["x"].T @ dq, c["x"].T @ dk, c["x"].T @ dv


def causal_backward_no_values(dout, c):
    dx, dWq, dWk, dWv = causal_backward(dout, c)
    return dx - c["p"].T @ dout @ c["Wv"].T, dWq, dWk, dWv


form(
    "causal self-attention with projections", "cache",
    pair(causal_forward, normal((5, 4), (4, 3), (4, 3), (4, 2), scale=0.7)), causal_backward,
    ("the path through the values forgotten", causal_backward_no_values, "x"),
)  # fmt: skip


# ---- Blocks ----


def residual_forward(x, W1, W2):
    h = np.tanh(x @ W1)
    return x + h @ W2, (x, W1, W2, h)


def residual_backward(dout, cache):
    x, W1, W2, h = cache
    dh = dout @ W2.T * (1 - h**2)
    return dout + dh @ W1.T, x.T @ dh, h.T @ dout


def residual_backward_no_slope(dout, cache):
    x, W1, W2, h = cache
    dh = dout @ W2.T
    return dout + dh @ W1.T, x.T @ dh, h.T @ dout


form(
    "residual block", "cache", pair(residual_forward, normal((3, 5), (5, 4), (4, 5), scale=0.6)), residual_backward,
    ("no slope of tanh", residual_backward_no_slope, "W1"),
)  # fmt: skip


def highway_forward(x, W, b, W_gate, b_gate):
    a = np.tanh(x @ W + b)
    t = 1 / (1 + np.exp(-(x @ W_gate + b_gate)))
    return t * a + (1 - t) * x, (x, W, W_gate, a, t)


def highway_backward(dy, cache):
    x, W, W_gate, a, t = cache
    da = dy * t * (1 - a * a)
    dt = dy * (a - x) * t * (1 - t)
    dx = da @ W.T + dt @ W_gate.T + dy * (1 - t)
    return dx, x.T @ da, da.sum(0), x.T @ dt, dt.sum(0)


def highway_backward_one_gate(dy, cache):
    x, _, _, a, t = cache
    dx, dW, db, _, _ = highway_backward(dy, cache)
    dt = dy * a * t * (1 - t)
    return dx, dW, db, x.T @ dt, dt.sum(0)


form(
    "highway layer", "cache", pair(highway_forward, normal((7, 3), (3, 3), 3, (3, 3), 3, scale=0.8)), highway_backward,
    ("gate of the other way forgotten", highway_backward_one_gate, "W_gate"),
)  # fmt: skip


def maxout_forward(x, W, b):
    """W has a slice for each piece."""
    pieces = np.einsum("nd,kdm->nkm", x, W) + b
    return pieces.max(axis=1), (x, W, pieces.argmax(axis=1))


def maxout_backward(dout, cache):
    x, W, winner = cache
    dpieces = dout[:, None, :] * (winner[:, None, :] == np.arange(W.shape[0])[None, :, None])
    dx = np.einsum("nkm,kdm->nd", dpieces, W)
    dW = np.einsum("nd,nkm->kdm", x, dpieces)
    return dx, dW, dpieces.sum(axis=0)


def maxout_backward_shared(dout, cache):
    x, W, _ = cache
    dpieces = np.repeat(dout[:, None, :], W.shape[0], axis=1) / W.shape[0]
    dx = np.einsum("nkm,kdm->nd", dpieces, W)
    return dx, np.einsum("nd,nkm->kdm", x, dpieces), dpieces.sum(axis=0)


def two_pieces(x, W, b):
    pieces = np.einsum("nd,kdm->nkm", x, W) + b
    return pieces[:, 0] - pieces[:, 1]


form(
    "maxout", "cache",
    pair(maxout_forward, lambda rng: drawn(rng, normal((5, 3), (2, 3, 2), (2, 2)), two_pieces)), maxout_backward,
    ("shared among the pieces", maxout_backward_shared, "W"),
)  # fmt: skip
