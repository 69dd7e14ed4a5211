"""Are averages, covariances and reductions with masks and NaN those of NumPy, and their gradients right at edges?"""

import warnings

import numpy as np
import pytest
from test_order import gradient

import minigrad as mg

MASK = np.array([[True, False, True], [False, False, True]])
NAN = np.nan


@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        (lambda x: np.sum(x, where=[True, False], initial=3.0), [NAN, 2.0], [1.0, 0.0]),
        (lambda x: np.mean(x, where=MASK), np.ones((2, 3)), MASK / 3.0),
        (lambda x: np.prod(x, where=[True, True, False], initial=2.0), [0.0, 3.0, 0.0], [6.0, 0.0, 0.0]),
        (lambda x: np.max(x, initial=3.0), [3.0, 1.0, 3.0], [1 / 3, 0.0, 1 / 3]),
        (lambda x: np.max(x, initial=5.0), [3.0, 1.0, 3.0], [0.0, 0.0, 0.0]),
        (lambda x: np.min(x, initial=9.0, where=[False, True, True]), [0.0, 1.0, 1.0], [0.0, 0.5, 0.5]),
        (np.max, [1.0, NAN, 3.0, NAN], [0.0, 0.5, 0.0, 0.5]),
        (np.nansum, [1.0, NAN, np.inf], [1.0, 0.0, 1.0]),
        (np.nanprod, [NAN, 0.0, 3.0], [0.0, 3.0, 0.0]),
        (np.nanmean, [1.0, NAN, 3.0], [0.5, 0.0, 0.5]),
        (np.nanmax, [3.0, NAN, 3.0], [0.5, 0.0, 0.5]),
        (np.nanmin, [1.0, NAN, 3.0], [1.0, 0.0, 0.0]),
        (np.nanvar, [1.0, NAN, 3.0], [-1.0, 0.0, 1.0]),
        (np.nanstd, [1.0, NAN, 3.0], [-0.5, 0.0, 0.5]),
        (np.nanstd, [2.0, NAN, 2.0], [0.0, 0.0, 0.0]),
        (lambda x: np.std(x, where=[True, True, False]), [2.0, 2.0, NAN], [0.0, 0.0, 0.0]),
        (lambda x: np.average(x, weights=[1, 0, 3]), [1.0, 5.0, 2.0], [0.25, 0.0, 0.75]),
        (mg.logsumexp, [-np.inf, 0.0, 0.0], [0.0, 0.5, 0.5]),
        (mg.logsumexp, [-np.inf, -np.inf], [0.0, 0.0]),
    ],
)
def test_gradient_at_edges(function, x, expected):
    np.testing.assert_allclose(gradient(function, x), expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("function", "warning"),
    [
        (np.nanmean, "Mean of empty slice"),
        (np.nanmax, "All-NaN slice"),
        (np.nanmin, "All-NaN slice"),
        (np.nanvar, "Degrees of freedom"),
        (np.nanstd, "Degrees of freedom"),
        (lambda x, axis: np.nanstd(x, axis=axis, ddof=1), "Degrees of freedom"),
    ],
)
def test_slices_of_nothing_but_nan_have_gradient_zero(function, warning):
    x = mg.Tensor([[NAN, NAN, NAN], [1.0, NAN, 2.5]], requires_grad=True)
    with pytest.warns(RuntimeWarning, match=warning):
        out = function(x, axis=1)
    assert np.isnan(out.data[0])
    (first,) = mg.gradients(np.nansum(out**3), [x], create_graph=True)
    (second,) = mg.gradients(np.sum(first**2), [x])
    assert np.any(second.data)
    np.testing.assert_array_equal(first.data[0], np.zeros(3))
    np.testing.assert_array_equal(second.data[0], np.zeros(3))
    assert np.all(np.isfinite(second.data))


@pytest.mark.parametrize("function", [np.nansum, np.nanmean, np.nanvar, np.nanstd, np.nanprod, np.nanmax])
def test_what_is_nan_has_no_part_in_derivatives(function):
    """The same as of the array without NaN, to second order."""
    whole = np.array([0.3, -1.2, 2.0, 0.7])
    weights = np.array([1.0, -2.0, 0.5, 3.0])
    found = []
    for x in (whole, np.insert(whole, 2, NAN)):
        tensor = mg.Tensor(x, requires_grad=True)
        (first,) = mg.gradients(function(tensor) ** 2, [tensor], create_graph=True)
        numbers = np.flatnonzero(~np.isnan(x))
        (second,) = mg.gradients(np.sum(first[numbers] * weights), [tensor])
        assert np.all(second.data[np.isnan(x)] == 0.0)
        found.append([first.data[numbers], second.data[numbers]])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-13)


@pytest.mark.parametrize("function", [np.std, np.var, np.nanstd, np.nanvar])
def test_spread_of_equal_values_to_second_order(function):
    x = mg.Tensor([2.0, 2.0, 2.0], requires_grad=True)
    (first,) = mg.gradients(function(x), [x], create_graph=True)
    (second,) = mg.gradients(np.sum(first * np.array([1.0, 2.0, 4.0])), [x])
    np.testing.assert_array_equal(first.data, np.zeros(3))
    assert np.all(np.isfinite(second.data))


@pytest.mark.parametrize("function", [np.var, np.std])
@pytest.mark.parametrize("ddof", [3, 5])
def test_more_degrees_of_freedom_than_values(function, ddof):
    x = mg.Tensor([1.0, 2.0, 4.0], requires_grad=True)
    with np.errstate(divide="ignore", invalid="ignore"), pytest.warns(RuntimeWarning, match="Degrees of freedom"):
        assert function(x, ddof=ddof).item() == np.inf
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert not np.any(np.isfinite(gradient(lambda t: function(t, ddof=ddof), x.data)))


@pytest.mark.parametrize("x", [[[0.0, 2.0], [3.0, -1.0]], [[0.0, 0.0], [3.0, 0.0]]])
@pytest.mark.parametrize("axis", [None, (0, 1), 1])
def test_products_with_zeros_and_a_mask_are_right_to_second_order(x, axis, gradcheck):
    mask = np.array([[True, True], [True, False]])
    for function in (
        lambda t: np.prod(t, axis=axis, where=mask, initial=1.5),
        lambda t: np.nanprod(np.where(mask, t, NAN), axis=axis),
    ):
        gradcheck(function, np.array(x))
        gradcheck.gradgradcheck(function, np.array(x))


@pytest.mark.parametrize(
    "function",
    [np.mean, np.average, np.nanmean, lambda x: np.average(x, weights=np.ones(x.shape, np.float16))],
)
def test_half_precision_averages_hold_large_counts(function):
    x = np.ones(100_000, np.float16)
    np.testing.assert_array_equal(gradient(function, x, np.float16(1024.0)), np.float16(1024.0 / 100_000))
    assert function(mg.Tensor(x)).item() == 1.0


@pytest.mark.parametrize("function", [np.var, np.std, np.nanvar, np.nanstd, lambda x: np.cov(x, bias=True)])
def test_half_precision_spreads_hold_large_counts(function):
    x = np.where(np.arange(100_000) % 2, 2.0, 4.0).astype(np.float16)
    assert function(mg.Tensor(x)).item() == 1.0
    expected = gradient(function, x.astype(float), 1024.0)
    np.testing.assert_allclose(gradient(function, x, 1024.0), expected, rtol=2e-3)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.sum(x, 0, None, None, True),
        lambda x: np.sum(x, axis=1, dtype=np.float64),
        lambda x: np.prod(x, axis=(0, 1), initial=2.0),
        lambda x: np.max(x, axis=1, where=MASK, initial=-9.0, keepdims=True),
        lambda x: np.var(x, axis=0, correction=1),
        lambda x: np.std(x, axis=1, where=[True, True, False], ddof=1),
        lambda x: np.nansum(x, 1, keepdims=True),
        lambda x: np.nanvar(x, 1, ddof=1),
        lambda x: np.nanmax(x, 0, initial=0.1),
        lambda x: np.average(x, 1, [1.0, 2.0, 3.0]),
        lambda x: np.average(x, axis=(1, 0), weights=[[1, 2], [3, 4], [5, 6]], keepdims=True),
        lambda x: np.average(x, weights=x.shape[0] * MASK),
        lambda x: np.cov(x, None, False),
        lambda x: np.cov(x, x + 1.0, ddof=0, aweights=[1.0, 2.0, 0.5], fweights=[1, 3, 2]),
        lambda x: np.cov(x[0], rowvar=False),
        lambda x: np.corrcoef(x, rowvar=False),
        lambda x: np.corrcoef(x[0], x[1]),
    ],
)
def test_arguments_are_those_of_numpy(call):
    x = np.array([[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]])
    tensor = mg.Tensor(x, requires_grad=True)
    out = call(tensor)
    assert isinstance(out, mg.Tensor)
    np.testing.assert_allclose(out.data, call(x), rtol=1e-14)
    out.backward(np.ones(out.shape))
    assert np.any(tensor.grad.data)


def test_average_returns_the_sum_of_weights_as_well():
    x, weights = mg.Tensor(np.ones((2, 3)), requires_grad=True), mg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    mean, total = np.average(x, axis=1, weights=weights, returned=True)
    np.testing.assert_array_equal(total.data, [6.0, 6.0])
    (found,) = mg.gradients(np.sum(total), [weights])
    np.testing.assert_array_equal(found.data, [2.0, 2.0, 2.0])
    assert np.average(x, returned=True)[1] == 6.0
    assert mean.shape == (2,)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: np.average(x, axis=1, weights=[1.0, -1.0, 0.0]), ZeroDivisionError, "sum to 0"),
        (lambda x: np.average(x, weights=[1.0, 1.0, 1.0]), TypeError, "axis has to be given"),
        (lambda x: np.average(x, axis=0, weights=[1.0, 1.0, 1.0]), ValueError, "do not belong"),
        (lambda x: np.var(x, ddof=1, correction=1), ValueError, "mean the same"),
        (lambda x: np.var(x, mean=0.0), TypeError, "mean="),
        (lambda x: np.cov(x, ddof=0.5), ValueError, "integer"),
        (lambda x: np.cov(x, fweights=[0.5, 1.0, 1.0]), TypeError, "integers"),
        (lambda x: np.cov(x, aweights=[1.0, 1.0]), RuntimeError, "one weight for each"),
        (lambda x: np.cov(x, aweights=[1.0, 1.0, -1.0]), ValueError, "negative"),
        (lambda x: np.cov(np.reshape(x, (1, 2, 3))), ValueError, "two dimensions"),
        (lambda x: np.max(x, axis=1, where=MASK), ValueError, "initial"),
        (lambda x: np.sum(x, initial=x[0, 0]), TypeError, "has to be a constant"),
    ],
)
def test_arguments_that_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(mg.Tensor(np.ones((2, 3)), requires_grad=True))


def test_covariance_of_too_few_observations_warns_as_numpy_does():
    with pytest.warns(RuntimeWarning, match="Degrees of freedom"), np.errstate(invalid="ignore"):
        assert np.isnan(np.cov(mg.Tensor([[1.0], [2.0]])).data).all()


def test_precision_of_covariances_is_that_of_the_data():
    for dtype, expected in ((np.float16, np.float32), (np.float32, np.float32), (np.float64, np.float64)):
        x = mg.Tensor([[1.0, 300.0, 2.0], [0.0, 1.0, 5.0]], dtype=dtype, requires_grad=True)
        out = np.cov(x)
        out.backward(np.ones(out.shape))
        assert (out.dtype, x.grad.dtype) == (expected, dtype)
        np.testing.assert_allclose(out.data, np.cov(x.data), rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_a_given_dtype_is_that_of_the_result_and_gradients_keep_theirs(dtype):
    x = mg.Tensor([[1.0, 2.0], [4.0, 8.0]], dtype=dtype, requires_grad=True)
    for function in (np.sum, np.prod, np.mean, np.var, np.std, np.nansum, np.nanprod, np.nanmean, np.nanvar, np.nanstd):
        out = function(x, axis=0, dtype=np.float64)
        (found,) = mg.gradients(out, [x], seed=np.ones(2))
        assert (out.dtype, found.dtype) == (np.float64, dtype)
        np.testing.assert_allclose(
            found.data, gradient(lambda t, f=function: f(t, axis=0), x.data.astype(float)), rtol=1e-3
        )
