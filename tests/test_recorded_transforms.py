"""Do transforms record the Tensors that a function touches beside its variables?"""

import types
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.testing import numerical_jacobian

X, V = np.array([0.3, 1.2, 0.7]), np.array([0.5, -1.0, 2.0])


def squares(w, x):
    return np.sum(w * x**2) + np.sum(np.sin(w * x))


def curve(w, x):
    return np.sin(w * x) + w**2 * x


# Each computes something from w with a transform, where w is closed over.
CLOSED_OVER = {
    "grad": lambda w: mg.grad(lambda x: squares(w, x))(X),
    "grad of a number": lambda w: mg.grad(lambda x: w * x**2)(3.0),
    "grad of two": lambda w: sum(mg.grad(lambda x, y: squares(w, x * y), argnums=(0, 1))(X, V)),
    "grad of a tree": lambda w: mg.grad(lambda tree: squares(w, tree["a"][0]))({"a": [X]})["a"][0],
    "value of value_and_grad": lambda w: mg.value_and_grad(lambda x: squares(w, x))(X)[0],
    "value_and_grad": lambda w: sum(mg.value_and_grad(lambda x: squares(w, x))(X)),
    "value of vjp": lambda w: mg.vjp(lambda x: curve(w, x), X)[0],
    "vjp": lambda w: mg.vjp(lambda x: curve(w, x), X)[1](V)[0],
    "vjp of two": lambda w: sum(mg.vjp(lambda x, y: curve(w, x) * y, X, V)[1](V)),
    "value of jvp": lambda w: mg.jvp(lambda x: curve(w, x), X, V)[0],
    "jvp": lambda w: mg.jvp(lambda x: curve(w, x), X, V)[1],
    "jvp of a number": lambda w: mg.jvp(lambda x: w * x**3, 3.0, 2.0)[1],
    "jacobian by rows": lambda w: mg.jacobian(lambda x: curve(w, x)[:2])(X),
    "jacobian by columns": lambda w: mg.jacobian(lambda x: np.concatenate([curve(w, x), x**w]))(X),
    "hessian": lambda w: mg.hessian(lambda x: squares(w, x) * np.prod(x))(X),
    "hvp": lambda w: mg.hvp(lambda x: squares(w, x) * np.prod(x), X, V),
    "grad in grad": lambda w: mg.grad(lambda x: np.sum(mg.grad(lambda y: squares(w, x * y))(x) * V))(X),
    "grad of jvp": lambda w: mg.grad(lambda x: mg.jvp(lambda y: squares(w, y), x, V)[1])(X),
    "jvp of grad": lambda w: mg.jvp(mg.grad(lambda y: squares(w, y)), X, V)[1],
    "hvp in grad": lambda w: mg.grad(lambda x: np.sum(mg.hvp(lambda y: squares(w, y * x), x, V)))(X),
    "third derivative": lambda w: mg.grad(mg.grad(mg.grad(lambda x: np.sin(w * x))))(0.7),
    "only in the inner one": lambda w: mg.grad(lambda x: mg.grad(lambda y: w * y**3)(0.7) * x**2)(3.0),
    "only in the outer one": lambda w: mg.grad(lambda x: w * mg.grad(lambda y: y**3)(x))(3.0),
    "a step of descent": lambda w: X - 0.1 * mg.grad(lambda x: squares(w, x))(X),
    "two steps of descent": lambda w: descended(descended(X, w), w),
    "in another thread": lambda w: ThreadPoolExecutor(1).submit(mg.grad(lambda x: squares(w, x)), X).result(),
}

# Each takes w as an argument that is not differentiated by.
PASSED = {
    "grad": lambda w: mg.grad(lambda x, w: squares(w, x))(X, w),
    "grad by the second": lambda w: mg.grad(squares, argnums=1)(w, X),
    "keyword": lambda w: mg.grad(lambda x, w: squares(w, x))(X, w=w),
    "tree": lambda w: mg.grad(lambda x, more: squares(more["w"][0], x))(X, {"w": [w]}),
    "namespace": lambda w: mg.grad(lambda x, more: squares(more.w, x))(X, types.SimpleNamespace(w=w)),
    "vjp": lambda w: mg.vjp(lambda x, w=w: curve(w, x), X)[1](V)[0],
    "jacobian": lambda w: mg.jacobian(lambda x, w: curve(w, x))(X, w),
    "hessian": lambda w: mg.hessian(lambda x, w: squares(w, x))(X, w),
    "both": lambda w: mg.grad(lambda x, v: np.sum(v * x) * np.sum(w * x))(X, w),
}

# Each is differentiated by w, or takes it as a seed, a tangent or a vector.
GIVEN = {
    "variable": lambda w: mg.grad(lambda x: np.sum(np.sin(x * X)))(w),
    "variable of jacobian": lambda w: mg.jacobian(lambda x: np.sin(x * X))(w),
    "variable of hessian": lambda w: mg.hessian(lambda x: np.sum(np.sin(x * X)))(w),
    "one of two variables": lambda w: mg.grad(lambda x, y: np.sum(np.sin(x * y)))(X, w * X),
    "seed": lambda w: mg.vjp(lambda x: np.sin(x), X)[1](w * V)[0],
    "tangent": lambda w: mg.jvp(np.sin, X, w * V)[1],
    "vector": lambda w: mg.hvp(lambda x: np.sum(x**3), X, w * V),
}

PROGRAMS = [
    pytest.param(f, id=f"{kind}-{name}")
    for kind, table in (("closed over", CLOSED_OVER), ("passed", PASSED), ("given", GIVEN))
    for name, f in table.items()
]


def descended(x, w):
    return x - 0.1 * mg.grad(lambda x: squares(w, x))(x)


def loss_of(f):
    """One number that depends on the result and on w itself."""
    return lambda w: np.sum(np.sin(f(w)) ** 2) + w**2


@pytest.mark.parametrize("f", PROGRAMS)
def test_results_depend_on_what_the_function_touched(f):
    loss, value = loss_of(f), 1.3
    expected = loss(value)
    assert not isinstance(expected, mg.Tensor)
    w = mg.Tensor(value, requires_grad=True)
    out = loss(w)
    np.testing.assert_allclose(out.numpy(), expected, rtol=1e-13)
    out.backward()
    slope = numerical_jacobian(loss, value).value
    np.testing.assert_allclose(w.grad.data, slope, rtol=1e-6)
    # A transform of the whole is the same, and of second order as well.
    np.testing.assert_allclose(mg.grad(loss)(value), slope, rtol=1e-6)
    np.testing.assert_allclose(
        mg.grad(mg.grad(loss))(value), numerical_jacobian(mg.grad(loss), value).value, rtol=1e-5, atol=1e-6
    )


def test_the_example_of_the_documentation():
    w = mg.Tensor(2.0, requires_grad=True)
    s = mg.grad(lambda x: w * x**2)(3.0)
    assert isinstance(s, mg.Tensor)
    (s**2 + w).backward()
    assert w.grad.item() == 145.0


# A thread has a mode of its own.
@pytest.mark.parametrize("f", [*list(CLOSED_OVER.values())[:-1], *PASSED.values()])
def test_no_grad_outside_gives_arrays_and_detached_tensors_too(f):
    w = mg.Tensor(1.3, requires_grad=True)
    expected = f(1.3)
    for found in (no_grad(f)(w), f(w.detach()), f(w.item())):
        assert not (isinstance(found, mg.Tensor) and found.requires_grad)
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-13)


def no_grad(f):
    def g(*args):
        with mg.no_grad():
            return f(*args)

    return g


def test_arrays_in_arrays_out_where_nothing_else_is_touched():
    w = mg.Tensor(1.3, requires_grad=True)
    assert type(mg.grad(lambda x: np.sum(x**2))(X)) is np.ndarray
    assert type(mg.grad(lambda x: x**2)(3.0)) is float

    def reads_only_the_values(x):
        with mg.no_grad():
            factor = w * 2.0
        return np.sum(x * factor * w.detach()) * float(w.numpy())

    assert type(mg.grad(reads_only_the_values)(X)) is np.ndarray


def test_what_does_not_depend_on_them_has_gradient_zero():
    w = mg.Tensor(1.3, requires_grad=True)
    s = mg.grad(lambda x: w + x**2)(3.0)
    (s * 2.0 + w).backward()
    assert w.grad.item() == 1.0
    assert float(np.asarray(s.detach() if isinstance(s, mg.Tensor) else s)) == 6.0


def model_and_values():
    model = nn.Sequential(nn.Dense(3, 4), nn.Tanh(), nn.Dense(4, 1))
    rng = np.random.default_rng(0)
    values = [rng.standard_normal(parameter.shape) for parameter in model.parameters()]
    for parameter, value in zip(model.parameters(), values, strict=True):
        parameter.data = value
    values = [parameter.data.astype(float) for parameter in model.parameters()]
    return model, values


def by_hand(values, x):
    first, bias, second, end = values
    return np.sum(np.tanh(x @ first + bias) @ second + end)


PENALTIES = {
    "gradient": lambda f, x: np.sum(mg.grad(f)(x) ** 2),
    "vjp": lambda f, x: np.sum(mg.vjp(f, x)[1](1.0)[0] ** 2),
    "jvp": lambda f, x: mg.jvp(f, x, np.ones_like(x))[1] ** 2,
    "jacobian": lambda f, x: np.sum(np.sin(mg.jacobian(lambda x: f(x) * x)(x))),
    "hessian": lambda f, x: np.sum(mg.hessian(f)(x) ** 2),
    "hvp": lambda f, x: np.sum(mg.hvp(f, x, np.ones_like(x)) ** 2),
    "value_and_grad": lambda f, x: mg.value_and_grad(f)(x)[0] * np.sum(mg.value_and_grad(f)(x)[1]),
    "nested": lambda f, x: np.sum(mg.grad(lambda y: np.sum(mg.grad(f)(y) ** 2))(x) ** 2),
}


@pytest.mark.parametrize("name", PENALTIES)
def test_parameters_of_a_model(name):
    model, values = model_and_values()
    dtype = next(iter(model.parameters())).dtype
    penalty, x = PENALTIES[name], X.astype(dtype)
    out = penalty(lambda y: np.sum(model(y.reshape(1, 3))), x)
    out.backward()
    tolerance = 1e-6 if dtype == np.float64 else 2e-3
    for position, parameter in enumerate(model.parameters()):

        def of_one(value, position=position):
            others = [value if place == position else array for place, array in enumerate(values)]
            return penalty(lambda y: by_hand(others, y.reshape(1, 3)), X)

        expected = numerical_jacobian(of_one, values[position]).value.reshape(parameter.shape)
        found = np.zeros(parameter.shape) if parameter.grad is None else parameter.grad.data
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * (1.0 + np.abs(expected).max()))


def test_a_step_of_training_with_a_gradient_penalty():
    model, _ = model_and_values()
    x = np.random.default_rng(1).standard_normal((8, 3)).astype(next(iter(model.parameters())).dtype)
    optimizer = mg.optim.SGD(model.parameters(), lr=0.01)
    losses = []
    for _ in range(20):
        loss = np.mean(np.sum(mg.grad(lambda x: np.sum(model(x)))(x) ** 2, axis=1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize("transform", [mg.grad, mg.value_and_grad, mg.hessian, mg.jacobian])
def test_loading_a_state_inside_a_transform_says_what_to_do_instead(transform):
    model, _ = model_and_values()
    x = np.ones((2, 3), next(iter(model.parameters())).dtype)
    before = [parameter.data.copy() for parameter in model.parameters()]

    def loss(state):
        model.load_state_dict(state)
        return np.sum(model(x))

    with pytest.raises((TypeError, ValueError, RuntimeError), match=r"load_state_dict|transform|mg\.grad"):
        transform(loss)(model.state_dict())
    for parameter, value in zip(model.parameters(), before, strict=True):
        np.testing.assert_array_equal(parameter.data, value)


def test_gradients_by_a_tensor_that_was_updated_are_no_zeros():
    w = mg.Tensor(V, requires_grad=True)
    out = np.sum(w * w)
    w.data -= 0.1
    with pytest.raises(RuntimeError, match="updated after it was used"):
        mg.gradients(out, [w])


def test_assigning_data_inside_a_transform_is_refused():
    model, _ = model_and_values()
    weight = next(iter(model.parameters()))
    before = weight.data.copy()

    def loss(w):
        weight.data = w
        return np.sum(model(np.ones((2, 3))))

    with pytest.raises((TypeError, ValueError, RuntimeError)):
        mg.grad(loss)(before.copy())
    np.testing.assert_array_equal(weight.data, before)


def test_a_rule_that_does_not_exist_is_no_zero():
    @mg.primitive(lambda g, out, x, y: g * y, None)
    def scaled(x, y):
        return x * y

    np.testing.assert_array_equal(mg.grad(lambda x: np.sum(scaled(x, V)))(X), V)
    with pytest.raises(TypeError, match="scaled has no derivative"):
        mg.grad(lambda y: np.sum(scaled(X, y)))(V)
    w = mg.Tensor(V, requires_grad=True)
    with pytest.raises(TypeError, match="scaled has no derivative"):
        mg.grad(lambda x: np.sum(mg.grad(lambda z: np.sum(scaled(x, z)))(X)))(X)
    out = np.sum(scaled(mg.Tensor(X, requires_grad=True), w))
    with pytest.raises(TypeError, match=r"scaled has no derivative.*detach"):
        out.backward()


def test_one_output_of_several_that_touches_a_parameter_is_enough():
    w = mg.Tensor(2.0, requires_grad=True)
    for order in (1, -1):
        out, pullback = mg.vjp(lambda x, order=order: (3.0 * x, w * x**2)[::order], 3.0)
        (slope,) = pullback((1.0, 1.0))
        assert (out[::order][1].item(), slope.item()) == (18.0, 15.0)
        w.zero_grad()
        slope.backward()
        assert w.grad.item() == 6.0


def test_an_output_that_is_returned_twice_counts_twice():
    def f(x):
        y = x**2
        return y, y

    assert mg.vjp(f, 3.0)[1]((1.0, 10.0)) == (66.0,)
