"""Do polynomials and interpolation behave as NumPy's, at knots too?"""

import numpy as np
import pytest
from running_arrays import MATRIX, RNG, VECTOR, grads, leaf

import minigrad as mg


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
