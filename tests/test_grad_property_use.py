"""Does @grad_property work with arguments, options, pytest and the decorators of hypothesis, and refuse wrong use?"""

import numpy as np
import pytest
from hypothesis import example, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from property_checks import failure, few

import minigrad as mg
from minigrad import losses, nn
from minigrad.testing import grad_property, properties
from minigrad.testing.strategies.hypothesis import arrays, labels, shapes


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
