"""Do derivatives as functions take and give values of every form, and leave those of others alone?"""

import collections
import copy

import numpy as np
import pytest

import minigrad as mg

Point = collections.namedtuple("Point", ["x", "y"])


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
    "copied", [copy.copy, copy.deepcopy, lambda x: x.copy(), lambda x: copy.deepcopy({"x": [x]})["x"][0]]
)
def test_copies_of_variables_depend_on_them(copied):
    np.testing.assert_array_equal(mg.grad(lambda x: np.sum(copied(x) ** 2))(np.array([1.0, 2.0])), [2.0, 4.0])
