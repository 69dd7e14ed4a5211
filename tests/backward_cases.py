"""Which mistakes do people make in backward passes, and by which rule is each to be explained?"""

# ruff: noqa: N803, N806 -- matrices have the names that they have on paper

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.signal import convolve2d, correlate2d
from scipy.special import expit, ndtr


@dataclass(frozen=True)
class Function:
    name: str
    forward: Callable  # forward(*inputs) -> array
    right: Callable  # backward(g, out, *inputs) -> one gradient per float input, None for integer inputs
    inputs: Callable  # inputs(rng) -> tuple of arrays


@dataclass(frozen=True)
class Mistake:
    name: str
    forward: Callable
    right: Callable
    wrong: Callable  # as right, with one realistic mistake
    inputs: Callable
    expected: str  # the id of the rule that explains it
    leaf: str  # the parameter of forward whose gradient is wrong


FUNCTIONS: list[Function] = []
MISTAKES: list[Mistake] = []


def function(name, forward, right, inputs, *rows):
    """A function, and a mistake for each row of (name, leaf, expected, gradient of that leaf)."""
    FUNCTIONS.append(Function(name, forward, right, inputs))
    mistakes(FUNCTIONS[-1], *rows)
    return FUNCTIONS[-1]


def mistake(of, name, leaf, expected, gradient):
    """The right backward pass, with another gradient for one leaf."""
    position = list(inspect.signature(of.forward).parameters).index(leaf)

    def wrong(g, out, *inputs):
        gradients = list(of.right(g, out, *inputs))
        gradients[position] = gradient(g, out, *inputs)
        return tuple(gradients)

    whole_mistake(of, name, leaf, expected, wrong)


def mistakes(of, *rows):
    """One mistake for each (name, leaf, expected, gradient)."""
    for row in rows:
        mistake(of, *row)


def whole_mistake(of, name, leaf, expected, wrong):
    """A backward pass that goes wrong as a whole: in what it returns, or in what it writes to."""
    MISTAKES.append(Mistake(f"{of.name}: {name}", of.forward, of.right, wrong, of.inputs, expected, leaf))


def normal(*shapes, scale=1.0):
    return lambda rng: tuple(scale * rng.standard_normal(shape) for shape in shapes)


def positive(*shapes):
    """Far from 0, where logarithms and quotients end, and from 1, where logarithms vanish."""
    return lambda rng: tuple(rng.choice([0.3, 1.2], shape) + rng.uniform(0.0, 0.5, shape) for shape in shapes)


def distinct(*shape):
    """Without ties, and without neighbours closer than a step of finite differences."""
    return lambda rng: (rng.permutation(np.linspace(-2.0, 2.1, np.prod(shape))).reshape(shape),)


# ---- Linear layers ----

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

# ---- Elementwise functions ----

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

# ---- Broadcasting, sums, places ----

function(
    "add a row", lambda x, row: x + row, lambda g, out, x, row: (g, g.sum(axis=0)), normal((7, 5), 5),
    ("not summed", "row", "shape.not_summed", lambda g, out, *_: g),
    ("summed along the rows", "row", "shape.wrong", lambda g, out, *_: g.sum(axis=1)),
)  # fmt: skip

function(
    "add a column", lambda x, column: x + column, lambda g, out, x, column: (g, g.sum(axis=1, keepdims=True)),
    normal((7, 5), (7, 1)),
    ("not summed", "column", "shape.not_summed", lambda g, out, *_: g),
    ("a mean", "column", "scale.dimension", lambda g, out, *_: g.mean(axis=1, keepdims=True)),
)  # fmt: skip

function(
    "multiply by a row", lambda x, row: x * row, lambda g, out, x, row: (g * row, (g * x).sum(axis=0)),
    normal((7, 5), 5),
    ("not summed", "row", "shape.not_summed", lambda g, out, x, *_: g * x),
    ("x for the row", "x", "operand.replaced", lambda g, out, x, *_: g * x),
    ("without x", "row", "factor.missing", lambda g, out, *_: g.sum(axis=0)),
)  # fmt: skip

function(
    "multiply by a column", lambda x, column: x * column,
    lambda g, out, x, column: (g * column, (g * x).sum(axis=1, keepdims=True)), normal((7, 5), (7, 1)),
    ("axis dropped", "column", "shape.wrong", lambda g, out, x, *_: (g * x).sum(axis=1)),
    ("output for x", "column", "factor.extra", lambda g, out, *_: (g * out).sum(1)[:, None]),
)  # fmt: skip

function(
    "outer product", lambda x, y: x[:, None] * y, lambda g, out, x, y: (g @ y, x @ g), normal(7, 5),
    ("not summed", "y", "shape.not_summed", lambda g, out, x, y: x[:, None] * g),
    ("without y", "x", "factor.missing", lambda g, out, *_: g.sum(axis=1)),
)  # fmt: skip

function(
    "cumulative sum", lambda x: np.cumsum(x, axis=1), lambda g, out, x: (np.cumsum(g[:, ::-1], axis=1)[:, ::-1],),
    normal((7, 5)),
    ("not turned back", "x", "layout.flipped", lambda g, out, x: np.cumsum(g[:, ::-1], axis=1)),
    ("g passed on", "x", "factor.missing", lambda g, out, x: g),
    ("along the batch", "x", "support.axis", lambda g, out, x: np.cumsum(g[::-1], axis=0)[::-1]),
)  # fmt: skip

function(
    "tanh of all but the first step", lambda x: np.tanh(x[:, 1:]),
    lambda g, out, x: (np.pad(g * (1 - out**2), ((0, 0), (1, 0))),), normal((7, 5)),
    ("padded at the end", "x", "layout.shifted", lambda g, out, x: np.pad(g * (1 - out**2), ((0, 0), (0, 1)))),
)  # fmt: skip


def scattered(x, place, g):
    result = np.zeros_like(x)
    np.add.at(result, place, g)
    return result


def assigned(x, place, g):
    """Where a place occurs several times, the last contribution wins, though it says +=."""
    result = np.zeros_like(x)
    result[place] += g
    return result


# More indices than rows or columns, so that some of them repeat for every seed.
function(
    "embedding", lambda table, indices: table[indices],
    lambda g, out, table, indices: (scattered(table, indices, g), None),
    lambda rng: (rng.standard_normal((11, 3)), rng.integers(0, 11, 13)),
    ("+= at indices", "table", "index.repeated", lambda g, out, table, indices: assigned(table, indices, g)),
    ("indices that start at 1", "table", "layout.shifted",
     lambda g, out, table, indices: scattered(table, indices - 1, g)),
    ("one row for each index", "table", "shape.wrong", lambda g, out, *_: g),
)  # fmt: skip

function(
    "some columns", lambda x, columns: x[:, columns],
    lambda g, out, x, columns: (scattered(x, (slice(None), columns), g), None),
    lambda rng: (rng.standard_normal((3, 5)), rng.integers(0, 5, 7)),
    ("+= at columns", "x", "index.repeated", lambda g, out, x, columns: assigned(x, (slice(None), columns), g)),
)  # fmt: skip

function(
    "max of each row", lambda x: x.max(axis=1), lambda g, out, x: (g[:, None] * (x == out[:, None]),), distinct(7, 5),
    ("to every element", "x", "factor.missing", lambda g, out, x: g[:, None] * np.ones_like(x)),
    ("times the largest", "x", "factor.extra", lambda g, out, x: (g * out)[:, None] * (x == out[:, None])),
    ("maxima of the columns", "x", "support.axis", lambda g, out, x: g[:, None] * (x == x.max(axis=0))),
)  # fmt: skip

# ---- Softmax and attention ----


def softmax_of(x):
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def softmax_back(g, out):
    return out * (g - (g * out).sum(axis=-1, keepdims=True))


function(
    "softmax", softmax_of, lambda g, out, x: (softmax_back(g, out),), normal((7, 5)),
    ("elementwise", "x", "support.diagonal", lambda g, out, x: g * out * (1 - out)),
    ("denominator taken as a constant", "x", "path.missing", lambda g, out, x: g * out),
    ("sum over the batch", "x", "support.axis", lambda g, out, x: out * (g - (g * out).sum(axis=0))),
    ("output in single precision", "x", "precision.float32",
     lambda g, out, x: softmax_back(g, softmax_of(x.astype(np.float32)))),
)  # fmt: skip


def log_softmax_of(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def log_softmax_in_place(g, out, x):
    x -= x.max(axis=-1, keepdims=True)
    return (g - softmax_of(x) * g.sum(axis=-1, keepdims=True),)


log_softmax = function(
    "log-softmax", log_softmax_of, lambda g, out, x: (g - np.exp(out) * g.sum(axis=-1, keepdims=True),), normal((7, 5)),
    ("as if g summed to one", "x", "upstream.constant", lambda g, out, x: g - np.exp(out)),
    ("elementwise", "x", "support.diagonal", lambda g, out, x: g * (1 - np.exp(out))),
    ("sum over the batch", "x", "support.axis", lambda g, out, x: g - np.exp(out) * g.sum(axis=0)),
    ("normaliser taken as a constant", "x", "path.missing", lambda g, out, x: g),
)  # fmt: skip
whole_mistake(log_softmax, "shifts its input in place", "x", "mutation.input", log_softmax_in_place)


def weights_of(q, k):
    return softmax_of(q @ k.T / k.shape[-1] ** 0.5)


def scores_back(g, q, k, v):
    """The gradient of q @ k.T."""
    return softmax_back(g @ v.T, weights_of(q, k)) / k.shape[-1] ** 0.5


function(
    "attention", lambda q, k, v: weights_of(q, k) @ v,
    lambda g, out, q, k, v: (scores_back(g, q, k, v) @ k, scores_back(g, q, k, v).T @ q, weights_of(q, k).T @ g),
    normal((7, 5), (7, 5), (7, 3)),
    ("not divided by the square root", "q", "scale.dimension",
     lambda g, out, q, k, v: softmax_back(g @ v.T, weights_of(q, k)) @ k),
    ("weights not transposed", "v", "operand.transposed", lambda g, out, q, k, v: weights_of(q, k) @ g),
    ("no derivative of the softmax", "k", "factor.missing",
     lambda g, out, q, k, v: (g @ v.T / k.shape[-1] ** 0.5).T @ q),
    ("q and k exchanged", "q", "operand.replaced", lambda g, out, q, k, v: scores_back(g, q, k, v) @ q),
)  # fmt: skip


def self_attention_right(g, out, x):
    scores, weights = scores_back(g, x, x, x), weights_of(x, x)
    return (scores @ x + scores.T @ x + weights.T @ g,)


function(
    "self-attention", lambda x: weights_of(x, x) @ x, self_attention_right, normal((7, 5)),
    ("keys left out", "x", "path.missing", lambda g, out, x: scores_back(g, x, x, x) @ x + weights_of(x, x).T @ g),
    ("queries counted twice", "x", "path.repeated",
     lambda g, out, x: self_attention_right(g, out, x)[0] + scores_back(g, x, x, x) @ x),
)  # fmt: skip

# ---- Normalisation ----

EPSILON = 1e-3


def normalised(x, axis):
    centred = x - x.mean(axis=axis, keepdims=True)
    return centred / np.sqrt((centred * centred).mean(axis=axis, keepdims=True) + EPSILON)


def normalised_back(g, x, axis, mean=1.0, variance=1.0, epsilon=EPSILON, over=None):
    """The gradient of `normalised`; the weights of its terms, its epsilon and the axis of its means can be wrong."""
    unit, over = normalised(x, axis), axis if over is None else over
    through_mean, through_variance = g.mean(axis=over, keepdims=True), (g * unit).mean(axis=over, keepdims=True)
    terms = g - mean * through_mean - variance * unit * through_variance
    return terms / np.sqrt(x.var(axis=axis, keepdims=True) + epsilon)


def norm_inputs(rng):
    """A variance that is not large beside epsilon, and gammas far from 0, from 1 and from one another."""
    return 0.3 * rng.standard_normal((7, 5)) + 0.5, rng.permutation([0.4, 0.7, -1.3, 1.8, 2.5]), rng.standard_normal(5)


batch_norm = function(
    "batch norm",
    lambda x, gamma, beta: normalised(x, 0) * gamma + beta,
    lambda g, out, x, gamma, beta: (
        normalised_back(g * gamma, x, 0),
        (g * normalised(x, 0)).sum(axis=0),
        g.sum(axis=0),
    ),
    norm_inputs,
)
layer_norm = function(
    "layer norm",
    lambda x, gamma, beta: normalised(x, 1) * gamma + beta,
    lambda g, out, x, gamma, beta: (
        normalised_back(g * gamma, x, 1),
        (g * normalised(x, 1)).sum(axis=0),
        g.sum(axis=0),
    ),
    norm_inputs,
)
for norm, along in ((batch_norm, 0), (layer_norm, 1)):
    for label, expected_rule, options in (
        ("mean taken as a constant", "path.missing", {"mean": 0.0}),
        ("variance taken as a constant", "path.missing", {"variance": 0.0}),
        ("epsilon left out", "epsilon.missing", {"epsilon": 0.0}),
        ("means over the other axis", "support.axis", {"over": 1 - along}),
    ):
        mistake(
            norm,
            label,
            "x",
            expected_rule,
            lambda g, out, x, gamma, beta, axis=along, options=options: normalised_back(g * gamma, x, axis, **options),
        )
    mistake(
        norm,
        "gamma left out",
        "x",
        "factor.missing",
        lambda g, out, x, gamma, beta, axis=along: normalised_back(g, x, axis),
    )

mistakes(
    batch_norm,
    (
        "sum instead of the mean",
        "x",
        "scale.batch",
        lambda g, out, x, gamma, *_: normalised_back(g * gamma, x, 0, mean=len(x)),
    ),
    ("x not normalised", "gamma", "operand.replaced", lambda g, out, x, *_: (g * x).sum(axis=0)),
    ("output for normalised x", "gamma", "operand.replaced", lambda g, out, *_: (g * out).sum(axis=0)),
    (
        "gamma's averaged over the batch",
        "gamma",
        "scale.batch",
        lambda g, out, x, *_: (g * normalised(x, 0)).mean(axis=0),
    ),
    (
        "without the standard deviation",
        "x",
        "factor.missing",
        lambda g, out, x, gamma, *_: normalised_back(g * gamma, x, 0) * np.sqrt(x.var(axis=0) + EPSILON),
    ),
)
mistakes(
    layer_norm,
    ("beta's not summed", "beta", "shape.not_summed", lambda g, out, *_: g),
    (
        "gamma's summed along the features",
        "gamma",
        "shape.wrong",
        lambda g, out, x, *_: (g * normalised(x, 1)).sum(axis=1),
    ),
)


def layer_norm_in_place(g, out, x, gamma, beta):
    summed = g.sum(axis=0)
    g *= gamma
    # What follows was written for the g that came in.
    return normalised_back(g, x, 1), (g * normalised(x, 1)).sum(axis=0), summed


whole_mistake(layer_norm, "multiplies g in place too early", "gamma", "mutation.upstream", layer_norm_in_place)


def length(x):
    return np.sqrt((x * x).sum(axis=-1, keepdims=True))


def unit_in_place(g, out, x):
    size = length(x)
    x /= size
    return ((g - x * (g * x).sum(axis=-1, keepdims=True)) / size,)


unit_vector = function(
    "x / norm", lambda x: x / length(x),
    lambda g, out, x: ((g - out * (g * out).sum(axis=-1, keepdims=True)) / length(x),), normal((7, 5)),
    ("norm taken as a constant", "x", "path.missing", lambda g, out, x: g / length(x)),
    ("not divided by the norm", "x", "factor.missing",
     lambda g, out, x: g - out * (g * out).sum(axis=-1, keepdims=True)),
    ("input for output", "x", "operand.replaced",
     lambda g, out, x: (g - x * (g * x).sum(axis=-1, keepdims=True)) / length(x)),
    ("sum over the batch", "x", "support.axis", lambda g, out, x: (g - out * (g * out).sum(axis=0)) / length(x)),
)  # fmt: skip
whole_mistake(unit_vector, "normalises its input in place", "x", "mutation.input", unit_in_place)

# ---- Convolution and pooling ----


def correlate_forward(x, kernel):
    rows, columns = x.shape[0] - kernel.shape[0] + 1, x.shape[1] - kernel.shape[1] + 1
    places = np.ndindex(kernel.shape)
    return sum(x[i : i + rows, j : j + columns] * kernel[i, j] for i, j in places)


def convolve_forward(x, kernel):
    return correlate_forward(x, kernel[::-1, ::-1])


function(
    "correlation", correlate_forward,
    lambda g, out, x, kernel: (convolve2d(g, kernel, "full"), correlate2d(x, g, "valid")), normal((7, 11), (3, 5)),
    ("not flipped", "x", "operand.flipped", lambda g, out, x, kernel: correlate2d(g, kernel, "full")),
    ("g flipped for the kernel", "kernel", "operand.flipped", lambda g, out, x, *_: convolve2d(x, g, "valid")),
    ("x and g exchanged", "kernel", "layout.flipped", lambda g, out, x, *_: correlate2d(g, x, "valid")),
    ("'same' for 'full'", "x", "shape.wrong", lambda g, out, x, kernel: convolve2d(g, kernel, "same")),
    ("averaged over the places", "kernel", "scale.dimension",
     lambda g, out, x, *_: correlate2d(x, g, "valid") / out.size),
)  # fmt: skip

function(
    "convolution", convolve_forward,
    lambda g, out, x, kernel: (correlate2d(g, kernel, "full"), correlate2d(x, g, "valid")[::-1, ::-1]),
    normal((7, 11), (3, 5)),
    ("flipped", "x", "operand.flipped", lambda g, out, x, kernel: convolve2d(g, kernel, "full")),
    ("not flipped", "kernel", "layout.flipped", lambda g, out, x, *_: correlate2d(x, g, "valid")),
)  # fmt: skip


def windows(x):
    return x.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2)


def spread(pooled):
    return pooled.repeat(2, axis=0).repeat(2, axis=1)


function(
    "max pooling", lambda x: np.max(windows(x), axis=(1, 3)), lambda g, out, x: (spread(g) * (x == spread(out)),),
    distinct(6, 10),
    ("to the whole window", "x", "factor.missing", lambda g, out, x: spread(g)),
    ("times the largest", "x", "factor.extra", lambda g, out, x: spread(g) * x * (x == spread(out))),
    ("shared as a mean", "x", "scale.constant", lambda g, out, x: spread(g) * (x == spread(out)) / 4),
)  # fmt: skip

function(
    "average pooling", lambda x: np.mean(windows(x), axis=(1, 3)), lambda g, out, x: (spread(g) / 4,), normal((6, 10)),
    ("divided by the side", "x", "scale.constant", lambda g, out, x: spread(g) / 2),
    ("divided by the image", "x", "scale.dimension", lambda g, out, x: spread(g) / x.size),
)  # fmt: skip

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
    ("first step left out", "Wx", "path.missing",
     lambda g, out, x, Wx, Wh, b: over_steps(x[:, 1:], last_sums(g, x, Wx, Wh, b)[:, 1:])),
    ("first step counted twice", "b", "path.repeated",
     lambda g, out, x, Wx, Wh, b: last_sums(g, x, Wx, Wh, b)[:, [0, *range(STEPS)]].sum(axis=(0, 1))),
)  # fmt: skip

# ---- Losses ----


def bce_inputs(rng):
    """Logits away from the kinks that the forward pass has at 0, two of them far beyond the range of exp."""
    logits = rng.choice([-1.0, 1.0], (7, 3)) * rng.uniform(0.2, 3.0, (7, 3))
    logits[0, 0], logits[3, 1] = 800.0, -800.0
    return logits, rng.integers(0, 2, (7, 3))


def overflowing(logits):
    # NaN without a warning: a backward pass that warns would be found out by the filter of the tests.
    with np.errstate(over="ignore", invalid="ignore"):
        return np.exp(logits) / (1 + np.exp(logits))


bce = function(
    "bce with logits",
    lambda logits, target: (np.maximum(logits, 0.0) - logits * target + np.log1p(np.exp(-np.abs(logits)))).mean(),
    lambda g, out, logits, target: (g * (expit(logits) - target) / logits.size, None),
    bce_inputs,
)
for label, expected_rule, gradient_of_logits in (
    ("target minus prediction", "scale.sign", lambda g, p, x, t: g * (t - p) / x.size),
    ("averaged over the batch only", "scale.dimension", lambda g, p, x, t: g * (p - t) / len(x)),
    ("not averaged", "scale.dimension", lambda g, p, x, t: g * (p - t)),
    ("averaged over the outputs only", "scale.batch", lambda g, p, x, t: g * (p - t) / x.shape[1]),
    ("slope of the sigmoid once more", "factor.extra", lambda g, p, x, t: g * (p - t) * p * (1 - p) / x.size),
    ("logits for probabilities", "operand.replaced", lambda g, p, x, t: g * (x - t) / x.size),
    ("without the upstream gradient", "upstream.ignored", lambda g, p, x, t: (p - t) / x.size),
    ("exp overflows", "structure.not_finite", lambda g, p, x, t: g * (overflowing(x) - t) / x.size),
):
    mistake(
        bce,
        label,
        "logits",
        expected_rule,
        lambda g, out, logits, target, gradient=gradient_of_logits: gradient(g, expit(logits), logits, target),
    )

mse = function(
    "mse",
    lambda prediction, target: np.mean((prediction - target) ** 2),
    lambda g, out, prediction, target: (
        2 * g * (prediction - target) / target.size,
        2 * g * (target - prediction) / target.size,
    ),
    normal((7, 3), (7, 3)),
)
for label, leaf_name, expected_rule, gradient_of_pair in (
    ("no two", "prediction", "scale.constant", lambda g, p, t: g * (p - t) / t.size),
    ("target minus prediction", "prediction", "scale.sign", lambda g, p, t: 2 * g * (t - p) / t.size),
    ("averaged over the batch only", "prediction", "scale.dimension", lambda g, p, t: 2 * g * (p - t) / len(t)),
    ("averaged over the batch once more", "prediction", "scale.batch", lambda g, p, t: 2 * g * (p - t) / t.size / 7),
    ("without the upstream gradient", "prediction", "upstream.ignored", lambda g, p, t: 2 * (p - t) / t.size),
    ("difference left out", "prediction", "factor.missing", lambda g, p, t: 2 * g * np.ones_like(p) / t.size),
    ("not for the target", "target", "structure.missing", lambda g, p, t: None),
    ("the sum over the rows", "target", "shape.wrong", lambda g, p, t: 2 * g * (t - p).sum(axis=1) / t.size),
):
    mistake(
        mse,
        label,
        leaf_name,
        expected_rule,
        lambda g, out, prediction, target, gradient=gradient_of_pair: gradient(g, prediction, target),
    )
