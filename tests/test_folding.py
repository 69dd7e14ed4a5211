"""Is a function that the user wrote out in several steps taken for one operation, and a slip in its derivative told?"""

import numpy as np
import pytest
from recorded_subject import FunctionOfOne
from scipy import special

from minigrad.testing import check_backward
from minigrad.testing.diagnosis.folding import folded
from minigrad.testing.diagnosis.recorded_pass import traced

RNG = np.random.default_rng(0)
X = RNG.standard_normal((7, 5))
IMAGES = RNG.standard_normal((3, 2, 5, 4))


# ---- The ways in which people write these functions ----


def stable_sigmoid(z):
    out = np.zeros_like(z)
    positive = z >= 0
    out[positive] = 1 / (1 + np.exp(-z[positive]))
    e = np.exp(z[~positive])
    out[~positive] = e / (1 + e)
    return out


def sigmoid_by_loops(z):
    out = np.zeros(z.shape)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            out[i, j] = 1.0 / (1.0 + np.exp(-z[i, j]))
    return out


def softmax_in_place(z):
    z = z.copy()
    z -= z.max(axis=1, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(axis=1, keepdims=True)
    return z


def softmax_by_transposing(z):
    e = np.exp(z.T - np.max(z, axis=1))
    return (e / np.sum(e, axis=0)).T


def batch_norm(x):
    mean = x.mean(axis=0)
    variance = ((x - mean) ** 2).mean(axis=0)
    return (x - mean) / np.sqrt(variance + 1e-5)


def images_norm(x):
    mean = np.mean(x, axis=(0, 2, 3), keepdims=True)
    variance = np.var(x, axis=(0, 2, 3), keepdims=True)
    return (x - mean) * (variance + 1e-5) ** -0.5


FORMS = {
    "sigmoid": [
        lambda z: 1 / (1 + np.exp(-z)),
        lambda z: np.exp(z) / (1 + np.exp(z)),
        lambda z: 0.5 * (1 + np.tanh(z / 2)),
        lambda z: np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z)))),
        lambda z: np.reciprocal(1.0 + np.exp(-np.clip(z, -500, 500))),
        stable_sigmoid,
        sigmoid_by_loops,
    ],
    "tanh": [
        lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)),
        lambda z: (np.exp(2 * z) - 1) / (np.exp(2 * z) + 1),
        lambda z: 2 / (1 + np.exp(-2 * z)) - 1,
        lambda z: np.sinh(z) / np.cosh(z),
    ],
    "softplus": [
        lambda z: np.log(1 + np.exp(z)),
        lambda z: np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0),
    ],
    "softmax": [
        lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
        lambda z: np.exp(z - z.max(1)[:, None]) / np.exp(z - z.max(1)[:, None]).sum(1)[:, None],
        lambda z: np.exp(z - np.max(z)) / np.sum(np.exp(z - np.max(z)), axis=0),
        lambda z: np.exp(z - special.logsumexp(z, axis=1, keepdims=True)),
        softmax_in_place,
        softmax_by_transposing,
    ],
    "log_softmax": [
        lambda z: z - np.log(np.sum(np.exp(z), axis=1, keepdims=True)),
        lambda z: z - z.max(1, keepdims=True) - np.log(np.exp(z - z.max(1, keepdims=True)).sum(1, keepdims=True)),
        lambda z: np.log(softmax_in_place(z)),
    ],
    "standardise": [
        batch_norm,
        lambda x: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6),
        lambda x: (x - x.mean(-1, keepdims=True)) / (x.std(-1, keepdims=True) + 1e-6),
        lambda x: (x - np.mean(x)) / np.std(x),
        images_norm,
    ],
}
WAYS = [(name, form) for name, forms in FORMS.items() for form in forms]


def tape_of(form, x):
    subject = FunctionOfOne(form, x)
    return traced(subject, [x], [RNG.standard_normal(np.shape(form(x)))])


@pytest.mark.parametrize(("name", "form"), WAYS)
def test_what_is_written_out_is_one_operation_with_its_derivative(name, form):
    x = IMAGES if form is images_norm else X
    tape = tape_of(form, x)
    right, whole = tape.gradient(0), folded(tape)
    made = [node.op.name for node in whole.nodes if node.op.name not in ("getitem", "assign", "broadcast_to")]
    assert made == [name] * (35 if form is sigmoid_by_loops else 1)
    np.testing.assert_allclose(whole.gradient(0), right, atol=1e-11)
    # The steps themselves are still there for other explanations.
    assert len(tape.nodes) > 1


@pytest.mark.parametrize(
    "form",
    [
        lambda x: np.tanh(x) * np.exp(x),
        lambda x: x / np.sum(x, axis=1, keepdims=True),
        lambda x: 1 / (2 + np.exp(-x)),
        lambda x: x - x.mean(axis=0),
        np.tanh,
    ],
)
def test_what_is_something_else_stays_as_it_is(form):
    assert folded(tape_of(form, X)) is None


# ---- Slips in their derivatives, each with the rule that names it and a word of the advice ----


def sums(array, axis=1):
    return array.sum(axis=axis, keepdims=True)


def norm_terms(g, out, x):
    std = np.sqrt(x.var(axis=0) + 1e-5)
    return g / std, -g.mean(axis=0) / std, -out * np.mean(g * out, axis=0) / std


SLIPS = {
    "sigmoid": [
        ("operand.replaced", lambda g, out, z: g * z * (1 - z)),
        ("factor.missing", lambda g, out, z: g * (1 - out)),
        ("factor.missing", lambda g, out, z: g * out),
        ("factor.missing", lambda g, out, z: g),
        ("operand.replaced", lambda g, out, z: g * (1 - out**2)),
    ],
    "tanh": [
        ("operand.replaced", lambda g, out, z: g * (1 - z**2)),
        ("factor.missing", lambda g, out, z: g),
        ("operand.replaced", lambda g, out, z: g * out * (1 - out)),
    ],
    "softmax": [
        ("support.diagonal", lambda g, out, z: g * out * (1 - out)),
        ("factor.missing", lambda g, out, z: g - sums(g * out)),
        ("path.missing", lambda g, out, z: g * out),
        ("support.axis", lambda g, out, z: out * (g - sums(g * out, 0))),
    ],
    "log_softmax": [
        ("path.missing", lambda g, out, z: g),
        ("factor.missing", lambda g, out, z: g - sums(g)),
        ("support.axis", lambda g, out, z: g - np.exp(out) * sums(g, 0)),
    ],
}


@pytest.mark.parametrize(
    ("name", "form", "rule", "back"),
    [
        (name, form, *slip)
        for name, slips in SLIPS.items()
        for form in [FORMS[name][0], *FORMS[name][-2:]]
        for slip in slips
    ],
)
def test_slips_around_it_are_told_with_its_own_advice(name, form, rule, back):
    # A weight before it and one after it, so that the whole gradient tells nothing by its form.
    before, after = RNG.standard_normal((5, 5)), RNG.uniform(0.5, 1.5, (7, 5))

    def forward(x):
        return after * form(x @ before)

    def backward(g, out, x):
        z = x @ before
        return back(g * after, form(z), z) @ before.T

    result = check_backward(forward, backward, X, raise_exception=False)
    (finding,) = result.findings
    assert finding.rule == rule
    assert name.replace("_", "-").split("-")[0] in finding.text + finding.where
    other = {"sigmoid": "tanh", "tanh": "sigmoid"}.get(name)
    assert other is None or other not in finding.fix


@pytest.mark.parametrize("left_out", [0, 1, 2, (1, 2)])
def test_terms_of_a_batch_norm_that_are_left_out_are_named(left_out):
    scale = RNG.uniform(0.5, 1.5, 5)

    def backward(g, out, x, gamma, beta):
        normed = batch_norm(x)
        terms = norm_terms(g * gamma, normed, x)
        kept = [term for number, term in enumerate(terms) if number not in np.atleast_1d(left_out)]
        return sum(kept), (g * normed).sum(axis=0), g.sum(axis=0)

    inputs = (X, scale, RNG.standard_normal(5))
    result = check_backward(
        lambda x, gamma, beta: gamma * batch_norm(x) + beta, backward, inputs, raise_exception=False
    )
    (finding,) = result.findings
    assert finding.leaf == "x"
    assert finding.rule == "path.missing"


def logistic(z):
    return 1 / (1 + np.exp(-z))


def lstm_step(x, h, c, weights):
    i, f, o, a = np.split(np.hstack([x, h]) @ weights, 4, axis=1)
    cell = logistic(f) * c + logistic(i) * np.tanh(a)
    return logistic(o) * np.tanh(cell)


def usual(s, z):
    return s * (1 - s)


def lstm_step_back(slopes):
    def backward(g, out, x, h, c, weights):
        both = np.hstack([x, h])
        zi, zf, zo, za = np.split(both @ weights, 4, axis=1)
        i, f, o, a = logistic(zi), logistic(zf), logistic(zo), np.tanh(za)
        cell = f * c + i * a
        t = np.tanh(cell)
        dcell = g * o * slopes.get("cell", lambda s, z: 1 - s * s)(t, cell)
        dz = np.hstack(
            [
                dcell * a * slopes.get("input", usual)(i, zi),
                dcell * c * slopes.get("forget", usual)(f, zf),
                g * t * slopes.get("output", usual)(o, zo),
                dcell * i * slopes.get("candidate", lambda s, z: 1 - s * s)(a, za),
            ]
        )
        dboth = dz @ weights.T
        return dboth[:, : x.shape[1]], dboth[:, x.shape[1] :], dcell * f, both.T @ dz

    return backward


@pytest.mark.parametrize("gate", ["input", "forget", "output"])
@pytest.mark.parametrize(
    ("rule", "slope"),
    [
        ("operand.replaced", lambda s, z: z * (1 - z)),
        ("operand.replaced", lambda s, z: 1 - s * s),
        ("factor.missing", lambda s, z: 1 - s),
        ("factor.missing", lambda s, z: 1.0),
    ],
)
def test_slips_in_one_gate_of_an_lstm_are_told_as_such(gate, rule, slope):
    inputs = (*(RNG.standard_normal(shape) for shape in ((7, 5), (7, 3), (7, 3))), RNG.standard_normal((8, 12)))
    result = check_backward(lstm_step, lstm_step_back({gate: slope}), inputs, wrt="weights", raise_exception=False)
    (finding,) = result.findings
    assert finding.rule == rule
    assert "sigmoid" in finding.where
    assert "tanh" not in finding.fix
