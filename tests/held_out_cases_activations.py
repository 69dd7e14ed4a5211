"""Which mistakes around slopes and gated units are kept from whoever writes rules?"""

import numpy as np
from mistake_cases import HELD_OUT, slip
from mistake_cases_activations import (
    DENSE,
    ELU,
    GELU,
    GLU,
    MAXOUT,
    PRELU,
    SOFTPLUS,
    SWIGLU,
    SWISH,
    TANH,
    sigmoid,
)


@slip(HELD_OUT, DENSE, "w", "operand.replaced")
def slope_at_z(g, out, x, w, b):
    z = x @ w + b
    dz = g * z * (1 - z)
    return dz @ w.T, x.T @ dz, dz.sum(axis=0)


@slip(HELD_OUT, DENSE, "w", "scale.batch")
def weights_averaged(g, out, x, w, b):
    dz = g * out * (1 - out)
    return dz @ w.T, x.T @ dz / len(x), dz.sum(axis=0)


@slip(HELD_OUT, TANH, "z", "approximation.formula", "factor.missing", "operand.replaced")
def square_forgotten(g, out, z):
    return (g * (1 - out),)


@slip(HELD_OUT, SWISH, "z", "factor.missing")
def one_minus_forgotten(g, out, z):
    s = sigmoid(z)
    return (g * (s + z * s),)


@slip(HELD_OUT, SWISH, "z", "operand.replaced")
def output_in_the_slope(g, out, z):
    s = sigmoid(z)
    return (g * (s + z * out * (1 - out)),)


@slip(HELD_OUT, GELU, "x", "factor.missing", "scale.constant")
def three_forgotten(g, out, x):
    t = np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))
    du = np.sqrt(2 / np.pi) * (1 + 0.044715 * x**2)
    return (g * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * du),)


@slip(HELD_OUT, GELU, "x", "approximation.formula")
def sigmoid_form_of_gelu(g, out, x):
    s = sigmoid(1.702 * x)
    return (g * (s + 1.702 * x * s * (1 - s)),)


@slip(HELD_OUT, SOFTPLUS, "z", "scale.sign")
def minus_from_the_exponent(g, out, z):
    return (-g / (1 + np.exp(-z)),)


@slip(HELD_OUT, PRELU, "a", "shape.not_summed")
def slope_not_summed(g, out, x, a):
    return g * np.where(x > 0, 1.0, a), g * np.where(x > 0, 0.0, x)


@slip(HELD_OUT, ELU, "z", "factor.missing")
def alpha_forgotten(g, out, z):
    return (g * np.where(z > 0, 1.0, np.exp(z)),)


@slip(HELD_OUT, ELU, "z", "value.clipped")
def clipped_to_one(g, out, z):
    return (np.clip(g * np.where(z > 0, 1.0, 1.5 * np.exp(z)), -0.5, 0.5),)


@slip(HELD_OUT, MAXOUT, "x", "factor.missing", "term.extra")
def winner_not_selected(g, out, x):
    return (np.repeat(g[:, :, None], x.shape[2], axis=2),)


@slip(HELD_OUT, MAXOUT, "x", "support.axis")
def maximum_over_units(g, out, x):
    return (g[:, :, None] * (x == x.max(axis=1, keepdims=True)),)


@slip(HELD_OUT, GLU, "x", "factor.missing")
def value_forgotten_in_gate(g, out, x):
    _, b = np.split(x, 2, axis=1)
    s = sigmoid(b)
    return (np.concatenate([g * s, g * s * (1 - s)], axis=1),)


@slip(HELD_OUT, SWIGLU, "w", "factor.missing")
def values_forgotten_in_gate(g, out, x, w, v):
    h = x @ w
    s = sigmoid(h)
    dh = g * (s + h * s * (1 - s))
    dv = g * h * s
    return dh @ w.T + dv @ v.T, x.T @ dh, x.T @ dv


@slip(HELD_OUT, SWIGLU, "w", "structure.order", "operand.replaced")
def gate_and_value_exchanged(g, out, x, w, v):
    h = x @ w
    s = sigmoid(h)
    dh = g * (x @ v) * (s + h * s * (1 - s))
    dv = g * h * s
    return dh @ w.T + dv @ v.T, x.T @ dv, x.T @ dh
