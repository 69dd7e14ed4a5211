"""Are powers and products of matrices those of NumPy, and all calls of linear algebra understood as it does?"""

import itertools
import math

import numpy as np
import pytest
from leaves import leaf
from matrices import (
    RNG,
    LinAlgError,
    _same_values_in_any_order,  # noqa: F401 -- the fixture acts on every test here
)

from minigrad.engine.graph import ancestors

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
