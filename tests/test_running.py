"""Do running sums, differences, slopes and areas behave as NumPy's, at zeros too?"""

import numpy as np
import pytest
from running_arrays import CUBE, MATRIX, VECTOR, grads, leaf

import minigrad as mg


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
