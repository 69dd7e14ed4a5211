"""Are functions with settings, random numbers, structures and contexts checked with no adapter?"""

import functools
import types
from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
from backward_checks import (
    RNG,
    W,
    X,
    _same_values_in_any_order,  # noqa: F401 -- the fixture acts on every test here
    check,
)

B = np.linspace(-1.0, 1.0, 3)


def batchnorm(x, gamma, beta, bn_param):
    if bn_param["mode"] == "train":
        mean, var = x.mean(axis=0), x.var(axis=0)
        bn_param["running_mean"] = bn_param["momentum"] * bn_param["running_mean"] + 0.1 * mean
        bn_param["calls"] = bn_param.get("calls", 0) + 1
    else:
        mean, var = bn_param["running_mean"], np.ones(x.shape[1])
    inverse = 1 / np.sqrt(var + bn_param["eps"])
    normal = (x - mean) * inverse
    return gamma * normal + beta, (normal, gamma, inverse)


def batchnorm_backward(dout, cache):
    normal, gamma, inverse = cache
    d = dout * gamma
    dx = inverse * (d - d.mean(axis=0) - normal * (d * normal).mean(axis=0))
    return dx, (dout * normal).sum(axis=0), dout.sum(axis=0)


def test_a_configuration_is_constant_and_stays_as_it_is():
    mean = np.zeros(5)
    settings = {"mode": "train", "eps": 1e-5, "momentum": 0.9, "running_mean": mean}
    inputs = (X, np.linspace(0.5, 2, 5), np.ones(5), settings)
    result = check(batchnorm, batchnorm_backward, inputs)
    assert result.verdict == "pass", str(result)
    assert [leaf.name for leaf in result.leaves] == ["x", "gamma", "beta"]
    assert any("bn_param.eps" in note and "constant" in note for note in result.notes)
    assert settings == {"mode": "train", "eps": 1e-5, "momentum": 0.9, "running_mean": mean}
    assert settings["running_mean"] is mean
    assert not mean.any()


def normed(x, gamma, eps, running_mean, momentum=0.9):
    running_mean *= momentum
    running_mean += (1 - momentum) * x.mean(axis=0)
    inverse = 1 / np.sqrt((x**2).mean(axis=1, keepdims=True) + eps)
    return x * inverse * gamma, (x, inverse, gamma)


def normed_backward(dout, cache):
    x, inverse, gamma = cache
    d = dout * gamma
    return d * inverse - x * inverse**3 * (d * x).mean(axis=1, keepdims=True), (dout * x * inverse).sum(axis=0)


def test_numbers_and_running_statistics_are_constant():
    mean = np.ones(5)
    result = check(normed, normed_backward, (X, np.linspace(0.5, 2, 5), 1e-5, mean))
    assert result.verdict == "pass", str(result)
    assert [leaf.name for leaf in result.leaves] == ["x", "gamma"]
    notes = " ".join(result.notes)
    assert "eps" in notes
    assert "running_mean" in notes
    np.testing.assert_array_equal(mean, 1)


def test_an_array_without_a_gradient_is_not_passed_over():
    def forward(x, w, b):
        return x @ w + b, (x, w)

    def backward(g, cache):
        x, w = cache
        return g @ w.T, x.T @ g

    result = check(forward, backward, (X, W, B))
    assert result.verdict == "inconclusive"
    assert [leaf.name for leaf in result.leaves if leaf.verdict == "inconclusive"] == ["b"]
    assert "b" in str(result)
    assert check(forward, backward, (X, W, B), wrt=["x", "w"]).ok


def test_arrays_beside_settings_are_constant():
    def forward(x, settings):
        factors = settings["factors"] if settings["mode"] == "wide" else 1.0
        return x * factors, settings

    def backward(dout, settings):
        return dout * settings["factors"]

    factors = np.linspace(1, 2, 5)
    result = check(forward, backward, (X, {"mode": "wide", "factors": factors}))
    assert result.verdict == "pass", str(result)
    assert "settings.factors: taken as a constant (configuration)" in result.notes
    # Named as wanted, or without settings beside them, they are none.
    assert (
        check(forward, backward, (X, {"mode": "wide", "factors": factors}), wrt=["settings.factors"]).verdict != "pass"
    )
    assert check(lambda x, c: (x * c["f"], c), lambda dout, c: dout * c["f"], (X, {"f": factors})).verdict != "pass"


def gated(x, layer):
    return np.maximum(0, x @ layer["W"] + layer["b"]), (x, layer)


@pytest.mark.parametrize(
    "form", [lambda dx, dw, db: (dx, dw, db), lambda dx, dw, db: (dx, {"dW": dw, "db": db}), lambda *all: list(all)]
)
def test_weights_beside_settings_are_checked_where_they_have_gradients(form):
    def backward(wrong):
        def backward(dout, cache):
            x, layer = cache
            d = dout * (x @ layer["W"] + layer["b"] > 0)
            return form(d @ layer["W"].T, x.T @ d, wrong * d.sum(axis=0))

        return backward

    inputs = (X, {"W": W, "b": B, "activation": "relu", "slope": 0.1})
    result = check(gated, backward(1.0), inputs)
    assert result.verdict == "pass", str(result)
    assert [leaf.name for leaf in result.leaves] == ["x", "layer.W", "layer.b"]
    wrong = check(gated, backward(2.0), inputs)
    assert [leaf.name for leaf in wrong.leaves if leaf.verdict == "fail"] == ["layer.b"]


def test_what_a_partial_function_binds_needs_no_gradient():
    def affine(x, w, b):
        return x @ w + b, (x, w)

    def backward(g, cache):
        x, w = cache
        return g @ w.T, x.T @ g, g.sum(axis=0)

    for bound, inputs in [
        (functools.partial(affine, b=B), (X, W)),
        (functools.partial(affine, X), (W, B)),
        (functools.partial(affine, w=W), {"x": X, "b": B}),
    ]:
        assert check(bound, backward, inputs).verdict == "pass"
        wrong = check(bound, lambda g, cache: [2 * each for each in backward(g, cache)], inputs)
        assert [leaf.verdict for leaf in wrong.leaves] == ["fail", "fail"]


def test_the_report_says_how_to_call_again():
    result = check(dropout(np.random.default_rng(0)), lambda dout, mask: dout * mask, X, seed=0, style="cache")
    assert "style='cache', seed=0, rng=0" in str(result)


# ---- random numbers


def dropout(rng):
    def dropout(x, p=0.4):
        mask = (rng.random(x.shape) > p) / (1 - p)
        return x * mask, mask

    return dropout


def test_generators_are_set_by_a_seed():
    rng = np.random.default_rng(3)
    forward = dropout(rng)
    with pytest.raises(ValueError, match=r"another output each time.*seed=0"):
        check(forward, lambda dout, mask: dout * mask, X)
    assert check(forward, lambda dout, mask: dout * mask, X, seed=0).ok
    assert check(forward, lambda dout, mask: dout * mask * 1.1, X, seed=0).verdict == "fail"
    assert rng.random() == np.random.default_rng(3).random()
    with pytest.raises(ValueError, match="generator of its own in every call"):
        check(lambda x: (x * np.random.default_rng().random(), x), lambda g, c: g, X, seed=0)


# ---- gradients in structures

Grads = namedtuple("Grads", ["w", "x"])


@dataclass
class Both:
    dx: np.ndarray
    dw: np.ndarray


@pytest.mark.parametrize(
    "form",
    [
        lambda dx, dw, db: (dx, [dw, db]),
        lambda dx, dw, db: (dx, {"W": dw, "b": db}),
        lambda dx, dw, db: (dx, {"db": db, "dW": dw}),
        lambda dx, dw, db: {"dX": dx, "dW": dw, "grad_b": db},
        lambda dx, dw, db: {"x": dx, "params": {"b": db, "W": dw}},
        lambda dx, dw, db: (dx, (dw, db)),
        lambda dx, dw, db: [dx, dw, db],
        lambda dx, dw, db: types.SimpleNamespace(dx=dx, dW=dw, db=db),
    ],
)
def test_gradients_come_in_structures(form):
    def forward(x, params):
        return x @ params["W"] + params["b"], (x, params)

    def backward(wrong):
        def backward(g, cache):
            x, params = cache
            return form(g @ params["W"].T, x.T @ g, wrong * g.sum(axis=0))

        return backward

    inputs = (X, {"W": W, "b": B})
    result = check(forward, backward(1.0), inputs)
    assert result.verdict == "pass", str(result)
    assert len(result.leaves) == 3
    result = check(forward, backward(2.0), inputs)
    assert [leaf.name for leaf in result.leaves if leaf.verdict == "fail"] == ["params.b"]


@pytest.mark.parametrize("form", [lambda dx, dw: Grads(dw, dx), Both, lambda dx, dw: {"dw": dw, "dx": dx}])
def test_gradients_are_known_by_their_names(form):
    def product(x, w):
        return x @ w

    square = RNG.standard_normal((7, 7))
    result = check(product, lambda g, out, x, w: form(g @ w.T, x.T @ g), (square, square.T.copy()))
    assert result.verdict == "pass", str(result)


# ---- static methods with a context


class Multiply:
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        ctx.scale = 2.0
        return 2 * x * y

    @staticmethod
    def backward(ctx, grad_output):
        x, y = ctx.saved_tensors
        return grad_output * ctx.scale * y, grad_output * ctx.scale * x


class MultiplyWrongly(Multiply):
    @staticmethod
    def backward(ctx, grad_output):
        x, y = ctx.saved_tensors
        return grad_output * ctx.scale * y, grad_output * x


def test_static_methods_share_a_context():
    inputs = (X, X + 1)
    assert check(Multiply, inputs=inputs).ok
    assert check(Multiply.forward, Multiply.backward, inputs).ok
    result = check(MultiplyWrongly, inputs=inputs)
    assert [leaf.name for leaf in result.leaves if leaf.verdict == "fail"] == ["y"]
    assert result.subject == "MultiplyWrongly"


# ---- nothing is left changed


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("calls", [1, 4, 9])
def test_interrupted_checks_leave_everything_as_it_was(error, calls):
    total = np.zeros((5, 3))
    rows, counted, x, w = [], 0, X.copy(), W.copy()

    def forward(x, w, settings):
        nonlocal counted
        counted += 1
        if counted > calls:
            raise error
        rows.append(x)
        settings["cache"] = x
        return x @ w, (x, w)

    def backward(g, cache):
        x, w = cache
        np.add(total, x.T @ g, out=total)
        x *= 2
        return g @ w.T, total

    settings = {"scale": 1.0}
    with pytest.raises(error):
        check(forward, backward, (x, w, settings))
    assert counted == 0
    assert rows == []
    assert not total.any()
    assert settings == {"scale": 1.0}
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(w, W)
