"""Every operation, and random programs of them, give the same compiled: the same bits but for a few decompositions."""

import itertools

import effort
import numpy as np
import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st
from operation_checks import BUILTIN
from random_programs import arguments, functions
from test_program_operations import first_order, second_order, telling_calls

import minigrad as mg

# The tape hands parts of one decomposition from rule to rule where code computes them again; and sums of products add
# in the order in which their arrays lie in memory.
IN_THE_LAST_DIGITS = {
    *("det", "left_vectors", "right_vectors", "svd", "svdvals", "singular_values", "norm", "matrix_rank", "cond"),
    *("pinv", "slogdet", "lstsq", "eigvalsh", "eigh", "matrix_norm", "contract"),
}
SIZES = st.tuples(st.integers(1, 4), st.integers(1, 4))


def parts(result):
    """The arrays that a call gives, alone or in tuples."""
    if isinstance(result, tuple):
        return [part for item in result for part in parts(item)]
    return [np.asarray(result)]


def assert_same(got, expected, exactly=True):
    for found, wanted in zip(parts(got), parts(expected), strict=True):
        assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
        if exactly:
            np.testing.assert_array_equal(found, wanted)
        else:
            reach = np.max(np.abs(wanted), initial=0.0, where=np.isfinite(wanted))
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12 * reach)


@pytest.mark.parametrize("order", [first_order, second_order])
@pytest.mark.parametrize("name", BUILTIN)
def test_every_operation(name, order):
    found = telling_calls(BUILTIN[name], order)
    for first, second in found if order is first_order or effort.thorough else itertools.islice(found, 1):
        derivative = mg.value_and_grad(order(first), argnums=tuple(range(len(first.arrays))))
        compiled = mg.compile(derivative)
        # Single numbers are computed by Python.
        is_exact = name not in IN_THE_LAST_DIGITS and any(array.ndim for array in first.arrays)
        for arrays in (first.arrays, second.arrays, first.arrays):
            with np.errstate(all="ignore"):
                assert_same(compiled(*arrays), derivative(*arrays), is_exact)


def check(derivative, function, sizes, seed):
    """At two draws, each twice; what a call gave stays as it is when others follow."""
    rng = np.random.default_rng(seed)
    draws = [arguments(rng, *sizes) for _ in range(2)]
    compiled = mg.compile(derivative)
    given = []
    for arrays in (*draws, *draws):
        with np.errstate(all="ignore"):
            got, expected = compiled(*arrays), derivative(*arrays)
        assert_same(got, expected)
        given.append((parts(got), [part.copy() for part in parts(got)]))
    for now, then in given:
        for found, before in zip(now, then, strict=True):
            np.testing.assert_array_equal(found, before)


ALL = (0, 1, 2, 3)


@examples(60, thoroughly=600)
@given(functions, SIZES, st.integers(0, 2**32 - 1))
def test_random_programs(function, sizes, seed):
    check(mg.value_and_grad(function, argnums=ALL), function, sizes, seed)


@examples(20, thoroughly=200)
@given(functions, SIZES, st.integers(0, 2**32 - 1))
def test_second_derivatives_of_random_programs(function, sizes, seed):
    def steepness(*arrays):
        return sum(np.sum(np.sin(slope)) for slope in mg.grad(function, argnums=ALL)(*arrays))

    check(mg.grad(steepness, argnums=ALL), function, sizes, seed)


@pytest.mark.parametrize("function", [np.maximum, np.minimum, np.fmax, np.add, np.multiply, np.hypot, np.arctan2])
def test_large_arrays_are_written_into_memory_that_is_kept_without_a_warning(function):
    x, y = np.random.default_rng(0).normal(size=(2, 200, 300))
    compiled = mg.compile(lambda x, y: np.sum(function(x * 2.0, y + 1.0) * 3.0))
    for _ in range(2):
        assert compiled(x, y) == np.sum(function(x * 2.0, y + 1.0) * 3.0)
