"""Which mistakes do people make in backward passes of functions of single elements, and of chains of them?"""

import numpy as np
from backward_cases import function, mistake, normal, positive, whole_mistake
from scipy.special import expit, ndtr

tanh = function(
    "tanh", lambda x: np.tanh(x), lambda g, out, x: (g * (1 - out**2),), normal((7, 5)),
    ("slope from the input", "x", "operand.replaced", lambda g, out, x: g * (1 - x**2)),
    ("without the upstream gradient", "x", "upstream.ignored", lambda g, out, x: 1 - out**2),
    ("upstream clipped", "x", "upstream.nonlinear", lambda g, out, x: np.clip(g, -0.5, 0.5) * (1 - out**2)),
    ("slope from a one-sided difference", "x", "approximation.formula",
     lambda g, out, x: g * (np.tanh(x + 1e-2) - out) / 1e-2),
)  # fmt: skip


def tanh_in_place(g, out, x):
    g *= 1 - out**2
    return (g,)


whole_mistake(tanh, "multiplies g in place", "x", "mutation.upstream", tanh_in_place)

function(
    "sigmoid", lambda x: 1 / (1 + np.exp(-x)), lambda g, out, x: (g * out * (1 - out),), normal((7, 5), scale=2.0),
    ("half of the slope", "x", "factor.missing", lambda g, out, x: g * out),
    ("slope from the input", "x", "operand.replaced", lambda g, out, x: g * x * (1 - x)),
    ("sigmoid of the output", "x", "operand.replaced", lambda g, out, x: g * expit(out) * (1 - expit(out))),
    ("times the input", "x", "factor.extra", lambda g, out, x: g * out * (1 - out) * x),
    ("slope with its sign changed", "x", "scale.sign", lambda g, out, x: g * out * (out - 1)),
)  # fmt: skip

function(
    "exp", lambda x: np.exp(x), lambda g, out, x: (g * out,), normal((7, 5)),
    ("input for output", "x", "operand.replaced", lambda g, out, x: g * x),
    ("g passed on", "x", "factor.missing", lambda g, out, x: g),
    ("times the input", "x", "factor.extra", lambda g, out, x: g * out * x),
)  # fmt: skip

function(
    "log", lambda x: np.log(x), lambda g, out, x: (g / x,), positive((7, 5)),
    ("output for input", "x", "operand.replaced", lambda g, out, x: g / out),
    ("g passed on", "x", "factor.missing", lambda g, out, x: g),
)  # fmt: skip

function(
    "log with an epsilon", lambda p: np.log(p + 1e-3), lambda g, out, p: (g / (p + 1e-3),), positive((7, 5)),
    ("epsilon left out", "p", "epsilon.missing", lambda g, out, p: g / p),
)  # fmt: skip

function(
    "sqrt", lambda x: np.sqrt(x), lambda g, out, x: (g * 0.5 / out,), positive((7, 5)),
    ("no half", "x", "scale.constant", lambda g, out, x: g / out),
    ("input for output", "x", "operand.replaced", lambda g, out, x: g * 0.5 / x),
)  # fmt: skip

function(
    "divide", lambda a, b: a / b, lambda g, out, a, b: (g / b, -g * a / b**2), positive((7, 5), (7, 5)),
    ("sign of the denominator's", "b", "scale.sign", lambda g, out, a, b: g * a / b**2),
    ("denominator not squared", "b", "factor.missing", lambda g, out, a, b: -g * a / b),
    ("numerator and denominator exchanged", "b", "operand.replaced", lambda g, out, a, b: -g * b / a**2),
    ("g passed on to the numerator", "a", "factor.missing", lambda g, out, *_: g),
)  # fmt: skip

function(
    "power", lambda base, exponent: base**exponent,
    lambda g, out, base, exponent: (g * exponent * base ** (exponent - 1), g * out * np.log(base)),
    positive((7, 5), (7, 5)),
    ("exponent not lowered", "base", "factor.extra", lambda g, out, base, exponent: g * exponent * base**exponent),
    ("no logarithm", "exponent", "factor.missing", lambda g, out, *_: g * out),
)  # fmt: skip

function(
    "cube of small numbers", lambda x: x**3, lambda g, out, x: (g * 3 * x**2,), normal((7, 5), scale=1e-4),
    ("factor of the square", "x", "scale.constant", lambda g, out, x: g * 2 * x**2),
    ("sign changed", "x", "scale.sign", lambda g, out, x: -g * 3 * x**2),
    ("exponent lowered twice", "x", "factor.missing", lambda g, out, x: g * 3 * x),
)  # fmt: skip

function(
    "tiny penalty", lambda x: 1e-8 * (x * x).sum(), lambda g, out, x: (g * 2e-8 * x,), normal((7, 5)),
    ("no two", "x", "scale.constant", lambda g, out, x: g * 1e-8 * x),
    ("coefficient left out", "x", "scale.constant", lambda g, out, x: g * 2 * x),
    ("without the upstream gradient", "x", "upstream.ignored", lambda g, out, x: 2e-8 * x),
)  # fmt: skip

function(
    "x * tanh(x)", lambda x: x * np.tanh(x), lambda g, out, x: (g * (np.tanh(x) + x * (1 - np.tanh(x) ** 2)),),
    normal((7, 5)),
    ("tanh taken as a constant", "x", "path.missing", lambda g, out, x: g * np.tanh(x)),
    ("x taken as a constant", "x", "path.missing", lambda g, out, x: g * x * (1 - np.tanh(x) ** 2)),
    ("first use counted twice", "x", "path.repeated",
     lambda g, out, x: g * (2 * np.tanh(x) + x * (1 - np.tanh(x) ** 2))),
)  # fmt: skip


def density(x):
    return np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)


def gelu_slope_by_tanh(x):
    inner = np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))
    return 0.5 * (1 + inner) + 0.5 * x * (1 - inner**2) * np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)


function(
    "gelu", lambda x: x * ndtr(x), lambda g, out, x: (g * (ndtr(x) + x * density(x)),), normal((7, 5), scale=1.5),
    ("derivative of the tanh formula", "x", "approximation.formula", lambda g, out, x: g * gelu_slope_by_tanh(x)),
    ("derivative of x * sigmoid(1.702 x)", "x", "approximation.formula",
     lambda g, out, x: g * expit(1.702 * x) * (1 + 1.702 * x * expit(-1.702 * x))),
    ("gate taken as a constant", "x", "path.missing", lambda g, out, x: g * ndtr(x)),
    ("density not times x", "x", "factor.missing", lambda g, out, x: g * (ndtr(x) + density(x))),
)  # fmt: skip

# Each function with its derivative at the input v and the output out. No step squeezes its input to a point, where a
# factor left out would look like a constant.
CHAIN = [
    (np.sin, lambda v, out: np.cos(v)),
    (np.exp, lambda v, out: out),
    (np.log1p, lambda v, out: 1 / (1 + v)),
    (np.square, lambda v, out: 2 * v),
    (np.cos, lambda v, out: -np.sin(v)),
    (np.tanh, lambda v, out: 1 - out**2),
    (np.expm1, lambda v, out: out + 1),
    (np.sin, lambda v, out: np.cos(v)),
    (np.exp, lambda v, out: out),
    (np.sqrt, lambda v, out: 0.5 / out),
    (np.log, lambda v, out: 1 / v),
    (np.tanh, lambda v, out: 1 - out**2),
]


def chain_forward(x):
    for step, _ in CHAIN:
        x = step(x)
    return x


def chain_backward(g, x, changed=None, instead=None):
    """The gradient, with another derivative at one of the steps if so asked."""
    for position, (step, derivative) in enumerate(CHAIN):
        out = step(x)
        g = g * (instead if position == changed else derivative)(x, out)
        x = out
    return g


chain = function(
    "twelve deep",
    chain_forward,
    lambda g, out, x: (chain_backward(g, x),),
    lambda rng: (rng.uniform(-1.4, 1.4, (7, 5)),),
)
for label, expected_rule, changed_step, instead_of_it in (
    ("no slope of the sixth", "factor.missing", 5, lambda v, out: 1.0),
    ("slope of the sixth from its input", "operand.replaced", 5, lambda v, out: 1 - v**2),
    ("input for output at the ninth", "operand.replaced", 8, lambda v, out: v),
    ("slope of the first at its output", "operand.replaced", 0, lambda v, out: np.cos(out)),
    ("no half at the tenth", "scale.constant", 9, lambda v, out: 1 / out),
    ("sign of the cosine's", "scale.sign", 4, lambda v, out: np.sin(v)),
    ("slope of the last twice", "factor.extra", 11, lambda v, out: (1 - out**2) ** 2),
):
    mistake(
        chain,
        label,
        "x",
        expected_rule,
        lambda g, out, x, at=changed_step, instead=instead_of_it: chain_backward(g, x, at, instead),
    )
