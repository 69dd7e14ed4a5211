"""Which mistakes in recurrent cells are kept from whoever writes rules?"""

import numpy as np
from mistake_cases import HELD_OUT, slip
from mistake_cases_sequences import (
    AVERAGE,
    GRU,
    HIGHWAY,
    LSTM,
    LSTM_STEP,
    RNN,
    gru_gates,
    lstm_gates,
    rnn_states,
    sigmoid,
)


@slip(HELD_OUT, RNN, "wh", "layout.shifted", "operand.replaced")
def new_state_for_the_old_one(g, out, x, h0, wx, wh, b):
    hs = rnn_states(x, h0, wx, wh, b)
    dx, dwx, dwh, db, dh = np.zeros_like(x), np.zeros_like(wx), np.zeros_like(wh), np.zeros_like(b), g
    for t in reversed(range(x.shape[1])):
        dz = dh * (1 - hs[t + 1] ** 2)
        dx[:, t] = dz @ wx.T
        dwx += x[:, t].T @ dz
        dwh += hs[t + 1].T @ dz
        db += dz.sum(axis=0)
        dh = dz @ wh.T
    return dx, dh, dwx, dwh, db


@slip(HELD_OUT, RNN, "x", "path.missing", "samples.missing")
def first_step_forgotten(g, out, x, h0, wx, wh, b):
    hs = rnn_states(x, h0, wx, wh, b)
    dx, dwx, dwh, db, dh = np.zeros_like(x), np.zeros_like(wx), np.zeros_like(wh), np.zeros_like(b), g
    for t in range(x.shape[1] - 1, 0, -1):
        dz = dh * (1 - hs[t + 1] ** 2)
        dx[:, t] = dz @ wx.T
        dwx += x[:, t].T @ dz
        dwh += hs[t].T @ dz
        db += dz.sum(axis=0)
        dh = dz @ wh.T
    return dx, dh, dwx, dwh, db


@slip(HELD_OUT, AVERAGE, "x", "layout.flipped")
def steps_from_the_wrong_end(g, out, x, decay):
    states = [np.zeros(x.shape[1])]
    for row in x:
        states.append(decay * states[-1] + (1 - decay) * row)
    dx, ddecay, dh = [], np.zeros_like(decay), g
    for t in reversed(range(len(x))):
        dx.append(dh * (1 - decay))
        ddecay += dh * (states[t] - x[t])
        dh = dh * decay
    return np.array(dx), ddecay


@slip(HELD_OUT, AVERAGE, "x", "operand.replaced")
def decay_for_one_minus_decay(g, out, x, decay):
    states = [np.zeros(x.shape[1])]
    for row in x:
        states.append(decay * states[-1] + (1 - decay) * row)
    dx, ddecay, dh = np.zeros_like(x), np.zeros_like(decay), g
    for t in reversed(range(len(x))):
        dx[t] = dh * decay
        ddecay += dh * (states[t] - x[t])
        dh = dh * decay
    return dx, ddecay


@slip(HELD_OUT, LSTM, "wh", "factor.missing")
def slope_of_the_forget_gate_forgotten(g, out, x, h, c, wx, wh, b):
    i, f, o, n = lstm_gates(x, h, wx, wh, b)
    t = np.tanh(f * c + i * n)
    dc = g * o * (1 - t**2)
    do = g * t
    dz = np.hstack([dc * n * i * (1 - i), dc * c, do * o * (1 - o), dc * i * (1 - n**2)])
    return dz @ wx.T, dz @ wh.T, dc * f, x.T @ dz, h.T @ dz, dz.sum(axis=0)


@slip(HELD_OUT, LSTM, "b", "operand.replaced")
def cell_for_its_tanh(g, out, x, h, c, wx, wh, b):
    i, f, o, n = lstm_gates(x, h, wx, wh, b)
    t = np.tanh(f * c + i * n)
    dc = g * o * (1 - t**2)
    do = g * (f * c + i * n)
    dz = np.hstack([dc * n * i * (1 - i), dc * c * f * (1 - f), do * o * (1 - o), dc * i * (1 - n**2)])
    return dz @ wx.T, dz @ wh.T, dc * f, x.T @ dz, h.T @ dz, dz.sum(axis=0)


@slip(HELD_OUT, LSTM_STEP, "z", "path.missing")
def output_gate_forgotten_for_the_input(g, out, z, c, wf, wi, wo, wc):
    dh, dc_next = np.hsplit(g, 2)
    f, i, o, n = sigmoid(z @ wf), sigmoid(z @ wi), sigmoid(z @ wo), np.tanh(z @ wc)
    t = np.tanh(f * c + i * n)
    dc = dc_next + dh * o * (1 - t**2)
    df = dc * c * f * (1 - f)
    di = dc * n * i * (1 - i)
    do = dh * t * o * (1 - o)
    dn = dc * i * (1 - n**2)
    dz = df @ wf.T + di @ wi.T + dn @ wc.T
    return dz, dc * f, z.T @ df, z.T @ di, z.T @ do, z.T @ dn


@slip(HELD_OUT, LSTM_STEP, "wf", "structure.order", "operand.replaced")
def forget_and_input_weights_exchanged(g, out, z, c, wf, wi, wo, wc):
    dh, dc_next = np.hsplit(g, 2)
    f, i, o, n = sigmoid(z @ wf), sigmoid(z @ wi), sigmoid(z @ wo), np.tanh(z @ wc)
    t = np.tanh(f * c + i * n)
    dc = dc_next + dh * o * (1 - t**2)
    df = dc * c * f * (1 - f)
    di = dc * n * i * (1 - i)
    do = dh * t * o * (1 - o)
    dn = dc * i * (1 - n**2)
    dz = df @ wf.T + di @ wi.T + do @ wo.T + dn @ wc.T
    return dz, dc * f, z.T @ di, z.T @ df, z.T @ do, z.T @ dn


@slip(HELD_OUT, GRU, "wz", "scale.sign", "path.sign")
def sign_of_the_update_gate(g, out, x, h, wz, uz, wr, ur, wn, un):
    z, r, n = gru_gates(x, h, wz, uz, wr, ur, wn, un)
    dn = g * (1 - z) * (1 - n**2)
    dz = g * (n - h) * z * (1 - z)
    drh = dn @ un.T
    dr = drh * h * r * (1 - r)
    dx = dz @ wz.T + dr @ wr.T + dn @ wn.T
    dh = g * z + drh * r + dz @ uz.T + dr @ ur.T
    return dx, dh, x.T @ dz, h.T @ dz, x.T @ dr, h.T @ dr, x.T @ dn, (r * h).T @ dn


@slip(HELD_OUT, GRU, "wn", "operand.replaced")
def update_gate_for_one_minus_it(g, out, x, h, wz, uz, wr, ur, wn, un):
    z, r, n = gru_gates(x, h, wz, uz, wr, ur, wn, un)
    dn = g * z * (1 - n**2)
    dz = g * (h - n) * z * (1 - z)
    drh = dn @ un.T
    dr = drh * h * r * (1 - r)
    dx = dz @ wz.T + dr @ wr.T + dn @ wn.T
    dh = g * z + drh * r + dz @ uz.T + dr @ ur.T
    return dx, dh, x.T @ dz, h.T @ dz, x.T @ dr, h.T @ dr, x.T @ dn, (r * h).T @ dn


@slip(HELD_OUT, HIGHWAY, "v", "factor.missing")
def gate_not_applied(g, out, x, w, v):
    t, h = sigmoid(x @ w), np.tanh(x @ v)
    dt = g * (h - x) * t * (1 - t)
    dh = g * (1 - h**2)
    return dt @ w.T + dh @ v.T + g * (1 - t), x.T @ dt, x.T @ dh


@slip(HELD_OUT, HIGHWAY, "x", "operand.transposed")
def weights_not_transposed(g, out, x, w, v):
    t, h = sigmoid(x @ w), np.tanh(x @ v)
    dt = g * (h - x) * t * (1 - t)
    dh = g * t * (1 - h**2)
    return dt @ w + dh @ v + g * (1 - t), x.T @ dt, x.T @ dh
