"""Which mistakes do people make in recurrent cells, written with their own sigmoid?"""

import numpy as np
from backward_cases import Function, normal
from mistake_cases import OPEN, slip


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def rnn(x, h0, wx, wh, b):
    h = h0
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ wx + h @ wh + b)
    return h


def rnn_states(x, h0, wx, wh, b):
    hs = [h0]
    for t in range(x.shape[1]):
        hs.append(np.tanh(x[:, t] @ wx + hs[-1] @ wh + b))
    return hs


def rnn_right(g, out, x, h0, wx, wh, b):
    hs = rnn_states(x, h0, wx, wh, b)
    dx, dwx, dwh, db, dh = np.zeros_like(x), np.zeros_like(wx), np.zeros_like(wh), np.zeros_like(b), g
    for t in reversed(range(x.shape[1])):
        dz = dh * (1 - hs[t + 1] ** 2)
        dx[:, t] = dz @ wx.T
        dwx += x[:, t].T @ dz
        dwh += hs[t].T @ dz
        db += dz.sum(axis=0)
        dh = dz @ wh.T
    return dx, dh, dwx, dwh, db


RNN = Function("rnn", rnn, rnn_right, normal((2, 3, 4), (2, 5), (4, 5), (5, 5), (5,), scale=0.5))


@slip(OPEN, RNN, "wx", "path.missing", "index.repeated")
def weights_assigned_in_the_loop(g, out, x, h0, wx, wh, b):
    hs = rnn_states(x, h0, wx, wh, b)
    dx, dwx, dwh, db, dh = np.zeros_like(x), np.zeros_like(wx), np.zeros_like(wh), np.zeros_like(b), g
    for t in reversed(range(x.shape[1])):
        dz = dh * (1 - hs[t + 1] ** 2)
        dx[:, t] = dz @ wx.T
        dwx = x[:, t].T @ dz
        dwh += hs[t].T @ dz
        db += dz.sum(axis=0)
        dh = dz @ wh.T
    return dx, dh, dwx, dwh, db


@slip(OPEN, RNN, "wh", "operand.transposed")
def recurrent_weights_not_transposed(g, out, x, h0, wx, wh, b):
    hs = rnn_states(x, h0, wx, wh, b)
    dx, dwx, dwh, db, dh = np.zeros_like(x), np.zeros_like(wx), np.zeros_like(wh), np.zeros_like(b), g
    for t in reversed(range(x.shape[1])):
        dz = dh * (1 - hs[t + 1] ** 2)
        dx[:, t] = dz @ wx.T
        dwx += x[:, t].T @ dz
        dwh += hs[t].T @ dz
        db += dz.sum(axis=0)
        dh = dz @ wh
    return dx, dh, dwx, dwh, db


def average(x, decay):
    h = np.zeros(x.shape[1])
    for row in x:
        h = decay * h + (1 - decay) * row
    return h


def average_right(g, out, x, decay):
    states = [np.zeros(x.shape[1])]
    for row in x:
        states.append(decay * states[-1] + (1 - decay) * row)
    dx, ddecay, dh = np.zeros_like(x), np.zeros_like(decay), g
    for t in reversed(range(len(x))):
        dx[t] = dh * (1 - decay)
        ddecay += dh * (states[t] - x[t])
        dh = dh * decay
    return dx, ddecay


AVERAGE = Function(
    "moving average", average, average_right, lambda rng: (rng.standard_normal((7, 3)), rng.uniform(0.6, 0.9, 3))
)


@slip(OPEN, AVERAGE, "decay", "path.missing", "term.missing")
def input_forgotten_for_the_decay(g, out, x, decay):
    states = [np.zeros(x.shape[1])]
    for row in x:
        states.append(decay * states[-1] + (1 - decay) * row)
    dx, ddecay, dh = np.zeros_like(x), np.zeros_like(decay), g
    for t in reversed(range(len(x))):
        dx[t] = dh * (1 - decay)
        ddecay += dh * states[t]
        dh = dh * decay
    return dx, ddecay


def lstm(x, h, c, wx, wh, b):
    i, f, o, n = np.split(x @ wx + h @ wh + b, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(n)
    return sigmoid(o) * np.tanh(c)


def lstm_gates(x, h, wx, wh, b):
    i, f, o, n = np.split(x @ wx + h @ wh + b, 4, axis=1)
    return sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(n)


def lstm_right(g, out, x, h, c, wx, wh, b):
    i, f, o, n = lstm_gates(x, h, wx, wh, b)
    t = np.tanh(f * c + i * n)
    dc = g * o * (1 - t**2)
    do = g * t
    dz = np.hstack([dc * n * i * (1 - i), dc * c * f * (1 - f), do * o * (1 - o), dc * i * (1 - n**2)])
    return dz @ wx.T, dz @ wh.T, dc * f, x.T @ dz, h.T @ dz, dz.sum(axis=0)


LSTM = Function("lstm", lstm, lstm_right, normal((4, 2), (4, 3), (4, 3), (2, 12), (3, 12), (12,)))


@slip(OPEN, LSTM, "wx", "layout.blocks")
def gates_in_another_order(g, out, x, h, c, wx, wh, b):
    i, f, o, n = lstm_gates(x, h, wx, wh, b)
    t = np.tanh(f * c + i * n)
    dc = g * o * (1 - t**2)
    do = g * t
    dz = np.hstack([dc * c * f * (1 - f), dc * n * i * (1 - i), do * o * (1 - o), dc * i * (1 - n**2)])
    return dz @ wx.T, dz @ wh.T, dc * f, x.T @ dz, h.T @ dz, dz.sum(axis=0)


@slip(OPEN, LSTM, "c", "factor.missing")
def tanh_of_the_cell_forgotten(g, out, x, h, c, wx, wh, b):
    i, f, o, n = lstm_gates(x, h, wx, wh, b)
    t = np.tanh(f * c + i * n)
    dc = g * o
    do = g * t
    dz = np.hstack([dc * n * i * (1 - i), dc * c * f * (1 - f), do * o * (1 - o), dc * i * (1 - n**2)])
    return dz @ wx.T, dz @ wh.T, dc * f, x.T @ dz, h.T @ dz, dz.sum(axis=0)


def lstm_step(z, c, wf, wi, wo, wc):
    c_next = sigmoid(z @ wf) * c + sigmoid(z @ wi) * np.tanh(z @ wc)
    return np.hstack([sigmoid(z @ wo) * np.tanh(c_next), c_next])


def lstm_step_right(g, out, z, c, wf, wi, wo, wc):
    dh, dc_next = np.hsplit(g, 2)
    f, i, o, n = sigmoid(z @ wf), sigmoid(z @ wi), sigmoid(z @ wo), np.tanh(z @ wc)
    t = np.tanh(f * c + i * n)
    dc = dc_next + dh * o * (1 - t**2)
    df = dc * c * f * (1 - f)
    di = dc * n * i * (1 - i)
    do = dh * t * o * (1 - o)
    dn = dc * i * (1 - n**2)
    dz = df @ wf.T + di @ wi.T + do @ wo.T + dn @ wc.T
    return dz, dc * f, z.T @ df, z.T @ di, z.T @ do, z.T @ dn


LSTM_STEP = Function("lstm step", lstm_step, lstm_step_right, normal((3, 5), (3, 4), *[(5, 4)] * 4))


@slip(OPEN, LSTM_STEP, "c", "path.missing")
def cell_path_forgotten(g, out, z, c, wf, wi, wo, wc):
    dh, _ = np.hsplit(g, 2)
    f, i, o, n = sigmoid(z @ wf), sigmoid(z @ wi), sigmoid(z @ wo), np.tanh(z @ wc)
    t = np.tanh(f * c + i * n)
    dc = dh * o * (1 - t**2)
    df = dc * c * f * (1 - f)
    di = dc * n * i * (1 - i)
    do = dh * t * o * (1 - o)
    dn = dc * i * (1 - n**2)
    dz = df @ wf.T + di @ wi.T + do @ wo.T + dn @ wc.T
    return dz, dc * f, z.T @ df, z.T @ di, z.T @ do, z.T @ dn


@slip(OPEN, LSTM_STEP, "wc", "operand.replaced")
def sigmoid_slope_for_the_candidate(g, out, z, c, wf, wi, wo, wc):
    dh, dc_next = np.hsplit(g, 2)
    f, i, o, n = sigmoid(z @ wf), sigmoid(z @ wi), sigmoid(z @ wo), np.tanh(z @ wc)
    t = np.tanh(f * c + i * n)
    dc = dc_next + dh * o * (1 - t**2)
    df = dc * c * f * (1 - f)
    di = dc * n * i * (1 - i)
    do = dh * t * o * (1 - o)
    dn = dc * i * n * (1 - n)
    dz = df @ wf.T + di @ wi.T + do @ wo.T + dn @ wc.T
    return dz, dc * f, z.T @ df, z.T @ di, z.T @ do, z.T @ dn


def gru(x, h, wz, uz, wr, ur, wn, un):
    z = sigmoid(x @ wz + h @ uz)
    r = sigmoid(x @ wr + h @ ur)
    n = np.tanh(x @ wn + (r * h) @ un)
    return z * h + (1 - z) * n


def gru_gates(x, h, wz, uz, wr, ur, wn, un):
    z = sigmoid(x @ wz + h @ uz)
    r = sigmoid(x @ wr + h @ ur)
    return z, r, np.tanh(x @ wn + (r * h) @ un)


def gru_right(g, out, x, h, wz, uz, wr, ur, wn, un):
    z, r, n = gru_gates(x, h, wz, uz, wr, ur, wn, un)
    dn = g * (1 - z) * (1 - n**2)
    dz = g * (h - n) * z * (1 - z)
    drh = dn @ un.T
    dr = drh * h * r * (1 - r)
    dx = dz @ wz.T + dr @ wr.T + dn @ wn.T
    dh = g * z + drh * r + dz @ uz.T + dr @ ur.T
    return dx, dh, x.T @ dz, h.T @ dz, x.T @ dr, h.T @ dr, x.T @ dn, (r * h).T @ dn


GRU = Function("gru", gru, gru_right, normal((5, 2), (5, 3), *[(2, 3), (3, 3)] * 3))


@slip(OPEN, GRU, "h", "path.missing")
def path_by_the_reset_product_forgotten(g, out, x, h, wz, uz, wr, ur, wn, un):
    z, r, n = gru_gates(x, h, wz, uz, wr, ur, wn, un)
    dn = g * (1 - z) * (1 - n**2)
    dz = g * (h - n) * z * (1 - z)
    dr = dn @ un.T * h * r * (1 - r)
    dx = dz @ wz.T + dr @ wr.T + dn @ wn.T
    dh = g * z + dz @ uz.T + dr @ ur.T
    return dx, dh, x.T @ dz, h.T @ dz, x.T @ dr, h.T @ dr, x.T @ dn, (r * h).T @ dn


@slip(OPEN, GRU, "un", "factor.missing", "operand.replaced")
def reset_gate_forgotten(g, out, x, h, wz, uz, wr, ur, wn, un):
    z, r, n = gru_gates(x, h, wz, uz, wr, ur, wn, un)
    dn = g * (1 - z) * (1 - n**2)
    dz = g * (h - n) * z * (1 - z)
    drh = dn @ un.T
    dr = drh * h * r * (1 - r)
    dx = dz @ wz.T + dr @ wr.T + dn @ wn.T
    dh = g * z + drh * r + dz @ uz.T + dr @ ur.T
    return dx, dh, x.T @ dz, h.T @ dz, x.T @ dr, h.T @ dr, x.T @ dn, h.T @ dn


def highway(x, w, v):
    t = sigmoid(x @ w)
    return t * np.tanh(x @ v) + (1 - t) * x


def highway_right(g, out, x, w, v):
    t, h = sigmoid(x @ w), np.tanh(x @ v)
    dt = g * (h - x) * t * (1 - t)
    dh = g * t * (1 - h**2)
    return dt @ w.T + dh @ v.T + g * (1 - t), x.T @ dt, x.T @ dh


HIGHWAY = Function("highway layer", highway, highway_right, normal((3, 5), (5, 5), (5, 5)))


@slip(OPEN, HIGHWAY, "x", "path.missing")
def carried_input_forgotten(g, out, x, w, v):
    t, h = sigmoid(x @ w), np.tanh(x @ v)
    dt = g * (h - x) * t * (1 - t)
    dh = g * t * (1 - h**2)
    return dt @ w.T + dh @ v.T, x.T @ dt, x.T @ dh


@slip(OPEN, HIGHWAY, "w", "path.missing", "term.missing")
def carry_forgotten_in_the_gate(g, out, x, w, v):
    t, h = sigmoid(x @ w), np.tanh(x @ v)
    dt = g * h * t * (1 - t)
    dh = g * t * (1 - h**2)
    return dt @ w.T + dh @ v.T + g * (1 - t), x.T @ dt, x.T @ dh
