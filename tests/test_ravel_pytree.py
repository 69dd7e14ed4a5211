"""Does a tree become a vector and a tree again, with derivatives through both?"""

import pickle
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import minigrad as mg
from minigrad import nn

FLOATS = st.sampled_from([np.float16, np.float32, np.float64])
NUMBERS = st.floats(-100.0, 100.0, width=16)
LEAVES = st.one_of(
    st.floats(-10.0, 10.0),
    FLOATS.flatmap(
        lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0), elements=NUMBERS)
    ),
    st.builds(np.float32, NUMBERS),
    st.none(),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    ),
    max_leaves=6,
)


def assert_equal(one, other):
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            assert_equal(one[key], other[key])
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for mine, theirs in zip(one, other, strict=True):
            assert_equal(mine, theirs)
    elif one is not None:
        assert np.asarray(one).dtype == np.asarray(other).dtype
        np.testing.assert_array_equal(one, other)


@given(tree=TREES)
def test_there_and_back(tree):
    flat, unravel = mg.ravel_pytree(tree)
    assert type(flat) is np.ndarray
    assert flat.ndim == 1
    assert_equal(unravel(flat), tree)
    again, _ = mg.ravel_pytree(unravel(flat))
    assert_equal(again, flat)
    assert_equal(pickle.loads(pickle.dumps(unravel))(flat), tree)


@given(tree=TREES)
def test_derivatives_through_both_ways(tree):
    flat, unravel = mg.ravel_pytree(tree)
    if not flat.size:
        return
    # Exact in every dtype.
    weights = np.resize([1.0, -2.0, 0.5], flat.size).astype(flat.dtype)
    there = mg.grad(lambda tree: np.sum(mg.ravel_pytree(tree)[0] * weights))(tree)
    assert_equal(mg.ravel_pytree(there)[0], mg.ravel_pytree(unravel(weights))[0])
    back = mg.grad(lambda flat: np.sum(mg.ravel_pytree(unravel(flat))[0] * weights))(flat)
    np.testing.assert_array_equal(back, weights)


def test_second_derivatives_and_programs():
    flat, unravel = mg.ravel_pytree({"w": np.array([1.0, 2.0]), "b": 3.0})

    def energy(flat):
        tree = unravel(flat)
        return np.sum(tree["w"] ** 2) * tree["b"]

    np.testing.assert_allclose(mg.hessian(energy)(flat), [[6.0, 0.0, 2.0], [0.0, 6.0, 4.0], [2.0, 4.0, 0.0]])
    np.testing.assert_array_equal(mg.compile(mg.grad(energy))(flat), mg.grad(energy)(flat))
    np.testing.assert_array_equal(mg.program(energy, flat)(flat)[1], mg.grad(energy)(flat))


def test_tensors_stay_tensors():
    w = mg.Tensor([1.0, 2.0], requires_grad=True)
    flat, unravel = mg.ravel_pytree([w, np.ones(1)])
    np.sum(flat * np.array([1.0, 10.0, 100.0])).backward()
    np.testing.assert_array_equal(w.grad.data, [1.0, 10.0])
    # Of a Tensor all parts depend on it; of an array they are what they were.
    assert all(isinstance(each, mg.Tensor) for each in unravel(flat))
    first, second = unravel(np.zeros(3))
    assert (type(first), first.requires_grad, type(second)) == (mg.Tensor, False, np.ndarray)


def test_nothing_shares_memory():
    x = np.ones(3)
    flat, unravel = mg.ravel_pytree(x)
    flat[0] = 2.0
    back = unravel(flat)
    back[1] = 3.0
    assert x.tolist() == [1.0, 1.0, 1.0]
    assert flat.tolist() == [2.0, 1.0, 1.0]


@dataclass
class Line:
    slope: Any
    offset: Any
    name: str = field(default="line", metadata={"static": True})


def test_dataclasses_and_models():
    flat, unravel = mg.ravel_pytree(Line(np.float32(2.0), np.ones(2)))
    assert unravel(flat + 1.0).offset.tolist() == [2.0, 2.0]
    assert unravel(flat).name == "line"
    assert type(unravel(flat).slope) is np.float32
    model = nn.Dense(2, 3, rng=0)
    flat, unravel = mg.ravel_pytree({name: each.numpy() for name, each in model.named_parameters()})
    assert (flat.shape, flat.dtype) == ((9,), np.float32)
    assert unravel(flat)["weight"].shape == (2, 3)


def test_dtypes_are_joined_and_come_back():
    flat, unravel = mg.ravel_pytree([np.float32(0.1), np.ones(1, np.float16)])
    assert flat.dtype == np.float32
    assert mg.ravel_pytree([np.ones(1, np.float32), 0.1])[0].tolist() == [1.0, 0.1]
    assert [each.dtype for each in unravel(flat.astype(np.float64))] == [np.float32, np.float16]


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"n": 3}, "the leaf ['n'] has dtype int64, and a vector of floating-point numbers would not give it back"),
        ([np.ones(2), np.arange(3)], "the leaf [1] has dtype int64"),
        (np.array([True]), "the tree has dtype bool"),
        ([True], "the leaf [0] is a bool, not an array"),
        (np.ones(2) * 1j, "the tree has dtype complex128"),
        ({"name": "w"}, "the leaf ['name'] is a str, not an array, a Tensor or a number"),
        (nn.Dense(2, 1, rng=0), "the tree is a Dense, not an array, a Tensor or a number; of a model, give dict("),
        (np.ma.masked_array([1.0], [1]), "is a MaskedArray, which behaves unlike an array"),
    ],
)
def test_other_leaves_are_refused(tree, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        mg.ravel_pytree(tree)


def test_other_vectors_are_refused():
    _, unravel = mg.ravel_pytree({"w": np.ones((2, 2)), "b": 1.0})
    for wrong in (np.ones(4), np.ones((5, 1)), 1.0, mg.Tensor(np.ones(6))):
        with pytest.raises(ValueError, match=r"unravel: a vector of shape \(5,\) is needed, not \("):
            unravel(wrong)
    with pytest.raises(TypeError, match=r"holds int64; .*vector\.astype\(float\)"):
        unravel(np.arange(5))
    assert unravel([1.0, 2.0, 3.0, 4.0, 5.0])["b"] == 5.0
    flat, unravel = mg.ravel_pytree([])
    assert flat.shape == (0,)
    assert unravel(flat) == []


def test_compiled_functions_take_trees_apart_and_put_them_together():
    tree = {"w": np.arange(4.0).reshape(2, 2), "b": 2.0, "s": np.float32(3.0)}
    flat, unravel = mg.ravel_pytree(tree)

    def f(vector):
        found = unravel(vector)
        return (found["w"] ** 2).sum() * found["b"] * found["s"]

    for function in (f, mg.grad(f), lambda vector: mg.ravel_pytree(unravel(vector))[0]):
        compiled = mg.compile(function)
        for vector in (flat, flat + 1.0):
            np.testing.assert_allclose(compiled(vector), function(vector))
