"""Are special functions right where they have limits, overflow, or take orders that could wrap round?"""

import math

import numpy as np
import pytest
from scipy import special
from special_points import INF, NAN, derivative

import minigrad as mg
from minigrad import testing
from minigrad.engine.registry import operations


def gradients_of(function, *points):
    """The gradients by each argument, 0 where there is none."""
    tensors = [mg.Tensor(float(point), requires_grad=True) for point in points]
    found = mg.gradients(function(*tensors), tensors)
    return tuple(0.0 if gradient is None else gradient.item() for gradient in found)


@pytest.mark.parametrize(
    ("function", "point", "gradients"),
    [
        (np.arctan2, (0.0, 0.0), (0.0, 0.0)),
        (np.arctan2, (0.0, -1.0), (-1.0, 0.0)),
        (np.arctan2, (INF, 1.0), (0.0, 0.0)),
        (np.arctan2, (3e200, 4e200), (0.16e-200, -0.12e-200)),
        (np.arctan2, (3e-200, 4e-200), (0.16e200, -0.12e200)),
        (np.hypot, (0.0, 0.0), (0.0, 0.0)),
        (np.hypot, (3e200, -4e200), (0.6, -0.8)),
        (np.logaddexp, (-INF, -INF), (0.5, 0.5)),
        (np.logaddexp, (-INF, 2.0), (0.0, 1.0)),
        (np.logaddexp, (INF, INF), (0.5, 0.5)),
        (np.logaddexp2, (-INF, -INF), (0.5, 0.5)),
        (np.logaddexp2, (2.0, -INF), (1.0, 0.0)),
        (np.fmod, (1.0, 0.1), (1.0, -9.0)),
        (np.fmod, (-7.0, 3.0), (1.0, 2.0)),
        (np.remainder, (1.0, 0.1), (1.0, -9.0)),
        (np.remainder, (-7.0, 3.0), (1.0, 3.0)),
        (np.remainder, (-7.0, INF), (1.0, 1.0)),
        (np.fmax, (2.0, 2.0), (0.5, 0.5)),
        (np.fmax, (NAN, 2.0), (0.0, 1.0)),
        (np.fmin, (2.0, NAN), (1.0, 0.0)),
        (np.fmin, (2.0, 2.0), (0.5, 0.5)),
        (np.fabs, (0.0,), (0.0,)),
        (np.copysign, (3.0, -0.0), (-1.0, 0.0)),
        (np.copysign, (-3.0, -2.0), (1.0, 0.0)),
        (np.copysign, (0.0, -2.0), (0.0, 0.0)),
        (np.heaviside, (0.0, 0.5), (0.0, 1.0)),
        (np.heaviside, (2.0, 0.5), (0.0, 0.0)),
        (special.xlogy, (0.0, 2.0), (math.log(2.0), 0.0)),
        (special.rel_entr, (0.0, 0.0), (0.0, 0.0)),
        (special.kl_div, (0.0, 0.0), (0.0, 1.0)),
        (special.huber, (1.0, 1.0), (0.0, 1.0)),
        (special.pseudo_huber, (0.0, 0.0), (0.0, 0.0)),
        (special.pseudo_huber, (0.0, -2.0), (2.0, 0.0)),
        (special.boxcox, (0.0, 2.0), (0.0, 0.25)),
        (special.boxcox, (INF, -0.5), (0.0, 4.0)),
        (special.boxcox, (INF, 0.5), (0.0, INF)),
        (special.boxcox1p, (INF, 0.5), (0.0, INF)),
        (special.inv_boxcox, (1e300, 0.1), (INF, -INF)),
        (special.inv_boxcox1p, (1e300, 0.1), (INF, -INF)),
        (special.exprel, (INF,), (INF,)),
        (special.exprel, (1e300,), (INF,)),
        (special.exprel, (-INF,), (0.0,)),
        (mg.gelu, (INF,), (1.0,)),
        (special.i1e, (INF,), (0.0,)),
    ],
)
def test_gradients_at_special_points(function, point, gradients):
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(gradients_of(function, *point), gradients, rtol=1e-14)


@pytest.mark.parametrize(("function", "point"), [(special.xlogy, 0.0), (special.xlog1py, -1.0)])
def test_a_term_that_is_0_has_no_gradient_by_what_is_under_the_logarithm(function, point):
    y = mg.Tensor([point, 2.0], requires_grad=True)
    function(np.array([0.0, 0.0]), y).sum().backward()
    np.testing.assert_array_equal(y.grad.data, [0.0, 0.0])


@pytest.mark.parametrize("function", [special.rel_entr, special.kl_div])
def test_mixed_derivatives_of_entropies_where_the_first_argument_is_0(function):
    x, y = mg.Tensor(0.0, requires_grad=True), mg.Tensor(2.0, requires_grad=True)
    (by_y,) = mg.gradients(function(x, y), [y], create_graph=True)
    assert mg.gradients(by_y, [x])[0].item() == -0.5
    with np.errstate(divide="ignore"):
        (by_x,) = mg.gradients(function(x, y), [x], create_graph=True)
        assert mg.gradients(by_x, [y])[0].item() == -0.5


@pytest.mark.parametrize(
    ("function", "point", "order", "expected"),
    [
        (np.sinc, 0.0, 1, 0.0),
        (np.sinc, 0.0, 2, -(math.pi**2) / 3.0),
        (np.sinc, 0.0, 4, math.pi**4 / 5.0),
        (np.sinc, 1e-9, 2, -(math.pi**2) / 3.0),
        (np.sinc, 1e-3, 3, math.pi**4 / 5.0 * 1e-3 * (1.0 - math.pi**2 * 1e-6 * 5.0 / 42.0)),
        (np.i0, 0.0, 4, 3.0 / 8.0),
        (special.i1, 0.0, 1, 0.5),
        (special.i1, 0.0, 3, 3.0 / 8.0),
        (special.j1, 0.0, 1, 0.5),
        (special.j1, 0.0, 3, -3.0 / 8.0),
        (special.exprel, 0.0, 3, 0.25),
        (lambda x: special.boxcox(2.0, x), 0.0, 2, math.log(2.0) ** 3 / 3.0),
        (lambda x: special.inv_boxcox(x, 0.0), 0.5, 2, math.exp(0.5)),
        (special.gammaln, 2.5, 4, special.polygamma(3, 2.5)),
        (special.log_ndtr, -40.0, 1, 40.02496884720726),
        (special.log_ndtr, -1e8, 1, 1e8),
        (special.log_ndtr, 40.0, 2, 0.0),
        (special.log_ndtr, -40.0, 2, -0.9993773316214086),
        (special.log_ndtr, -INF, 2, -1.0),
        (special.log_ndtr, -1e9, 2, -1.0),
        (special.log_ndtr, -1e9, 3, 2e-27),
        (special.log_ndtr, -1e9, 4, 6e-36),
        (special.log_ndtr, -300.0, 3, 7.406419890239581e-08),
        (special.log_ndtr, INF, 2, 0.0),
        (special.erf, -INF, 3, 0.0),
        (special.ndtr, INF, 3, 0.0),
    ],
)
def test_limits_are_right_to_any_order(function, point, order, expected):
    atol = 1e-15 if abs(expected) > 1e-3 or not expected else 0.0
    np.testing.assert_allclose(derivative(function, point, order), expected, rtol=1e-12, atol=atol)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("point", [-9.99, -10.01])
def test_derivatives_of_log_ndtr_agree_on_both_sides_of_where_the_series_begins(point, order):
    step = 1e-4
    before, after = derivative(special.log_ndtr, [point - step, point + step], order)
    np.testing.assert_allclose(
        derivative(special.log_ndtr, point, order + 1), (after - before) / (2.0 * step), rtol=1e-5
    )


@pytest.mark.parametrize(("point", "expected"), [(-1e4, -1.0), (-1e3, -0.999999), (-9.0, -0.9884852085)])
def test_float32_keeps_the_second_derivative_of_log_ndtr(point, expected):
    x = mg.Tensor(point, dtype=np.float32, requires_grad=True)
    (first,) = mg.gradients(special.log_ndtr(x), [x], create_graph=True)
    np.testing.assert_allclose(mg.gradients(first, [x])[0].item(), expected, rtol=2e-7)


@pytest.mark.parametrize(
    ("function", "slope"), [(special.erf, 0.0), (special.erfc, 0.0), (special.ndtr, 0.0), (mg.gelu, 1.0)]
)
@pytest.mark.parametrize(("dtype", "point"), [(np.float16, 400.0), (np.float32, 1e20), (np.float64, 1e200)])
def test_squares_that_overflow_leave_no_warning(function, slope, dtype, point):
    x = mg.Tensor(point, dtype=dtype, requires_grad=True)
    (first,) = mg.gradients(function(x), [x], create_graph=True)
    (second,) = mg.gradients(first, [x], create_graph=True)
    (third,) = mg.gradients(second, [x])
    assert (first.item(), second.item(), third.item()) == (slope, 0.0, 0.0)


@pytest.mark.parametrize("function", [special.i1e, lambda x: special.ive(2, x), lambda x: special.ive(1.5, x)])
@pytest.mark.parametrize("point", [1e9, 1.2e9, 2e9])
def test_scaled_bessel_functions_have_gradients_beyond_the_values_of_scipy(function, point):
    size = 1.0 / math.sqrt(2.0 * math.pi * point)
    np.testing.assert_allclose(function(mg.Tensor(point)).item(), size, rtol=1e-8)
    np.testing.assert_allclose(derivative(function, point), -0.5 * size / point, rtol=1e-5)


@pytest.mark.parametrize("order", [0, 1, 2, 3, 40])
def test_ive_is_continuous_where_the_expansion_for_large_arguments_begins(order):
    for point in (1e9, -1e9):
        near, far = special.ive(order, mg.Tensor([point, np.nextafter(point, 2.0 * point)])).data
        np.testing.assert_allclose(far, near, rtol=1e-14)
        assert near == special.ive(order, point)


@pytest.mark.parametrize("name", ["expit", "erf", "logit", "gammaln", "psi", "i0", "i1e", "entr", "log_ndtr", "exprel"])
def test_functions_of_one_argument_keep_float16(name):
    x = mg.Tensor([0.25, 0.5], dtype=np.float16, requires_grad=True)
    out = getattr(special, name)(x)
    (first,) = mg.gradients(out, [x], seed=np.ones(2), create_graph=True)
    (second,) = mg.gradients(first, [x], seed=np.ones(2))
    assert out.dtype == first.dtype == second.dtype == np.float16
    np.testing.assert_allclose(out.data, getattr(special, name)(x.data.astype(float)), rtol=2e-3, atol=1e-3)


@pytest.mark.parametrize(("name", "other"), [("xlogy", 2.0), ("beta", 2.0), ("huber", 2.0), ("kl_div", 2)])
def test_functions_of_two_arguments_keep_float16(name, other):
    x = mg.Tensor([0.25, 0.5], dtype=np.float16, requires_grad=True)
    function = getattr(special, name)
    for out in (function(x, other), function(other, x), function(x, x), function(x, x.data)):
        (first,) = mg.gradients(out, [x], seed=np.ones(2), create_graph=True)
        assert out.dtype == first.dtype == np.float16


@pytest.mark.parametrize("name", ["jv", "yv", "iv", "ive", "kv"])
def test_bessel_functions_of_any_constant_order(name, gradcheck):
    function = getattr(special, name)
    points = np.array([0.7, 2.3])
    for order in (2, -1, 0.5, np.array([1, 3])):
        gradcheck(lambda x, order=order: function(order, x), points)
    with pytest.raises(TypeError, match=rf"{name} has no derivative by its order v, which must be integers"):
        function(mg.Tensor([1.0, 2.0], requires_grad=True), points)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint64, np.int8, np.int64])
@pytest.mark.parametrize("name", ["jv", "yv", "iv", "ive", "kv", "spherical_jn"])
def test_orders_do_not_wrap_round(name, dtype):
    function = mg.spherical_jn if name == "spherical_jn" else getattr(special, name)
    for orders in (np.array([0, 2], dtype), np.full(2, 70, dtype), dtype(0)):
        expected = derivative(lambda x, v=orders: function(v.astype(np.int64), x), [80.0, 81.0])
        np.testing.assert_array_equal(derivative(lambda x, v=orders: function(v, x), [80.0, 81.0]), expected)
        single = mg.Tensor([80.0, 81.0], dtype=np.float32, requires_grad=True)
        assert function(orders, single).dtype == np.float32


def test_slopes_at_orders_that_would_wrap_round():
    np.testing.assert_allclose(derivative(lambda x: special.jv(np.uint8([0]), x), [0.7]), -special.j1([0.7]))
    slope = special.spherical_jn(70, 80.0, derivative=True)
    np.testing.assert_allclose(derivative(lambda x: mg.spherical_jn(np.int8([70]), x), [80.0]), slope, rtol=1e-12)


def test_orders_of_functions_that_scipy_does_not_dispatch():
    x = mg.Tensor([0.5, 2.0], requires_grad=True)
    np.testing.assert_array_equal(mg.polygamma([[0], [2]], x).data, special.polygamma([[0], [2]], x.data))
    np.testing.assert_array_equal(mg.spherical_jn([[0], [2]], x).data, special.spherical_jn([[0], [2]], x.data))
    for order in (-1, 0.5, mg.Tensor([1.0, 2.0])):
        for function in (mg.polygamma, mg.spherical_jn):
            with pytest.raises(ValueError, match=f"order n of {function.__name__} must be integers of at least 0"):
                function(order, x)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_float_power_is_float64_and_its_gradient_is_not(dtype):
    x = mg.Tensor([1.5, 2.0], dtype=dtype, requires_grad=True)
    for out in (np.float_power(x, 3), np.float_power(x, [3.0, 3.0]), np.float_power(x, np.int8(3))):
        (gradient,) = mg.gradients(out, [x], seed=np.ones(2))
        assert (out.dtype, gradient.dtype) == (np.float64, dtype)
        np.testing.assert_array_equal(gradient.data, [6.75, 12.0])
    assert np.float_power(2, mg.Tensor(-1)).item() == 0.5


def test_a_python_number_beside_float32_gives_the_same_gradients_as_an_array():
    for name in ("xlogy", "xlog1py", "betaln", "rel_entr", "kl_div", "huber", "boxcox", "inv_boxcox"):
        function = operations[name].function
        for pick in (lambda x, f=function: f(x, 1.5), lambda x, f=function: f(1.5, x)):
            x = np.array([0.4, 2.0])
            low = mg.Tensor(x, dtype=np.float32, requires_grad=True)
            pick(low).sum().backward()
            expected = testing.numerical_vjp(pick, x, np.ones(2)).value
            np.testing.assert_allclose(low.grad.data, expected, rtol=1e-5, err_msg=name)
