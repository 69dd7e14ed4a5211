"""Which mistakes do people make with the derivatives of single functions, with masks, signs and constants?"""

import numpy as np
from backward_cases import distinct, function, normal
from scipy.special import expit

function(
    "tanh of a product",
    lambda x, w: np.tanh(x @ w),
    lambda g, out, x, w: ((g * (1 - out**2)) @ w.T, x.T @ (g * (1 - out**2))),
    normal((7, 5), (5, 3)),
    ("slope of sigmoid", "w", "operand.replaced", lambda g, out, x, w: x.T @ (g * out * (1 - out))),
)
function(
    "sigmoid of a product",
    lambda x, w: 1 / (1 + np.exp(-(x @ w))),
    lambda g, out, x, w: ((g * out * (1 - out)) @ w.T, x.T @ (g * out * (1 - out))),
    normal((7, 5), (5, 3)),
    ("half of the slope", "w", "factor.missing", lambda g, out, x, w: x.T @ (g * (1 - out))),
)
function(
    "softplus",
    lambda x: np.logaddexp(0.0, x),
    lambda g, out, x: (g * expit(x),),
    normal((7, 5)),
    ("sigmoid turned round", "x", "operand.replaced", lambda g, out, x: g * expit(-x)),
)
function(
    "chosen by a condition",
    lambda x: np.where(x > 0.5, x, 0.0),
    lambda g, out, x: (g * (x > 0.5),),
    distinct(7, 5),
    ("condition turned round", "x", "operand.replaced", lambda g, out, x: g * (x <= 0.5)),
)
function(
    "running sum along an axis",
    lambda x: np.cumsum(x, axis=1),
    lambda g, out, x: (np.cumsum(g[:, ::-1], axis=1)[:, ::-1],),
    normal((3, 7)),
    ("from the wrong end", "x", "operand.transposed", lambda g, out, x: np.cumsum(g, axis=1)),
)
function(
    "projection on a sphere",
    lambda x: x / np.sqrt(np.sum(x * x, axis=1, keepdims=True)),
    lambda g, out, x: ((g - out * np.sum(g * out, axis=1, keepdims=True)) / np.linalg.norm(x, axis=1, keepdims=True),),
    normal((7, 4)),
    (
        "plus",
        "x",
        "path.sign",
        lambda g, out, x: (g + out * np.sum(g * out, axis=1, keepdims=True)) / np.linalg.norm(x, axis=1, keepdims=True),
    ),
)
function(
    "overlap of two sets",
    lambda p, t: 2 * np.sum(p * t, axis=1) / (np.sum(p * p, axis=1) + 1.0),
    lambda g, out, p, t: (
        (2 * g / (np.sum(p * p, axis=1) + 1))[:, None] * (t - p * out[:, None]),
        (2 * g / (np.sum(p * p, axis=1) + 1))[:, None] * p,
    ),
    normal((7, 4), (7, 4)),
    ("no 1", "t", "term.missing", lambda g, out, p, t: (2 * g / np.sum(p * p, axis=1))[:, None] * p),
)
function(
    "affine",
    lambda x, b: x + b,
    lambda g, out, x, b: (g, g.sum(axis=0)),
    normal((7, 5), 5),
    ("an axis kept", "b", "shape.wrong", lambda g, out, x, b: g.sum(axis=0, keepdims=True)),
)
