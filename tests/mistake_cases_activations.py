"""Which mistakes do people make around sigmoids, tanh, gated units and other slopes?"""

import numpy as np
from backward_cases import Function, distinct, normal
from mistake_cases import OPEN, held_apart, slip


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def dense(x, w, b):
    return 1 / (1 + np.exp(-(x @ w + b)))


def dense_right(g, out, x, w, b):
    dz = g * out * (1 - out)
    return dz @ w.T, x.T @ dz, dz.sum(axis=0)


DENSE = Function("dense sigmoid", dense, dense_right, normal((7, 5), (5, 3), (3,)))


@slip(OPEN, DENSE, "w", "factor.missing")
def one_minus_out_forgotten(g, out, x, w, b):
    dz = g * out
    return dz @ w.T, x.T @ dz, dz.sum(axis=0)


@slip(OPEN, DENSE, "b", "shape.not_summed")
def bias_not_summed(g, out, x, w, b):
    dz = g * out * (1 - out)
    return dz @ w.T, x.T @ dz, dz


def tanh(z):
    return (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))


def tanh_right(g, out, z):
    return (g * (1 - out**2),)


TANH = Function("tanh by exponentials", tanh, tanh_right, normal((5, 3)))


@slip(OPEN, TANH, "z", "operand.replaced")
def input_squared(g, out, z):
    return (g * (1 - z**2),)


@slip(OPEN, TANH, "z", "operand.replaced")
def slope_of_sigmoid(g, out, z):
    return (g * out * (1 - out),)


def swish(z):
    return z / (1 + np.exp(-z))


def swish_right(g, out, z):
    s = sigmoid(z)
    return (g * (s + z * s * (1 - s)),)


SWISH = Function("swish", swish, swish_right, normal((3, 7)))


@slip(OPEN, SWISH, "z", "path.missing", "term.missing")
def only_first_term(g, out, z):
    s = sigmoid(z)
    return (g * s,)


@slip(OPEN, SWISH, "z", "path.sign")
def minus_between_the_terms(g, out, z):
    s = sigmoid(z)
    return (g * (s - z * s * (1 - s)),)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def gelu_right(g, out, x):
    t = np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))
    du = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)
    return (g * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * du),)


GELU = Function("gelu", gelu, gelu_right, normal((7, 3)))


@slip(OPEN, GELU, "x", "constant.rounded")
def root_of_two_over_pi_rounded(g, out, x):
    t = np.tanh(0.7978 * (x + 0.044715 * x**3))
    du = 0.7978 * (1 + 3 * 0.044715 * x**2)
    return (g * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * du),)


@slip(OPEN, GELU, "x", "path.missing", "term.missing")
def second_term_forgotten(g, out, x):
    t = np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))
    return (g * 0.5 * (1 + t),)


def softplus(z):
    return np.log(1 + np.exp(z))


def softplus_right(g, out, z):
    return (g / (1 + np.exp(-z)),)


SOFTPLUS = Function("softplus", softplus, softplus_right, normal((5, 7)))


@slip(OPEN, SOFTPLUS, "z", "factor.missing")
def factor_exp_forgotten(g, out, z):
    return (g / (1 + np.exp(z)),)


@slip(OPEN, SOFTPLUS, "z", "operand.replaced", "factor.extra")
def slope_of_sigmoid_for_sigmoid(g, out, z):
    s = sigmoid(z)
    return (g * s * (1 - s),)


def prelu(x, a):
    return np.where(x > 0, x, a * x)


def prelu_right(g, out, x, a):
    return g * np.where(x > 0, 1.0, a), (g * np.where(x > 0, 0.0, x)).sum(axis=0)


def prelu_inputs(rng):
    return held_apart(7, 3)(rng), rng.uniform(0.1, 0.4, 3)


PRELU = Function("prelu", prelu, prelu_right, prelu_inputs)


@slip(OPEN, PRELU, "a", "factor.missing", "term.extra")
def slope_counts_positive_inputs(g, out, x, a):
    return g * np.where(x > 0, 1.0, a), (g * x).sum(axis=0)


@slip(OPEN, PRELU, "x", "path.missing", "operand.replaced")
def plain_relu(g, out, x, a):
    return g * (x > 0), (g * np.where(x > 0, 0.0, x)).sum(axis=0)


def elu(z):
    return np.where(z > 0, z, 1.5 * (np.exp(z) - 1))


def elu_right(g, out, z):
    return (g * np.where(z > 0, 1.0, 1.5 * np.exp(z)),)


ELU = Function("elu", elu, elu_right, lambda rng: (held_apart(5, 7)(rng),))


@slip(OPEN, ELU, "z", "term.missing", "operand.replaced")
def output_without_alpha_added(g, out, z):
    return (g * np.where(z > 0, 1.0, out),)


def maxout(x):
    return x.max(axis=2)


def maxout_right(g, out, x):
    return (g[:, :, None] * (x == out[:, :, None]),)


MAXOUT = Function("maxout", maxout, maxout_right, distinct(5, 3, 4))


@slip(OPEN, MAXOUT, "x", "pooling.average")
def shared_by_all_pieces(g, out, x):
    return (np.repeat(g[:, :, None], x.shape[2], axis=2) / x.shape[2],)


def glu(x):
    a, b = np.split(x, 2, axis=1)
    return a / (1 + np.exp(-b))


def glu_right(g, out, x):
    a, b = np.split(x, 2, axis=1)
    s = sigmoid(b)
    return (np.concatenate([g * s, g * a * s * (1 - s)], axis=1),)


GLU = Function("glu", glu, glu_right, normal((5, 6)))


@slip(OPEN, GLU, "x", "layout.blocks")
def halves_exchanged(g, out, x):
    a, b = np.split(x, 2, axis=1)
    s = sigmoid(b)
    return (np.concatenate([g * a * s * (1 - s), g * s], axis=1),)


@slip(OPEN, GLU, "x", "operand.replaced")
def slope_of_tanh(g, out, x):
    a, b = np.split(x, 2, axis=1)
    s = sigmoid(b)
    return (np.concatenate([g * s, g * a * (1 - s**2)], axis=1),)


def swiglu(x, w, v):
    h = x @ w
    return h / (1 + np.exp(-h)) * (x @ v)


def swiglu_right(g, out, x, w, v):
    h = x @ w
    s = sigmoid(h)
    dh = g * (x @ v) * (s + h * s * (1 - s))
    dv = g * h * s
    return dh @ w.T + dv @ v.T, x.T @ dh, x.T @ dv


SWIGLU = Function("swiglu", swiglu, swiglu_right, normal((7, 5), (5, 3), (5, 3)))


@slip(OPEN, SWIGLU, "x", "path.missing")
def gate_path_forgotten(g, out, x, w, v):
    h = x @ w
    s = sigmoid(h)
    dh = g * (x @ v) * (s + h * s * (1 - s))
    dv = g * h * s
    return dv @ v.T, x.T @ dh, x.T @ dv


@slip(OPEN, SWIGLU, "v", "operand.replaced", "factor.missing")
def gate_before_sigmoid(g, out, x, w, v):
    h = x @ w
    s = sigmoid(h)
    dh = g * (x @ v) * (s + h * s * (1 - s))
    return dh @ w.T + (g * h * s) @ v.T, x.T @ dh, x.T @ (g * h)
