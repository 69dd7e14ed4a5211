"""Is every mistake in a hand-written backward pass blamed on its own line, and on no other?"""

# ruff: noqa: N803 -- matrices have the names that they have on paper

import itertools

import effort
import numpy as np
import pytest
from scipy import special

import minigrad as mg
from minigrad import nn, testing


def inputs(seed):
    rng = np.random.default_rng(seed)
    shapes = {"x": (7, 5), "W1": (5, 4), "b1": (4,), "W2": (4, 3), "b2": (3,)}
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}, np.eye(3)[rng.integers(0, 3, 7)]


def classifier(targets):
    def model(x, W1, b1, W2, b2):
        z1 = (x @ W1 + b1).named("z1")
        a1 = np.tanh(z1).named("a1")
        z2 = (a1 @ W2 + b2).named("z2")
        return -np.sum(targets * mg.log_softmax(z2)) / len(targets)

    return model


# The backward pass of that classifier, a line each; every line uses what those above it computed.
LINES = {
    "z2": lambda v: (v["p"] - v["y"]) / 7,
    "W2": lambda v: v["a1"].T @ v["dz2"],
    "b2": lambda v: v["dz2"].sum(axis=0),
    "a1": lambda v: v["dz2"] @ v["W2"].T,
    "z1": lambda v: v["da1"] * (1 - v["a1"] ** 2),
    "W1": lambda v: v["x"].T @ v["dz1"],
    "b1": lambda v: v["dz1"].sum(axis=0),
    "x": lambda v: v["dz1"] @ v["W1"].T,
}

MISTAKES = [
    ("z2", "scale.batch", lambda v: v["p"] - v["y"]),
    ("z2", "scale.sign", lambda v: (v["y"] - v["p"]) / 7),
    ("z2", None, lambda v: v["p"] / 7),
    ("W2", "scale.batch", lambda v: v["a1"].T @ v["dz2"] / 7),
    ("W2", "layout.transposed", lambda v: (v["a1"].T @ v["dz2"]).T),
    ("W2", "operand.replaced", lambda v: v["z1"].T @ v["dz2"]),
    ("b2", "scale.batch", lambda v: v["dz2"].mean(axis=0)),
    ("b2", "shape.not_summed", lambda v: v["dz2"]),
    ("a1", "scale.constant", lambda v: 2 * v["dz2"] @ v["W2"].T),
    ("a1", None, lambda v: v["dz2"] @ np.sign(v["W2"]).T),
    ("z1", "factor.missing", lambda v: v["da1"]),
    ("z1", "operand.replaced", lambda v: v["da1"] * (1 - v["z1"] ** 2)),
    ("z1", "factor.extra", lambda v: v["da1"] * (1 - v["a1"] ** 2) ** 2),
    ("z1", None, lambda v: v["da1"] * (1 - v["a1"])),
    ("W1", "scale.sign", lambda v: -v["x"].T @ v["dz1"]),
    ("W1", "layout.flipped", lambda v: v["x"].T[::-1] @ v["dz1"]),
    ("b1", "scale.batch", lambda v: v["dz1"].mean(axis=0)),
    ("b1", "structure.missing", lambda v: None),
    ("x", "structure.zero", lambda v: np.zeros_like(v["x"])),
    ("x", "structure.not_finite", lambda v: v["x"] * np.inf),
]


def backward(arrays, y, lines):
    """The gradients of steps and of inputs, computed line by line."""
    values = dict(arrays, y=y)
    values["z1"] = values["x"] @ values["W1"] + values["b1"]
    values["a1"] = np.tanh(values["z1"])
    values["p"] = special.softmax(values["a1"] @ values["W2"] + values["b2"], axis=1)
    for name, line in lines.items():
        values[f"d{name}"] = line(values)
    steps = {name: values[f"d{name}"] for name in ("z1", "a1", "z2")}
    return {name: values[f"d{name}"] for name in arrays}, steps


def compare(seed, lines):
    arrays, y = inputs(seed)
    grads, steps = backward(arrays, y, lines)
    return testing.compare_backward(classifier(y), grads, arrays, steps=steps, raise_exception=False)


@pytest.mark.parametrize("seed", range(12))
def test_a_right_pass_passes(seed):
    result = compare(seed, LINES)
    assert result.verdict == "pass"
    assert len(result.leaves) == 8
    assert result.resolution < 1e-7


@pytest.mark.parametrize("number", range(len(MISTAKES)))
def test_a_mistake_is_blamed_on_its_own_line(number):
    name, rule, line = MISTAKES[number]
    for seed in effort.seeds(4, thoroughly=12):
        result = compare(seed, {**LINES, name: line})
        assert result.verdict == "fail"
        assert [finding.leaf for finding in result.findings] == [name]
        assert rule is None or result.findings[0].rule == rule
        assert [leaf.name for leaf in result.leaves if leaf.verdict == "fail"] == [name]
        assert len(str(result).splitlines()) <= 15


PAIRS = [(a, b) for a, b in itertools.combinations(range(len(MISTAKES)), 2) if MISTAKES[a][0] != MISTAKES[b][0]]


@pytest.mark.parametrize("chunk", range(8))
def test_two_mistakes_give_two_findings(chunk):
    for seed, (first, second) in enumerate(PAIRS[chunk::8]):
        pair = {MISTAKES[first][0]: MISTAKES[first][2], MISTAKES[second][0]: MISTAKES[second][2]}
        result = compare(seed, {**LINES, **pair})
        assert {leaf for finding in result.findings for leaf in finding.leaves} == pair.keys()


def test_a_finding_says_whose_gradients_it_was_judged_by():
    result = compare(0, {**LINES, "z2": MISTAKES[0][2], "b1": lambda v: v["dz1"].mean(axis=0)})
    where = {finding.leaf: finding.where for finding in result.findings}
    assert where["b1"].startswith("gradient b1, judged on your own z1; ")
    assert where["z2"].startswith("step z2; ")
    assert "a1" in where["b1"]


def test_a_missing_use_is_named_by_its_operation():
    x = np.random.default_rng(0).standard_normal((7, 5))

    def model(x):
        h = np.tanh(x).named("h")
        return np.sum(h * np.exp(h) + np.sin(h))

    h = np.tanh(x)
    whole = np.exp(h) + h * np.exp(h) + np.cos(h)
    for missing, operation in [
        (np.exp(h), "multiply"),
        (h * np.exp(h), "exp"),
        (np.cos(h), "sin"),
    ]:
        steps = {"h": whole - missing}
        result = testing.compare_backward(model, {}, x, steps=steps, raise_exception=False)
        (finding,) = result.findings
        assert (finding.leaf, finding.rule) == ("h", "path.missing")
        assert f"through {operation} " in finding.text


def test_layers_and_single_precision():
    rng = np.random.default_rng(0)
    layer = nn.Dense(5, 3, rng=rng)
    x = rng.standard_normal((7, 5)).astype(np.float32)
    g = rng.standard_normal((7, 3)).astype(np.float32)
    grads = {"weight": x.T @ g, "net.bias": g.sum(axis=0)}
    testing.compare_backward(lambda net, x: net(x), grads, (layer, x), grad_output=g)
    grads["weight"] = x.T @ g * 1.01
    with pytest.raises(testing.GradcheckError, match="weight"):
        testing.compare_backward(lambda net, x: net(x), grads, (layer, x), grad_output=g)


def test_gradients_that_cancel_are_not_called_wrong():
    rng = np.random.default_rng(0)
    x, b, weights = rng.standard_normal((7, 5)), rng.standard_normal(5), rng.standard_normal((7, 5))

    def normalised(x, b):
        y = x + b
        return np.sum(weights * (y - np.mean(y, axis=0)))

    # The shift b has no influence: its gradient is a sum of 7 numbers that cancel to rounding.
    result = testing.compare_backward(normalised, {"b": np.zeros(5)}, (x, b), raise_exception=False)
    assert result.verdict != "fail"


def two_named(x):
    return np.sum(np.sin(x).named("a") + np.cos(x).named("a"))


@pytest.mark.parametrize(
    ("error", "message", "model", "grads", "steps"),
    [
        (ValueError, "grads: there is no 'w'.* did you mean 'W'", lambda x, W: np.sum(x @ W), {"w": 0}, {}),
        (ValueError, "steps: there is no 'z1'", lambda x, W: np.sum(x @ W).named("z"), {}, {"z1": 0}),
        (ValueError, "two results of the model are named 'a'", lambda x, W: two_named(x), {}, {"a": 0}),
        (ValueError, "'W' is a step and an input", lambda x, W: np.sum((x @ W).named("W")), {"W": 0}, {"W": 0}),
        (ValueError, "nothing was checked", lambda x, W: np.sum(x @ W), {}, {}),
        (ValueError, r"shape \(7, 3\); pass grad_output", lambda x, W: x @ W, {"x": 0}, {}),
        (TypeError, "returned 2 Tensors", lambda x, W: (np.sum(x), np.sum(W)), {"x": 0}, {}),
        (TypeError, "returned a ndarray", lambda x, W: x.data, {"x": 0}, {}),
    ],
)
def test_wrong_use_is_explained(error, message, model, grads, steps):
    rng = np.random.default_rng(0)
    arrays = (rng.standard_normal((7, 5)), rng.standard_normal((5, 3)))
    with pytest.raises(error, match=message):
        testing.compare_backward(model, grads, arrays, steps=steps)


def test_names_that_fit_several_leaves_are_refused():
    params = {"a": {"W": np.ones(3)}, "b": {"W": np.ones(3)}}
    with pytest.raises(ValueError, match=r"'params.a.W', 'params.b.W'; give the whole name"):
        testing.compare_backward(lambda params: np.sum(params["a"]["W"]), {"W": np.ones(3)}, (params,))


@pytest.mark.parametrize("given", [{"grads": [1.0]}, {"grads": {}, "steps": [1.0]}])
def test_gradients_without_names_are_refused(given):
    with pytest.raises(TypeError, match="is a dict of gradients by name, not a list"):
        testing.compare_backward(lambda x: np.sum(np.tanh(x)), inputs=np.ones(3), **{"grads": {}, **given})
