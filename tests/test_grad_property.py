"""Does @grad_property find what is wrong, say why, show it small, and leave the rest to hypothesis and pytest?"""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

import minigrad as mg
from minigrad import losses, nn, testing
from minigrad.testing import grad_property, properties
from minigrad.testing.strategies.hypothesis import arrays, labels, matmul_arrays, shapes

few = settings(max_examples=25, database=None, derandomize=True, deadline=None)
SHAPE = st.shared(shapes(2, 2), key="shape")
TURNED = SHAPE.map(lambda shape: shape[::-1])


def failure(test, *args, **kwargs):
    with pytest.raises(testing.GradcheckError) as caught:
        test(*args, **kwargs)
    return caught.value


def rules(error):
    return {(finding.leaf, finding.rule) for finding in error.result.findings}


def softmax(x):
    exponentials = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return exponentials / np.sum(exponentials, axis=-1, keepdims=True)


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


def test_what_is_not_drawn_is_a_constant():
    network = nn.Dense(3, 2, rng=np.random.default_rng(0))

    @few
    @grad_property(x=arrays((4, 3)), y=labels(4, 2), scale=st.floats(0.5, 2.0))
    def loss(layer, x, factor, y, *, scale=1.0, floor=np.full(2, 0.1)):  # noqa: B008
        return losses.cross_entropy(layer(x) * factor * scale + floor, y)

    results = []
    original = properties.gradcheck

    def recorded(*args, **options):
        results.append(original(*args, **options))
        return results[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(properties, "gradcheck", recorded)
        loss(network, factor=np.array([1.5, 0.5]))
    assert {leaf.name for result in results for leaf in result.leaves} == {"x", "scale"}
    assert {(result.seed, result.subject) for result in results} == {(0, "loss")}


class TestMethods:
    exponent = 3

    @few
    @grad_property(x=arrays(shapes()))
    def test_takes_self(self, x):
        assert self.exponent == 3
        return x**self.exponent

    @pytest.mark.parametrize("factor", [1.0, 2.0])
    @grad_property(lambda g, out, x: g * out / np.tan(x), x=arrays(shapes(1, 2)))
    @few
    def test_takes_parameters(self, factor, x):
        return np.sin(x) * factor


@pytest.fixture(scope="module")
def offset():
    return np.array([0.5])


@grad_property(x=arrays(shapes(1, 2)))
@pytest.mark.parametrize("factor", [1.0, 2.0])
@few
def test_takes_fixtures_and_defaults(offset, x, factor, more=2.0):  # noqa: PT028
    return np.sin(x * factor * more) + offset


def test_options_reach_the_check():
    @mg.primitive(lambda g, out, x: g * np.cos(x.numpy() if isinstance(x, mg.Tensor) else x))
    def once_only(x):
        """A sine whose rule cannot be differentiated."""
        return np.sin(x)

    def prop(function=once_only, backward=None, **options):
        return few(grad_property(backward, x=arrays(3), y=arrays(3), **options)(lambda x, y: function(x) + y * 2.0))

    prop()()
    failure(prop(order=2))
    nearly = failure(prop(np.sin, lambda g, out, x, y: (g * np.cos(x) * 1.001, 2 * g), rng=7))
    assert nearly.result.seed == 7
    prop(np.sin, lambda g, out, x, y: (g * np.cos(x) * 1.001, 2 * g), rtol=0.01)()
    prop(np.sin, lambda g, out, x, y: (g, 2 * g), wrt="y")()
    assert failure(prop(np.sin, lambda g, out, x, y: (g, 2 * g), mode="projected")).result.leaves[0].checked


def test_inconclusive_examples_pass_unless_all_are():
    @few
    @grad_property(x=arrays(shapes(1, 1, min_side=0)))
    def sometimes_empty(x):
        return np.sin(x)

    @few
    @grad_property(x=arrays((0, 3)))
    def always_empty(x):
        return np.sin(x)

    @few
    @grad_property(x=st.just(np.zeros(3)), kinks="refuse")
    def at_the_kink(x):
        return mg.relu(x)

    sometimes_empty()
    for test in (always_empty, at_the_kink):
        error = failure(test)
        assert error.result.verdict == "inconclusive"
        assert str(error).startswith(
            "every example was inconclusive (1 of them); the last one:\ngradcheck INCONCLUSIVE"
        )
        assert error.example is None


def test_other_errors_are_raised_as_they_are():
    @few
    @grad_property(x=arrays(3))
    def infinite(x):
        return np.log(x)

    @few
    @grad_property(x=arrays(3))
    def lost(x):
        return x.data

    @few
    @grad_property(x=labels(3, 2))
    def integers(x):
        return x

    with np.errstate(all="ignore"), pytest.raises(ValueError, match="infinite is not finite"):
        infinite()
    with pytest.raises(TypeError, match="lost returned a ndarray, not a Tensor"):
        lost()
    with pytest.raises(ValueError, match="nothing was checked"):
        integers()


def test_two_different_failures_are_both_told_and_the_gradient_explained():
    def backward(g, out, x):
        if 7 in x.shape or 1 < x.size < 5:
            raise KeyError(x.shape)
        return g

    @few
    @grad_property(backward, x=arrays(shapes(1, 2)))
    def sine(x):
        return np.sin(x)

    with pytest.raises(BaseExceptionGroup) as caught:
        sine()
    (error,) = [each for each in caught.value.exceptions if isinstance(each, testing.GradcheckError)]
    assert rules(error) == {("x", "factor.missing")}
    assert set(error.result.leaves[0].shape) <= {3, 5}
    assert error.example["x"].shape == (1,)


def test_the_notes_of_hypothesis_stay_and_occur_once():
    @few
    @grad_property(lambda g, out, x: g, x=arrays(shapes()))
    def sine(x):
        return np.sin(x)

    error = failure(sine)
    notes = "\n".join(error.__notes__)
    assert notes.count("sine(") == 1
    assert notes.count("x=array([0.05])") == 1
    assert str(error).count("smallest example") == 1
    # Whatever is known of the failure so far survives being asked again.
    assert str(failure(sine)) == str(error)


def decorated(*decorators):
    """The examples at which a property was checked."""

    def sine(x):
        return np.sin(x)

    test = sine
    for decorator in reversed(decorators):
        test = decorator(test)
    original = properties.gradcheck
    examples = []

    def recorded(function, inputs, **options):
        examples.append(inputs[0])
        return original(function, inputs, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(properties, "gradcheck", recorded)
        test()
    return examples


def test_decorators_of_hypothesis_work_above_and_below():
    prop = grad_property(x=arrays((2, 2)))
    # A deadline of a thousandth of a second would fail, if there was one.
    seven = settings(max_examples=7, database=None, deadline=0.001)
    at = np.array([[1.0, 2.0], [3.0, 4.0]])
    for order in ([seven, prop], [prop, seven]):
        assert len(decorated(*order)) == 7
    for order in ([example(x=at), prop, seven], [prop, example(x=at), seven], [seven, example(at), prop]):
        examples = decorated(*order)
        assert len(examples) == 8
        np.testing.assert_array_equal(examples[0], at)
    same = [decorated(*order) for order in ([seed(5), prop, seven], [prop, seven, seed(5)], [seven, prop, seed(5)])]
    assert all(np.array_equal(same[0], other) for other in same[1:])
    assert not np.array_equal(same[0], decorated(seed(6), prop, seven))
    with pytest.raises(InvalidArgument, match="already been decorated with a settings object"):
        decorated(seven, prop, seven)


def test_a_profile_that_is_not_random_is_kept():
    fixed = settings(max_examples=5, derandomize=True, database=None)
    prop = grad_property(x=arrays(3))
    assert np.array_equal(decorated(prop, fixed), decorated(prop, fixed))


def test_failing_examples_given_explicitly_are_told():
    @few
    @example(x=np.array([1.0, 2.0]))
    @grad_property(lambda g, out, x: g, x=arrays(shapes()))
    def sine(x):
        return np.sin(x)

    assert str(failure(sine)).endswith("smallest example: x=array([1., 2.])")


def test_a_test_looks_like_the_function_it_was():
    @grad_property(x=arrays(3))
    @pytest.mark.usefixtures("tmp_path")
    def named(x, fixture):
        """What it is for."""

    assert (named.__name__, named.__doc__) == ("named", "What it is for.")
    assert named.is_hypothesis_test
    assert [mark.name for mark in named.pytestmark] == ["usefixtures"]
    with pytest.raises(TypeError, match="returned None: does it end with `return`"):
        few(named)(fixture=1)
    with pytest.raises(TypeError, match="more"):
        named(more=1)


def plain(x, weight):
    return x * weight


@pytest.mark.parametrize(
    ("message", "make"),
    [
        ("needs a strategy for an input", lambda: grad_property()),
        ("needs a strategy for an input", lambda: grad_property(plain)),
        ("needs a strategy for an input", lambda: grad_property(rtol=1e-3)),
        ("what comes first is a backward pass; inputs have names", lambda: grad_property(arrays(3))),
        ("there is no 'rotl' among .*; did you mean 'rtol'", lambda: grad_property(x=arrays(3), rotl=1e-3)),
        ("no 'weight' among.*an input has a strategy", lambda: grad_property(x=arrays(3), weight=np.ones(3))),
        ("there is no 'order'", lambda: grad_property(plain, x=arrays(3), order=2)),
        ("no 'raise_exception'", lambda: grad_property(x=arrays(3), raise_exception=False)),
        ("rng is an integer", lambda: grad_property(x=arrays(3), rng=np.random.default_rng(0))),
        ("no 'weigth' among 'x', 'weight'; did you mean 'weight'", lambda: grad_property(weigth=arrays(3))(plain)),
        (r"takes \*xs; give each parameter a name", lambda: grad_property(x=arrays(3))(lambda x, *xs: x)),
        (r"takes \*\*more", lambda: grad_property(x=arrays(3))(lambda x, **more: x)),
        ("does not take x by name; leave out the '/'", lambda: grad_property(x=arrays(3))(lambda x, /: x)),
        ("a class, or a test already", lambda: grad_property(x=arrays(3))(given(x=arrays(3))(lambda x: x))),
        ("a class, or a test already", lambda: grad_property(x=arrays(3))(TestMethods)),
    ],
)
def test_wrong_use_is_explained(message, make):
    with pytest.raises(TypeError, match=message):
        make()


def test_options_that_mean_nothing_are_refused_at_once():
    with pytest.raises(ValueError, match="mode is"):
        grad_property(x=arrays(3), mode="sparse")


TESTS = """
import numpy as np
from minigrad.testing import grad_property
from minigrad.testing.strategies.hypothesis import arrays, shapes

@grad_property(x=arrays(shapes(1, 2, max_side=4)))
def test_right(x):
    return np.sin(x)

class TestIt:
    @grad_property(lambda g, out, x: g, x=arrays(shapes(1, 2)))
    def test_wrong(self, x):
        return np.sin(x)
"""


def test_pytest_shows_the_report_and_the_place_of_the_test(tmp_path):
    (tmp_path / "test_it.py").write_text(TESTS)
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    path = [str(Path(mg.__file__).parent.parent), *sys.path]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": ":".join(path)}, capture_output=True, text=True, check=False
    )
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "[factor.missing]" in done.stdout
    assert done.stdout.count("smallest example: x=array([0.05])") == 1
    assert re.search(r"^test_it.py:\d+: GradcheckError$", done.stdout, re.MULTILINE)
