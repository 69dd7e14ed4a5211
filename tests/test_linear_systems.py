"""Are solutions, inverses and least squares those of NumPy, and refused where there are none?"""

import numpy as np
import pytest
from leaves import leaf
from matrices import (
    RNG,
    LinAlgError,
    _same_values_in_any_order,  # noqa: F401 -- the fixture acts on every test here
)

import minigrad as mg
from minigrad.engine.values import plain
from minigrad.testing import gradgradcheck


@pytest.mark.parametrize(
    ("shape", "other"), [((3, 2, 2), (2,)), ((2, 2, 2), (2, 2)), ((2, 2), (3, 2, 2)), ((4, 1, 2, 2), (3, 2, 1))]
)
def test_a_right_side_is_a_vector_if_it_has_one_axis(shape, other):
    x, y = RNG.standard_normal(shape) + 3.0 * np.eye(2), RNG.standard_normal(other)
    out = np.linalg.solve(leaf(x), leaf(y))
    np.testing.assert_array_equal(out.data, np.linalg.solve(x, y))
    assert np.linalg.solve(x, leaf(y)).shape == np.linalg.solve(leaf(x), y).shape == out.shape


@pytest.mark.parametrize("function", [np.linalg.inv, np.linalg.det, lambda x: np.linalg.solve(x, x)])
def test_matrices_of_integers_give_floats(function):
    out = function(mg.Tensor([[2, 1], [1, 1]]))
    assert out.dtype == np.float64
    np.testing.assert_array_equal(out.data, function(np.array([[2, 1], [1, 1]])))


def test_singular_systems_are_refused():
    for function in (np.linalg.inv, lambda x: np.linalg.solve(x, np.ones(2)), lambda x: np.linalg.matrix_power(x, -1)):
        with pytest.raises(LinAlgError, match="Singular"):
            function(leaf(np.zeros((2, 2))))


@pytest.mark.parametrize("columns", [(), (1,), (2,)])
@pytest.mark.parametrize("shape", [(4, 2), (3, 3), (2, 4)])
def test_least_squares_return_what_numpy_returns(shape, columns):
    x, y = RNG.standard_normal(shape), RNG.standard_normal((shape[0], *columns))
    found, expected = np.linalg.lstsq(leaf(x), leaf(y)), np.linalg.lstsq(x, y)
    for ours, theirs in zip(found, expected, strict=True):
        assert np.shape(ours) == np.shape(theirs)
        np.testing.assert_allclose(np.asarray(plain(ours)), theirs, rtol=1e-10)


@pytest.mark.parametrize("shape", [(4, 2), (2, 4)])
def test_least_squares_without_full_rank_are_refused(shape):
    with pytest.raises(LinAlgError, match="rank 1"):
        np.linalg.lstsq(leaf(np.ones(shape)), np.ones(shape[0]))


def test_pseudo_inverse_of_a_matrix_whose_rank_stays_is_differentiated():
    factors = RNG.standard_normal((4, 2)), RNG.standard_normal((2, 3))
    # Every matrix on this path has rank 2.
    assert gradgradcheck(lambda a, b: np.linalg.pinv(np.matmul(a, b), rcond=1e-10), factors)


def test_tensor_systems_that_do_not_fit_are_refused():
    with pytest.raises(LinAlgError, match="do not fit"):
        np.linalg.tensorsolve(leaf(np.ones((2, 3, 4))), np.ones((2, 3)))
    with pytest.raises(LinAlgError, match="do not fit"):
        np.linalg.lstsq(leaf(np.ones((2, 3))), np.ones(3))
    with pytest.raises(ValueError, match="ind is positive"):
        np.linalg.tensorinv(leaf(np.ones((2, 2))), ind=0)
