"""Is every registered operation right: its value, its derivatives of first and second order, and dtypes?"""

import inspect
from dataclasses import replace

import numpy as np
import pytest
from operation_checks import (
    BUILTIN,
    CASES,
    Call,
    check,
    directional_derivative,
    first_derivative,
    float32_is_kept,
    is_double,
    rng_for,
    second_derivative,
    verified,
)

import minigrad as mg
from minigrad.testing import GradcheckError, gradcheck


@pytest.mark.parametrize(("operation", "example"), CASES)
def test_plain_in_plain_out_and_tensor_in_tensor_out(operation, example):
    call = Call(operation, example, rng_for(operation))
    plain = call(*call.arrays)
    recorded = call(*call.tensors())
    assert isinstance(plain, (np.ndarray, np.generic))
    assert isinstance(recorded, mg.Tensor)
    assert recorded.requires_grad
    np.testing.assert_array_equal(recorded.data, plain)
    constants = call(*[mg.Tensor(array) for array in call.arrays])
    assert isinstance(constants, mg.Tensor)
    assert not constants.requires_grad


def positional_only(function):
    """The names of those parameters that a function takes by position only."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # a function written in C
        return set()
    return {parameter.name for parameter in parameters if parameter.kind is parameter.POSITIONAL_ONLY}


@pytest.mark.parametrize(("operation", "example"), CASES)
def test_the_numpy_functions_it_stands_for_agree(operation, example):
    for function in operation.overrides:
        call = Call(operation, example, rng_for(operation))
        ours = call(*call.arrays)
        call.operation = replace(operation, function=function)
        for name in positional_only(function) & call.params.keys():
            call.args.append(call.params.pop(name))
        np.testing.assert_allclose(call(*call.arrays), ours, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("operation", "example"), CASES)
def test_first_derivative(operation, example):
    verified(first_derivative, operation, example)


def check_first_derivatives(operation):
    for example in operation.examples:
        check(gradcheck, operation, example, salt=1)


RULES = [
    (name, position)
    for name, operation in BUILTIN.items()
    if operation.primitive is not None and isinstance(operation.primitive.rules, tuple)
    for position, rule in enumerate(operation.primitive.rules)
    if rule is not None
]


@pytest.mark.parametrize(("name", "position"), RULES)
def test_a_rule_that_is_wrong_by_a_thousandth_is_noticed(name, position, monkeypatch):
    operation = BUILTIN[name]
    rules = list(operation.primitive.rules)
    right = rules[position]

    def wrong(*args, **params):
        gradient = right(*args, **params)
        return gradient * 1.001 if np.any(gradient) else gradient + 0.001

    rules[position] = wrong
    monkeypatch.setattr(operation.primitive, "rules", tuple(rules))
    with pytest.raises(GradcheckError) as caught:
        check_first_derivatives(operation)
    # An error is also raised where nothing can be told, which would not do here.
    assert caught.value.result.verdict == "fail"


@pytest.mark.parametrize(("operation", "example"), CASES)
def test_second_derivative(operation, example):
    verified(second_derivative, operation, example)


def test_the_deviation_of_two_elements_is_straight():
    x = mg.Tensor([[0.3, 1.1, -0.7], [0.9, -0.4, 1.6]], requires_grad=True)
    upstream = mg.Tensor([1.0, -0.5, 1.5], requires_grad=True)
    (first,) = mg.gradients(mg.std(x, axis=0), [x], seed=upstream, create_graph=True)
    weights = np.array([[1.0, 2.0, 3.0], [5.0, 7.0, 11.0]])
    by_x, by_upstream = mg.gradients((first * weights).sum(), [x, upstream])
    np.testing.assert_allclose(first.data, [[-0.5, -0.25, -0.75], [0.5, 0.25, 0.75]], rtol=1e-14)
    np.testing.assert_allclose(by_x.data, np.zeros((2, 3)), atol=1e-14)
    np.testing.assert_allclose(by_upstream.data, [2.0, -2.5, 4.0], rtol=1e-14)


@pytest.mark.parametrize(("operation", "example"), CASES)
def test_directional_derivative(operation, example):
    verified(directional_derivative, operation, example)


@pytest.mark.parametrize(("operation", "example"), [case for case in CASES if not is_double(case.values[0])])
def test_float32_is_kept_in_value_and_gradients(operation, example):
    verified(float32_is_kept, operation, example)


@pytest.mark.parametrize("name", [name for name, operation in BUILTIN.items() if is_double(operation)])
def test_what_numpy_computes_in_float64_has_float32_gradients(name):
    x = mg.Tensor(np.float32([0.5, 1.5]), requires_grad=True)
    out = BUILTIN[name].function(x, x)
    out.backward(np.ones(2))
    assert out.dtype == BUILTIN[name].overrides[0](x.data, x.data).dtype == np.float64
    assert x.grad.dtype == np.float32
