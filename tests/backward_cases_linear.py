"""Which mistakes do people make in backward passes of linear layers?"""

# ruff: noqa: N803 -- matrices have the names that they have on paper

import numpy as np
from backward_cases import function, normal, whole_mistake

linear = function(
    "linear", lambda x, W, b: x @ W + b, lambda g, out, x, W, b: (g @ W.T, x.T @ g, g.sum(axis=0)),
    normal((7, 5), (5, 3), 3),
    ("bias gradient not summed over the batch", "b", "shape.not_summed", lambda g, out, *_: g),
    ("bias gradient summed over everything", "b", "shape.wrong", lambda g, out, *_: g.sum()),
    ("bias gradient averaged over the batch", "b", "scale.batch", lambda g, out, *_: g.mean(axis=0)),
    ("weight gradient averaged over the batch", "W", "scale.batch", lambda g, out, x, *_: x.T @ g / len(x)),
    ("weight gradient with its axes exchanged", "W", "layout.transposed", lambda g, out, x, *_: g.T @ x),
    ("weight decay hidden in it", "W", "upstream.constant", lambda g, out, x, W, b: x.T @ g + 0.1 * W),
    ("forgot the bias", "b", "structure.missing", lambda g, out, *_: None),
    ("upstream normalised", "W", "upstream.nonlinear", lambda g, out, x, *_: x.T @ (g / np.linalg.norm(g))),
    ("weight gradient in single precision", "W", "precision.float32",
     lambda g, out, x, *_: (x.T.astype(np.float32) @ g.astype(np.float32)).astype(np.float64)),
)  # fmt: skip
whole_mistake(linear, "returns two of three", "b", "structure.count", lambda g, out, x, W, b: (g @ W.T, x.T @ g))

function(
    "square linear", linear.forward, linear.right, normal((7, 5), (5, 5), 5),
    ("W not transposed", "x", "operand.transposed", lambda g, out, x, W, b: g @ W),
    ("weight gradient transposed", "W", "layout.transposed", lambda g, out, x, *_: g.T @ x),
)  # fmt: skip


def residual_right(g, out, x, W):
    inner = g * (1 - (out - x) ** 2)
    return g + inner @ W.T, x.T @ inner


function(
    "residual", lambda x, W: x + np.tanh(x @ W), residual_right, normal((7, 5), (5, 5), scale=0.5),
    ("skip left out", "x", "path.missing", lambda g, out, x, W: (g * (1 - (out - x) ** 2)) @ W.T),
    ("only the skip", "x", "path.missing", lambda g, out, *_: g),
    ("skip counted twice", "x", "path.repeated", lambda g, out, x, W: 2 * g + (g * (1 - (out - x) ** 2)) @ W.T),
    ("no slope of tanh", "W", "factor.missing", lambda g, out, x, W: x.T @ g),
    ("slope of tanh twice", "W", "factor.extra", lambda g, out, x, W: x.T @ (g * (1 - (out - x) ** 2) ** 2)),
    ("slope of tanh at the sum instead of at the tanh", "W", "operand.replaced",
     lambda g, out, x, W: x.T @ (g * (1 - out**2))),
    ("W not transposed", "x", "operand.transposed", lambda g, out, x, W: g + (g * (1 - (out - x) ** 2)) @ W),
)  # fmt: skip
