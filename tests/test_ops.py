"""Is every registered operation right: its value, its derivatives of first and second order, dtypes and shapes?"""

import zlib
from dataclasses import replace

import numpy as np
import pytest

import minigrad as mg
from minigrad.engine.examples import Sample, arguments
from minigrad.engine.graph import ancestors
from minigrad.engine.registry import operations
from minigrad.testing import GradcheckError, gradcheck, gradgradcheck

BUILTIN = {name: operation for name, operation in operations.items() if operation.builtin}
CASES = [
    pytest.param(operation, example, id=f"{name}-{number}")
    for name, operation in BUILTIN.items()
    for number, example in enumerate(operation.examples)
]

# Operations that NumPy does not define for 0-d arrays, and for which an empty argument has no meaning.
NO_SCALARS = {
    "matmul": "matmul takes no 0-d arrays",
    "matmul_with_bias": "a product of matrices takes no 0-d arrays",
    "moveaxis": "a 0-d array has no axis to move",
    "swapaxes": "a 0-d array has no axes to exchange",
    "split": "a 0-d array has no axis to cut",
    "concatenate": "a 0-d array has no axis to join along",
    "label_cross_entropy": "logits have two dimensions",
    "softmax": "a 0-d array has no axis",
    "log_softmax": "a 0-d array has no axis",
    **dict.fromkeys(["correlate2d", "convolve2d"], "planes have two dimensions"),
    **dict.fromkeys(
        ["conv2d", "conv2d_with_bias", "conv2d_transpose", "conv2d_kernels"], "images have four dimensions"
    ),
    **dict.fromkeys(["max_pool2d", "avg_pool2d", "window_maxima", "window_means"], "images have four dimensions"),
    **dict.fromkeys(["to_maxima", "from_maxima", "to_windows"], "images have four dimensions"),
    **dict.fromkeys(["cross", "cross_of_three", "vecdot", "matvec", "vecmat"], "a vector has one axis"),
    "outer": "np.linalg.outer takes vectors alone",
    "correlate": "np.correlate takes no 0-d arrays",
    **dict.fromkeys(["to_sorted", "from_sorted"], "a 0-d array has no axis to sort along"),
    "corrcoef": "one observation has no correlation",
    "unwrap": "a 0-d array has no axis",
    "apply_along_axis": "a 0-d array has no axis",
    **dict.fromkeys(["polyder", "poly", "polyfit", "bincount"], "NumPy takes only arrays of one dimension here"),
    **dict.fromkeys(["inv", "pinv", "solve", "tensorsolve", "tensorinv", "lstsq"], "0-d is no matrix"),
    "least_squares_parts": "0-d is no matrix",
    **dict.fromkeys(["det", "slogdet", "cofactor_matrix", "sign_and_log_det", "matrix_power"], "0-d is no matrix"),
    **dict.fromkeys(["multi_dot", "matrix_diagonal", "matrix_trace", "cholesky", "qr", "tall_qr"], "0-d is no matrix"),
    **dict.fromkeys(["eigh", "eigvalsh", "eigen_parts", "svd", "svdvals", "singular_parts"], "0-d is no matrix"),
    **dict.fromkeys(["matrix_norm", "cond"], "0-d is no matrix"),
    "norm": "the norm of one number is straight, so that differences of its slope are rounding alone",
    **dict.fromkeys(["rollaxis", "array_split", "hsplit", "vsplit", "dsplit", "unstack"], "a 0-d array has no axis"),
    **dict.fromkeys(["matrix_transpose", "fliplr", "flipud", "rot90"], "a 0-d array has no axes to exchange"),
    **dict.fromkeys(["tril", "triu", "diag", "diagonal", "trace"], "a 0-d array has no diagonal"),
    **dict.fromkeys(["vander", "trim_zeros", "fftshift", "ifftshift"], "a 0-d array has no axis"),
}
NO_EMPTY = {
    "tensorinv": "NumPy inverts no empty tensors",
    **dict.fromkeys(["convolve", "correlate"], "NumPy convolves no empty sequences"),
    "polyfit": "no points determine no polynomial",
    **dict.fromkeys(["max", "min", "logsumexp"], "an extremum of nothing does not exist"),
    "ptp": "an extremum of nothing does not exist",
    **dict.fromkeys(["median", "quantile", "percentile"], "a quantile of nothing is NaN, with a warning"),
    **dict.fromkeys(["nanmedian", "nanquantile", "nanpercentile"], "a quantile of nothing is NaN, with a warning"),
    **dict.fromkeys(["nanmax", "nanmin"], "an extremum of nothing does not exist"),
    **dict.fromkeys(["nanmean", "nanvar", "nanstd", "average", "cov", "corrcoef"], "a mean of nothing is NaN"),
    **dict.fromkeys(["mean", "var", "std"], "a mean of nothing is NaN, with a warning"),
    **dict.fromkeys(
        ["mean_squared_difference", "binary_cross_entropy", "label_cross_entropy"],
        "losses refuse to be means of nothing",
    ),
    **dict.fromkeys(["correlate2d", "convolve2d"], "SciPy takes no empty planes"),
}


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


@pytest.mark.parametrize("name", BUILTIN)
def test_examples_reach_scalars_and_empty_arrays(name):
    calls = [Call(BUILTIN[name], example, rng_for(BUILTIN[name])) for example in BUILTIN[name].examples]
    if BUILTIN[name].elementwise:
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
    rules[position] = lambda *args, **params: right(*args, **params) * 1.001
    monkeypatch.setattr(operation.primitive, "rules", tuple(rules))
    with pytest.raises(GradcheckError) as caught:
        check_first_derivatives(operation)
    # An error is also raised where nothing can be told, which would not do here.
    assert caught.value.result.verdict == "fail"


# The deviation of two elements is half their distance, so that its second derivative is 0 and a little rounding; no
# difference of values can tell these apart.
STRAIGHT = {"std-1"}


def second_derivative(operation, example):
    """The derivatives of the gradients with respect to the arguments and to the upstream gradient."""
    check(gradgradcheck, operation, example, salt=2)


@pytest.mark.parametrize(("operation", "example"), [case for case in CASES if case.id not in STRAIGHT])
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


# NumPy computes these in float64 whatever it is given.
ALWAYS_DOUBLE = {"float_power"}


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


@pytest.mark.parametrize(("operation", "example"), [case for case in CASES if case.values[0].name not in ALWAYS_DOUBLE])
def test_float32_is_kept_in_value_and_gradients(operation, example):
    verified(float32_is_kept, operation, example)


@pytest.mark.parametrize("name", sorted(ALWAYS_DOUBLE))
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
