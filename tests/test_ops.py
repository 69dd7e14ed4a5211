"""Is every registered operation right: its value, its derivatives of first and second order, dtypes and shapes?"""

import inspect
import zlib
from dataclasses import replace

import numpy as np
import pytest

import minigrad as mg
from minigrad.engine.examples import Sample, arguments, reals
from minigrad.engine.graph import ancestors
from minigrad.engine.registry import operations
from minigrad.testing import GradcheckError, gradcheck, gradgradcheck

BUILTIN = {name: operation for name, operation in operations.items() if operation.builtin}
CASES = [
    pytest.param(operation, example, id=f"{name}-{number}")
    for name, operation in BUILTIN.items()
    for number, example in enumerate(operation.examples)
]


def rng_for(operation, salt=0):
    return np.random.default_rng([zlib.crc32(operation.name.encode()), salt])


def joined(parts):
    """The real numbers among several results in one array."""
    return mg.concatenate([mg.reshape(part, -1) for part in parts if np.result_type(part).kind == "f"])


class Call:
    """One call of an operation, as a function of its floating-point arrays alone."""

    def __init__(self, operation, example, rng, dtype=np.float64):
        self.operation = operation
        self.__name__ = operation.name  # what a report calls it
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
        # The parts of a split or a decomposition, joined again, so that every case has one result.
        return joined(result) if isinstance(result, (list, tuple)) else result

    def tensors(self):
        return [mg.Tensor(array, requires_grad=True) for array in self.arrays]


def check(checker, operation, example, salt=0):
    """Every derivative of one call has to pass; of an empty array there is none, so that nothing can be seen of it."""
    rng = rng_for(operation, salt)
    call = Call(operation, example, rng)
    result = checker(call, tuple(call.arrays), rng=rng, raise_exception=all(array.size for array in call.arrays))
    assert result.verdict != "fail"
    assert all(leaf.verdict == "pass" or 0 in leaf.shape for leaf in result.leaves), result


@pytest.mark.parametrize("name", BUILTIN)
def test_operation_declares_examples(name):
    assert BUILTIN[name].examples, f"{name} has no example inputs, so nothing checks its derivatives"
    assert BUILTIN[name].function.__doc__


# What an array of each kind looks like, and the shapes of those of that kind in the place of another.
KINDS = {
    "0-d": (lambda array: array.ndim == 0, [lambda shape: ()]),
    "empty": (lambda array: array.size == 0, [lambda shape: (0, *shape[1:]), lambda shape: (*shape[:-1], 0)]),
}


def drawn(operation, example):
    return Call(operation, example, rng_for(operation))


def reaches(operation, kind):
    """Whether an example has an array of a kind; the property tests draw all kinds for elementwise operations."""
    is_one, _ = KINDS[kind]
    calls = [drawn(operation, example) for example in operation.examples]
    return operation.elementwise or any(is_one(array) for call in calls for array in call.arrays)


def reshaped(part, change):
    """An example with arrays of other shapes in the place of its own; those of 0-d arrays stay."""
    if isinstance(part, (list, tuple)):
        return type(part)([reshaped(item, change) for item in part])
    if not isinstance(part, Sample):
        return part
    return Sample(change(part.shape) if part.shape else (), part.low, part.high)


def refuses(operation, example):
    """Whether NumPy has no such value, or the operation says so itself; warnings are refusals, too."""
    for function in operation.overrides:
        try:
            drawn(replace(operation, function=function), example)(*drawn(operation, example).arrays)
        except Exception:
            return True
    call = drawn(operation, example)
    try:
        tensors = call.tensors()
        out = call(*tensors)
        mg.gradients(out, tensors, seed=np.ones(out.shape))
    except Exception as error:
        return not operation.overrides or operation.name in str(error)
    return False


def test_what_numpy_takes_is_no_refusal():
    assert not refuses(BUILTIN["sum"], reals())
    assert not refuses(BUILTIN["mean"], (reals(0, 3), {"axis": 1}))
    assert refuses(BUILTIN["mean"], (reals(3, 0), {"axis": 1}))  # a mean of nothing, with a warning
    assert refuses(BUILTIN["matmul"], (reals(), reals()))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [name for name, operation in BUILTIN.items() if not operation.elementwise])
def test_examples_reach_scalars_and_empty_arrays_where_these_have_a_meaning(name, kind):
    operation = BUILTIN[name]
    if not reaches(operation, kind):
        full = [each for each in operation.examples if all(array.size for array in drawn(operation, each).arrays)]
        is_one, changes = KINDS[kind]
        changed = [reshaped(example, change) for example in full for change in changes]
        changed = [each for each in changed if any(is_one(array) for array in drawn(operation, each).arrays)]
        assert changed
        for example in changed:
            assert refuses(operation, example), f"give {name} an example such as {example}"


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


def verified(checked, operation, example):
    """Run a check, but only once for every example: the table of docs/operations.md is made of the same results."""
    key = checked.__name__, operation.name, id(example)
    if key not in OUTCOMES:
        try:
            OUTCOMES[key] = checked(operation, example)
        except Exception as error:
            OUTCOMES[key] = error
    if OUTCOMES[key] is not None:
        raise OUTCOMES[key]


OUTCOMES = {}


def first_derivative(operation, example):
    check(gradcheck, operation, example, salt=1)


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


def second_derivative(operation, example):
    """The derivatives of the gradients with respect to the arguments and to the upstream gradient."""
    if any(getattr(part, "straight", False) for part in (example if isinstance(example, tuple) else [example])):
        call = drawn(operation, example)
        tensors = call.tensors()
        first = mg.gradients(call(*tensors), tensors, create_graph=True)
        second = mg.gradients(sum((g * g).sum() for g in first), tensors)
        assert max(np.abs(g.data).max() for g in second) < 1e-14
    else:
        check(gradgradcheck, operation, example, salt=2)


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


def directional_derivative(operation, example):
    """<u, J v> from a pass forward equals <J^T u, v> from a pass back, which is checked against values above."""
    rng = rng_for(operation, 4)
    call = Call(operation, example, rng)
    tangents = tuple(rng.uniform(0.5, 1.5, array.shape) for array in call.arrays)
    out, pushed = mg.jvp(call, tuple(call.arrays), tangents)
    upstream = rng.uniform(0.5, 1.5, np.shape(out))
    pulled = mg.vjp(call, *call.arrays)[1](upstream)
    terms = [np.sum(g * v) for g, v in zip(pulled, tangents, strict=True)]
    assert (np.shape(pushed), pushed.dtype) == (np.shape(out), out.dtype)
    np.testing.assert_allclose(
        np.sum(upstream * pushed), np.sum(terms), rtol=1e-9, atol=1e-12 + 1e-9 * np.abs(terms).max()
    )


@pytest.mark.parametrize(("operation", "example"), CASES)
def test_directional_derivative(operation, example):
    verified(directional_derivative, operation, example)


def is_double(operation):
    """Whether NumPy computes it in float64 whatever it is given: of its ufunc there is nothing for float32."""
    ufuncs = [function for function in operation.overrides if isinstance(function, np.ufunc)]
    return not all(any(types.startswith("f") for types in ufunc.types) for ufunc in ufuncs)


def float32_is_kept(operation, example):
    """The value, the gradients and the second derivatives are float32, and close to those in float64."""
    results = {}
    for dtype in (np.float32, np.float64):
        call = Call(operation, example, rng_for(operation, 3), dtype)
        tensors = call.tensors()
        out = call(*tensors)
        first = mg.gradients(out, tensors, seed=np.ones(out.shape), create_graph=True)
        squares = sum((g * g).sum() for g in first if g is not None)
        # What a rule returns is cast if it has to be; here every step has to keep the precision by itself.
        steps = ancestors([squares._node]) if squares.requires_grad else []
        assert {node.out.dtype for node in steps} <= {np.dtype(dtype)}
        second = mg.gradients(squares, tensors) if squares.requires_grad else []
        results[dtype] = [out, squares, *(g for g in (*first, *second) if g is not None)]
        assert {result.dtype for result in results[dtype]} == {np.dtype(dtype)}
    for low, high in zip(results[np.float32], results[np.float64], strict=True):
        np.testing.assert_allclose(low.data, high.data, rtol=2e-4, atol=2e-4)


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


def test_samples_are_distinct_and_away_from_kinks():
    rng = np.random.default_rng(0)
    first, second = (Sample((4, 5), -2.0, 2.0).draw(rng, argument) for argument in (0, 1))
    values = np.sort(np.concatenate([first.ravel(), second.ravel(), [0.0]]))
    assert np.diff(values).min() > 0.04
