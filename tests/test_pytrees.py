"""Are dataclasses taken apart and put together like lists, tuples and dicts, by every transform?"""

import copy
import dataclasses
import pickle
from collections import namedtuple
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, testing
from minigrad.engine.pytrees import leaves, mapped, matched, replaced

W = np.array([1.0, 2.0])


@dataclass
class Plain:
    a: Any
    b: Any


@dataclass(frozen=True)
class Frozen:
    a: Any
    b: Any = 3.0


@dataclass(slots=True)
class Slots:
    a: Any
    b: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenSlots:
    a: Any
    b: Any


@dataclass
class Derived(Plain):
    """A subclass, with a static field, one that holds nothing, a class attribute, and what is computed when asked."""

    name: str = field(default="d", metadata={"static": True})
    nothing: Any = None
    later: Any = field(default=None, init=False)
    unit: ClassVar[float] = 1.0

    @property
    def product(self):
        return self.a * self.b

    @cached_property
    def square(self):
        return self.a * self.a


class Undecorated(Plain):
    """Not decorated itself."""


@dataclass
class Checked:
    """Its constructor refuses Tensors and negative numbers."""

    a: Any
    b: Any

    def __post_init__(self):
        if type(self.a) is not np.ndarray or self.b < 0.0:
            raise ValueError(self.a)


Point = namedtuple("Point", ["p", "rest"])
KINDS = [Plain, Frozen, Slots, FrozenSlots, Derived, Undecorated]
every_kind = pytest.mark.parametrize("kind", KINDS)

# Trees around a dataclass, and how it is found in them.
AROUND = {
    "alone": (lambda p: p, lambda tree: tree),
    "list": (lambda p: [p, 1.0], lambda tree: tree[0]),
    "tuple": (lambda p: (0.5, p), lambda tree: tree[1]),
    "dict": (lambda p: {"p": p, "none": None}, lambda tree: tree["p"]),
    "namedtuple": (lambda p: Point(p, [1.0]), lambda tree: tree.p),
    "dataclass": (lambda p: Frozen(p), lambda tree: tree.a),
    "deep": (lambda p: {"x": [Slots((p,), W)]}, lambda tree: tree["x"][0].a[0]),
}
around = pytest.mark.parametrize(("wrap", "find"), AROUND.values(), ids=AROUND)


def cubic(p):
    """sum(a**2 * b); its gradients are 2 a b, and the sum of a**2."""
    return np.sum(p.a**2 * p.b)


@every_kind
@around
def test_gradients_have_the_structure_of_the_argument(kind, wrap, find):
    tree = wrap(kind(a=W, b=3.0))
    slope = mg.grad(lambda tree: cubic(find(tree)))(tree)
    assert type(slope) is type(tree)
    found = find(slope)
    assert type(found) is kind
    np.testing.assert_array_equal(found.a, [6.0, 12.0])
    assert (type(found.b), found.b) == (float, 5.0)
    value, again = mg.value_and_grad(lambda tree: cubic(find(tree)))(tree)
    assert value == 15.0
    np.testing.assert_array_equal(find(again).a, found.a)
    # Nothing happened to the argument.
    np.testing.assert_array_equal(find(tree).a, W)
    assert type(find(tree).b) is float


@every_kind
@around
def test_products_take_and_give_the_structure(kind, wrap, find):
    p, tangent = kind(a=W, b=3.0), kind(a=np.array([1.0, 10.0]), b=0.5)

    def f(tree):
        p = find(tree)
        return kind(a=p.a * p.b, b=np.sum(p.a))

    tree, along = wrap(p), wrap(tangent)
    out, pullback = mg.vjp(f, tree)
    assert type(out) is kind
    np.testing.assert_array_equal(out.a, [3.0, 6.0])
    assert type(out.a) is np.ndarray
    (slope,) = pullback(kind(a=np.array([1.0, 2.0]), b=1.0))
    np.testing.assert_array_equal(find(slope).a, [4.0, 7.0])
    assert find(slope).b == 5.0
    value, pushed = mg.jvp(f, (tree,), (along,))
    assert type(value) is type(pushed) is kind
    np.testing.assert_array_equal(pushed.a, 3.0 * np.array([1.0, 10.0]) + 0.5 * W)
    assert pushed.b == 11.0
    product = find(mg.hvp(lambda tree: cubic(find(tree)), (tree,), (along,))[0])
    assert type(product) is kind
    np.testing.assert_allclose(product.a, 2.0 * (tangent.a * 3.0 + 0.5 * W))
    assert product.b == pytest.approx(np.sum(2.0 * W * tangent.a))


@every_kind
def test_jacobians_and_hessians_are_trees_of_trees(kind):
    p = kind(a=W, b=3.0)
    rows = mg.jacobian(lambda p: kind(a=p.a * p.b, b=p.b**2))(p)
    np.testing.assert_array_equal(rows.a.a, 3.0 * np.eye(2))
    np.testing.assert_array_equal(rows.a.b, W)
    np.testing.assert_array_equal(rows.b.a, [0.0, 0.0])
    assert rows.b.b == 6.0
    second = mg.hessian(cubic)(p)
    np.testing.assert_array_equal(second.a.a, 6.0 * np.eye(2))
    np.testing.assert_array_equal(second.a.b, 2.0 * W)
    np.testing.assert_array_equal(second.b.a, 2.0 * W)
    assert second.b.b == 0.0


def test_static_fields_nothing_and_computed_values():
    p = Derived(W, 3.0, name="first", nothing=None)
    assert np.all(p.square == W**2)  # remembered by the object, and not to be taken over
    slope = mg.grad(lambda p: np.sum(p.square) + np.sum(p.product) + len(p.name))(p)
    np.testing.assert_array_equal(slope.a, 2.0 * W + 3.0)
    assert (slope.b, slope.name, slope.nothing, slope.later) == (3.0, "first", None, None)
    np.testing.assert_array_equal(slope.square, slope.a**2)


def test_no_constructor_runs():
    slope = mg.grad(lambda p: -np.sum(p.a * p.b))(Checked(W, 3.0))
    assert type(slope) is Checked
    np.testing.assert_array_equal(slope.a, [-3.0, -3.0])
    assert slope.b == -3.0


@dataclass
class Line:
    """A model that is called, and no layer."""

    slope: Any
    offset: Any

    def __call__(self, x):
        return self.slope * x + self.offset


def test_a_dataclass_that_can_be_called_is_a_tree_like_others():
    slope = mg.grad(lambda models: models.a(3.0) * models.b)(Plain(Line(2.0, 1.0), 10.0))
    assert slope == Plain(Line(30.0, 10.0), 7.0)


def test_dtypes_tensors_and_nesting():
    p = Plain(np.float32([1.0, 2.0]), mg.Tensor(3.0))
    slope = mg.grad(cubic)(p)
    assert slope.a.dtype == np.float32
    assert isinstance(slope.b, mg.Tensor)
    third = mg.grad(lambda p: mg.grad(cubic)(Plain(p.a, 3.0)).b * p.b)(Plain(W, 2.0))
    np.testing.assert_array_equal(third.a, 4.0 * W)
    assert third.b == 5.0
    w = mg.Tensor(2.0, requires_grad=True)
    mg.grad(lambda p: w**2 * p.a)(Plain(3.0, 1.0)).a.backward()
    assert w.grad.item() == 4.0


def test_several_arguments_and_a_pickled_pullback():
    slopes = mg.grad(lambda p, x, q: cubic(p) * x + q.a, argnums=(0, 2))(Plain(W, 3.0), 2.0, Frozen(1.0))
    np.testing.assert_array_equal(slopes[0].a, [12.0, 24.0])
    assert slopes[1] == Frozen(1.0, 0.0)
    _, pullback = mg.vjp(cubic, Frozen(2.0, 3.0))
    assert pickle.loads(pickle.dumps(pullback))(1.0) == (Frozen(12.0, 4.0),)


@dataclass
class WithComputed:
    a: Any
    c: Any = field(init=False)

    def __post_init__(self):
        self.c = 2.0 * self.a


@dataclass
class WithAttribute:
    a: Any
    c = 0.0

    def __post_init__(self):
        self.c = 2.0 * self.a


@dataclass
class Named:
    a: Any
    name: Any


REFUSED = {
    "computed field": (WithComputed(1.0), r"field c of a WithComputed .*write a property"),
    "attribute": (WithAttribute(1.0), r"attribute c of a WithAttribute .*write a property"),
    "in a list": ([WithAttribute(1.0)], r"attribute c of a WithAttribute"),
    "text": (Named(1.0, "x"), r'field name of a Named holds a str.*metadata=\{"static": True\}'),
    "function": ({"n": Named(1.0, np.tanh)}, r"field name of a Named holds a ufunc"),
    "truth": (Named(1.0, True), r"field name of a Named holds a bool"),
    "integer": (Named([Named(1.0, 3)], 1.0), r"argument 0\.a\[0\]\.name has dtype int64.*3\.0"),
    "object": (Named(1.0, {"o": object()}), r"argument 0\.name\['o'\] is a object"),
    "class": (Plain, "argument 0 is a type"),
}


@pytest.mark.parametrize(("tree", "message"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("transform", [mg.grad, mg.value_and_grad, mg.jacobian, mg.hessian])
def test_what_would_be_wrong_in_silence_is_refused(transform, tree, message):
    with pytest.raises(TypeError, match=message):
        transform(lambda p: 1.0)(tree)


def test_what_a_computed_field_is_written_as_instead():
    @dataclass
    class Written:
        a: Any

        @property
        def c(self):
            return 2.0 * self.a

    assert mg.grad(lambda p: p.c)(Written(1.0)).a == 2.0


def test_outputs_that_are_no_numbers_are_refused_with_their_path():
    with pytest.raises(TypeError, match=r"output\.a\['k'\] has dtype int64"):
        mg.vjp(lambda x: Plain({"k": 1}, x), 2.0)


def test_seeds_of_another_structure_are_refused():
    out, pullback = mg.vjp(lambda x: [Plain(x, x)], 2.0)
    assert out == [Plain(2.0, 2.0)]
    for seed, needed in ((Frozen(1.0), "Frozen"), ({"a": 1.0}, "keys"), (1.0, "float")):
        with pytest.raises(ValueError, match=rf"\[0\]: a Plain is needed, not .*{needed}"):
            pullback([seed])
    with pytest.raises(ValueError, match=r"\.a: a list of 1 is needed, not a float"):
        mg.jvp(lambda p: p.a[0], (Plain([1.0], 2.0),), (Plain(1.0, 2.0),))


@dataclass(eq=False)
class Scale(nn.Layer):
    """A layer that is a dataclass, too."""

    factor: Any

    def forward(self, x):
        return x * self.factor


def test_a_layer_is_no_tree_even_as_a_dataclass():
    layer = Scale(mg.Tensor(2.0, requires_grad=True))
    with pytest.raises(TypeError, match="argument 0 is a Scale"):
        mg.grad(lambda layer: layer(3.0))(layer)
    assert list(leaves([layer])) == [("[0]", layer)]
    assert mapped(layer, lambda value: value) is layer
    assert mg.grad(lambda x, layer: layer(x))(3.0, layer).item() == 2.0


def test_functions_of_trees():
    tree = Derived(1.0, [2.0, None], name="n")
    assert list(leaves(tree)) == [(".a", 1.0), (".b[0]", 2.0)]
    twin = replaced(tree, [3.0, 4.0])
    assert twin == Derived(3.0, [4.0, None], name="n")
    assert matched(twin, tree) == [3.0, 4.0]
    assert mapped(tree, lambda value: value * 10.0).b == [20.0, None]
    assert copy.copy(tree) == tree


def test_the_checks_know_dataclasses():
    result = testing.gradcheck(lambda p: p.a**2 * p.b.a, (Plain(W, Frozen(3.0, 1.0)),))
    assert all(name in str(result) for name in ("p.a", "p.b.a", "p.b.b"))
    with pytest.raises(TypeError, match="write a property"):
        testing.gradcheck(lambda p: p.a * p.c, (WithAttribute(1.0),))


def test_an_operation_may_have_a_dataclass_as_its_parameter():
    @mg.primitive(lambda g, out, x, how: g * how.a, examples=[])
    def scaled(x, how):
        return x * how.a

    how = WithAttribute(np.array([2.0, 3.0]))
    x = mg.Tensor(W, requires_grad=True)
    out = np.sum(scaled(x, how=how))
    how.a[...] = 0.0
    out.backward()
    np.testing.assert_array_equal(x.grad.data, [2.0, 3.0])
    assert dataclasses.fields(how)[0].name == "a"
