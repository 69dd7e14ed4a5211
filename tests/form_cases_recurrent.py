"""Which recurrent cells and layers are handed over, with several outputs or over time?"""

# ruff: noqa: N803, N806 -- matrices have the names that they have on paper

import numpy as np
from form_cases import form, layer, normal, pair


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# ---- An LSTM cell: gates in blocks of columns, in the order input, forget, output, candidate ----


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x @ Wx + prev_h @ Wh + b
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 2 * H : 3 * H])
    g = np.tanh(a[:, 3 * H :])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - t**2)
    da = np.hstack(
        [dc * g * i * (1 - i), dc * prev_c * f * (1 - f), dnext_h * t * o * (1 - o), dc * i * (1 - g**2)],
    )
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


def lstm_step_backward_own_cell(dnext_h, dnext_c, cache):
    """The gradient of the cell alone, as if it were not used for h."""
    *gradients, db = lstm_step_backward(dnext_h, dnext_c, cache)
    gradients[2] = dnext_c * cache[6]
    return *gradients, db


def lstm_step_backward_blocks(dnext_h, dnext_c, cache):
    dx, dprev_h, dprev_c, dWx, dWh, db = lstm_step_backward(dnext_h, dnext_c, cache)
    i, f, o, g = np.split(dWx, 4, axis=1)
    return dx, dprev_h, dprev_c, np.hstack([f, i, o, g]), dWh, db


form(
    "LSTM step", "outputs cache",
    pair(lstm_step_forward, normal((3, 4), (3, 2), (3, 2), (4, 8), (2, 8), 8)), lstm_step_backward,
    ("the cell's use in h forgotten", lstm_step_backward_own_cell, "prev_c"),
    ("two gates exchanged", lstm_step_backward_blocks, "Wx"),
)  # fmt: skip


# ---- A GRU over a few steps: all states and the last ----


def gru_forward(xs, h0, W, U, b):
    """W, U and b have a part for each of update, reset and candidate."""
    h, hs, tape = h0, [], []
    for x in xs:
        z = sigmoid(x @ W[0] + h @ U[0] + b[0])
        r = sigmoid(x @ W[1] + h @ U[1] + b[1])
        n = np.tanh(x @ W[2] + (r * h) @ U[2] + b[2])
        tape.append((x, h, z, r, n))
        h = (1 - z) * n + z * h
        hs.append(h)
    return np.array(hs), h, (tape, W, U, b)


def gru_backward(dhs, dlast, cache, reset_path=1.0):
    tape, W, U, b = cache
    dxs, dW, dU, db = [], np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    dh = dlast
    for (x, h, z, r, n), dout in zip(reversed(tape), reversed(dhs), strict=True):
        dh = dh + dout
        dn = dh * (1 - z) * (1 - n**2)
        drh = dn @ U[2].T
        dz = dh * (h - n) * z * (1 - z)
        dr = drh * h * r * (1 - r)
        for k, (d, carried) in enumerate(((dz, h), (dr, h), (dn, r * h))):
            dW[k] += x.T @ d
            dU[k] += carried.T @ d
            db[k] += d.sum(axis=0)
        dxs.append(dz @ W[0].T + dr @ W[1].T + dn @ W[2].T)
        dh = dh * z + reset_path * drh * r + dz @ U[0].T + dr @ U[1].T
    return np.array(dxs[::-1]), dh, dW, dU, db


def gru_backward_without_reset(dhs, dlast, cache):
    return gru_backward(dhs, dlast, cache, reset_path=0.0)


form(
    "GRU over time, all states and the last", "outputs cache",
    pair(gru_forward, normal((3, 2, 3), (2, 4), (3, 3, 4), (3, 4, 4), (3, 4), scale=0.6)),
    lambda dhs, dlast, cache: gru_backward(dhs, dlast, cache),
    ("the path through the reset gate forgotten", gru_backward_without_reset, "h0"),
)  # fmt: skip


# ---- Layers over time ----


class RNN:
    """Keeps what each step needs in lists, which start anew with each forward pass."""

    def __init__(self, n_in, n_hidden, rng):
        self.Wx = rng.standard_normal((n_in, n_hidden)) * 0.6
        self.Wh = rng.standard_normal((n_hidden, n_hidden)) * 0.6
        self.b = rng.standard_normal(n_hidden) * 0.6

    def forward(self, xs):
        self.xs = xs
        self.hs = [np.zeros((xs.shape[0], len(self.b)))]
        for t in range(xs.shape[1]):
            self.hs.append(np.tanh(xs[:, t] @ self.Wx + self.hs[-1] @ self.Wh + self.b))
        return np.stack(self.hs[1:], axis=1)

    def backward(self, dhs):
        self.dWx, self.dWh, self.db = (np.zeros_like(p) for p in (self.Wx, self.Wh, self.b))
        dxs, dnext = np.zeros_like(self.xs), 0.0
        for t in reversed(range(dhs.shape[1])):
            dz = (dhs[:, t] + dnext) * (1 - self.hs[t + 1] ** 2)
            self.dWx += self.xs[:, t].T @ dz
            self.dWh += self.before(t).T @ dz
            self.db += dz.sum(axis=0)
            dxs[:, t] = dz @ self.Wx.T
            dnext = dz @ self.Wh.T
        return dxs

    def before(self, t):
        return self.hs[t]


class RNNStateAfter(RNN):
    def before(self, t):
        return self.hs[t + 1]


class RNNNotCarried(RNN):
    def backward(self, dhs):
        """Each step alone."""
        dxs = super().backward(dhs)
        dz = dhs * (1 - np.stack(self.hs[1:], axis=1) ** 2)
        self.db = dz.sum(axis=(0, 1))
        return dxs


form(
    "RNN layer over time", "kept", layer(normal((2, 3, 5)), 5, 4), RNN,
    ("state after the step for the state before", RNNStateAfter, "Wh"),
    ("bias gradient of each step alone", RNNNotCarried, "b"),
)  # fmt: skip


class LSTM:
    """One matrix for all gates, over the state and the input put together; the last state is returned."""

    def __init__(self, n_x, n_h, rng):
        self.params = {"W": rng.standard_normal((n_h + n_x, 4 * n_h)) * 0.7, "b": rng.standard_normal(4 * n_h)}
        self.grads = {k: np.zeros_like(v) for k, v in self.params.items()}
        self.n_h = n_h

    def forward(self, X):
        h = c = np.zeros((X.shape[1], self.n_h))
        self.steps = []
        for x in X:
            hx = np.concatenate([h, x], axis=1)
            f, i, o, g = np.split(hx @ self.params["W"] + self.params["b"], 4, axis=1)
            f, i, o, g = sigmoid(f), sigmoid(i), sigmoid(o), np.tanh(g)
            c_old, c = c, f * c + i * g
            h = o * np.tanh(c)
            self.steps.append((hx, f, i, o, g, c_old, c))
        return h

    def backward(self, dh):
        for key in self.grads:
            self.grads[key] = np.zeros_like(self.params[key])
        dX, dc = [], 0
        for hx, f, i, o, g, c_old, c in reversed(self.steps):
            tc = np.tanh(c)
            dc = self.carried(dc, f) + dh * o * (1 - tc**2)
            dgates = np.concatenate(
                [dc * c_old * f * (1 - f), dc * g * i * (1 - i), dh * tc * o * (1 - o), dc * i * (1 - g**2)], axis=1
            )
            self.grads["W"] += hx.T @ dgates
            self.grads["b"] += dgates.sum(axis=0)
            dhx = dgates @ self.params["W"].T
            dh, dx = dhx[:, : self.n_h], dhx[:, self.n_h :]
            dX.append(dx)
            dc = dc * f
        return np.array(dX[::-1])

    def carried(self, dc, f):
        return dc


class LSTMForgetTwice(LSTM):
    def carried(self, dc, f):
        return dc * f


form(
    "LSTM layer over time", "kept", layer(normal((3, 2, 3)), 3, 2), LSTM,
    ("forget gate of the step before counted too", LSTMForgetTwice, "W"),
)  # fmt: skip


class Elman:
    """A cell that returns its output and its state, and takes a gradient for each."""

    def __init__(self, n_in, n_state, n_out, rng):
        self.U = rng.standard_normal((n_in, n_state))
        self.V = rng.standard_normal((n_state, n_out))
        self.W = rng.standard_normal((n_state, n_state))

    def forward(self, x, s_prev):
        self.x, self.s_prev = x, s_prev
        self.s = np.tanh(x @ self.U + s_prev @ self.W)
        return self.s @ self.V, self.s

    def backward(self, dy, ds):
        self.dV = self.s.T @ dy
        da = self.into_state(dy, ds) * (1 - self.s**2)
        self.dU = self.x.T @ da
        self.dW = self.s_prev.T @ da
        return da @ self.U.T, da @ self.W.T

    def into_state(self, dy, ds):
        return ds + dy @ self.V.T


class ElmanOutputOnly(Elman):
    def into_state(self, dy, ds):
        return dy @ self.V.T


form(
    "cell as a layer with two inputs and two outputs", "outputs kept",
    layer(normal((3, 4), (3, 2), scale=0.6), 4, 2, 5), Elman,
    ("gradient of the next state forgotten", ElmanOutputOnly, "s_prev"),
)  # fmt: skip
