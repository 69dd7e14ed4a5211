"""Is linear algebra right where matrices are singular, values equal, or only a part of a matrix is read?"""

import itertools
import math

import numpy as np
import pytest

import minigrad as mg
from minigrad.engine.graph import ancestors
from minigrad.engine.values import plain
from minigrad.testing import gradcheck, gradgradcheck

RNG = np.random.default_rng(7)
STATE = RNG.bit_generator.state
LinAlgError = np.linalg.LinAlgError


@pytest.fixture(autouse=True)
def _same_values_in_any_order():
    RNG.bit_generator.state = STATE


def leaf(values, **options):
    return mg.Tensor(values, requires_grad=True, **options)


def gradient(function, x, **options):
    """The gradient of a function, whose result is weighted so that no two of its elements count alike."""
    x = leaf(x, **options)
    out = function(x)
    return mg.gradients(out, [x], seed=np.cos(np.arange(out.size)).reshape(out.shape))[0].data


def derivatives(function, x, order):
    """The derivatives of a function of a matrix, each of a weighted sum of the one before, and of the function."""
    x = leaf(x)
    weights = np.cos(np.arange(x.size) + 0.3).reshape(x.shape)
    out, found = function(x), []
    for _ in range(order):
        if not out.requires_grad:
            found.append(np.zeros(x.shape))
            continue
        (out,) = mg.gradients(out, [x], seed=np.ones(out.shape), create_graph=True)
        found.append(out.data)
        out = (out * weights).sum()
    return found


def orthogonal(*shape):
    return np.linalg.qr(RNG.standard_normal(shape))[0]


def with_values(values, rows, columns=None):
    """A matrix with these singular values."""
    count = len(values)
    return orthogonal(rows, count) * values @ orthogonal(columns or rows, count).T


def with_eigenvalues(values):
    vectors = orthogonal(len(values), len(values))
    return vectors * values @ vectors.T


# Determinants.


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


# Systems.


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
    with pytest.raises(LinAlgError, match="full rank"):
        gradient(lambda x: np.linalg.qr(x).Q, with_values([2.0, 1.0, 0.0], 4, 3))


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


# Norms.

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


# Products.


@pytest.mark.parametrize("n", [-3, -1, 0, 1, 2, 3, 7])
def test_powers_of_matrices_are_those_of_numpy(n):
    x = RNG.standard_normal((2, 3, 3))
    np.testing.assert_allclose(np.linalg.matrix_power(leaf(x), n).data, np.linalg.matrix_power(x, n), rtol=1e-12)


def test_powers_that_do_not_exist_are_refused():
    with pytest.raises(TypeError, match="integer"):
        np.linalg.matrix_power(leaf(np.eye(2)), 0.5)
    with pytest.raises(LinAlgError, match="square"):
        np.linalg.matrix_power(leaf(np.ones((2, 3))), 2)


@pytest.mark.parametrize("function", [np.linalg.qr, np.linalg.svd, lambda x: np.linalg.matrix_power(x, 2)])
def test_matrices_have_two_axes(function):
    with pytest.raises(LinAlgError, match="two axes"):
        function(leaf([1.0, 2.0]))


def test_many_products_are_taken_in_the_cheapest_order():
    sizes = [30, 35, 15, 5, 10, 20, 25]
    x = [leaf(RNG.standard_normal(shape)) for shape in itertools.pairwise(sizes)]
    found = np.linalg.multi_dot(x)
    np.testing.assert_allclose(found.data, np.linalg.multi_dot([each.data for each in x]), rtol=1e-10)
    costs = [
        math.prod(node.args[0].shape) * node.args[1].shape[1]
        for node in ancestors([found._node])
        if node.op is not None
    ]
    assert sum(costs) == 15125  # Cormen et al., figure 14.5


@pytest.mark.parametrize("shapes", [[(2, 3)], [(2,), (2, 2, 2)], [(2, 2), (2,), (2, 2)]])
def test_products_that_do_not_exist_are_refused(shapes):
    with pytest.raises((ValueError, LinAlgError)):
        np.linalg.multi_dot([leaf(np.ones(shape)) for shape in shapes])


# Forms of calls.


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.linalg.inv(a=x),
        lambda x: np.linalg.solve(a=x, b=x),
        lambda x: np.linalg.pinv(x, 1e-3),
        lambda x: np.linalg.pinv(x, rtol=None),
        lambda x: np.linalg.svd(x, False, True)[1],
        lambda x: np.linalg.svd(x, compute_uv=False),
        lambda x: np.linalg.eigh(x, "U").eigenvalues,
        lambda x: np.linalg.lstsq(x, x, None)[0],
        lambda x: np.linalg.vector_norm(x, axis=0, ord=3, keepdims=True),
        lambda x: np.linalg.vector_norm(x, axis=(1, 0)),
        lambda x: np.linalg.matrix_norm(x, ord=-1),
        lambda x: np.linalg.norm(x, ord=np.inf, keepdims=True),
        lambda x: np.linalg.cond(x, "nuc"),
        lambda x: np.linalg.slogdet(x)[1],
        lambda x: np.linalg.tensorsolve(x, np.ones(3), axes=(0,)),
        lambda x: np.linalg.tensorinv(x, 1),
        lambda x: np.linalg.trace(x, offset=-1),
        lambda x: np.linalg.diagonal(x, offset=1),
    ],
)
def test_calls_are_understood_as_numpy_understands_them(call):
    x = RNG.standard_normal((3, 3))
    out = call(leaf(x[::-1].T))
    assert out.requires_grad
    np.testing.assert_allclose(out.data, call(x[::-1].T), rtol=1e-11)
