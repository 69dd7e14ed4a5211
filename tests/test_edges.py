"""Are derivatives right where formulas overflow, cancel, or meet zeros, infinities and NaN?"""

import numpy as np
import pytest

import minigrad as mg


def nth(function, order, x):
    for _ in range(order):
        function = mg.grad(function)
    return function(x)


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("form", [lambda y: y, np.float64, lambda y: np.array([y, y])[:1]])
def test_derivatives_of_a_power_at_base_0(exponent, form):
    """The third derivative of x^3 is 6; of a lower power it is 0."""
    for order in range(1, 5):
        found = nth(lambda x: np.sum(x ** form(exponent)), order, 0.0)
        assert found == (np.prod(np.arange(1.0, order + 1)) if order == exponent else 0.0)


@pytest.mark.parametrize("point", [(3.0, 0.0), (2.0, 1.0), (2.0, 2.0), (0.5, -1.0)])
def test_mixed_derivatives_of_a_power(point):
    x, y = point
    hessian = mg.hessian(lambda p: p[0] ** p[1])(np.array(point))
    mixed = x ** (y - 1.0) * (1.0 + y * np.log(x))
    expected = [[y * (y - 1.0) * x ** (y - 2.0), mixed], [mixed, x**y * np.log(x) ** 2]]
    np.testing.assert_allclose(hessian, expected, rtol=1e-14)
    # d^3 x^y / dx^2 dy
    third = mg.grad(mg.grad(mg.grad(lambda x, y: x**y)), argnums=1)(x, y)
    assert third == pytest.approx(x ** (y - 2.0) * (2.0 * y - 1.0 + y * (y - 1.0) * np.log(x)), rel=1e-14)


_NEAR_1 = np.float32(0.9999)


@pytest.mark.parametrize(
    ("function", "x", "slope"),
    [
        (np.arctan, np.float16(300.0), 1.111e-5),
        (np.arctan, np.float32(1e20), 0.0),
        (np.arctan, 1e160, 0.0),
        (np.arcsinh, np.float32(1e20), 1e-20),
        (np.arcsinh, 1e160, 1e-160),
        (np.arccosh, 1e160, 1e-160),
        (np.arcsin, _NEAR_1, 1.0 / np.sqrt(1.0 - float(_NEAR_1) ** 2)),
        (np.arccos, _NEAR_1, -1.0 / np.sqrt(1.0 - float(_NEAR_1) ** 2)),
        (np.arctanh, _NEAR_1, 1.0 / (1.0 - float(_NEAR_1) ** 2)),
        (lambda x: np.hypot(x, 1.0), 1e200, 1.0),
        (lambda x: np.hypot(x, 1e-200), 1e-200, np.sqrt(0.5)),
        (lambda x: np.hypot(x, 1.0), np.inf, 0.0),
    ],
)
def test_slopes_where_squares_overflow_or_cancel(function, x, slope):
    found = mg.grad(function)(x)
    assert found == pytest.approx(
        slope, rel=2e-6 if isinstance(x, np.float32) else 1e-2 if isinstance(x, np.float16) else 1e-14
    )


def test_gradient_of_samples_leaves_out_the_middle_one():
    for values in ([1.0, np.nan, 3.0, 4.0], [0.0, 1e20, 1.0, 2.0]):
        np.testing.assert_array_equal(np.gradient(mg.Tensor(values)).data, np.gradient(np.array(values)))


def test_bounds_that_are_nan_give_nan():
    x = mg.Tensor([1.0, 2.0, np.nan])
    for low, high in [(np.nan, 1.0), (0.0, np.nan), (1.5, None), (None, 1.5)]:
        np.testing.assert_array_equal(np.clip(x, low, high).data, np.clip(x.data, low, high))
    with pytest.raises(ValueError, match="a_min and a_max, or as min and max"):
        mg.clip(x, 0.0, min=0.0)
    plain = np.ones(2)
    assert mg.clip(plain) is not plain


def test_array_methods_take_bounds_that_are_tensors():
    found = mg.grad(lambda low: np.sum(np.array([-1.0, 0.5, 2.0]).clip(low, 1.0)))(0.0)
    assert found == 1.0


def test_bincount_of_small_integers_does_not_overflow():
    weights = np.array([100, 100, 1], np.int8)
    found = np.bincount(mg.Tensor(np.array([0, 0, 1])), weights=weights)
    np.testing.assert_array_equal(np.asarray(found), [200.0, 1.0])


def test_condition_of_zeros_is_infinite():
    assert np.linalg.cond(mg.Tensor(np.zeros((2, 2)))).item() == np.inf


def test_ends_of_a_ramp_are_no_silent_constants():
    for name, mode in (("end_values", "linear_ramp"), ("constant_values", "constant")):
        with pytest.raises(TypeError, match=f"{name}=, which has to be constant"):
            mg.grad(lambda t, n=name, m=mode: np.sum(np.pad(t * np.ones(2), 1, mode=m, **{n: (t, 0.0)})))(0.4)


def test_lists_are_taken_where_numpy_takes_them():
    stop = mg.Tensor(3.0)
    np.testing.assert_allclose(np.geomspace([1.0, 2.0], stop, 3).data, np.geomspace([1.0, 2.0], 3.0, 3))
    np.testing.assert_allclose(np.geomspace(stop, [1.0, 2.0], 3).data, np.geomspace(3.0, [1.0, 2.0], 3))
    assert np.linalg.vector_norm(mg.Tensor([3.0, 4.0]), ord=None).item() == 5.0
