"""Do sorting and what is read from sorted values differentiate rightly at ties, at NaN, and by every method?"""

import numpy as np
import pytest

import minigrad as mg

METHODS = [
    *["inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull"],
    *["linear", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest"],
]


def gradient(function, x, upstream=None):
    x = mg.Tensor(x, requires_grad=True)
    out = function(x)
    (found,) = mg.gradients(out, [x], seed=np.ones(out.shape) if upstream is None else upstream)
    return found.data


@pytest.mark.parametrize(
    ("function", "x", "upstream", "expected"),
    [
        (np.sort, [3.0, 1.0, 2.0], [1.0, 10.0, 100.0], [100.0, 1.0, 10.0]),
        (np.sort, [3.0, 1.0, 3.0], [1.0, 10.0, 100.0], [55.0, 1.0, 55.0]),
        (np.sort, [np.nan, 1.0, np.nan], [1.0, 10.0, 100.0], [55.0, 1.0, 55.0]),
        (
            lambda x: np.sort(x, axis=0),
            [[2.0, 1.0], [2.0, 0.0]],
            [[1.0, 10.0], [3.0, 30.0]],
            [[2.0, 30.0], [2.0, 10.0]],
        ),
        (lambda x: np.sort(x, None), [[2.0, 1.0], [1.0, 0.0]], [1.0, 2.0, 4.0, 8.0], [[8.0, 3.0], [3.0, 1.0]]),
        (lambda x: np.partition(x, 1), [3.0, 1.0, 1.0], [1.0, 10.0, 100.0], [100.0, 5.5, 5.5]),
        (np.median, [1.0, 3.0, 3.0], None, [0.0, 0.5, 0.5]),
        (np.median, [1.0, 3.0, 2.0, 5.0], None, [0.0, 0.5, 0.5, 0.0]),
        (np.median, [2.0, 2.0, 2.0, 5.0], None, [1 / 3, 1 / 3, 1 / 3, 0.0]),
        (np.median, [1.0, np.nan, 3.0], None, [0.0, 1.0, 0.0]),
        (np.nanmedian, [1.0, np.nan, 3.0, 2.0, np.nan], None, [0.0, 0.0, 0.0, 1.0, 0.0]),
        (lambda x: np.quantile(x, [0.0, 1.0]), [1.0, 3.0, 3.0], [1.0, 10.0], [1.0, 5.0, 5.0]),
        (lambda x: np.quantile(x, 0.3), [0.0, 2.0, 1.0], None, [0.4, 0.0, 0.6]),
        (lambda x: np.nanquantile(x, 0.5), [np.nan, 1.0, 3.0], None, [0.0, 0.5, 0.5]),
        (np.ptp, [1.0, 3.0, 3.0, 1.0], None, [-0.5, 0.5, 0.5, -0.5]),
    ],
)
def test_gradient_at_ties_and_nan(function, x, upstream, expected):
    np.testing.assert_allclose(gradient(function, x, upstream), expected, rtol=1e-14)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("function", "last"), [(np.quantile, -1.3), (np.nanquantile, np.nan)])
def test_every_method_interpolates_sorted_values(function, last, method):
    x = np.array([[0.3, 2.0, -1.0, 0.9, 0.4, -0.2], [1.5, -0.7, 0.1, 3.0, 0.6, last]])
    fractions = np.array([0.0, 0.13, 0.5, 0.72, 1.0])
    upstream = np.array([[1.0, -2.0], [3.0, 1.0], [-2.0, 2.5], [0.5, 4.0], [1.5, -3.0]])
    found = gradient(lambda t: function(t, fractions, axis=1, method=method), x, upstream)
    changes = 1e-3 * np.eye(x.size).reshape(x.size, *x.shape)
    higher, lower = [
        np.array(
            [np.sum(upstream * function(x + sign * change, fractions, axis=1, method=method)) for change in changes]
        )
        for sign in (1.0, -1.0)
    ]
    np.testing.assert_allclose(found.ravel(), (higher - lower) / 2e-3, atol=1e-10)


@pytest.mark.parametrize("function", [np.nanmedian, lambda x, axis: np.nanquantile(x, [0.25, 0.5], axis=axis)])
def test_slices_of_nothing_but_nan_have_gradient_zero(function):
    x = mg.Tensor([[np.nan, np.nan, np.nan], [1.0, np.nan, 2.0]], requires_grad=True)
    with pytest.warns(RuntimeWarning, match="All-NaN slice"):
        out = function(x, axis=1)
    (found,) = mg.gradients(out, [x], seed=np.ones(out.shape))
    np.testing.assert_array_equal(found.data[0], np.zeros(3))
    np.testing.assert_allclose(found.data[1].sum(), out.size / 2)


@pytest.mark.parametrize(
    "function",
    [np.median, np.nanmedian, lambda x: np.quantile(x, [0.3, 0.9]), np.sort, lambda x: np.partition(x, 1), np.ptp],
)
def test_second_and_third_derivative_at_ties(function):
    """Where f is linear, f^2 has the second derivative 2 J^T J, and f^3 / 6 the third one sum of J^3."""
    x = mg.Tensor([1.0, 3.0, 3.0, 1.0], requires_grad=True)
    rows = range(function(x).size)
    jacobian = np.array([gradient(lambda t, row=row: np.reshape(function(t), -1)[row], x.data) for row in rows])
    weights = np.array([1.0, 2.0, 4.0, 8.0])
    (first,) = mg.gradients(np.sum(function(x) ** 3), [x], create_graph=True)
    (second,) = mg.gradients(np.sum(first * weights), [x], create_graph=True)
    (third,) = mg.gradients(np.sum(second * weights), [x])
    values = np.reshape(function(x.data), -1)
    np.testing.assert_allclose(first.data, 3.0 * jacobian.T @ values**2, rtol=1e-13)
    np.testing.assert_allclose(second.data, 6.0 * jacobian.T @ (values * (jacobian @ weights)), rtol=1e-13)
    np.testing.assert_allclose(third.data, 6.0 * jacobian.T @ (jacobian @ weights) ** 2, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize(
    "function", [np.sort, np.median, np.nanmedian, lambda x: np.percentile(x, 30), lambda x: np.partition(x, 3)]
)
def test_dtype_is_kept(function, dtype):
    x = mg.Tensor(np.arange(3000) % 1000, dtype=dtype, requires_grad=True)
    out = function(x)
    out.backward(np.ones(out.shape))
    assert out.dtype == x.grad.dtype == dtype
    np.testing.assert_allclose(x.grad.data.sum(dtype=float), out.size, rtol=1e-3)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.median(x, 0),
        lambda x: np.median(x, axis=(1, 0), keepdims=True),
        lambda x: np.quantile(x, 0.25, 1, None, False, "hazen", True),
        lambda x: np.quantile(x, np.array([[0.1, 0.2], [0.3, 0.4]]), axis=(0, 2)),
        lambda x: np.percentile(x, [10, 90], -1),
        lambda x: np.nanpercentile(x, 40, axis=0, keepdims=True),
        lambda x: np.sort(x, 0, "stable"),
        lambda x: np.sort(x, axis=1, stable=True),
        lambda x: np.partition(x, [0, 2], 1),
        lambda x: np.ptp(x, (0, 2)),
    ],
)
def test_arguments_are_those_of_numpy(call):
    x = np.random.default_rng(0).normal(size=(3, 4, 2))[:, ::-1]
    tensor = mg.Tensor(x, requires_grad=True)
    out = call(tensor)
    np.testing.assert_array_equal(out.data, call(x))
    out.backward(np.ones(out.shape))
    assert tensor.grad.shape == x.shape


@pytest.mark.parametrize("function", [np.quantile, np.nanquantile, np.percentile, np.nanpercentile])
def test_arguments_that_are_refused(function):
    x = mg.Tensor([1.0, 2.0, 4.0], requires_grad=True)
    with pytest.raises(TypeError, match="q has to be a constant"):
        function(x, mg.Tensor(0.5, requires_grad=True))
    with pytest.raises(TypeError, match="weights="):
        function(x, 0.5, weights=np.ones(3), method="inverted_cdf")
    assert function(x, mg.Tensor(0.5)).item() == function(x.data, 0.5)


def test_fractions_of_two_dimensions_where_numpy_mixes_up_the_result():
    x = mg.Tensor(np.ones((3, 4)), requires_grad=True)
    with pytest.raises(ValueError, match="at most one dimension"):
        np.nanquantile(x, np.full((2, 2), 0.5), axis=1)
