"""Does @grad_property find what is wrong, say why, and show it small?"""

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st
from property_checks import SHAPE, TURNED, failure, few, rules, softmax

import minigrad as mg
from minigrad import testing
from minigrad.testing import grad_property, properties
from minigrad.testing.strategies.hypothesis import arrays, matmul_arrays, shapes


def test_right_gradients_pass_and_are_not_looked_at_again(monkeypatch):
    monkeypatch.setattr(properties, "telling_draws", None)

    @few
    @grad_property(x=arrays((7, 5)), W=arrays((5, 3)))
    def tensors(x, W):  # noqa: N803
        assert isinstance(x, mg.Tensor)
        return np.tanh(x @ W)

    @few
    @grad_property(lambda g, out, x: out * (g - np.sum(g * out, axis=-1, keepdims=True)), x=arrays(shapes()))
    def pair(x):
        return softmax(x)

    assert tensors() is None
    assert pair() is None


def test_a_mean_in_place_of_a_sum_is_named_at_telling_sizes():
    @few
    @grad_property(lambda g, out, x, w: (g @ w.T, x.T @ g / len(x)), x=arrays(SHAPE), w=arrays(TURNED))
    def product(x, w):
        return x @ w

    error = failure(product)
    assert rules(error) == {("w", "scale.batch")}
    sizes = error.result.leaves[0].shape
    assert set(sizes) <= {3, 5, 7}
    assert len(set(sizes)) == 2
    # Its explain phase would list lines of minigrad.
    assert "Explanation" not in "\n".join(error.__notes__)
    # With a single sample there is nothing wrong.
    assert {name: value.shape for name, value in error.example.items()} == {"x": (2, 1), "w": (1, 2)}
    *report, last = str(error).splitlines()
    assert report == str(error.result).splitlines()
    assert len(report) <= 15
    assert last == "  smallest example: x=array([[ 0.05], [-0.05]]), w=array([[ 0.05, -0.05]])"


PLANTED = {
    "relu of the wrong sign": (
        lambda g, out, x: g * (x < 0),
        lambda x: np.maximum(x, 0.0),
        {"x": arrays(shapes(1, 2))},
        None,
        "x=array([0.05])",
    ),
    "softmax without its sum": (
        lambda g, out, x: out * g,
        softmax,
        {"x": arrays(shapes(2, 2))},
        None,
        "x=array([[0.05]])",
    ),
    "sine without its cosine": (
        lambda g, out, x: g,
        np.sin,
        {"x": arrays(shapes())},
        {("x", "factor.missing")},
        "x=array([0.05])",
    ),
    "a sign": (
        lambda g, out, x: -2 * x * g,
        np.square,
        {"x": arrays((7, 5))},
        {("x", "scale.sign")},
        "x=ndarray of shape (7, 5)",
    ),
    "a bias that is not summed": (
        lambda g, out, x, b: (g, g),
        np.add,
        {"x": arrays(SHAPE), "b": arrays(SHAPE.map(lambda shape: shape[1:]))},
        {("b", "shape.not_summed")},
        "x=array([[0.05]]), b=array([0.05])",
    ),
    "an index that overwrites": (
        lambda g, out, x, index: np.put_along_axis(grad := np.zeros_like(x), index, g, 0) or grad,
        lambda x, index: x[index],
        {"x": arrays(5), "index": testing.strategies.indices_with_duplicates(4, 5)},
        None,
        "x=array([ 0.05, -0.05, 0.15, -0.15, 0.25]), index=array([0, 0, 0, 0])",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_mistakes_are_found_explained_and_shrunk(name):
    backward, forward, strategies, expected, smallest = PLANTED[name]
    parameters = list(strategies)
    scope = {"forward": forward}
    exec(f"def planted({', '.join(parameters)}): return forward({', '.join(parameters)})", scope)
    error = failure(few(grad_property(backward, **strategies)(scope["planted"])))
    assert error.result.verdict == "fail"
    if expected is not None:
        assert rules(error) == expected
    assert str(error).endswith(f"  smallest example: {smallest}")


def test_small_constants_of_the_function_are_seen():
    @few
    @grad_property(lambda g, out, p: g / p, p=testing.strategies.positive(shapes(2, 2)))
    def untraceable(p):
        out = np.empty(p.shape)
        out[...] = np.log(p + 1e-3)
        return out

    assert rules(failure(untraceable)) == {("p", "epsilon.missing")}


def test_a_cache_is_handed_over():
    def backward(g, cache):
        x, w, out = cache
        g = g * (1 - out * out)
        return g @ w.T, x.T @ g

    @few
    @grad_property(backward, x=arrays(SHAPE), w=arrays(TURNED))
    def layer(x, w):
        out = np.tanh(x @ w)
        return out, (x, w, out)

    layer()


def matmul_gradients(g, pair):
    x, y = (mg.Tensor(part, requires_grad=True) for part in pair)
    return [part.numpy() for part in mg.gradients(x @ y, [x, y], seed=g)]


def test_matmul_of_every_rank_is_checked_as_one_argument():
    @few
    @grad_property(lambda g, out, pair: matmul_gradients(g, pair), pair=matmul_arrays())
    def right(pair):
        return pair[0] @ pair[1]

    def averaged(g, out, pair):
        rows = len(pair[0]) if pair[0].ndim == 2 else 1
        return [part / rows for part in matmul_gradients(g, pair)]

    @few
    @grad_property(averaged, pair=matmul_arrays())
    def wrong(pair):
        return pair[0] @ pair[1]

    right()
    error = failure(wrong)
    assert rules(error) == {("pair[0]", "scale.batch"), ("pair[1]", "scale.batch")}
    assert [part.shape for part in error.example["pair"]] in ([(2, 1), (1,)], [(2, 1), (1, 1)])


def test_a_mistake_that_shows_at_small_sizes_alone_is_reported_there():
    @few
    @grad_property(lambda g, out, x: np.cos(x) * g if x.size > 2 else g, x=arrays(shapes(1, 1)))
    def small(x):
        return np.sin(x)

    @few
    @grad_property(lambda g, out, x: g, x=arrays(shapes(1, 1)))
    def picky(x):
        assume(x.size < 3)
        return np.sin(x)

    for error in (failure(small), failure(picky)):
        assert error.result.leaves[0].shape == (1,)
        assert str(error).endswith("smallest example: x=array([0.05])")


def test_strategies_of_others_are_used_as_they_are():
    @few
    @grad_property(lambda g, out, x: g, x=st.floats(0.5, 2.0).map(lambda v: np.array([v, v / 2])))
    def halves(x):
        return np.sin(x)

    error = failure(halves)
    assert error.result.leaves[0].shape == (2,)
    assert error.example["x"].shape == (2,)


@pytest.mark.parametrize("first", [(1, 2), (5, 5)])
def test_of_several_draws_the_most_telling_is_reported(first):
    @few
    @grad_property(lambda g, out, x: g, x=arrays(st.just(first) | shapes(2, 2)))
    def sine(x):
        return np.sin(x)

    assert set(failure(sine).result.leaves[0].shape) in ({3, 5}, {3, 7}, {5, 7})


def test_mistakes_in_rules_of_tensors_are_found():
    @mg.primitive(lambda g, out, x: g * out)
    def wrong_rule(x):
        """A tanh with the rule of exp."""
        return np.tanh(x)

    @few
    @grad_property(x=arrays(shapes()))
    def layer(x):
        return wrong_rule(x)

    error = failure(layer)
    assert error.result.check == "gradcheck"
    assert "the rule of wrong_rule" in str(error)
