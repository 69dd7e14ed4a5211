"""Does printed code leave alone what it was given, its constants, and what the next step of a loop needs?"""

import numpy as np
import pytest
from program_by_hand import uniform
from program_checks import assert_same, by_the_tape
from source_checks import executed

import minigrad as mg

TABLE = uniform(5, 4)
ORDER = np.array([2, 0, 3, 1])


def _given_back(loss, *examples, wrt, values):
    """The function printed at one call, and checked at another one, twice, which it may not change."""
    source = executed(mg.numpy_source(loss, *examples, wrt=list(wrt)))
    if wrt:
        tensors = [mg.Tensor(each, requires_grad=place in wrt) for place, each in enumerate(values)]
        out = loss(*tensors)
        expected = [out.numpy(), *[each.numpy() for each in mg.gradients(out, [tensors[place] for place in wrt])]]
    else:
        expected = [np.array(loss(*values))]
    before = [np.array(each) for each in values]
    for _ in range(2):
        found = source(*values)
        assert_same(found if wrt else (found,), expected)
        for value, other in zip(values, before, strict=True):
            np.testing.assert_array_equal(value, other)


def _through_weights(h, weights):
    for _ in range(4):
        h = np.tanh(weights @ h[ORDER])
    return np.sum(h * h)


def _linear(h, weights):
    for _ in range(4):
        h = weights @ h[ORDER]
    return np.sum(h * h)


def _taken(h, weights):
    for _ in range(4):
        h = np.take(h, ORDER) * weights[0]
    return np.sum(h)


def _backwards(h, weights):
    total = 0.0
    for step in range(4):
        h = h[::-1]
        total = total + np.sum(h * weights[step])
    return total


def _shifted(h, weights):
    for _ in range(5):
        h = np.pad(h[:-1], (1, 0)) * weights[0]
    return np.sum(h)


def _put_anew(h, weights):
    for step in range(4):
        h = mg.add_at(np.zeros(4), ORDER, h * weights[step, 0])
    return np.sum(h * h)


def _averaged(h, weights):
    for _ in range(4):
        h = mg.add_at(h, ORDER % 2, h * weights[0])
        h = h - np.mean(h)
    return np.sum(h) + np.sum(weights[0])


@pytest.mark.parametrize("wrt", [[0], [0, 1]])
@pytest.mark.parametrize("example", [np.zeros, np.ones, uniform])
@pytest.mark.parametrize("loss", [_through_weights, _linear, _taken, _backwards, _shifted, _put_anew, _averaged])
def test_what_a_step_hands_on_is_read_before_it_is_written_over(loss, example, wrt):
    weights = example(4, 4) if example is uniform else example((4, 4))
    _given_back(loss, uniform(4), weights, wrt=wrt, values=[uniform(4, seed=1), uniform(4, 4, seed=2)])


def test_such_a_step_stays_a_loop():
    source = mg.numpy_source(_linear, uniform(4), uniform(4, 4), wrt=[0])
    assert source.count("np.add.at") == 1
    assert source.count("for _ in") == 2


WHOLE = [
    lambda x: np.einsum("ij->ji", x),
    lambda x: np.linalg.matrix_power(x, 1),
    lambda x: np.diff(x, n=0),
    lambda x: x.astype(float, copy=False),
    lambda x: np.real_if_close(x),
    lambda x: np.atleast_2d(x),
    lambda x: np.broadcast_to(x, x.shape),
    lambda x: np.reshape(x, x.shape)[:],
    lambda x: np.broadcast_arrays(x, x)[0],
    lambda x: np.split(x, 1)[0],
    lambda x: np.squeeze(x[None]),
]


@pytest.mark.parametrize("whole", WHOLE)
def test_arguments_are_not_written_to(whole):
    x, y = uniform(3, 3), uniform(3, seed=1)
    _given_back(lambda x, y: mg.add_at(whole(x), 0, y), x, y, wrt=[], values=[x + 1.0, y + 1.0])


@pytest.mark.parametrize("whole", WHOLE)
def test_results_share_no_memory_with_arguments(whole):
    x = uniform(3, 3)
    assert not np.shares_memory(executed(mg.numpy_source(lambda x: whole(x), x, wrt=[]))(x), x)


def test_results_of_a_loop_share_no_memory_with_arguments():
    def turned(x):
        for _ in range(4):
            x = x[::-1]
        return x

    x = uniform(4)
    assert not np.shares_memory(executed(mg.numpy_source(turned, x, wrt=[]))(x), x)


@pytest.mark.parametrize("whole", WHOLE)
def test_gradients_are_not_written_to_each_other(whole):
    def loss(x, y):
        z = whole(x) + y
        return np.sum(x[1:] ** 2) + np.sum(np.sin(z))

    values = [uniform(3, 3, seed=3), uniform(3, 3, seed=4)]
    _given_back(loss, uniform(3, 3), uniform(3, 3, seed=1), wrt=[0, 1], values=values)


@pytest.mark.parametrize("place", [1, np.int64(1), np.array(1)])
def test_constants_are_not_written_to(place):
    def row_and_more(place, y):
        return mg.add_at(mg.Tensor(TABLE)[place], slice(1, 3), y)

    before = TABLE.copy()
    source = executed(mg.numpy_source(row_and_more, np.array(1), np.ones(2), wrt=[]))
    for _ in range(3):
        np.testing.assert_array_equal(source(place, np.ones(2)), before[1] + np.array([0.0, 1.0, 1.0, 0.0]))


def test_integers_do_not_round_gradients():
    x = np.arange(4)

    def loss(x):
        return np.sum(np.sin(x[1:])) + np.sum(x[ORDER] ** 2)

    source = executed(mg.numpy_source(loss, np.ones(4)))
    assert_same(source(x), by_the_tape(loss, [x.astype(float)]))


MASKED = {
    "an argument": lambda x, kept, product: np.where(kept[:, None], product, 0.0),
    "what is there": lambda x, kept, product: np.where(~np.isnan(x[:, :1]), product, 0.0),
    "what is not": lambda x, kept, product: np.where(np.isnan(x[:, :1]), 0.0, product),
    "a bound": lambda x, kept, product: np.where(x[:, :1] < 1e3, product, 0.0),
    "a product with relu": lambda x, kept, product: np.where(kept[:, None], mg.relu(product), 0.0),
}


@pytest.mark.parametrize("mask", MASKED.values(), ids=MASKED)
def test_rows_that_a_mask_leaves_out_may_hold_anything(mask):
    def loss(x, weights, bias, kept, target):
        return np.mean((mask(x, kept, x @ weights) + bias - target) ** 2)

    x, weights, bias, target = uniform(3, 2), uniform(2, 2, seed=1), uniform(2, seed=2), uniform(3, 2, seed=3)
    kept = np.array([True, False, True])
    source = executed(mg.numpy_source(loss, x, weights, bias, kept, target, wrt=["bias"]))
    strange = x.copy()
    strange[1] = np.nan
    found = source(strange, weights, bias, kept, target)
    expected = by_the_tape(lambda bias: loss(strange, weights, bias, kept, target), [bias])
    if np.isfinite(expected[0]):
        assert_same(found, expected)
    else:
        # By a comparison, what is no number is left in.
        assert not np.isfinite(found[0])


INDEX = {
    "dots between": lambda x, rows: x[:, rows, ..., 0],
    "dots before": lambda x, rows: x[..., rows, 0],
    "dots behind": lambda x, rows: x[0, rows, ...],
    "dots for an axis": lambda x, rows: x[0, ..., rows],
    "two arrays": lambda x, rows: x[rows, ..., rows],
}


@pytest.mark.parametrize("choose", INDEX.values(), ids=INDEX)
def test_dots_stay_where_they_move_axes(choose):
    def loss(x, weights, rows):
        chosen = choose(x, rows)
        return np.sum(chosen * weights.reshape(chosen.shape)) + np.sum(chosen * chosen)

    rows = np.array([1, 0])
    size = choose(np.zeros((2, 2, 2)), rows).size
    values = [uniform(2, 2, 2, seed=1), uniform(size, seed=2), rows]
    _given_back(loss, np.ones((2, 2, 2)), np.ones(size), rows, wrt=[0, 1], values=values)
