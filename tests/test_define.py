"""Can a user declare an operation as minigrad declares its own, and are mistakes named?"""

import pickle

import numpy as np
import pytest

import minigrad as mg
from minigrad.engine.registry import operations


def test_operation_with_parameters_records_and_differentiates_to_any_order():
    @mg.primitive(lambda g, out, x, power, scale: g * scale * power * x ** (power - 1))
    def monomial(x, power, scale=1.0):
        """scale * x^power."""
        return scale * x**power

    x = mg.Tensor([1.0, 2.0], requires_grad=True)
    for call in (monomial(x, 3), monomial(x, power=3), monomial(x=x, power=3)):
        (slope,) = mg.gradients(call, [x], seed=np.ones(2), create_graph=True)
        (curvature,) = mg.gradients(slope.sum(), [x])
        np.testing.assert_array_equal(slope.data, 3 * x.data**2)
        np.testing.assert_array_equal(curvature.data, 6 * x.data)
    np.testing.assert_array_equal(monomial(x, 3, scale=2.0).data, 2 * x.data**3)
    np.testing.assert_array_equal(monomial(np.array([2.0]), 3), [8.0])
    # Tensors are everybody's: an operation of a user's is a function, and no method of theirs.
    assert not hasattr(x, "monomial")
    assert "monomial" not in dir(x)
    assert (monomial.__name__, monomial.__doc__) == ("monomial", "scale * x^power.")
    for wrong in (lambda: monomial(x), lambda: monomial(x, 3, color=1), lambda: monomial(x, 3, 1.0, 2.0)):
        with pytest.raises(TypeError, match=r"missing a required|unexpected keyword|too many positional"):
            wrong()


def test_operation_takes_over_a_numpy_function():
    x = mg.Tensor([1.0, 3.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match="no derivative rule"):
        np.unique(x)

    @mg.primitive(lambda g, out, x: g[np.argsort(np.argsort(x))], overrides=[np.unique])
    def unique(x):
        return np.unique(x)

    np.unique(x).backward([1.0, 10.0, 100.0])
    np.testing.assert_array_equal(x.grad.data, [1.0, 100.0, 10.0])


def test_operation_on_any_number_of_arrays():
    @mg.primitive(lambda position, g, out, *arrays, weights: g * weights[position], variadic=True)
    def weighted(arrays, weights):
        return sum(weight * array for weight, array in zip(weights, arrays, strict=True))

    x, y = (mg.Tensor(value, requires_grad=True) for value in (1.0, 2.0))
    out = weighted([x, 5.0, y], weights=(2.0, 3.0, 4.0))
    out.backward()
    assert (out.item(), x.grad.item(), y.grad.item()) == (25.0, 2.0, 4.0)


def test_no_gradient_passes_an_argument_without_a_rule():
    @mg.primitive(None, lambda g, out, mask, x: g * mask)
    def masked(mask, x):
        return mask * x

    mask, x = mg.Tensor([1.0, 0.0], requires_grad=True), mg.Tensor([3.0, 4.0], requires_grad=True)
    (by_x,) = mg.gradients(masked(mask, x).sum(), [x])
    np.testing.assert_array_equal(by_x.data, [1.0, 0.0])
    with pytest.raises(TypeError, match=r"masked has no derivative with respect to its argument 0, .* \.detach\(\)"):
        masked(mask, x).sum().backward()


def test_result_that_is_a_python_number_becomes_an_array():
    @mg.primitive(lambda g, out, x: g * np.ones(x.shape))
    def total(x):
        return float(x.sum())

    x = mg.Tensor([1.0, 2.0], requires_grad=True)
    out = total(x)
    out.backward()
    assert out.shape == ()
    np.testing.assert_array_equal(x.grad.data, [1.0, 1.0])


def test_result_of_integers_is_a_constant():
    x = mg.Tensor([1.6, 2.4], requires_grad=True)
    assert not x.astype(int).requires_grad
    np.testing.assert_array_equal(x.astype(int).data, [1, 2])


def test_operation_may_be_declared_again_but_not_over_a_built_in_one():
    for factor in (2.0, 3.0):
        mg.primitive(lambda g, out, x, factor=factor: g * factor, name="scaled")(lambda x, factor=factor: x * factor)
    assert operations["scaled"].function(np.float64(1.0)) == 3.0
    with pytest.raises(ValueError, match="already has an operation named 'tanh'"):
        mg.primitive(lambda g, out, x: g, name="tanh")(lambda x: x)
    with pytest.raises(ValueError, match=r"np\.tanh already has an operation; it cannot become own_tanh"):
        mg.primitive(lambda g, out, x: g, overrides=[np.tanh], name="own_tanh")(lambda x: x)
    assert "own_tanh" not in operations
    assert np.tanh(mg.Tensor(0.5)).item() == np.tanh(0.5)


@pytest.mark.parametrize(("rules", "variadic"), [(0, False), (2, False), (2, True)])
def test_number_of_rules_must_fit_the_function(rules, variadic):
    with pytest.raises(TypeError, match=f"cannot have {rules} rules"):
        mg.primitive(*[None] * rules, variadic=variadic)(lambda x: x)


def test_a_rule_that_writes_is_for_one_array():
    def twice(g, out, *arrays):
        return g

    with pytest.raises(TypeError, match="overwriting= is for operations on one array"):
        mg.primitive(twice, twice, overwriting=twice)(lambda x, y: x)
    with pytest.raises(TypeError, match="overwriting= is for operations on one array"):
        mg.primitive(twice, overwriting=twice, variadic=True)(lambda arrays: arrays[0])


@pytest.mark.parametrize("name", [name for name, operation in operations.items() if operation.builtin])
def test_operations_are_pickled_by_reference(name):
    function = operations[name].function
    assert pickle.loads(pickle.dumps(function)) is function


def test_no_gradient_is_lost_in_a_parameter():
    @mg.primitive(lambda g, out, x, options: g)
    def copied(x, options):
        return x + 0.0

    x = mg.Tensor([1.0, 2.0], requires_grad=True)
    for lost in (x * 2.0, mg.Tensor(3.0, requires_grad=True)):
        with pytest.raises(TypeError, match=r"copied: no gradient passes its parameters.*\.detach\(\)"):
            copied(x, {"weights": [lost]})
        assert copied(x, {"weights": [lost.detach()]}).requires_grad
