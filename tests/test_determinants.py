"""Are determinants right to any order where matrices are singular, nearly so, or outside the range of floats?"""

import itertools
import math

import numpy as np
import pytest
from leaves import leaf
from matrices import (
    LinAlgError,
    _same_values_in_any_order,  # noqa: F401 -- the fixture acts on every test here
    derivatives,
    gradient,
    with_values,
)

import minigrad as mg


def leibniz(x):
    """The determinant as the sum over all permutations, whose derivatives of all orders are known to be right."""
    size = x.shape[-1]
    total = 0.0
    for order in itertools.permutations(range(size)):
        sign = np.linalg.det(np.eye(size)[list(order)])
        total = total + round(sign) * math.prod([x[row, column] for row, column in enumerate(order)], start=1.0)
    return total


@pytest.mark.parametrize(("size", "rank"), [(size, rank) for size in range(1, 5) for rank in range(size + 1)])
def test_determinants_of_all_ranks_have_the_derivatives_of_a_polynomial(size, rank):
    x = with_values(np.linspace(2.0, 1.0, size) * (np.arange(size) < rank), size)
    for found, expected in zip(derivatives(np.linalg.det, x, 3), derivatives(leibniz, x, 3), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("smallest", [1e-3, 1e-6, 1e-9, 1e-12, 1e-15])
def test_determinants_of_nearly_singular_matrices_keep_their_digits(smallest):
    x = with_values([2.0, 1.0, smallest], 3)
    for found, expected in zip(derivatives(np.linalg.det, x, 3), derivatives(leibniz, x, 3), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-11)


def test_fourth_derivative_of_a_determinant_is_right_or_refused():
    x = with_values([2.0, 1.5, 1.0, 0.5], 4)
    np.testing.assert_allclose(derivatives(np.linalg.det, x, 4)[-1], derivatives(leibniz, x, 4)[-1], atol=1e-11)
    with pytest.raises(LinAlgError, match="fourth derivative"):
        derivatives(np.linalg.det, with_values([2.0, 1.5, 1.0], 4), 4)


def test_determinants_of_regular_and_singular_matrices_in_one_batch():
    x = np.stack([np.eye(3), np.diag([1.0, 2.0, 0.0]), np.zeros((3, 3))])
    expected = [np.eye(3), np.diag([0.0, 0.0, 2.0]), np.zeros((3, 3))]
    (found,) = mg.gradients(np.linalg.det(t := leaf(x)), [t], seed=np.ones(3))
    np.testing.assert_allclose(found.data, expected, atol=1e-15)


@pytest.mark.parametrize(("scale", "size"), [(1e-200, 2), (1e-110, 3), (1e140, 2)])
def test_determinants_outside_the_range_of_floats_have_cofactors_inside_it(scale, size):
    expected = scale ** (size - 1) * np.eye(size)
    np.testing.assert_allclose(gradient(np.linalg.det, scale * np.eye(size)), expected, rtol=1e-12)


def test_determinant_of_the_empty_matrix_is_one():
    assert np.linalg.det(leaf(np.zeros((0, 0)))).item() == 1.0
    assert gradient(np.linalg.det, np.zeros((0, 0))).shape == (0, 0)


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_logarithm_of_a_determinant_that_is_nearly_zero_or_no_float(scale):
    x = scale * np.array([[1.0, 1.0], [1.0, 1.0 + 2.0**-40]])
    sign, logarithm = np.linalg.slogdet(t := leaf(x))
    assert sign == 1.0
    assert isinstance(sign, np.float64)
    np.testing.assert_allclose(mg.gradients(logarithm, [t])[0].data, np.linalg.inv(x).T, rtol=1e-6)


def test_logarithm_of_a_determinant_of_zero_has_no_gradient():
    logarithm = np.linalg.slogdet(x := leaf(np.ones((2, 2)))).logabsdet
    assert logarithm.item() == -math.inf
    with pytest.raises(LinAlgError, match="Singular"):
        mg.gradients(logarithm, [x])
