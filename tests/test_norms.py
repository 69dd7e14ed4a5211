"""Are norms and condition numbers those of NumPy, with gradients at zeros and ties?"""

import numpy as np
import pytest
from leaves import leaf
from matrices import (
    RNG,
    _same_values_in_any_order,  # noqa: F401 -- the fixture acts on every test here
    gradient,
)

import minigrad as mg

VECTOR_ORDERS = [None, 1, 2, 3, 4, 1.5, np.int64(3), np.float64(2.5), -1, -2, 0.5, np.inf, -np.inf, 0]
MATRIX_ORDERS = [None, "fro", "f", "nuc", 1, -1, 2, -2, np.inf, -np.inf]


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(
    ("shape", "orders", "axis"),
    [
        ((4,), VECTOR_ORDERS, None),
        ((4, 3), VECTOR_ORDERS, 0),
        ((4, 3), VECTOR_ORDERS, (-1,)),
        ((3, 4), MATRIX_ORDERS, None),
        ((2, 4, 3), MATRIX_ORDERS, (0, -1)),
        ((2, 4, 3), MATRIX_ORDERS, (2, 1)),
        ((2, 2, 3), [None], None),
        ((), [None], None),
    ],
)
def test_norms_are_those_of_numpy(shape, orders, axis, keepdims):
    x = RNG.standard_normal(shape)
    for values in (x, x.astype(np.float32), np.rint(4.0 * x + 10.0).astype(int)):
        for order in orders:
            found, expected = (np.linalg.norm(each, order, axis, keepdims) for each in (mg.Tensor(values), values))
            assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
            np.testing.assert_allclose(getattr(found, "data", found), expected, rtol=1e-6)


@pytest.mark.parametrize("ord", [None, 1, 2, 3, 4, 1.5, 0.5, np.inf, -np.inf])
def test_norm_of_zero_has_derivatives_of_zero(ord):
    x = leaf(np.zeros((2, 3)))
    (first,) = mg.gradients(np.linalg.norm(x, ord, axis=1), [x], seed=np.ones(2), create_graph=True)
    assert not first.data.any()
    if first.requires_grad:
        assert not mg.gradients(first, [x], seed=np.ones(first.shape))[0].data.any()


def test_norm_of_a_number_is_its_absolute_value():
    for values, slope in ((-2.0, -1.0), (0.0, 0.0), (3.0, 1.0)):
        assert gradient(np.linalg.norm, values) == slope


@pytest.mark.parametrize("ord", [None, "fro", "nuc", 1, 2, np.inf])
def test_norm_of_a_matrix_of_zeros_has_gradient_zero(ord):
    assert not gradient(lambda x: np.linalg.norm(x, ord), np.zeros((2, 3))).any()


@pytest.mark.parametrize("ord", [1, 1.5, 2, 3, 4])
def test_elements_of_zero_beside_others_give_no_nan(ord):
    values = np.array([3.0, 0.0, -2.0])
    x = leaf(values)
    (first,) = mg.gradients(np.linalg.norm(x, ord), [x], create_graph=True)
    size = np.linalg.norm(values, ord)
    expected = np.sign(values) * (np.abs(values) / size) ** (ord - 1)
    np.testing.assert_allclose(first.data, expected, rtol=1e-14)
    if first.requires_grad:
        (second,) = mg.gradients(first, [x], seed=np.array([0.0, 1.0, 0.0]))
        np.testing.assert_allclose(second.data, [0.0, 1.0 / size if ord == 2 else 0.0, 0.0], atol=1e-14)


@pytest.mark.parametrize(
    ("ord", "x", "expected"),
    [
        (np.inf, [2.0, -2.0, 1.0], [0.5, -0.5, 0.0]),
        (-np.inf, [2.0, -1.0, 1.0], [0.0, -0.5, 0.5]),
        (np.inf, [[1.0, -1.0], [2.0, 0.0]], [[0.5, -0.5], [0.5, 0.0]]),
        (1, [[1.0, 0.0], [0.0, 1.0]], [[0.5, 0.0], [0.0, 0.5]]),
        (2, [[1.0, 0.0], [0.0, 1.0]], [[0.5, 0.0], [0.0, 0.5]]),
    ],
)
def test_ties_share_the_gradient_of_a_norm_equally(ord, x, expected):
    np.testing.assert_allclose(gradient(lambda x: np.linalg.norm(x, ord), x), expected, atol=1e-15)


def test_counts_of_elements_are_constants():
    for count in (np.linalg.norm(leaf([0.0, 2.0]), 0), np.linalg.vector_norm(leaf([[0.0, 2.0]]), ord=0)):
        assert not isinstance(count, mg.Tensor)
        assert count == 1.0


@pytest.mark.parametrize(
    ("ord", "shape", "axis"),
    [("fro", 3, None), ("nuc", 3, 0), (3, (2, 2), None), (1, (2, 2, 2), None), (2, (2, 2), (0, 0))],
)
def test_norms_that_do_not_exist_are_refused(ord, shape, axis):
    for x in (np.ones(shape), leaf(np.ones(shape))):
        with pytest.raises(ValueError, match=r"[Nn]orm|ord|axes"):
            np.linalg.norm(x, ord, axis)


@pytest.mark.parametrize("p", [None, 2, -2])
def test_condition_number_of_a_singular_matrix_is_infinite(p):
    x = np.array([[1.0, 0.0], [0.0, 0.0]])
    assert np.linalg.cond(leaf(x), p).item() == np.linalg.cond(x, p)
