"""Do derivatives as functions nest, keep their arguments' form, and refuse what has no derivative?"""

import collections
import copy
import functools
import inspect
import pickle
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special

import minigrad as mg
from minigrad.engine.backward import backpropagate
from minigrad.engine.graph import ancestors
from minigrad.testing import numerical_jacobian
from minigrad.testing.strategies.hypothesis import arrays

Point = collections.namedtuple("Point", ["x", "y"])


def tanh_derivatives(x):
    """tanh and its derivatives of order 1 to 4, in closed form."""
    t = np.tanh(x)
    s = 1 - t * t
    return [t, s, -2 * t * s, s * (6 * t * t - 2), 8 * t * s * (2 - 3 * t * t)]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("x", [-0.7, 0.0, 0.3])
def test_grad_nests_to_any_order(order, x):
    f = np.tanh
    for _ in range(order):
        f = mg.grad(f)
    assert f(x) == pytest.approx(tanh_derivatives(x)[order], rel=1e-12, abs=1e-14)


CONFUSING = {
    "grad in grad": (lambda x: x * mg.grad(lambda y: x + y)(2.0), 1.0, 1.0),
    "inner result of outer variable": (lambda x: mg.grad(lambda y: x * y * y)(3.0), 2.0, 6.0),
    "inner of inner's own": (lambda x: mg.grad(lambda y: x * y**3)(x), 2.0, 36.0),
    "three levels": (lambda x: mg.grad(lambda y: mg.grad(lambda z: x * y * z)(1.0) * y)(5.0), 2.0, 10.0),
    "jvp in grad": (lambda x: mg.jvp(lambda y: x * y**2, 3.0, 1.0)[1], 2.0, 6.0),
    "tangent of the outer variable": (lambda x: mg.jvp(np.sin, 0.5, x)[1], 2.0, np.cos(0.5)),
    "seed of the outer variable": (lambda x: mg.vjp(np.sin, 0.5)[1](x)[0], 2.0, np.cos(0.5)),
    "value of the inner": (lambda x: mg.value_and_grad(lambda y: x * y)(3.0)[0], 2.0, 3.0),
    "hvp in grad": (lambda x: mg.hvp(lambda y: x * y**3, 2.0, 1.0), 5.0, 12.0),
    "jacobian in grad": (lambda x: np.sum(mg.jacobian(lambda y: x * y**2)(np.array([1.0, 2.0]))), 5.0, 6.0),
    "wide jacobian in grad": (lambda x: np.sum(mg.jacobian(lambda y: x * y * np.arange(8.0))(2.0)), 5.0, 28.0),
    "vjp in grad": (lambda x: mg.vjp(lambda y: x * x * y, 2.0)[0], 3.0, 12.0),
    "computed outer value": (lambda x: mg.grad(lambda y: np.sin(x) * y)(1.0), 2.0, np.cos(2.0)),
    "outer variable in a list": (lambda x: mg.grad(lambda y, held: held[0] * y)(1.0, [x * x]), 3.0, 6.0),
    "recorded rows of nothing": (lambda x: x + np.sum(mg.jacobian(lambda y: x * y)(np.ones(0))), 3.0, 1.0),
    "the outer variable is not the inner": (lambda x: mg.grad(lambda y: x)(1.0) + 0.0 * x, 3.0, 0.0),
}


@pytest.mark.parametrize(("f", "at", "slope"), CONFUSING.values(), ids=CONFUSING)
def test_variables_of_nested_transforms_are_told_apart(f, at, slope):
    for argument in (at, np.array(at)):
        found = mg.grad(f)(argument)
        assert type(found) is type(argument)
        assert found == pytest.approx(slope, rel=1e-14)
    assert mg.jvp(f, at, 1.0)[1] == pytest.approx(slope, rel=1e-14)


def test_a_transform_in_another_thread_sees_the_outer_variable():
    def f(x):
        found = []
        thread = threading.Thread(target=lambda: found.append(mg.grad(lambda y: x * y * y)(3.0)))
        thread.start()
        thread.join()
        return found[0]

    assert mg.grad(f)(2.0) == 6.0


@pytest.mark.parametrize("argument", [2.0, mg.Tensor(2.0), mg.Tensor(2.0, requires_grad=True)])
def test_threads_inside_a_transform_see_its_variable_whatever_it_was_made_of(argument):
    def f(x):
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(mg.grad(lambda y: x * y * y), 3.0).result()

    assert (
        float(np.asarray(mg.grad(f)(argument) if not isinstance(argument, mg.Tensor) else mg.grad(f)(argument).data))
        == 6.0
    )


def test_graphs_that_nobody_asks_for_may_be_gone():
    w = mg.Tensor(2.0, requires_grad=True)
    h = np.exp(w)
    h.backward()
    assert mg.grad(lambda x: x * h)(1.0) == h.item()
    h = np.exp(w)
    w.data = 3.0
    assert mg.grad(lambda x: x * h)(1.0) == h.item()


def unrolled(steps):
    """The loss after some steps of gradient descent, as a function of the learning rate."""

    def loss(w):
        return np.sum((w - 3.0) ** 2)

    def after(rate):
        w = np.zeros(2)
        for _ in range(steps):
            w = w - rate * mg.grad(loss)(w)
        return loss(w)

    return after


def test_training_steps_can_be_differentiated_through():
    """Of w <- w - 2r (w - 3) the loss is 18 (1 - 2r)^(2n)."""
    assert mg.grad(unrolled(5))(0.1) == pytest.approx(-18 * 2 * 10 * 0.8**9, rel=1e-12)


def test_inner_transforms_look_no_further_back_than_their_own_variables(monkeypatch):
    """A loop of inner gradients takes time in proportion to its length."""
    visited = []

    def counted(root, oldest=0):
        nodes = ancestors(root, oldest)
        visited.append(len(nodes))
        return nodes

    monkeypatch.setattr("minigrad.engine.backward.ancestors", counted)
    mg.grad(unrolled(50))(0.01)
    # The last belongs to the outer gradient, which is that of the whole loop.
    assert max(visited[:-1]) < 20 < 200 < visited[-1]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_results_are_like_the_arguments(dtype):
    x = np.array([0.5, 1.5], dtype)
    for argument in (x, x[0], np.array(x[0]), mg.Tensor(x)):
        gradient = mg.grad(lambda x: np.sum(x * x))(argument)
        assert type(gradient) is type(argument)
        assert gradient.dtype == dtype
        assert gradient.shape == argument.shape
        _, tangent = mg.jvp(np.sin, argument, argument)
        assert tangent.dtype == dtype
        out, pullback = mg.vjp(np.sin, argument)
        assert out.dtype == pullback(out)[0].dtype == dtype
        assert type(out) is type(argument) if isinstance(argument, mg.Tensor) else not isinstance(out, mg.Tensor)
        assert pullback(mg.Tensor(np.ones(argument.shape)))[0].dtype == dtype
        assert mg.hessian(lambda x: np.sum(x * x))(argument).dtype == dtype
        assert mg.jacobian(lambda x: np.reshape(x, -1)[0] * np.ones(9, dtype))(argument).dtype == dtype
    assert type(mg.grad(np.sin)(0.5)) is float
    assert type(mg.hessian(np.sin)(0.5)) is float


def test_arguments_may_be_nested():
    def f(params, points):
        (w, b), scale = params["layer"], params["scale"]
        return scale * np.sum(points.x * w) + np.sum(b * points.y[0])

    params = {"layer": [np.array([1.0, 2.0]), np.float32(3.0)], "scale": 2.0, "unused": (np.ones(2), None)}
    points = Point(np.array([4.0, 5.0]), [6.0])
    of_params, of_points = mg.grad(f, (0, 1))(params, points)
    np.testing.assert_array_equal(of_params["layer"][0], [8.0, 10.0])
    assert of_params["layer"][1] == 6.0
    assert of_params["layer"][1].dtype == np.float32
    assert of_params["scale"] == 14.0
    np.testing.assert_array_equal(of_params["unused"][0], [0.0, 0.0])
    assert of_params["unused"][1] is None
    assert isinstance(of_points, Point)
    np.testing.assert_array_equal(of_points.x, [2.0, 4.0])
    assert of_points.y == [3.0]


def test_order_and_kind_of_dicts_are_kept():
    given = collections.OrderedDict(b=1.0, a=2.0)
    found = mg.grad(lambda p: p["a"] * p["b"] ** 2)(given)
    assert type(found) is collections.OrderedDict
    assert list(found.items()) == [("b", 4.0), ("a", 1.0)]


def test_results_that_depend_on_nothing_have_gradient_zero():
    for f in (lambda x: 3.0, lambda x: np.sum(np.floor(x)), lambda x: np.float64(2.0), lambda x: mg.Tensor(1.0)):
        np.testing.assert_array_equal(mg.grad(f)(np.ones(2)), [0.0, 0.0])
        np.testing.assert_array_equal(mg.hessian(f)(np.ones(2)), np.zeros((2, 2)))
        assert mg.jvp(f, np.ones(2), np.ones(2))[1] == 0.0
        np.testing.assert_array_equal(mg.hvp(f, np.ones(2), np.ones(2)), [0.0, 0.0])


def test_several_outputs():
    def f(x, y):
        return {"product": x * y, "sums": [np.sum(x), x[0] * 2.0, x]}

    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    out, pullback = mg.vjp(f, x, y)
    assert isinstance(out["sums"][2], np.ndarray)
    by_x, by_y = pullback({"product": np.array([1.0, 10.0]), "sums": [100.0, 1000.0, np.zeros(2)]})
    np.testing.assert_array_equal(by_x, [3 + 100 + 2000, 40 + 100])
    np.testing.assert_array_equal(by_y, [1.0, 20.0])
    np.testing.assert_array_equal(pullback({"product": np.ones(2), "sums": (0.0, 0.0, np.ones(2))})[0], [4.0, 5.0])
    _, tangent = mg.jvp(f, (x, y), (np.ones(2), np.array([1.0, 0.0])))
    np.testing.assert_array_equal(tangent["product"], [4.0, 4.0])
    assert tangent["sums"][:2] == [2.0, 2.0]
    by_y = mg.jacobian(f, argnums=1)(x, y)
    np.testing.assert_array_equal(by_y["product"], np.diag(x))
    np.testing.assert_array_equal(by_y["sums"][0], [0.0, 0.0])
    both = mg.jacobian(f, argnums=(0, -1))(x, y)
    np.testing.assert_array_equal(both["product"][0], np.diag(y))
    np.testing.assert_array_equal(both["sums"][2][0], np.eye(2))


@given(x=arrays((2, 3)), w=arrays((3, 4)), forward=st.booleans())
def test_jacobian_by_rows_and_by_columns(x, w, forward):
    """Both ways agree with differences; results far larger than the argument are computed by columns."""

    def f(w):
        return np.tanh(x @ w) * (np.ones((40, 1, 1)) if forward else 1.0)

    found = mg.jacobian(f)(w)
    assert found.shape == f(w).shape + w.shape
    np.testing.assert_allclose(found, numerical_jacobian(f, w).value, atol=1e-8)


def logistic(features=200, samples=500):
    """The mean logistic loss of random data, with its gradient and Hessian in closed form."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(samples, features)), rng.choice([-1.0, 1.0], samples)

    def loss(w):
        return np.mean(np.log1p(np.exp(-y * (x @ w))))

    def residuals(w):
        return np.log1p(np.exp(-y * (x @ w)))

    w = rng.normal(size=features) * 0.1
    p = special.expit(-y * (x @ w))
    return loss, residuals, w, -x.T @ (y * p) / samples, -x * (y * p)[:, None], (x.T * (p * (1 - p))) @ x / samples


def test_jacobian_and_hessian_of_a_logistic_loss_agree_with_their_closed_forms():
    loss, residuals, w, gradient, jacobian, hessian = logistic()
    np.testing.assert_allclose(mg.grad(loss)(w), gradient, atol=1e-10)
    np.testing.assert_allclose(mg.jacobian(residuals)(w), jacobian, atol=1e-10)
    np.testing.assert_allclose(mg.hessian(loss)(w), hessian, atol=1e-10)
    v = np.random.default_rng(1).normal(size=len(w))
    np.testing.assert_allclose(mg.hvp(loss, w, v), hessian @ v, atol=1e-10)
    np.testing.assert_allclose(mg.jvp(residuals, w, v)[1], jacobian @ v, atol=1e-10)


def test_hvp_runs_no_more_rules_than_a_few_gradients(monkeypatch):
    """A count instead of a time, which a test cannot hold: passes through the graph, weighed by their length."""
    loss, _, w, *_ = logistic(20, 30)
    visited = []

    def counted(root, oldest=0):
        nodes = ancestors(root, oldest)
        visited.append(len(nodes))
        return nodes

    monkeypatch.setattr("minigrad.engine.backward.ancestors", counted)
    mg.grad(loss)(w)
    once = sum(visited)
    visited.clear()
    mg.hvp(loss, w, w)
    assert sum(visited) <= 5 * once


@pytest.mark.parametrize(("results", "passes"), [(3, 3), (90, 1 + 4)])
def test_jacobians_take_the_fewer_passes(results, passes, monkeypatch):
    """Of four variables: a row for each result, or, after a pass back, a column for each variable."""
    counted = []
    monkeypatch.setattr(
        "minigrad.engine.cotangents.backpropagate",
        lambda *args, **more: counted.append(1) or backpropagate(*args, **more),
    )
    mg.jacobian(lambda x: np.ones((results, 4)) @ x)(np.ones(4))
    assert len(counted) == passes


def test_a_namedtuple_is_one_argument():
    point = Point(2.0, 3.0)
    out, tangent = mg.jvp(lambda p: p.x * p.y, point, Point(1.0, 0.0))
    assert (out, tangent) == (6.0, 3.0)
    assert mg.hvp(lambda p: p.x**2 * p.y, point, Point(1.0, 0.0)) == Point(6.0, 4.0)


def test_hessian_of_nested_arguments():
    found = mg.hessian(lambda p: p["a"] ** 2 * np.sum(p["b"]))({"a": 3.0, "b": np.array([1.0, 2.0])})
    assert found["a"]["a"] == 6.0
    np.testing.assert_array_equal(found["a"]["b"], [6.0, 6.0])
    np.testing.assert_array_equal(found["b"]["a"], [6.0, 6.0])
    np.testing.assert_array_equal(found["b"]["b"], np.zeros((2, 2)))
    (xx, xy), (yx, yy) = mg.hessian(lambda x, y: x * x * y, argnums=(0, 1))(2.0, 3.0)
    assert (xx, xy, yx, yy) == (6.0, 4.0, 4.0, 0.0)


def test_hvp_answers_in_kind():
    def f(x, y, power=2):
        return np.sum(x**power) * y

    assert mg.hvp(f, (np.array([1.0, 2.0]), 3.0), (np.zeros(2), 1.0))[1] == 0.0
    np.testing.assert_array_equal(mg.hvp(f, (np.array([1.0, 2.0]), 3.0), (np.zeros(2), 1.0))[0], [2.0, 4.0])
    np.testing.assert_array_equal(mg.hvp(lambda x: f(x, 2.0, power=3), np.array([1.0]), np.array([1.0])), [12.0])
    np.testing.assert_array_equal(mg.hvp(f, (np.array([1.0]), 1.0), (np.ones(1), 0.0), power=3)[0], [6.0])


def test_keyword_arguments_and_integers_elsewhere_are_passed_on():
    def f(x, count, *, labels, factor=1.0):
        assert isinstance(labels, list)
        assert isinstance(count, int)
        return factor * np.sum(x) * count

    np.testing.assert_array_equal(mg.grad(f)(np.ones(2), 3, labels=["a"], factor=2.0), [6.0, 6.0])
    out, pullback = mg.vjp(lambda x, shift: x + shift, np.ones(2), shift=1)
    np.testing.assert_array_equal(out, [2.0, 2.0])
    assert len(pullback(np.ones(2))) == 1


def test_gradients_beside_parameters_that_are_closed_over_depend_on_them():
    w = mg.Tensor([1.0, 2.0], requires_grad=True)
    gradient = mg.grad(lambda x: (x * w * w).sum())(np.ones(2))
    np.testing.assert_array_equal(gradient.data, [1.0, 4.0])
    gradient.sum().backward()
    np.testing.assert_array_equal(w.grad.data, [2.0, 4.0])
    with mg.no_grad():
        assert isinstance(mg.grad(lambda x: (x * w).sum())(np.ones(2)), np.ndarray)


def test_gradients_by_tensors_that_require_one_are_recorded():
    w = mg.Tensor([1.0, 2.0], requires_grad=True)
    slope = mg.grad(lambda x: (x**3).sum())(w)
    slope.sum().backward()
    np.testing.assert_array_equal(w.grad.data, [6.0, 12.0])
    with mg.no_grad():
        assert not mg.grad(lambda x: (x**3).sum())(w).requires_grad


def test_no_grad_outside_does_not_stop_a_transform_and_inside_it_does():
    with mg.no_grad():
        np.testing.assert_array_equal(mg.grad(lambda x: np.sum(x * x))(np.ones(2)), [2.0, 2.0])
        assert mg.hessian(np.sin)(0.0) == 0.0

    def half_hidden(x):
        with mg.no_grad():
            constant = x * x
        return constant * x

    assert mg.grad(half_hidden)(3.0) == 9.0


@pytest.mark.parametrize(
    "constant",
    [
        lambda x: mg.grad(lambda y: x * y)(1.0),
        lambda x: mg.jvp(np.sin, 0.5, x)[1],
        lambda x: mg.hvp(lambda y: y**3, 0.5, x),
        lambda x: mg.vjp(np.sin, 0.5)[1](x)[0],
        lambda x: mg.vjp(lambda y: x * y, 0.5)[0],
    ],
)
def test_transforms_inside_no_grad_are_constants(constant):
    def f(x):
        with mg.no_grad():
            held = constant(x)
        return held * x

    assert mg.grad(f)(2.0) == constant(2.0)


def test_the_mode_is_as_before_after_a_transform():
    with mg.no_grad():
        mg.grad(np.sin)(0.0)
        assert not mg.is_grad_enabled()
    assert mg.is_grad_enabled()


@pytest.mark.parametrize("f", [lambda x: x, np.exp, lambda x: x * x, np.transpose, lambda x: x[::-1]])
def test_what_the_caller_writes_to_changes_nothing(f):
    x = np.array([0.0, 1.0, 2.0])
    out, pullback = mg.vjp(f, x)
    expected = pullback(np.ones(3))[0].copy()
    gradient = pullback(np.ones(3))[0]
    gradient += 1.0
    out *= 100.0
    np.testing.assert_array_equal(x, [0.0, 1.0, 2.0])
    x += 50.0
    np.testing.assert_array_equal(pullback(np.ones(3))[0], expected)


@pytest.mark.parametrize("look", [lambda x: x.numpy(), lambda x: x.data, lambda x: x.detach().data])
def test_a_function_cannot_write_to_its_arguments(look):
    def careless(x):
        y = np.sum(x * x)
        values = look(x)
        values += 1.0
        return y

    x = np.ones(2)
    with pytest.raises(ValueError, match="read-only"):
        mg.grad(careless)(x)
    np.testing.assert_array_equal(x, [1.0, 1.0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mg.grad(np.sin)(3), TypeError, r"argument 0 has dtype int64.*write 3\.0 for 3"),
        (lambda: mg.grad(np.sin)(np.int64(3)), TypeError, r"write 3\.0 for 3"),
        (lambda: mg.grad(np.sin)(True), TypeError, "dtype bool"),
        (lambda: mg.grad(np.sin)(1j), TypeError, "argument 0 is a complex"),
        (lambda: mg.grad(np.sum)(np.array([1, 2])), TypeError, r"\.astype\(float\)"),
        (lambda: mg.grad(lambda p: p["a"])({"a": 1.0, "n": [2]}), TypeError, r"argument 0\['n'\]\[0\] has dtype int64"),
        (lambda: mg.grad(lambda p: p["a"])({"a": 1.0, "n": "text"}), TypeError, r"argument 0\['n'\] is a str"),
        (lambda: mg.grad(np.sum)(np.ma.masked_array([1.0], [True])), TypeError, "MaskedArray"),
        (lambda: mg.grad(lambda x: x)(np.ones(3)), ValueError, r"shape \(3,\).*mg\.jacobian"),
        (lambda: mg.grad(np.argmax)(np.ones(3)), TypeError, "output has dtype int64, which has no derivative"),
        (lambda: mg.grad(lambda x: (x, x))(1.0), TypeError, r"returned a tuple.*mg\.vjp"),
        (lambda: mg.grad(lambda x: None)(1.0), TypeError, "is a return missing"),
        (lambda: mg.grad(lambda x: "text")(1.0), TypeError, "the output is a str"),
        (lambda: mg.grad(np.sin, 1)(1.0), ValueError, "argnums=1, and the function was called with 1"),
        (lambda: mg.grad(np.sin, "x"), TypeError, "argnums holds integers"),
        (lambda: mg.grad(np.sin, np.ones(2)), TypeError, r"argnums holds integers.*mg\.grad\(f\)\(x\)"),
        (lambda: mg.hessian(np.sin, True), TypeError, "hessian: argnums holds integers"),
        (lambda: mg.jacobian(3.0), TypeError, "jacobian takes a function, not a float"),
        (lambda: mg.hessian(np.sin)(3), TypeError, "hessian: argument 0 has dtype int64"),
        (lambda: mg.hessian(lambda x: x)(np.ones(3)), ValueError, r"hessian: the function returned shape \(3,\)"),
        (lambda: mg.grad(np.add, (0, -2))(1.0, 2.0), ValueError, "names an argument twice"),
        (lambda: mg.grad(lambda: 1.0)(), ValueError, "called with 0 positional"),
        (lambda: mg.grad(lambda x: 1.0)([]), ValueError, "nothing to differentiate by"),
        (lambda: mg.vjp(np.sin, np.ones(3))[1](1.0), ValueError, r"the seed has shape \(\).*shape \(3,\)"),
        (lambda: mg.vjp(np.sin, np.ones(3))[1](np.ones(3) * 1j), TypeError, "real numbers"),
        (lambda: mg.vjp(lambda x: [x, x], 1.0)[1](1.0), ValueError, "a list of 2 is needed, not a float"),
        (lambda: mg.vjp(lambda x: {"a": x}, 1.0)[1]({"b": 1.0}), ValueError, r"keys \['a'\]"),
        (lambda: mg.jvp(np.sin, np.ones(3), np.ones(2)), ValueError, r"the tangent has shape \(2,\)"),
        (lambda: mg.jvp(np.add, (1.0, 2.0), (1.0,)), ValueError, "a tuple of 2, not 1"),
        (lambda: mg.jvp(np.add, (1.0, 2.0), 1.0), ValueError, "a tuple of 2, not a float"),
        (lambda: mg.hvp(np.sin, np.ones(3), np.ones(3)), ValueError, r"hvp: the function returned shape \(3,\)"),
        (lambda: mg.hvp(np.sum, np.ones(3), np.ones(4)), ValueError, r"the vector has shape \(4,\)"),
        (lambda: mg.jacobian(lambda x: [x, 1])(1.0), TypeError, r"the output\[1\] has dtype int64"),
    ],
)
def test_what_cannot_be_differentiated_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_values_do_not_become_constants_in_silence():
    def filled(x):
        values = np.zeros(2)
        values[0] = x
        return np.sum(values)

    for f in (
        filled,
        lambda x: float(x) * 2.0,
        lambda x: np.float64(x),
        lambda x: np.sum(np.fromiter([x], float)),
        lambda x: x.item() * 2.0,
        lambda x: np.sum((x * np.ones(2)).tolist()),
        lambda x: optimize.brentq(lambda y: y - x, 0.0, 2.0) * x,
        lambda x: np.sum(np.array([x, x])),
    ):
        with pytest.raises(TypeError, match=r"a constant|gradients would be lost"):
            mg.grad(f)(1.0)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: x.copy(), lambda x: copy.deepcopy({"x": [x]})["x"][0]]
)
def test_copies_of_variables_depend_on_them(copied):
    np.testing.assert_array_equal(mg.grad(lambda x: np.sum(copied(x) ** 2))(np.array([1.0, 2.0])), [2.0, 4.0])


def test_transformed_functions_keep_their_names():
    def energy(x):
        return x * x

    for transform in (mg.grad, mg.value_and_grad, mg.jacobian, mg.hessian):
        assert transform(energy).__name__ == "energy"
        assert "energy" in transform(energy).__doc__
    assert mg.grad(lambda x: x)(1.0) == 1.0


def energy(x, scale=1.0):
    """The energy of a spring."""
    return scale * np.sum(x * x)


class Spring:
    """A function that is an object, with parameters."""

    def __init__(self, stiffness):
        self.stiffness = mg.Tensor(stiffness, requires_grad=True)

    def __call__(self, x):
        return self.stiffness.numpy() * np.sum(x**3)

    def bound(self, x):
        return self(x)


def drawn(x):
    return x * np.random.default_rng().normal()


TRANSFORMED = [mg.grad, mg.value_and_grad, mg.jacobian, mg.hessian]


@pytest.mark.parametrize("transform", TRANSFORMED)
@pytest.mark.parametrize("f", [energy, Spring(2.0), Spring(3.0).bound, functools.partial(energy, scale=3.0), np.prod])
def test_transformed_functions_can_be_pickled_where_the_function_can(transform, f):
    x = np.array([1.0, 2.0])
    transformed = transform(f, argnums=0)
    for twin in (pickle.loads(pickle.dumps(transformed)), copy.copy(transformed), copy.deepcopy(transformed)):
        assert (twin.__doc__, twin.__name__) == (transformed.__doc__, transformed.__name__)
        assert repr(twin(x)) == repr(transformed(x))
    with pytest.raises((pickle.PicklingError, AttributeError), match=r"lambda|local"):
        pickle.dumps(transform(lambda x: x))


def test_transformed_functions_look_like_functions():
    slope = mg.grad(energy)
    assert inspect.signature(slope) == inspect.signature(energy)
    assert slope.__wrapped__ is energy
    assert (slope.__name__, slope.__qualname__, slope.__module__) == ("energy", "energy", __name__)
    assert slope.__doc__ == "The gradient of energy."
    assert re.match(r"mg\.grad\(<function energy.*argnums=0\)", repr(slope))

    class Body:
        mass = 2.0

        @functools.partial(mg.grad, argnums=1)
        def force(self, x):
            return self.mass * np.sum(x * x)

    np.testing.assert_array_equal(Body().force(np.array([1.0, 2.0])), [4.0, 8.0])
    assert Body.force.__name__ == "force"


def test_pullbacks_can_be_pickled_where_the_function_can():
    x, y = np.array([1.0, 2.0]), mg.Tensor([3.0, 4.0], requires_grad=True)
    out, pullback = mg.vjp(Pair(2.0), {"x": x}, y)
    x[:] = 100.0  # written to after it was used
    by_x, by_y = pickle.loads(pickle.dumps(pullback))((np.ones(2), 1.0))
    np.testing.assert_array_equal(by_x["x"].numpy(), [6.0, 8.0])
    np.testing.assert_array_equal(by_y.numpy(), [3.0, 5.0])
    np.testing.assert_array_equal(pullback((np.ones(2), 1.0))[0]["x"].numpy(), [6.0, 8.0])
    np.testing.assert_array_equal(out[0].numpy(), [6.0, 16.0])
    _, pullback = mg.vjp(energy, 3.0, scale=2.0)
    assert pickle.loads(pickle.dumps(pullback))(1.0) == (12.0,)
    _, pullback = mg.vjp(drawn, 1.0)
    with pytest.raises(ValueError, match="the function gave another result than before"):
        pickle.loads(pickle.dumps(pullback))


class Pair:
    """Two results of two arguments."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, tree, y):
        return self.factor * tree["x"] * y, y.sum()
