"""Is a mistake in a large model explained, and soon: a whole LSTM, a convolution in loops, a transformer block?"""

# ruff: noqa: N803, N806 -- matrices have the names that they have on paper

import time

import numpy as np
import pytest

from minigrad import testing
from minigrad.testing.checking import check

RNG = np.random.default_rng(0)
# Explaining takes no longer than this, in seconds of one processor. It is counted in work, so this is only a guard:
# three times what it takes on a quiet machine (4 seconds at most), because a shared one is slower.
LONGEST = 12.0


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


@pytest.fixture
def found_soon(monkeypatch):
    """Gives the findings of a check, and sees that they were explained soon, however long the check itself takes."""
    spent = []

    def timed(function):
        def call(*args):
            start = time.process_time()
            try:
                return function(*args)
            finally:
                spent.append(time.process_time() - start)

        return call

    monkeypatch.setattr(check, "evidence_of", timed(check.evidence_of))
    monkeypatch.setattr(check, "explain", timed(check.explain))

    def found(forward, backward, inputs):
        result = testing.check_backward(forward, backward, inputs, raise_exception=False)
        assert result.verdict == "fail"
        assert len(spent) > 1
        assert sum(spent) < LONGEST
        return result.findings

    return found


# ---- An LSTM of 10 steps: x is (batch, steps, features) ----


def lstm_step_forward(x, h, c, Wx, Wh, b):
    H = h.shape[1]
    a = x @ Wx + h @ Wh + b
    i, f, o, g = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 2 * H : 3 * H]), np.tanh(a[:, 3 * H :])
    next_c = f * c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, h, c, Wx, Wh, i, f, o, g, next_c)


def lstm_forward(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    h, hs, caches = h0, np.zeros((N, T, h0.shape[1])), []
    c = np.zeros_like(h0)
    for t in range(T):
        h, c, cache = lstm_step_forward(x[:, t, :], h, c, Wx, Wh, b)
        hs[:, t, :] = h
        caches.append(cache)
    return hs, caches


def lstm_backward(mistake):
    def backward(dhs, caches):
        N, T, H = dhs.shape
        x, h, _, Wx, Wh = caches[0][:5]
        dx = np.zeros((N, T, x.shape[1]))
        dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(4 * H)
        dh, dc = np.zeros_like(h), np.zeros_like(h)
        for t in reversed(range(T)):
            x, h, c, Wx, Wh, i, f, o, g, next_c = caches[t]
            dh_now = dhs[:, t] + dh
            dc_now = dh_now * o * (1 - np.tanh(next_c) ** 2) + (0 if mistake == "cell path" else dc)
            if mistake == "slope of the cell":
                dc_now = dh_now * o * (1 - next_c**2) + dc
            slope = {"slope of the forget gate": 1 - f, "forget gate as tanh": 1 - f * f}.get(mistake, f * (1 - f))
            da = np.hstack(
                [dc_now * g * i * (1 - i), dc_now * c * slope, dh_now * np.tanh(next_c) * o * (1 - o),
                 dc_now * i * (1 - g**2)]
            )  # fmt: skip
            dx[:, t] = da @ Wx.T
            dh = da @ Wh.T
            dWx += x.T @ da
            dWh += h.T @ da
            db += da.sum(axis=0)
            dc = dc_now if mistake == "forget gate in the cell path" else dc_now * f
        return dx, dh, dWx, dWh, db

    return backward


@pytest.mark.parametrize(
    ("mistake", "rule"),
    [
        ("cell path", "path.missing"),
        ("slope of the cell", "operand.replaced"),
        ("slope of the forget gate", "factor.missing"),
        ("forget gate as tanh", "operand.replaced"),
        ("forget gate in the cell path", "factor.missing"),
    ],
)
def test_a_mistake_in_an_lstm_of_ten_steps_is_named(found_soon, mistake, rule):
    shapes = (3, 10, 4), (3, 5), (4, 20), (5, 20), (20,)
    inputs = tuple(0.5 * RNG.standard_normal(shape) for shape in shapes)
    findings = found_soon(lstm_forward, lstm_backward(mistake), inputs)
    assert findings[0].rule == rule, findings


# ---- A convolution in five loops ----


def conv_forward(x, w, b, stride=2, pad=1):
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="constant")
    H_out, W_out = 1 + (H + 2 * pad - HH) // stride, 1 + (W + 2 * pad - WW) // stride
    out = np.zeros((N, F, H_out, W_out))
    for n in range(N):
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    for c in range(C):
                        window = x_pad[n, c, i * stride : i * stride + HH, j * stride : j * stride + WW]
                        out[n, f, i, j] += np.sum(window * w[f, c])
                    out[n, f, i, j] += b[f]
    return out


def conv_backward(mistake, stride=2, pad=1):
    def backward(g, out, x, w, b):
        F, _, HH, WW = w.shape
        x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="constant")
        dx_pad, dw, db = np.zeros_like(x_pad), np.zeros_like(w), np.zeros_like(b)
        kernel = w[:, :, ::-1, ::-1] if mistake == "flipped" else w
        for n in range(len(x)):
            for f in range(F):
                for i in range(g.shape[2]):
                    for j in range(g.shape[3]):
                        here = np.s_[n, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
                        if mistake == "assigned":
                            dx_pad[here] = g[n, f, i, j] * kernel[f]
                        else:
                            dx_pad[here] += g[n, f, i, j] * kernel[f]
                        dw[f] += g[n, f, i, j] * x_pad[here]
                        db[f] += g[n, f, i, j]
        if mistake == "mean of the bias":
            db /= len(x)
        if mistake == "kernel flipped":
            dw = dw[:, :, ::-1, ::-1]
        return dx_pad[:, :, pad:-pad, pad:-pad], dw, db

    return backward


@pytest.mark.parametrize(
    ("mistake", "rule"),
    [
        ("flipped", "operand.flipped"),
        ("assigned", "index.repeated"),
        ("mean of the bias", "scale.batch"),
        ("kernel flipped", "layout.flipped"),
    ],
)
def test_a_mistake_in_a_convolution_in_five_loops_is_named(found_soon, mistake, rule):
    inputs = RNG.standard_normal((3, 2, 7, 5)), RNG.standard_normal((3, 2, 3, 3)), RNG.standard_normal(3)
    findings = found_soon(conv_forward, conv_backward(mistake), inputs)
    assert findings[0].rule == rule, findings


# ---- A transformer block: x is (batch, steps, features), with two heads ----

HEADS = 2


def layer_norm(x, gamma, beta):
    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta


def layer_norm_back(g, x, gamma):
    mean, std = x.mean(axis=-1, keepdims=True), np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
    normed = (x - mean) / std
    d = g * gamma
    dx = (d - d.mean(axis=-1, keepdims=True) - normed * (d * normed).mean(axis=-1, keepdims=True)) / std
    return dx, (g * normed).sum(axis=(0, 1)), g.sum(axis=(0, 1))


def split(x):
    N, T, D = x.shape
    return x.reshape(N, T, HEADS, D // HEADS).transpose(0, 2, 1, 3)


def joined(x):
    N, _, T, D = x.shape
    return x.transpose(0, 2, 1, 3).reshape(N, T, HEADS * D)


def softmax(s):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def block(x, Wq, Wk, Wv, Wo, gamma1, beta1, W1, b1, W2, b2, gamma2, beta2):
    normed = layer_norm(x, gamma1, beta1)
    q, k, v = split(normed @ Wq), split(normed @ Wk), split(normed @ Wv)
    scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(q.shape[-1])
    scores = np.where(np.triu(np.ones(scores.shape[-2:]), 1) == 1, -1e9, scores)
    x = x + joined(softmax(scores) @ v) @ Wo
    hidden = np.maximum(0, layer_norm(x, gamma2, beta2) @ W1 + b1)
    return x + hidden @ W2 + b2


def flat(x):
    return x.reshape(-1, x.shape[-1])


def block_back(mistake):
    def backward(g, out, x, Wq, Wk, Wv, Wo, gamma1, beta1, W1, b1, W2, b2, gamma2, beta2):
        normed = layer_norm(x, gamma1, beta1)
        q, k, v = split(normed @ Wq), split(normed @ Wk), split(normed @ Wv)
        root = np.sqrt(q.shape[-1])
        scores = q @ k.transpose(0, 1, 3, 2) / root
        scores = np.where(np.triu(np.ones(scores.shape[-2:]), 1) == 1, -1e9, scores)
        p = softmax(scores)
        mixed = joined(p @ v)
        middle = x + mixed @ Wo
        normed2 = layer_norm(middle, gamma2, beta2)
        hidden = np.maximum(0, normed2 @ W1 + b1)
        dW2, db2 = flat(hidden).T @ flat(g), g.sum(axis=(0, 1))
        dz = g @ W2.T * (hidden > 0)
        if mistake == "relu left out":
            dz = g @ W2.T
        dW1, db1 = flat(normed2).T @ flat(dz), dz.sum(axis=(0, 1))
        dmiddle, dgamma2, dbeta2 = layer_norm_back(dz @ W1.T, middle, gamma2)
        if mistake != "skip connection":
            dmiddle = dmiddle + g
        dWo = flat(mixed).T @ flat(dmiddle)
        dmixed = split(dmiddle @ Wo.T)
        dp, dv = dmixed @ v.transpose(0, 1, 3, 2), p.transpose(0, 1, 3, 2) @ dmixed
        ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True))
        if mistake == "softmax by elements":
            ds = dp * p * (1 - p)
        if mistake != "scale of the scores":
            ds = ds / root
        dq, dk, dv = joined(ds @ k), joined(ds.transpose(0, 1, 3, 2) @ q), joined(dv)
        if mistake == "keys for queries":
            dq = joined(ds @ q)
        dWq, dWk, dWv = (flat(normed).T @ flat(d) for d in (dq, dk, dv))
        dnormed = dq @ Wq.T + dk @ Wk.T + dv @ Wv.T
        dx, dgamma1, dbeta1 = layer_norm_back(dnormed, x, gamma1)
        return dx + dmiddle, dWq, dWk, dWv, dWo, dgamma1, dbeta1, dW1, db1, dW2, db2, dgamma2, dbeta2

    return backward


@pytest.mark.parametrize(
    ("mistake", "rule"),
    [
        ("softmax by elements", "support.diagonal"),
        ("relu left out", "factor.missing"),
        ("scale of the scores", "factor.missing"),
        ("keys for queries", "operand.replaced"),
        ("skip connection", "path.missing"),
    ],
)
def test_a_mistake_in_a_transformer_block_is_named(found_soon, mistake, rule):
    D = 6
    shapes = (2, 5, D), *[(D, D)] * 4, (D,), (D,), (D, 7), (7,), (7, D), (D,), (D,), (D,)
    inputs = tuple(0.7 * RNG.standard_normal(shape) for shape in shapes)
    findings = found_soon(block, block_back(mistake), inputs)
    assert rule in {finding.rule for finding in findings}, findings
