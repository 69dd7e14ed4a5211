"""Do running sums, differences, polynomials, interpolation and sequences behave as NumPy's, at zeros and knots too?"""

import numpy as np
import pytest

import minigrad as mg

RNG = np.random.default_rng(0)
MATRIX, VECTOR, CUBE = RNG.normal(size=(2, 4)), RNG.normal(size=4), RNG.normal(size=(2, 3, 4))


def leaf(values, dtype=None):
    return mg.Tensor(values, dtype=dtype, requires_grad=True)


def grads(out, *tensors):
    return [g.data for g in mg.gradients(out, tensors, seed=np.ones(out.shape))]


@pytest.mark.parametrize("function", [np.cumprod, np.nancumprod, np.cumulative_prod])
@pytest.mark.parametrize("x", [[2.0, 0.0, 3.0, -1.0], [0.0, 2.0, 0.0, 3.0], [0.0, 0.0, 0.0], [5.0]])
def test_running_products_with_zeros_are_right_to_second_order(function, x, gradcheck):
    gradcheck(function, np.array(x))
    gradcheck.gradgradcheck(function, np.array(x))


def test_a_running_product_of_many_axes(gradcheck):
    x = CUBE.copy()
    x[0, 1] = x[1, :, 2] = 0.0
    for axis in (0, -2, 2, None):
        gradcheck(lambda x, axis=axis: np.cumprod(x, axis=axis), x)


@pytest.mark.parametrize("function", [np.nancumsum, np.nancumprod])
def test_nan_is_left_out_of_running_sums_and_products(function):
    x = np.array([2.0, np.nan, 3.0])
    tensor = leaf(x)
    out = function(tensor)
    np.testing.assert_array_equal(out.data, function(x))
    (found,) = grads(out, tensor)
    assert found[1] == 0.0
    assert np.isfinite(found).all()


@pytest.mark.parametrize("function", [np.cumulative_sum, np.cumulative_prod])
def test_what_starts_a_cumulative_result(function):
    for params in ({}, {"axis": -1, "include_initial": True}, {"axis": 0, "include_initial": True}):
        if params:
            expected = function(MATRIX, **params)
            np.testing.assert_allclose(function(mg.Tensor(MATRIX), **params).data, expected, rtol=1e-14)
        else:
            with pytest.raises(ValueError, match="axis="):
                function(mg.Tensor(MATRIX))
    assert function(mg.Tensor(MATRIX, dtype=np.float32), axis=0, include_initial=True).dtype == np.float32


@pytest.mark.parametrize("function", [np.cumsum, np.cumprod, np.cumulative_sum])
def test_running_integers_are_constants(function):
    out = function(mg.Tensor([1, 2, 3]))
    assert out.dtype.kind == "i"
    np.testing.assert_array_equal(out.data, function([1, 2, 3]))


DIFFERENCES = [
    ((), {}),
    ((2,), {"axis": 0}),
    ((0,), {}),
    ((9,), {}),
    ((), {"prepend": 1.0}),
    ((), {"prepend": MATRIX, "append": MATRIX[:, :1], "axis": 1}),
    ((2, 0), {"append": 0}),
]


@pytest.mark.parametrize(("args", "params"), DIFFERENCES)
def test_differences_agree_with_numpy(args, params, gradcheck):
    np.testing.assert_allclose(np.diff(mg.Tensor(MATRIX), *args, **params).data, np.diff(MATRIX, *args, **params))
    if np.diff(MATRIX, *args, **params).size:
        gradcheck(lambda x: np.diff(x, *args, **params), MATRIX)


def test_differences_of_what_is_not_float():
    np.testing.assert_array_equal(np.diff(mg.Tensor([True, False, False])), [True, False])
    np.testing.assert_array_equal(np.diff(mg.Tensor([1, 4])).data, [3])
    for wrong in ({"n": -1}, {"axis": 3}):
        with pytest.raises(ValueError, match=r"negative|bounds"):
            np.diff(mg.Tensor(VECTOR), **wrong)


def test_ediff1d_puts_its_ends_into_the_dtype_of_the_differences():
    x, end = leaf([1.0, 2.0, 4.0], np.float32), leaf([[5.0, 6.0]])
    out = np.ediff1d(x, end, to_begin=-1.0)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out.data, [-1.0, 1.0, 2.0, 5.0, 6.0])
    np.testing.assert_array_equal(grads(out, end)[0], [[1.0, 1.0]])
    with pytest.raises(TypeError, match="cannot be float64"):
        np.ediff1d(mg.Tensor([1, 2]), to_end=0.5)


SPACINGS = [
    ((), {}),
    ((0.5,), {"edge_order": 2}),
    (([0.0, 1.0, 1.5, 4.0],), {"axis": 2}),
    ((2.0, 0.5, [0, 1, 3, 7]), {}),
    (([0.0, 1.0, 1.5, 4.0], 2.0), {"axis": (-1, 1), "edge_order": 2}),
]


@pytest.mark.parametrize(("spacings", "params"), SPACINGS)
def test_slopes_agree_with_numpy(spacings, params, gradcheck):
    x = CUBE if params.get("edge_order") != 2 else np.concatenate([CUBE, CUBE**2])
    found, expected = np.gradient(mg.Tensor(x), *spacings, **params), np.gradient(x, *spacings, **params)
    assert isinstance(found, tuple) == isinstance(expected, tuple)
    found, expected = (each if isinstance(each, tuple) else (each,) for each in (found, expected))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours.data, theirs, rtol=1e-12, atol=1e-14)
    gradcheck(lambda x: mg.stack(list(np.gradient(x, *spacings, **params))), x)


@pytest.mark.parametrize("edge_order", [1, 2])
def test_slopes_by_their_coordinates(edge_order, gradcheck):
    coordinates = np.array([0.0, 0.7, 1.9, 2.5])

    def slopes(x, coordinates):
        return np.gradient(x, coordinates, axis=-1, edge_order=edge_order)

    gradcheck(slopes, (MATRIX, coordinates))
    gradcheck.gradgradcheck(slopes, (MATRIX, coordinates))


def test_slopes_keep_the_dtype_of_the_values():
    assert np.gradient(leaf(VECTOR, np.float32), np.arange(4.0)).dtype == np.float32
    assert np.gradient(mg.Tensor([1, 4, 9])).dtype == np.float64
    assert np.gradient(mg.Tensor(2.0)) == ()


@pytest.mark.parametrize(
    ("args", "params", "error"),
    [
        ((1.0, 2.0, 3.0), {}, TypeError),
        (([0.0, 1.0],), {"axis": 1}, ValueError),
        ((), {"edge_order": 3}, ValueError),
        ((), {"axis": 0, "edge_order": 2}, ValueError),
    ],
)
def test_slopes_refuse_what_numpy_refuses(args, params, error):
    for x in (MATRIX, mg.Tensor(MATRIX)):
        with pytest.raises(error):
            np.gradient(x, *args, **params)


@pytest.mark.parametrize("params", [{"dx": 0.5}, {"axis": 0}, {"x": [0.0, 1.0, 1.5, 4.0]}, {"x": MATRIX**2, "axis": 0}])
def test_areas_agree_with_numpy(params, gradcheck):
    np.testing.assert_allclose(np.trapezoid(mg.Tensor(MATRIX), **params).data, np.trapezoid(MATRIX, **params))
    gradcheck(lambda y: np.trapezoid(y, **params), MATRIX)


def test_areas_by_their_coordinates(gradcheck):
    gradcheck(lambda y, x: np.trapezoid(y, x), (MATRIX, np.array([0.0, 0.5, 2.0, 3.0])))
    gradcheck.gradgradcheck(lambda y, x: np.trapezoid(y, x), (MATRIX, np.array([0.0, 0.5, 2.0, 3.0])))


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("shape", [(), (2,), (2, 2)])
def test_a_function_along_an_axis_may_change_the_shape(axis, shape):
    def function(row, factor, power=1):
        return np.broadcast_to((row**power).sum() * factor, shape)

    found = np.apply_along_axis(function, axis, mg.Tensor(CUBE), 3.0, power=2)
    np.testing.assert_allclose(found.data, np.apply_along_axis(function, axis, CUBE, 3.0, power=2))


def test_a_function_along_no_slice_is_refused():
    with pytest.raises(ValueError, match="no slice"):
        np.apply_along_axis(np.sum, 0, mg.Tensor(np.zeros((2, 0))))


@pytest.mark.parametrize("axes", [0, [0, 1], (-1, 0), []])
def test_a_function_over_axes(axes):
    found = np.apply_over_axes(np.sum, mg.Tensor(CUBE), axes)
    np.testing.assert_allclose(found.data, np.apply_over_axes(np.sum, CUBE, axes))


@pytest.mark.parametrize(
    ("function", "args"),
    [
        (np.polyval, ([1.0, 2.0, -1.0], MATRIX)),
        (np.polyval, (VECTOR, 2)),
        (np.polyadd, (VECTOR, [1.0])),
        (np.polysub, (2.0, VECTOR)),
        (np.polymul, (VECTOR, [0.0, 0.0, 2.0, 1.0])),
        (np.polymul, (VECTOR, [0.0, 0.0])),
        (np.polymul, (np.zeros(0), VECTOR)),
        (np.polyder, (VECTOR, 2)),
        (np.polyder, (VECTOR, 7)),
        (np.polyint, (VECTOR, 2, 3.0)),
        (np.polyint, (VECTOR, 2, [1.0, 2.0])),
        (np.poly, (VECTOR,)),
        (np.polyfit, (np.arange(4), VECTOR, 2)),
        (np.polyfit, (np.array([0.0, 1.0, 2.0, 4.0]), RNG.normal(size=(4, 2)), 1)),
    ],
)
def test_polynomials_agree_with_numpy(function, args):
    recorded = [mg.Tensor(arg) if isinstance(arg, np.ndarray) else arg for arg in args]
    np.testing.assert_allclose(function(*recorded).data, function(*args), rtol=1e-12, atol=1e-14)


def test_polynomials_keep_float32():
    p = leaf(VECTOR, np.float32)
    for out in (np.polyder(p), np.polyint(p), np.polyint(p, k=1.0), np.polyval(p, 2.0), np.polymul(p, p), np.poly(p)):
        assert out.dtype == np.float32


def test_roots_may_be_scalars_in_a_list():
    x, y = leaf(2.0), leaf(3.0)
    out = np.poly([x, y])
    np.testing.assert_array_equal(out.data, [1.0, -5.0, 6.0])
    assert grads(out, x, y) == [2.0, 1.0]


def test_a_fit_with_weights(gradcheck):
    x, y, w = np.array([0.0, 1.0, 2.5, 3.0]), VECTOR, np.array([1.0, 2.0, 0.5, 1.5])
    np.testing.assert_allclose(np.polyfit(mg.Tensor(x), y, 1, w=w).data, np.polyfit(x, y, 1, w=w))
    gradcheck(lambda x, y, w: np.polyfit(x, y, 1, w=w), (x, y, w))
    gradcheck.gradgradcheck(lambda x, y, w: np.polyfit(x, y, 1, w=w), (x, y, w))


def test_polynomials_refuse_what_they_cannot_take():
    for call in (
        lambda: np.polyder(leaf(VECTOR), -1),
        lambda: np.polyint(leaf(VECTOR), -1),
        lambda: np.polyint(leaf(VECTOR), 3, [1.0, 2.0]),
        lambda: np.poly(leaf(MATRIX)),
        lambda: np.polymul(leaf(MATRIX), VECTOR),
        lambda: np.polyfit(leaf(VECTOR), VECTOR[:2], 1),
    ):
        with pytest.raises(ValueError, match=r"takes|one dimension"):
            call()
    with pytest.warns(np.exceptions.RankWarning):
        np.polyfit(leaf(VECTOR), VECTOR, 5)


X, XP, FP = (
    np.array([-1.0, 0.0, 0.25, 1.0, 1.5, 2.5, 4.0]),
    np.array([0.0, 1.0, 1.0, 2.5]),
    np.array([1.0, 3.0, 2.0, 7.0]),
)


@pytest.mark.parametrize("params", [{}, {"left": -5.0}, {"left": 0, "right": 9.0}])
def test_interpolation_agrees_with_numpy_outside_and_at_jumps(params):
    for x in (X, np.array([[np.nan, 1.0]]), np.float64(0.5), np.zeros(0)):
        found = np.interp(mg.Tensor(x), XP, FP, **params)
        np.testing.assert_allclose(found.data, np.interp(x, XP, FP, **params), rtol=1e-14)
    np.testing.assert_array_equal(np.interp(X, leaf([1.0]), [5.0]).data, np.full(7, 5.0))
    np.testing.assert_array_equal(np.interp([1.0, 2.0], leaf([0.0, 1.0, 1.0]), [1.0, 2.0, 3.0]).data, [3.0, 3.0])


def test_at_a_knot_the_slope_is_that_on_the_right():
    x, fp, right = leaf([0.0, 1.0, 2.0, 2.5, 3.0]), leaf([1.0, 3.0, 7.0]), leaf(0.0)
    by_x, by_fp, by_right = grads(np.interp(x, [0.0, 1.0, 2.0], fp, right=right), x, fp, right)
    np.testing.assert_array_equal(by_x, [2.0, 4.0, 4.0, 0.0, 0.0])
    np.testing.assert_array_equal(by_fp, [1.0, 1.0, 1.0])
    assert by_right == 2.0


def test_interpolation_by_all_three(gradcheck):
    args = np.array([[-1.0, 0.3], [1.7, 5.0]]), np.array([0.0, 1.0, 2.5, 4.0]), VECTOR
    gradcheck(np.interp, args)
    gradcheck.gradgradcheck(np.interp, args)


def test_interpolation_refuses_what_it_cannot_take():
    for points in ((XP, FP[:2]), (MATRIX, MATRIX), (np.zeros(0), np.zeros(0))):
        with pytest.raises(ValueError, match="points of one dimension"):
            np.interp(leaf(X), *points)
    with pytest.raises(ValueError, match="period="):
        np.interp(leaf(X), XP, FP, period=3.0)


BOUNDS = [(1.5, np.float64(4.0)), (np.array([1.0, 2.0]), np.array([[5.0], [6.0], [7.0]])), (np.float64(-1.0), -8.0)]


@pytest.mark.parametrize(
    "params", [{"num": 4}, {"num": 3, "endpoint": False}, {"num": 1}, {"num": 0}, {"num": 2, "axis": -1}, {}]
)
@pytest.mark.parametrize(("start", "stop"), BOUNDS)
@pytest.mark.parametrize("function", [np.linspace, np.logspace, np.geomspace])
def test_sequences_agree_with_numpy(function, start, stop, params):
    found = function(start, mg.Tensor(stop), **params)
    np.testing.assert_allclose(found.data, function(start, stop, **params), rtol=1e-12)


def test_the_ends_of_a_sequence_are_exact():
    start, stop = mg.Tensor(0.1), mg.Tensor(7.3)
    for sequence in (np.linspace(start, stop, 7), np.geomspace(start, stop, 7)):
        assert sequence.data[0] == 0.1
        assert sequence.data[-1] == 7.3


def test_the_step_of_a_sequence():
    start, stop = leaf([0.0, 1.0], np.float32), leaf(4.0, np.float32)
    samples, step = np.linspace(start, stop, 5, retstep=True)
    np.testing.assert_array_equal(step.data, [1.0, 0.75])
    np.testing.assert_array_equal(grads(step, start, stop)[1], 0.5)
    assert samples.dtype == step.dtype == np.linspace(start, 4.0, 5, retstep=True)[1].dtype == np.float32
    assert np.isnan(np.linspace(start, stop, 1, retstep=True)[1])


def test_a_base_for_every_sequence(gradcheck):
    base = np.array([2.0, 3.0])
    found = np.logspace(mg.Tensor(0.5), 2.0, 3, base=base)
    np.testing.assert_allclose(found.data, np.logspace(0.5, 2.0, 3, base=base))
    gradcheck(lambda start, base: np.logspace(start, 2.0, 3, base=base, axis=-1), (0.5, base))


def test_sequences_refuse_what_they_cannot_take():
    for bounds in ((1.0, -2.0), (0.0, 1.0), (1.0, 0.0)):
        with pytest.raises(ValueError, match="same sign"):
            np.geomspace(leaf(bounds[0]), bounds[1])
    for function in (np.linspace, np.geomspace):
        with pytest.raises(ValueError, match="negative"):
            function(leaf(1.0), 2.0, -1)
        with pytest.raises(TypeError, match="dtype="):
            function(leaf(1.0), 2.0, dtype=int)


def test_a_filled_array_has_the_dtype_and_shape_of_another():
    value = leaf([1.5, 2.5])
    out = np.full_like(mg.Tensor(np.zeros((3, 2)), dtype=np.float32), value)
    assert (out.dtype, out.shape) == (np.float32, (3, 2))
    np.testing.assert_array_equal(grads(out, value)[0], [3.0, 3.0])
    assert np.full_like(mg.Tensor(VECTOR), value, shape=(4, 2)).shape == (4, 2)
    truncated = np.full_like(mg.Tensor([1, 2]), value)
    np.testing.assert_array_equal(truncated.data, [1, 2])
    assert not truncated.requires_grad
    np.testing.assert_array_equal(np.full_like(mg.Tensor(VECTOR), 2.0), np.full(4, 2.0))


def test_weights_are_added_in_bins():
    weights = leaf([1.0, 2.0, 4.0], np.float32)
    out = np.bincount(np.array([1, 3, 1]), weights, minlength=6)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out.data, [0.0, 5.0, 0.0, 2.0, 0.0, 0.0])
    (found,) = mg.gradients(out, [weights], seed=np.arange(6.0))
    np.testing.assert_array_equal(found.data, [1.0, 3.0, 1.0])
    np.testing.assert_array_equal(np.bincount(mg.Tensor([1, 1, 2])), [0, 2, 1])


@pytest.mark.parametrize(
    ("x", "weights", "error"),
    [([0, 1], [1.0], ValueError), ([-1], [1.0], ValueError), ([0.5], [1.0], (TypeError, DeprecationWarning))],
)
def test_bins_refuse_what_numpy_refuses(x, weights, error):
    with pytest.raises(error):
        np.bincount(np.array(x), leaf(weights))
