"""Is every registered operation right: its value, its derivatives of first and second order, dtypes and shapes?"""

import zlib
from dataclasses import replace

import numpy as np
import pytest
from numerical import numerical_gradient

import minigrad as mg
from minigrad.graph import ancestors
from minigrad.ops.samples import Sample, arguments
from minigrad.registry import operations

BUILTIN = {name: operation for name, operation in operations.items() if operation.builtin}
CASES = [
    pytest.param(operation, example, id=f"{name}-{number}")
    for name, operation in BUILTIN.items()
    for number, example in enumerate(operation.examples)
]

# Operations that NumPy does not define for 0-d arrays, and for which an empty argument has no meaning.
NO_SCALARS = {
    "matmul": "matmul takes no 0-d arrays",
    "moveaxis": "a 0-d array has no axis to move",
    "swapaxes": "a 0-d array has no axes to exchange",
    "split": "a 0-d array has no axis to cut",
    "concatenate": "a 0-d array has no axis to join along",
    "softmax": "a 0-d array has no axis",
    "log_softmax": "a 0-d array has no axis",
    **dict.fromkeys(["correlate2d", "convolve2d"], "planes have two dimensions"),
    **dict.fromkeys(["unfold2d", "fold2d", "conv2d", "max_pool2d", "avg_pool2d"], "images have four dimensions"),
}
NO_EMPTY = {
    **dict.fromkeys(["max", "min", "logsumexp"], "an extremum of nothing does not exist"),
    **dict.fromkeys(["mean", "var", "std"], "a mean of nothing is NaN, with a warning"),
    **dict.fromkeys(["correlate2d", "convolve2d"], "SciPy takes no empty planes"),
}


def rng_for(operation, salt=0):
    return np.random.default_rng([zlib.crc32(operation.name.encode()), salt])


class Call:
    """One call of an operation, as a function of its floating-point arrays alone."""

    def __init__(self, operation, example, rng, dtype=np.float64):
        self.operation = operation
        self.args, self.params = arguments(example, rng)
        self.params = {key: dtype if key == "dtype" else value for key, value in self.params.items()}
        self.arrays = []
        for part in self.args:
            for item in part if isinstance(part, list) else [part]:
                if isinstance(item, np.ndarray) and item.dtype == np.float64:
                    self.arrays.append(item.astype(dtype))

    def __call__(self, *arrays):
        remaining = iter(arrays)

        def fill(part):
            if isinstance(part, list) and part and isinstance(part[0], np.ndarray):
                return [fill(item) for item in part]
            return next(remaining) if isinstance(part, np.ndarray) and part.dtype == np.float64 else part

        result = self.operation.function(*[fill(part) for part in self.args], **self.params)
        # The parts of a split, joined again, so that every case has one result.
        return mg.concatenate([mg.reshape(part, -1) for part in result]) if isinstance(result, list) else result

    def tensors(self):
        return [mg.Tensor(array, requires_grad=True) for array in self.arrays]


def upstream_for(shape, rng):
    """A gradient from above with both signs, never close to 0."""
    return rng.choice([-1.0, 1.0], size=shape) * rng.uniform(0.5, 1.5, size=shape)


def gradients_of(call, tensors, seed, create_graph=False):
    """Gradients of a call, with zeros where the result does not depend on an argument."""
    out = call(*tensors)
    found = mg.gradients(out, tensors, seed=seed, create_graph=create_graph)
    return [mg.Tensor(np.zeros_like(t.data)) if g is None else g for g, t in zip(found, tensors, strict=True)]


@pytest.mark.parametrize("name", BUILTIN)
def test_operation_declares_examples(name):
    assert BUILTIN[name].examples, f"{name} has no example inputs, so nothing checks its derivatives"
    assert BUILTIN[name].function.__doc__


@pytest.mark.parametrize("name", BUILTIN)
def test_examples_reach_scalars_and_empty_arrays(name):
    calls = [Call(BUILTIN[name], example, rng_for(BUILTIN[name])) for example in BUILTIN[name].examples]
    if BUILTIN[name].function.__module__ == "minigrad.ops.elementwise":
        return  # the property tests draw 0-d and empty arrays for these
    assert (name in NO_SCALARS) != any(array.ndim == 0 for call in calls for array in call.arrays)
    assert (name in NO_EMPTY) != any(array.size == 0 for call in calls for array in call.arrays)


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


@pytest.mark.parametrize(("operation", "example"), CASES)
def test_the_numpy_functions_it_stands_for_agree(operation, example):
    for function in operation.overrides:
        call = Call(operation, example, rng_for(operation))
        ours = call(*call.arrays)
        call.operation = replace(operation, function=function)
        if function is np.astype:  # which takes its dtype by position only
            call.args, call.params = [*call.args, *call.params.values()], {}
        np.testing.assert_allclose(call(*call.arrays), ours, rtol=1e-15)


def check_first_derivative(operation, example):
    rng = rng_for(operation, 1)
    call = Call(operation, example, rng)
    tensors = call.tensors()
    seed = upstream_for(np.shape(call(*call.arrays)), rng)
    expected = numerical_gradient(call, call.arrays, seed, step=2e-2)
    for actual, truth, tensor in zip(gradients_of(call, tensors, seed), expected, tensors, strict=True):
        assert actual.shape == tensor.shape
        assert actual.dtype == tensor.dtype
        np.testing.assert_allclose(actual.data, truth, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(("operation", "example"), CASES)
def test_first_derivative(operation, example):
    check_first_derivative(operation, example)


def check_first_derivatives(operation):
    for example in operation.examples:
        check_first_derivative(operation, example)


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
    rules[position] = lambda *args, **params: right(*args, **params) * 1.001
    monkeypatch.setattr(operation.primitive, "rules", tuple(rules))
    with pytest.raises(AssertionError):
        check_first_derivatives(operation)


@pytest.mark.parametrize(("operation", "example"), CASES)
def test_second_derivative(operation, example):
    """The derivative of the gradient, along a direction, with respect to the arguments and to the upstream gradient."""
    rng = rng_for(operation, 2)
    call = Call(operation, example, rng)
    seed = upstream_for(np.shape(call(*call.arrays)), rng)
    directions = [upstream_for(array.shape, rng) for array in call.arrays]

    def along(*values):
        *arrays, upstream = values
        found = gradients_of(call, [mg.Tensor(array, requires_grad=True) for array in arrays], upstream)
        return np.asarray(sum(np.sum(g.data * d) for g, d in zip(found, directions, strict=True)))

    tensors = call.tensors()
    upstream = mg.Tensor(seed, requires_grad=True)
    first = mg.gradients(call(*tensors), tensors, seed=upstream, create_graph=True)
    total = sum((g * d).sum() for g, d in zip(first, directions, strict=True) if g is not None)
    assert isinstance(total, mg.Tensor)
    assert total.requires_grad
    second = mg.gradients(total, [*tensors, upstream])
    expected = numerical_gradient(along, [*call.arrays, seed], np.asarray(1.0), step=2e-2)
    for actual, truth in zip(second, expected, strict=True):
        value = np.zeros_like(truth) if actual is None else actual.data
        np.testing.assert_allclose(value, truth, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(("operation", "example"), CASES)
def test_float32_is_kept_in_value_and_gradients(operation, example):
    """The value, the gradients and the second derivatives are float32, and close to those in float64."""
    results = {}
    for dtype in (np.float32, np.float64):
        call = Call(operation, example, rng_for(operation, 3), dtype)
        tensors = call.tensors()
        out = call(*tensors)
        first = mg.gradients(out, tensors, seed=np.ones(out.shape), create_graph=True)
        squares = sum((g * g).sum() for g in first if g is not None)
        # What a rule returns is cast if it has to be; here every step has to keep the precision by itself.
        steps = ancestors(squares._node) if squares.requires_grad else []
        assert {node.out.dtype for node in steps} <= {np.dtype(dtype)}
        second = mg.gradients(squares, tensors) if squares.requires_grad else []
        results[dtype] = [out, squares, *(g for g in (*first, *second) if g is not None)]
        assert {result.dtype for result in results[dtype]} == {np.dtype(dtype)}
    for low, high in zip(results[np.float32], results[np.float64], strict=True):
        np.testing.assert_allclose(low.data, high.data, rtol=2e-4, atol=2e-4)


def test_samples_are_distinct_and_away_from_kinks():
    rng = np.random.default_rng(0)
    first, second = (Sample((4, 5), -2.0, 2.0).draw(rng, argument) for argument in (0, 1))
    values = np.sort(np.concatenate([first.ravel(), second.ravel(), [0.0]]))
    assert np.diff(values).min() > 0.04
