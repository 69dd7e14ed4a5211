"""Does minimize find what SciPy finds by hand, give trees back, and tell what goes wrong?"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import optimize

import minigrad as mg
from minigrad import losses, nn, optim
from minigrad.engine.advice import LostGradientError

METHODS = ["L-BFGS-B", "BFGS", "CG", "TNC", "SLSQP", "Newton-CG", "trust-ncg", "trust-krylov", "trust-constr"]
BOUNDED = ["L-BFGS-B", "TNC", "SLSQP", "trust-constr"]


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


@pytest.mark.parametrize("method", METHODS)
def test_a_valley(method):
    start = np.array([-1.2, 1.0, 0.5])
    options = {"maxfun": 2000} if method == "TNC" else {}
    found = optim.minimize(rosenbrock, start, method=method.lower(), tol=1e-8, **options)
    np.testing.assert_allclose(found.x, 1.0, atol=2e-3)
    assert found.fun < 1e-5
    assert found.iterations > 5
    assert found.evaluations >= found.iterations
    assert start.tolist() == [-1.2, 1.0, 0.5]
    settings = {"jac": optimize.rosen_der}
    if method in ("Newton-CG", "trust-ncg", "trust-krylov", "trust-constr"):
        settings["hessp"] = optimize.rosen_hess_prod
    by_hand = optimize.minimize(optimize.rosen, start, method=method, tol=1e-8, options=options, **settings)
    np.testing.assert_allclose(found.x, by_hand.x, rtol=1e-4 if method != "TNC" else 2e-3)
    assert found.message == str(by_hand.message)
    assert found.success == by_hand.success


def test_a_curve_is_fitted():
    x = np.linspace(0.0, 4.0, 50)
    y = 2.5 * np.exp(-1.3 * x) + 0.5 + 0.01 * np.random.default_rng(0).normal(size=50)

    def curve(p, x):
        return p["scale"] * np.exp(-p["rate"] * x) + p["offset"]

    def squares(p, x, y):
        return np.sum((curve(p, x) - y) ** 2)

    start = {"scale": 1.0, "rate": 1.0, "offset": 0.0}
    expected, _ = optimize.curve_fit(lambda x, *p: curve(dict(zip(start, p, strict=True)), x), x, y, p0=[1.0, 1.0, 0.0])
    for method in ("L-BFGS-B", "trust-ncg"):
        found = optim.minimize(squares, start, (x, y), method, tol=1e-7)
        assert found.success
        assert list(found.x) == list(start)
        assert all(type(value) is float for value in found.x.values())
        np.testing.assert_allclose(list(found.x.values()), expected, rtol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("method", ["L-BFGS-B", "Newton-CG"])
def test_a_network(method, dtype):
    model = nn.Sequential(nn.Dense(1, 8, rng=0, dtype=dtype), nn.Tanh(), nn.Dense(8, 1, rng=1, dtype=dtype))
    x = np.linspace(-2.0, 2.0, 40, dtype=dtype)[:, None]
    y = np.sin(2.0 * x)
    weights = {name: each.numpy() for name, each in model.named_parameters()}
    before = model.state_dict()

    def loss(weights):
        return losses.mse(model.call_with(weights, x), y)

    found = optim.minimize(loss, weights, method=method, maxiter=200 if method == "L-BFGS-B" else 30)
    assert found.fun < 1e-3
    assert all(each.dtype == dtype and each.shape == weights[name].shape for name, each in found.x.items())
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    assert all(parameter.grad is None for parameter in model.parameters())
    # By hand, with float64 weights all along.
    flat, unravel = mg.ravel_pytree({name: each.astype(np.float64) for name, each in weights.items()})
    by_hand = optimize.minimize(
        lambda v: mg.value_and_grad(lambda v: loss(unravel(v)))(mg.Tensor(v))[0].item(),
        flat,
        jac=lambda v: mg.grad(lambda v: loss(unravel(v)))(mg.Tensor(v)).numpy(),
        hessp=(lambda v, p: np.asarray(mg.hvp(lambda v: loss(unravel(v)), mg.Tensor(v), p).detach()))
        if method == "Newton-CG"
        else None,
        method=method,
        options={"maxiter": 200 if method == "L-BFGS-B" else 30},
    )
    assert found.fun == pytest.approx(by_hand.fun, rel=1e-6)
    assert found.iterations == by_hand.nit
    model.load_state_dict(found.x)
    assert losses.mse(model(x), y).item() == pytest.approx(found.fun, rel=1e-2)


@dataclass
class Point:
    x: Any
    y: Any


def test_trees_of_all_kinds_come_back_in_kind():
    def f(p):
        return np.sum((p.x - 1.0) ** 2) + np.sum((p.y[0] - 2.0) ** 2) + (p.y[1] - 3.0) ** 2

    found = optim.minimize(f, Point(mg.Tensor([0.0, 0.0]), (np.zeros((1, 2), np.float32), np.float64(0.0))))
    assert isinstance(found.x, Point)
    assert (type(found.x.x), found.x.x.requires_grad) == (mg.Tensor, False)
    np.testing.assert_allclose(found.x.x.data, [1.0, 1.0], rtol=1e-6)
    assert found.x.y[0].dtype == np.float32
    np.testing.assert_allclose(found.x.y[0], [[2.0, 2.0]], rtol=1e-6)
    assert type(found.x.y[1]) is np.float64
    assert optim.minimize(lambda x: (x - 2.0) ** 2, 0.0).x == pytest.approx(2.0)


@pytest.mark.parametrize("method", BOUNDED)
def test_bounds(method):
    def f(p):
        return np.sum((p["a"] - np.array([1.0, -1.0])) ** 2) + (p["b"] - 5.0) ** 2

    start = {"a": np.array([0.5, 0.5]), "b": 1.0}
    cases = [
        ((0.0, None), [1.0, 0.0, 5.0]),
        ((0, 2.0), [1.0, 0.0, 2.0]),
        (({"a": np.array([0.0, -0.5]), "b": -np.inf}, {"a": 0.75, "b": 3.0}), [0.75, -0.5, 3.0]),
        ((None, {"a": None, "b": 4.0}), [1.0, -1.0, 4.0]),
    ]
    for bounds, expected in cases:
        found = optim.minimize(f, start, method=method, bounds=bounds, tol=1e-9)
        np.testing.assert_allclose(mg.ravel_pytree(found.x)[0], expected, atol=1e-4)


def test_options_reach_scipy_and_unknown_ones_are_told():
    found = optim.minimize(rosenbrock, np.array([-1.2, 1.0]), maxiter=3)
    assert (found.iterations, found.success) == (3, False)
    assert "ITERATIONS" in found.message
    with pytest.raises(TypeError, match=r"L-BFGS-B does not have all of these options: .*steps"):
        optim.minimize(rosenbrock, np.array([-1.2, 1.0]), steps=3)


def test_exceptions_of_the_function_come_through():
    calls = []

    def f(x):
        calls.append(x)
        if len(calls) == 3:
            raise KeyError("missing")
        return rosenbrock(x)

    with pytest.raises(KeyError, match="missing"):
        optim.minimize(f, np.array([-1.2, 1.0]))
    assert len(calls) == 3


CONSTANT = mg.Tensor([1.0], requires_grad=True)


@pytest.mark.parametrize(
    ("f", "tree", "settings", "error", "message"),
    [
        (lambda x: np.sum(np.log(x)), np.ones(2), {}, FloatingPointError, "f gives "),
        (lambda x: np.sum(x) * np.nan, np.ones(2), {}, FloatingPointError, "f gives nan at evaluation 1"),
        (
            lambda p: np.sum(np.sqrt(p["w"])) + p["b"] ** 2,
            {"w": np.zeros(2), "b": 1.0},
            {},
            FloatingPointError,
            "f gives 1 at evaluation 1, where the largest absolute value in the tree is 1, but its gradient by ['w']",
        ),
        (lambda x: 3.0, np.ones(2), {}, ValueError, "does not depend on the tree, but is the constant 3.0"),
        (lambda x: np.sum(CONSTANT), np.ones(2), {}, ValueError, "does not depend on the tree"),
        (lambda x: x * 2.0, np.ones(2), {}, ValueError, "only one number has a gradient"),
        (lambda x: None, np.ones(2), {}, TypeError, "is a return missing?"),
        (rosenbrock, [1, 2], {}, TypeError, "the leaf [0] has dtype int64"),
        (rosenbrock, np.ones(0), {}, ValueError, "the tree holds no numbers"),
        (rosenbrock, np.ones(2), {"method": "Nelder-Mead"}, ValueError, "no method 'Nelder-Mead' that uses gradients"),
        (rosenbrock, np.ones(2), {"method": None}, ValueError, "no method None"),
        (rosenbrock, np.ones(2), {"method": "BFGS", "bounds": (0, 1)}, ValueError, "BFGS knows no bounds; write one"),
        (rosenbrock, np.ones(2), {"bounds": 1.0}, ValueError, "bounds is a pair (low, high)"),
        (rosenbrock, np.ones(2), {"bounds": (2.0, 1.0)}, ValueError, "bounds: low is above high"),
        (rosenbrock, np.ones(2), {"bounds": (2.0, None)}, ValueError, "do not hold where it is to begin"),
        (rosenbrock, np.ones(2), {"bounds": (np.zeros(3), None)}, ValueError, "low of bounds does not fit the shape"),
        (rosenbrock, np.ones(2), {"bounds": (None, np.nan)}, ValueError, "high of bounds is NaN"),
        (rosenbrock, {"x": np.ones(2)}, {"bounds": ({}, None)}, ValueError, "low of bounds has another structure"),
    ],
)
def test_mistakes_are_told(f, tree, settings, error, message):
    with np.errstate(all="ignore"), pytest.raises(error, match=re.escape(message)):
        optim.minimize(f, tree, **settings)


def test_a_value_with_axes_of_size_1_is_a_number():
    found = optim.minimize(lambda x: (x - 2.0) ** 2, np.zeros((1, 1)))
    np.testing.assert_allclose(found.x, [[2.0]])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"args": 3.0}, "minimize: args is a tuple of what else f is given, such as args=(x, y), not a float"),
        ({"args": np.ones((1, 2))}, "not a ndarray"),
        ({"options": {"maxiter": 3}}, "write the options of the method themselves, such as maxiter=100"),
        ({"jac": True}, "minimize: jac is no option; derivatives of f are computed here"),
        ({"callback": print}, "minimize: callback is no option; call scipy.optimize.minimize for it"),
        ({"constraints": ()}, "minimize: constraints is no option"),
    ],
)
def test_what_scipy_takes_elsewhere_is_told(words, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        optim.minimize(lambda x, *others: (x - 1.0) ** 2, 0.0, **words)


def test_second_derivatives_that_are_not_finite_are_told():
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="second derivatives of f are not finite"):
        optim.minimize(lambda x: np.sum(np.abs(x - 1.0) ** 1.5), np.array([1.0, 2.0]), method="trust-ncg")


def test_it_is_no_part_of_other_derivatives():
    def inner(a):
        return optim.minimize(lambda x: (x - a) ** 2, 0.0).x * a

    with pytest.raises(LostGradientError, match=r"minimize: f depends on what mg\.grad.*use x\.detach\(\) in f"):
        mg.grad(inner)(2.0)
    with pytest.raises(LostGradientError, match=r"minimize: the tree depends on .*begin at x\.detach\(\)"):
        mg.grad(lambda a: optim.minimize(lambda x: (x - 1.0) ** 2, a).x * a)(2.0)
    assert mg.grad(lambda a: optim.minimize(lambda x: (x - 3.0) ** 2, 0.0).x * a)(2.0) == pytest.approx(3.0)
    with pytest.raises(mg.ProgramError):
        mg.compile(inner)(2.0)


def test_tensors_around_it_stay_as_they_are():
    w = mg.Tensor([2.0], requires_grad=True)
    found = optim.minimize(lambda x: np.sum((x - w) ** 2), np.zeros(1))
    assert type(found.x) is np.ndarray
    np.testing.assert_allclose(found.x, 2.0)
    assert w.grad is None
