"""Do transforms nest: to any order, with variables told apart, in threads and in loops?"""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import minigrad as mg


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


def test_inner_transforms_look_no_further_back_than_their_own_variables(visited):
    """A loop of inner gradients takes time in proportion to its length."""
    mg.grad(unrolled(50))(0.01)
    # The last belongs to the outer gradient, which is that of the whole loop.
    assert max(visited[:-1]) < 20 < 200 < visited[-1]
