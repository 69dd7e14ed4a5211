"""What do transforms give inside no_grad, around it, and beside Tensors that require a gradient?"""

import numpy as np
import pytest

import minigrad as mg


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
