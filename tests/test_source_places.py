"""Is what goes into places of an array written as assignments to them, and does it stay right?"""

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from program_by_hand import uniform
from program_checks import assert_same, by_the_tape
from source_checks import executed

import minigrad as mg

ROWS, AT = np.array([2, 0, 2, 1]), np.array([0, 1, 0, 2])


def _sum_of_parts(*parts):
    """The sum of squares, products and sines of parts of an array, each of which is a share of its gradient."""

    def loss(x):
        total = 0.0
        for number, (index, kind) in enumerate(parts):
            part = x[index]
            total = total + (part * part if kind == 0 else np.sin(part) if kind == 1 else part * (number + 1.0)).sum()
        return total

    return loss


INDICES = [
    0,
    -1,
    slice(1, None),
    slice(None, None, -1),
    (slice(None), 1),
    (..., None, 0),
    (slice(1, 3), slice(None, -1)),
    ROWS,
    (ROWS, AT),
    (slice(None), AT),
    [[0, 1], [1, 0]],
    np.array([True, False, True, True]),
    np.arange(12).reshape(4, 3) % 5 > 1,
    (np.arange(4)[:, None], AT[None, :3]),
]


@drawn(st.lists(st.tuples(st.sampled_from(INDICES), st.integers(0, 2)), min_size=1, max_size=4), st.booleans())
def test_gradients_of_parts_of_an_array(parts, more):
    loss = _sum_of_parts(*parts)

    def with_all(x):
        return loss(x) + np.exp(x).sum() if more else loss(x)

    x, other = uniform(4, 3), uniform(4, 3, seed=1)
    source = mg.numpy_source(with_all, x)
    assert "_at(" not in source
    for values in (x, other):
        before = values.copy()
        assert_same(executed(source)(values), by_the_tape(with_all, [values]))
        np.testing.assert_array_equal(values, before)


def _body(source):
    return [line.strip() for line in source.split("\n\n")[-1].splitlines()]


def test_shares_of_one_gradient_go_into_one_array():
    def loss(x):
        return np.sum(x[1:] * x[:-1])

    assert _body(mg.numpy_source(loss, uniform(5))) == [
        "dx = np.zeros(x.shape)",
        "dx[:-1] = h1",
        "dx[1:] += h2",
        "return loss, dx",
    ]


def test_what_is_there_already_is_added_to():
    def loss(x, y):
        return x[0] * x[-1] + np.sum(np.exp(x * y)) + np.sum(x[1:])

    source = mg.numpy_source(loss, uniform(5), uniform(5, seed=1), wrt="x")
    assert _body(source) == [
        "dx = np.zeros(x.shape)",
        "dx[1:] = 1.0",
        "dx += exps * y",
        "dx[-1] += x[0]",
        "dx[0] += x[-1]",
        "return loss, dx",
    ]


def test_an_input_is_copied_before_something_is_added_to_it():
    def f(x, y, at):
        return mg.add_at(x, at, y) + y[0]

    x, y, at = uniform(5), uniform(2, seed=1), np.array([3, 3])
    source = mg.numpy_source(f, x, y, at)
    assert ".copy()" in source
    before = x.copy()
    assert_same([executed(source)(x, y, at)], [f(x, y, at)])
    np.testing.assert_array_equal(x, before)


def test_embeddings():
    def loss(table, weight, words):
        return np.sum(np.tanh(table[words] @ weight))

    table, weight, words = uniform(5, 3), uniform(3, 2), np.array([4, 0, 4, 1])
    source = mg.numpy_source(loss, table, weight, words)
    assert "np.add.at(dtable, words, " in source
    for given in (words, np.array([1, 1, 1, 1, 0, 3])):
        assert_same(
            executed(source)(table, weight, given), by_the_tape(lambda t, w, k=given: loss(t, w, k), [table, weight])
        )


def test_labels_choose_and_are_taken_away():
    def loss(logits, labels):
        return mg.losses.cross_entropy(logits, labels)

    logits, labels = uniform(4, 3), np.array([0, 2, 1, 1])
    source = mg.numpy_source(loss, logits, labels)
    assert "difference[rows, labels] -= 1.0" in source
    found = executed(source)
    for given in (labels, np.array([2, 2, 0, 0])):
        assert_same(found(logits, given), by_the_tape(lambda logits, k=given: loss(logits, k), [logits]))
    with pytest.raises(IndexError):
        found(logits, np.array([0, 3, 1, 1]))
    # As NumPy counts, and as far as the value does.
    assert_same(found(logits, np.array([0, -1, 1, 1])), found(logits, np.array([0, 2, 1, 1])))


@pytest.mark.parametrize("of_values", [np.matmul, np.add])
def test_a_mask_becomes_a_product_only_of_products_of_matrices(of_values):
    def loss(x, w):
        return np.sum(of_values(mg.relu(x), w))

    x, w = uniform(4, 4) - 1.0, uniform(4, 4, seed=1)
    source = mg.numpy_source(loss, x, w, wrt="x")
    assert ("* (" in source) == (of_values is np.matmul)
    assert ("np.where" in source) == (of_values is np.add)
    assert_same(executed(source)(x, w), by_the_tape(lambda x: loss(x, w), [x]))


def test_infinity_behind_a_mask_stays_out():
    def loss(x):
        return np.sum(np.sqrt(mg.relu(x)))

    source = mg.numpy_source(loss, np.array([1.0, 2.0, 3.0]))
    with np.errstate(divide="ignore"):
        value, gradient = executed(source)(np.array([4.0, -1.0, 0.0]))
    assert value == 2.0
    np.testing.assert_array_equal(gradient, [0.25, 0.0, 0.0])


@pytest.mark.parametrize("reduced", [np.var, np.std])
@pytest.mark.parametrize(("axis", "keepdims"), [(0, False), (1, True), (None, False), ((0, 1), True), (1, False)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_mean_that_is_there_is_not_computed_again(reduced, axis, keepdims, dtype):
    def f(x):
        mean = np.mean(x, axis=axis, keepdims=keepdims)
        return mean, reduced(x, axis=axis)

    x = uniform(4, 3).astype(dtype)
    source = mg.numpy_source(f, x)
    assert ("mean=" in source) == ((axis, keepdims) != (1, False))
    for values in (x, uniform(6, 3, seed=2).astype(dtype)):
        for found, expected in zip(executed(source)(values), f(values), strict=True):
            np.testing.assert_array_equal(found, expected)


def test_the_mean_of_halves_is_not_precise_enough():
    assert "mean=" not in mg.numpy_source(lambda x: (np.mean(x), np.var(x)), uniform(4).astype(np.float16), name="f")
