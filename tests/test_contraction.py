"""Do einsum and the other products take every form that NumPy takes, with gradients of the arguments' shapes?"""

import numpy as np
import pytest

import minigrad as mg

RNG = np.random.default_rng(0)
MATRIX, WIDE, CUBE, SQUARE = (RNG.normal(size=shape) for shape in ((2, 3), (3, 4), (2, 3, 4), (3, 3)))
VECTOR, LONE, HYPER = RNG.normal(size=3), RNG.normal(size=1), RNG.normal(size=(3, 3, 3))

FORMS = [
    ("ij,jk", MATRIX, WIDE),
    ("ij,jk->ki", MATRIX, WIDE),
    (" i j , j k -> i k ", MATRIX, WIDE),
    ("bA", MATRIX),
    ("ij->", MATRIX),
    ("i,j,k->kji", VECTOR, VECTOR, LONE),
    ("ij,kl->il", MATRIX, WIDE),
    ("ii", SQUARE),
    ("ii->i", SQUARE),
    ("iij->j", HYPER),
    ("iii,i->", HYPER, VECTOR),
    ("...i", MATRIX),
    ("i...->...i", CUBE),
    ("i...k->...", CUBE),
    ("...ij,...jk->...ik", MATRIX, RNG.normal(size=(5, 3, 2))),
    ("...i,...i->...", RNG.normal(size=(2, 1, 3)), RNG.normal(size=(4, 3))),
    ("...,...", MATRIX, 3.0),
    ("i,i", VECTOR, LONE),
    ("ij,ij->j", MATRIX, RNG.normal(size=(1, 3))),
    (MATRIX, [0, 1], WIDE, [1, 2]),
    (MATRIX, [0, 1], WIDE, [1, 2], [2, 0]),
    (MATRIX, [27, 0]),
    (CUBE, [..., 0], VECTOR, [1], [0, ..., 1]),
    (np.float64(2.0), []),
]


def floats(parts):
    return [part for part in parts if isinstance(part, (np.ndarray, np.float64))]


def with_arrays(parts, arrays):
    remaining = iter(arrays)
    return [next(remaining) if isinstance(part, (np.ndarray, np.float64)) else part for part in parts]


@pytest.mark.parametrize("optimize", [False, True, "optimal"])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: str([part for part in form if not np.size(part) > 3]))
def test_einsum_takes_every_form(form, optimize, gradcheck):
    tensors = [mg.Tensor(array, requires_grad=True) for array in floats(form)]
    found = np.einsum(*with_arrays(form, tensors), optimize=optimize)
    np.testing.assert_allclose(found.data, np.einsum(*form), rtol=1e-12)
    gradcheck(lambda *arrays: np.einsum(*with_arrays(form, arrays), optimize=optimize), tuple(floats(form)))


@pytest.mark.parametrize("form", [form for form in FORMS if len(floats(form)) > 1], ids=lambda form: str(form[0])[:20])
def test_einsum_is_right_to_second_order(form, gradcheck):
    gradcheck.gradgradcheck(lambda *arrays: np.einsum(*with_arrays(form, arrays)) ** 2, tuple(floats(form)))


def test_a_repeated_operand_adds_its_gradients(gradcheck):
    gradcheck(lambda x: np.einsum("ij,jk,ki->", x, x, x), SQUARE)
    gradcheck.gradgradcheck(lambda x: np.einsum("ij,jk,ki->", x, x, x), SQUARE)


def test_an_axis_of_size_1_gets_the_sum():
    x, y = mg.Tensor([2.0, 3.0], requires_grad=True), mg.Tensor([5.0], requires_grad=True)
    np.einsum("i,i", x, y).backward()
    np.testing.assert_array_equal(x.grad.data, [5.0, 5.0])
    np.testing.assert_array_equal(y.grad.data, [5.0])


def test_outside_of_a_diagonal_the_gradient_is_zero():
    x = mg.Tensor(np.arange(9.0).reshape(3, 3), requires_grad=True)
    np.einsum("ii->i", x).backward(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(x.grad.data, np.diag([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_large_contractions_keep_the_dtype(dtype):
    x = mg.Tensor(RNG.normal(size=(30, 30)), dtype=dtype, requires_grad=True)
    out = np.einsum("ij,jk->ik", x, x)
    out.backward(np.ones((30, 30)))
    exact = x.data.astype(float)
    assert out.dtype == dtype
    np.testing.assert_allclose(out.data, exact @ exact, rtol=0.01, atol=0.05)
    np.testing.assert_allclose(x.grad.data, exact.sum(1) + exact.sum(0)[:, None], rtol=0.01, atol=0.05)


@pytest.mark.parametrize(
    ("operands", "message"),
    [
        (("ij,jk", MATRIX), "2 operands, and 1"),
        (("ij", VECTOR), "1 dimensions"),
        (("i", MATRIX), "2 dimensions"),
        (("i..j", MATRIX), "letters"),
        (("i1", MATRIX), "letters"),
        (("ij->ii", MATRIX), "repeats"),
        (("ij->k", MATRIX), "that no operand has"),
        (("...j->j", MATRIX), "missing in the result"),
        (("ij,ij", MATRIX, WIDE), "sizes"),
        (("ii", MATRIX), "sizes"),
        (("ii,i", RNG.normal(size=(1, 3)), VECTOR), "sizes"),
        ((MATRIX, [0, 52]), "0 to 51"),
    ],
)
def test_einsum_explains_what_does_not_fit(operands, message):
    recorded = [mg.Tensor(part) if isinstance(part, np.ndarray) else part for part in operands]
    with pytest.raises(ValueError, match=message):
        np.einsum(*recorded)


@pytest.mark.parametrize("argument", [{"out": np.zeros(3)}, {"dtype": np.float64}, {"order": "F"}])
def test_einsum_names_an_argument_that_it_lacks(argument):
    with pytest.raises(TypeError, match=next(iter(argument)) + "="):
        np.einsum("i->i", mg.Tensor(VECTOR), **argument)


PRODUCTS = [
    (np.vdot, CUBE, RNG.normal(size=(4, 6)), {}),
    (np.inner, 2.0, MATRIX, {}),
    (np.inner, CUBE, RNG.normal(size=(2, 4)), {}),
    (np.outer, MATRIX, np.float64(3.0), {}),
    (np.linalg.outer, VECTOR, LONE, {}),
    (np.linalg.matmul, MATRIX, WIDE, {}),
    (np.kron, CUBE, VECTOR, {}),
    (np.tensordot, SQUARE, HYPER, {"axes": 1}),
    (np.tensordot, SQUARE, HYPER, {"axes": np.array([0, 2])}),
    (np.linalg.tensordot, CUBE, WIDE, {"axes": ((1, -1), (0, 1))}),
    (np.cross, SQUARE, SQUARE + 1.0, {"axisa": 0, "axisb": 1, "axisc": 0}),
    (np.linalg.cross, SQUARE, VECTOR[:, None], {"axis": 0}),
    (np.linalg.vecdot, RNG.normal(size=(3, 2, 4)), RNG.normal(size=(3, 4)), {"axis": 0}),
    (np.vecdot, CUBE, WIDE, {}),
    *(
        (function, VECTOR, RNG.normal(size=size), {"mode": mode})
        for function in (np.convolve, np.correlate)
        for size in (2, 6)
        for mode in ("full", "same", "valid")
    ),
    (np.correlate, RNG.normal(size=4), RNG.normal(size=6), {"mode": "same"}),
    (np.convolve, np.float64(2.0), VECTOR, {}),
]
PRODUCTS += [(np.matvec, CUBE[:, :, :3], VECTOR, {})] if hasattr(np, "matvec") else []
PRODUCTS += [(np.vecmat, VECTOR, CUBE, {})] if hasattr(np, "vecmat") else []


@pytest.mark.parametrize(("function", "x", "y", "params"), PRODUCTS)
def test_products_agree_with_numpy_in_value_and_derivatives(function, x, y, params, gradcheck):
    found = function(mg.Tensor(x), mg.Tensor(y), **params)
    expected = function(x, y, **params)
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found.data, expected, rtol=1e-12, atol=1e-14)
    gradcheck(lambda x, y: function(x, y, **params), (x, y))
    gradcheck.gradgradcheck(lambda x, y: function(x, y, **params), (x, y))


@pytest.mark.parametrize(("x", "y"), [((2,), (2,)), ((4, 2), (3,)), ((3,), (4, 2)), ((5, 1, 2), (4, 2))])
def test_cross_products_of_vectors_with_two_components(x, y, gradcheck):
    x, y = RNG.normal(size=x), RNG.normal(size=y)
    with_zeros = [np.pad(v, [(0, 0)] * (v.ndim - 1) + [(0, 3 - v.shape[-1])]) for v in (x, y)]
    expected = np.cross(*with_zeros)
    found = np.cross(mg.Tensor(x), mg.Tensor(y)).data
    np.testing.assert_allclose(found, expected[..., 2] if x.shape[-1] == y.shape[-1] else expected)
    gradcheck(np.cross, (x, y))


@pytest.mark.parametrize(
    ("function", "x", "y", "params"),
    [
        (np.tensordot, MATRIX, MATRIX, {"axes": 1}),
        (np.tensordot, MATRIX, WIDE, {"axes": ([0, 1], [0])}),
        (np.tensordot, SQUARE, SQUARE, {"axes": ([0, 0], [0, 1])}),
        (np.inner, MATRIX, WIDE, {}),
        (np.vdot, MATRIX, WIDE, {}),
        (np.cross, WIDE, WIDE, {}),
        (np.convolve, VECTOR, np.zeros(0), {}),
        (np.convolve, MATRIX, VECTOR, {}),
        (np.convolve, VECTOR, VECTOR, {"mode": "all"}),
    ],
)
def test_products_refuse_what_numpy_refuses(function, x, y, params):
    with pytest.raises(ValueError, match=r"."):
        function(x, y, **params)
    with pytest.raises(ValueError, match=r"."):
        function(mg.Tensor(x), mg.Tensor(y), **params)
