"""Which mistakes do people make in backward passes of recurrent networks?"""

# ruff: noqa: N803, N806 -- matrices have the names that they have on paper

import numpy as np
from backward_cases import function, normal

# ---- A recurrent network: x is (batch, steps, features), h starts as 0 ----

STEPS = 8


def hidden(x, Wx, Wh, b):
    states = [np.tanh(x[:, 0] @ Wx + b)]
    for step in range(1, STEPS):
        states.append(np.tanh(x[:, step] @ Wx + states[-1] @ Wh + b))
    return np.stack(states, axis=1)


def sums_back(g, h, back, slope=None, carried=1.0):
    """The gradients of what goes into each tanh; `back` is what takes one to the step before."""
    slope = 1 - h * h if slope is None else slope
    result, later_steps = np.zeros_like(h), 0.0
    for step in reversed(range(STEPS)):
        result[:, step] = (g[:, step] + later_steps) * slope[:, step]
        later_steps = carried * result[:, step] @ back
    return result


def over_steps(left, right):
    """The sum of left.T @ right over all steps."""
    return np.einsum("bti,bto->io", left, right)


def recurrent_right(g, h, x, Wx, Wh, b):
    sums = sums_back(g, h, Wh.T)
    return sums @ Wx.T, over_steps(x, sums), over_steps(h[:, :-1], sums[:, 1:]), sums.sum(axis=(0, 1))


def at_last(g):
    """The upstream gradient of all states, where only the last is returned."""
    return np.stack([np.zeros_like(g)] * (STEPS - 1) + [g], axis=1)


def recurrent_inputs(rng):
    """With an orthogonal Wh, so that the first steps still count in the last state."""
    x, Wx, Wh, b = normal((7, STEPS, 5), (5, 3), (3, 3), 3, scale=0.4)(rng)
    return x, Wx, np.linalg.qr(Wh)[0], b


function(
    "recurrent", hidden, recurrent_right, recurrent_inputs,
    ("steps in the order of the backward pass", "x", "layout.flipped",
     lambda g, h, x, Wx, Wh, b: recurrent_right(g, h, x, Wx, Wh, b)[0][:, ::-1]),
    ("not passed on to the step before", "Wx", "path.missing",
     lambda g, h, x, Wx, Wh, b: over_steps(x, sums_back(g, h, Wh.T, carried=0.0))),
    ("no slope of tanh", "Wx", "factor.missing",
     lambda g, h, x, Wx, Wh, b: over_steps(x, sums_back(g, h, Wh.T, slope=np.ones_like(h)))),
    ("Wh not transposed", "x", "operand.transposed", lambda g, h, x, Wx, Wh, b: sums_back(g, h, Wh) @ Wx.T),
    ("state after the step for the state before", "Wh", "operand.replaced",
     lambda g, h, x, Wx, Wh, b: over_steps(h[:, 1:], sums_back(g, h, Wh.T)[:, 1:])),
    ("last step both initial value and summand", "b", "path.repeated",
     lambda g, h, x, Wx, Wh, b: sums_back(g + at_last(g[:, -1]), h, Wh.T).sum(axis=(0, 1))),
    ("bias gradient summed over the steps only", "b", "shape.not_summed",
     lambda g, h, x, Wx, Wh, b: sums_back(g, h, Wh.T).sum(axis=1)),
)  # fmt: skip


def recurrent_last_right(g, out, x, Wx, Wh, b):
    return recurrent_right(at_last(g), hidden(x, Wx, Wh, b), x, Wx, Wh, b)


def last_sums(g, x, Wx, Wh, b):
    return sums_back(at_last(g), hidden(x, Wx, Wh, b), Wh.T)


function(
    "recurrent, last state", lambda x, Wx, Wh, b: hidden(x, Wx, Wh, b)[:, -1], recurrent_last_right, recurrent_inputs,
    ("last step only", "Wh", "path.missing",
     lambda g, out, x, Wx, Wh, b: hidden(x, Wx, Wh, b)[:, -2].T @ last_sums(g, x, Wx, Wh, b)[:, -1]),
    ("first step left out", "Wx", "samples.missing",
     lambda g, out, x, Wx, Wh, b: over_steps(x[:, 1:], last_sums(g, x, Wx, Wh, b)[:, 1:])),
    ("first step counted twice", "b", "path.repeated",
     lambda g, out, x, Wx, Wh, b: last_sums(g, x, Wx, Wh, b)[:, [0, *range(STEPS)]].sum(axis=(0, 1))),
)  # fmt: skip
