"""Are decompositions right where values are equal or zero, or only a triangle of the matrix is read?"""

import numpy as np
import pytest
from leaves import leaf
from matrices import (
    RNG,
    LinAlgError,
    _same_values_in_any_order,  # noqa: F401 -- the fixture acts on every test here
    derivatives,
    gradient,
    with_eigenvalues,
    with_values,
)

import minigrad as mg
from minigrad.testing import gradcheck

# Triangles.


@pytest.mark.parametrize(
    ("function", "lower"),
    [
        (np.linalg.cholesky, True),
        (lambda x: np.linalg.cholesky(x, upper=True), False),
        (lambda x: np.linalg.eigh(x).eigenvectors ** 2, True),
        (lambda x: np.linalg.eigh(x, "U")[0], False),
        (np.linalg.eigvalsh, True),
        (lambda x: np.linalg.eigvalsh(x, UPLO="u"), False),
        (lambda x: np.linalg.pinv(x, hermitian=True), True),
        (lambda x: np.linalg.svd(x, hermitian=True)[1], True),
    ],
)
def test_the_triangle_that_is_not_read_has_no_gradient_and_no_influence(function, lower):
    x = with_eigenvalues([1.0, 2.0, 4.0])
    found = gradient(function, x)
    unread = np.triu(found, 1) if lower else np.tril(found, -1)
    assert not unread.any()
    assert np.count_nonzero(found) == 6
    changed = x + np.triu(np.full((3, 3), 9.0), 1) if lower else x + np.tril(np.full((3, 3), 9.0), -1)
    np.testing.assert_array_equal(gradient(function, changed), found)


# QR.


@pytest.mark.parametrize("shape", [(4, 2), (3, 3), (2, 4), (2, 3, 2), (1, 3), (3, 1)])
@pytest.mark.parametrize("mode", ["reduced", "r"])
def test_qr_is_that_of_numpy(shape, mode):
    x = RNG.standard_normal(shape)
    found, expected = np.linalg.qr(leaf(x), mode), np.linalg.qr(x, mode)
    for ours, theirs in zip(*[[part] if mode == "r" else part for part in (found, expected)], strict=True):
        np.testing.assert_allclose(ours.data, theirs, atol=1e-14)


def test_qr_refuses_what_a_matrix_does_not_determine():
    with pytest.raises(ValueError, match="mode='reduced'"):
        np.linalg.qr(leaf(np.ones((3, 2))), mode="complete")
    with pytest.raises(ValueError, match="'raw' is not supported"):
        np.linalg.qr(leaf(np.ones((3, 2))), "raw")
    for _ in range(100):
        # In some of them all diagonal elements of R are far from 0.
        x = with_values([2.0, 1.0, 0.0], 4, 3)
        with pytest.raises(LinAlgError, match="full rank"):
            gradient(lambda x: np.linalg.qr(x).Q, x)


def test_qr_refuses_in_compiled_code_too():
    slope = mg.compile(mg.grad(lambda x: np.sum(np.sin(np.linalg.qr(x).Q))))
    assert slope(with_values([2.0, 1.0, 0.5], 4, 3)).shape == (4, 3)
    with pytest.raises(LinAlgError, match="full rank"):
        slope(with_values([2.0, 1.0, 0.0], 4, 3))
    assert len(slope.cached) == 1


def test_nan_goes_through_the_gradient_of_qr():
    x = np.stack([with_values([2.0, 1.0], 3, 2), np.full((3, 2), np.nan)])
    found = gradient(lambda x: np.linalg.qr(x).R, x)
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


# Eigenvalues and singular values.


def test_equal_eigenvalues_have_a_gradient_but_their_vectors_have_none():
    x = with_eigenvalues([1.0, 2.0, 2.0])
    (found,) = mg.gradients(np.linalg.eigvalsh(t := leaf(x)).sum(), [t])
    np.testing.assert_allclose(found.data, np.eye(3), atol=1e-14)
    (found,) = mg.gradients(np.linalg.eigh(t := leaf(x))[0].sum(), [t])
    np.testing.assert_allclose(found.data, np.eye(3), atol=1e-14)
    with pytest.raises(LinAlgError, match="eigenvectors of equal eigenvalues"):
        gradient(lambda x: np.linalg.eigh(x)[1], x)
    with pytest.raises(LinAlgError, match="eigenvectors of equal eigenvalues"):
        derivatives(lambda x: (np.linalg.eigvalsh(x) ** 3).sum(), x, 2)


def test_the_vector_of_a_single_eigenvalue_next_to_equal_ones_has_a_gradient():
    x = with_eigenvalues([1.0, 2.0, 2.0])
    direction = with_eigenvalues([1.0, -0.5, 0.3])
    projector = lambda x: np.outer(v := np.linalg.eigh(x)[1][:, 0], v)  # noqa: E731
    weights = RNG.standard_normal((3, 3))
    (found,) = mg.gradients((projector(t := leaf(x)) * weights).sum(), [t])
    step = 1e-6
    slope = (weights * (projector(x + step * direction) - projector(x - step * direction))).sum() / (2.0 * step)
    np.testing.assert_allclose((found.data * direction).sum(), slope, rtol=1e-6, atol=1e-8)


def test_equal_singular_values_have_a_gradient_but_their_vectors_have_none():
    x = with_values([2.0, 2.0, 1.0], 3)
    u, _, vh = np.linalg.svd(x)
    found = gradient(lambda x: np.linalg.svdvals(x).sum(), x)
    np.testing.assert_allclose(found, u @ vh, atol=1e-14)
    np.testing.assert_allclose(gradient(lambda x: np.linalg.svd(x)[1].sum(), x), u @ vh, atol=1e-14)
    for part in (0, 2):
        with pytest.raises(LinAlgError, match="singular vectors of equal singular values"):
            gradient(lambda x, part=part: np.linalg.svd(x)[part], x)


def test_singular_values_of_zero_have_gradient_zero():
    x = np.diag([3.0, 2.0, 0.0])
    np.testing.assert_allclose(gradient(lambda x: np.linalg.norm(x, "nuc"), x), np.diag([1.0, 1.0, 0.0]), atol=1e-15)
    assert not gradient(lambda x: np.linalg.norm(x, -2), x).any()
    assert not gradient(np.linalg.svdvals, np.zeros((3, 2))).any()


def test_vectors_of_a_singular_value_of_zero_on_the_longer_side_have_none():
    x = with_values([2.0, 0.0], 3, 2)
    with pytest.raises(LinAlgError, match="singular values of 0"):
        gradient(lambda x: np.linalg.svd(x, False)[0], x)
    # On the shorter side there is one vector only, up to its sign.
    assert gradcheck(lambda x: np.linalg.svd(np.matmul(x, np.diag([1.0, 0.0])), False)[2] ** 2, x)


def test_functions_that_do_not_depend_on_signs_are_right_to_third_order():
    def polar(x):
        u, _, vh = np.linalg.svd(x, full_matrices=False)
        return np.matmul(u, vh)

    def logarithm(x):
        w, v = np.linalg.eigh(np.matmul(x.T, x))
        return np.matmul(v * np.log(w), v.T)

    x = with_values([2.0, 1.2, 0.7], 4, 3)
    assert gradcheck(polar, x, order=3)
    assert gradcheck(logarithm, x, order=3)
    assert gradcheck(polar, x.T, order=2)


def test_full_matrices_have_to_be_square():
    for shape in [(3, 2), (2, 2, 3)]:
        with pytest.raises(ValueError, match="use full_matrices=False"):
            np.linalg.svd(leaf(np.ones(shape)))
        assert np.linalg.svd(leaf(np.ones(shape)), compute_uv=False).shape == np.linalg.svdvals(np.ones(shape)).shape


@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 3)])
def test_svd_of_symmetric_matrices_is_that_of_numpy(shape):
    x = RNG.standard_normal(shape)
    for ours, theirs in zip(np.linalg.svd(leaf(x), hermitian=True), np.linalg.svd(x, hermitian=True), strict=True):
        np.testing.assert_allclose(ours.data, theirs, atol=1e-13)
    ours, theirs = (np.linalg.svd(each, hermitian=True, compute_uv=False) for each in (leaf(x), x))
    np.testing.assert_allclose(ours.data, theirs, atol=1e-13)
