"""Are remainders, parts of numbers, steps and choices called as NumPy's, and right at kinks and jumps?"""

import numpy as np
import pytest
from special_points import INF, NAN, derivative

import minigrad as mg

X = np.array([[-2.6, -0.75, 0.3], [1.2, 2.75, 7.1]])
ANGLES = np.array([[0.1, 6.0, 0.3], [3.0, -3.0, 9.5]])

CALLS = {
    "divmod": lambda x: np.divmod(x, 0.8),
    "modf": np.modf,
    "frexp": np.frexp,
    "ldexp": lambda x: np.ldexp(x, [1, -2, 3]),
    "unwrap": np.unwrap,
    "unwrap by position": lambda x: np.unwrap(x, 4.0, 0),
    "unwrap of degrees": lambda x: np.unwrap(x, axis=0, period=5.0),
    "nan_to_num": np.nan_to_num,
    "nan_to_num by position": lambda x: np.nan_to_num(x, True, 1.0),
    "real": lambda x: np.real(x) + np.conj(x) + np.conjugate(x) + np.real_if_close(x),
    "select": lambda x: np.select([x > 2.0, x > 0.0], [x * x, np.sin(x)], np.cos(x)),
    "select without default": lambda x: np.select([x > 2.0, x > 0.0], [x * x, 3]),
    "select by keyword": lambda x: np.select(condlist=[x < 0.0], choicelist=[x[0]], default=-1.0),
    "choose": lambda x: np.choose([[0, 1, 1], [1, 0, 0]], [x, x[0] * 2.0]),
    "choose of rows": lambda x: np.choose([0, 1, 0], x),
    "choose, wrapped": lambda x: np.choose([4, -1, 0], (x, 0.5), mode="wrap"),
    "choose, clipped": lambda x: np.choose(a=[4, -1, 0], choices=[x, x[0] * 2.0], mode="clip"),
    "piecewise": lambda x: np.piecewise(x, [x < 0.0, x > 2.0], [np.exp, np.square, np.sin]),
    "piecewise, nothing else": lambda x: np.piecewise(x, [x < 0.0, x > 2.0], [np.exp, 3]),
    "piecewise, overlapping": lambda x: np.piecewise(x, [x < 1.0, x < 0.0], [np.exp, np.square]),
    "piecewise, one condition": lambda x: np.piecewise(x[1], x[1] < 2.0, [np.exp, lambda x: 2.0]),
    "piecewise, one list": lambda x: np.piecewise(x[1], [True, False, True], [np.exp, np.square]),
    "piecewise, list of lists": lambda x: np.piecewise(x[1], [[True, False, True]], [np.exp, np.square]),
    "piecewise of a number": lambda x: np.piecewise(x[0, 0], [x[0, 0] < 1.0], [np.exp, np.square]),
    "piecewise with arguments": lambda x: np.piecewise(
        x, [x < 1.0], [lambda x, a, b: a * x * x + b, lambda x, a, b: x], 2.0, b=3.0
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls_of_numpy_functions_take_tensors(name, gradcheck):
    call = CALLS[name]
    points = ANGLES if name.startswith("unwrap") else X

    def whole(x):
        result = call(x)
        return sum(result) if isinstance(result, tuple) else result

    expected, found = call(points), call(mg.Tensor(points, requires_grad=True))
    for ours, theirs in zip(
        found if isinstance(found, tuple) else (found,),
        expected if isinstance(expected, tuple) else (expected,),
        strict=True,
    ):
        np.testing.assert_allclose(getattr(ours, "data", ours), theirs, rtol=1e-15)
        assert ours.dtype == theirs.dtype
    gradcheck(whole, points)


@pytest.mark.parametrize("function", [np.modf, np.frexp])
@pytest.mark.parametrize("x", [INF, -INF, NAN, 0.0, -3.0, 5e-324, [1.5, INF]])
def test_parts_of_numbers_that_are_not_finite(function, x):
    tensor = mg.Tensor(x, requires_grad=True)
    for ours, theirs in zip(function(tensor), function(x), strict=True):
        np.testing.assert_array_equal(getattr(ours, "data", ours), theirs)


def test_gradients_of_parts_and_of_replaced_numbers():
    np.testing.assert_array_equal(derivative(lambda x: np.modf(x)[0], [1.5, -2.5, INF]), [1.0, 1.0, 0.0])
    np.testing.assert_array_equal(derivative(lambda x: np.frexp(x)[0], [0.75, -6.0, 0.0]), [1.0, 0.125, 1.0])
    np.testing.assert_array_equal(derivative(np.nan_to_num, [NAN, INF, -INF, 2.0]), [0.0, 0.0, 0.0, 1.0])
    x = mg.Tensor([NAN, INF, -INF, 2.0])
    np.testing.assert_array_equal(np.nan_to_num(x, nan=1.0, posinf=3.0, neginf=-3.0).data, [1.0, 3.0, -3.0, 2.0])
    with pytest.raises(TypeError, match="copy="):
        np.nan_to_num(x, copy=False)


def test_piecewise_computes_no_function_where_it_does_not_hold():
    x = mg.Tensor([-1.0, 4.0, 0.0], requires_grad=True)
    np.piecewise(x, [x > 0, x < 0], [np.sqrt, 7.0]).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [0.0, 0.25, 0.0])


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_choices_take_on_the_dtype_of_the_arrays(dtype):
    x = mg.Tensor([1.0, 2.0], dtype=dtype, requires_grad=True)
    assert np.select([x > 1.0, x > 0.0], [0.5, x]).dtype == dtype
    assert np.select([x > 1.0], [x], np.float64(0.5)).dtype == np.float64
    assert np.choose([0, 1], [x, 0.5]).dtype == dtype
    assert np.piecewise(x, [x > 1.0], [0.5, np.float64(2.0)]).dtype == dtype


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (ValueError, "select.. of 0 conditions and 1 choices", lambda x: np.select([], [x])),
        (ValueError, "select.. of 2 conditions and 1 choices", lambda x: np.select([x > 0, x < 0], [x])),
        (TypeError, "a condition is an array of booleans", lambda x: np.select([np.array([1, 0])], [x])),
        (ValueError, "invalid entry in choice array", lambda x: np.choose([2, 0], [x, x])),
        (TypeError, "out=", lambda x: np.choose([0, 1], [x, x], np.zeros(2))),
        (ValueError, "piecewise.. of 1 conditions and 3 functions", lambda x: np.piecewise(x, [x > 0], [1, 2, 3])),
        (ValueError, "piecewise.. of 2 conditions and 1 functions", lambda x: np.piecewise(x, [x > 0, x < 0], [1])),
    ],
)
def test_wrong_choices_are_explained(error, message, call):
    with pytest.raises(error, match=message):
        call(mg.Tensor([1.0, 2.0], requires_grad=True))
