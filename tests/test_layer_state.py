"""Is the state of a layer right whatever its attributes hold: variables of transforms, results, live arrays?"""

from collections import UserDict, UserList
from dataclasses import dataclass
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest
from every_transform import every_transform

import minigrad as mg
from minigrad import losses, nn, optim
from minigrad.engine.advice import LostGradientError
from minigrad.nn.layer import contents

X, Y = np.random.default_rng(0).normal(size=(6, 3)), np.zeros((6, 1))
W = np.array([1.0, 2.0, 3.0])


class Weighted(nn.Layer):
    """A layer whose weight is set from outside, in a container or not."""

    def __init__(self, weight, inside=lambda weight: weight):
        self.weight = inside(weight)


class Pair(nn.Layer):
    def __init__(self, a, b):
        self.a, self.b = (mg.Tensor(values, requires_grad=True) for values in (a, b))


GIVEN = {
    "array": W,
    "float": 3.0,
    "constant": mg.Tensor(W),
    "parameter": mg.Tensor(W, requires_grad=True),
}
given = pytest.mark.parametrize("x", GIVEN.values(), ids=GIVEN)


@given
@every_transform
@pytest.mark.parametrize("inside", [lambda w: w, lambda w: [w], lambda w: {"w": (w,)}, Weighted])
def test_the_state_of_what_a_transform_differentiates_by_is_refused(transform, x, inside):
    def f(x):
        state = nn.Sequential(Weighted(x, inside)).state_dict()
        return sum(np.sum(values**2) for values in state.values())

    with pytest.raises(LostGradientError, match=r"state_dict: 'layers\.0\.weight.*flow.*named_tensors.*\.detach\(\)"):
        transform(f, x)


@given
@every_transform
def test_nothing_is_loaded_into_what_a_transform_differentiates_by(transform, x):
    first, zeros = mg.Tensor(W, requires_grad=True), np.zeros(np.shape(x))

    def f(x):
        model = Weighted(x)
        model.first = first
        model.load_state_dict({"weight": zeros, "first": W + 1.0})
        return np.sum(model.weight**2)

    with pytest.raises(LostGradientError, match=r"load_state_dict: 'weight'"):
        transform(f, x)
    np.testing.assert_array_equal(first.data, W)


@given
def test_what_is_written_instead_of_the_state(x):
    def f(x):
        tensors = dict(nn.Sequential(Weighted(x, lambda w: [w])).named_tensors())
        return np.sum(tensors["layers.0.weight.0"] ** 2)

    found = mg.grad(f)(x)
    np.testing.assert_allclose(
        found.detach().data if isinstance(found, mg.Tensor) else found, 2.0 * np.asarray(plain(x))
    )


def plain(x):
    return x.detach().data if isinstance(x, mg.Tensor) else x


@given
def test_a_variable_in_the_place_of_a_parameter_is_found_as_one(x):
    def f(x):
        model = Weighted(x)
        (slope,) = mg.gradients(np.sum(model.weight**3), model.parameters(), create_graph=True)
        return np.sum(slope)

    found = mg.grad(f)(x)
    np.testing.assert_allclose(plain(found), 6.0 * np.asarray(plain(x)))


@pytest.mark.parametrize(
    "make", [lambda m: (m.b.data, m.a.data), lambda m: (m.b, m.a), lambda m: (m.b.data[::-1], m.a.data)]
)
def test_a_state_of_its_own_arrays_is_swapped(make):
    model = Pair(W, 10.0 * W)
    a, b = (np.array(plain(values)) for values in make(model))
    model.load_state_dict(dict(zip("ab", make(model), strict=True)))
    np.testing.assert_array_equal(model.a.data, a)
    np.testing.assert_array_equal(model.b.data, b)


def test_values_are_rounded_to_the_dtype_of_the_parameter():
    model = nn.Dense(1, 1, dtype=np.float32)
    model.load_state_dict({"weight": [[0.1]], "bias": np.array([1])})
    np.testing.assert_array_equal(model.weight.data, np.float32([[0.1]]))
    assert model.weight.dtype == model.bias.dtype == np.float32


class Scaled(nn.Layer):
    """A layer whose parameter may be the result of an operation: its leaf is not to be found."""

    def __init__(self):
        self.bias = mg.Tensor(0.0, requires_grad=True)

    def forward(self, x):
        ((_, weight),) = contents("weight", self.weight)
        return x @ weight + self.bias


def train(model, parameters=None, epochs=2):
    optimizer = optim.SGD(parameters or model.parameters(), lr=0.01)
    return mg.train(model, losses.mse, optimizer, [(X, Y)], epochs=epochs, progress=False)


@pytest.mark.parametrize("inside", [lambda w: w, lambda w: [w], lambda w: {"w": (w,)}])
@pytest.mark.parametrize(
    "around", [lambda layer: layer, nn.Sequential, lambda layer: nn.Sequential(nn.Sequential(layer))]
)
def test_a_parameter_that_is_a_result_is_told_before_any_parameter_has_changed(inside, around):
    scaled = Scaled()
    scaled.weight = inside(mg.Tensor(np.ones((3, 1)), requires_grad=True) * 0.1)
    model = around(scaled)
    before = model.state_dict()
    with pytest.raises(TypeError, match=r"the attribute weight\S* of a Scaled .* write mg\.Tensor\(0\.1 \* values"):
        train(model)
    np.testing.assert_equal(model.state_dict(), before)


@pytest.mark.parametrize("inside", [lambda w: w, lambda w: [1, w], lambda w: {"w": (w,)}])
def test_a_parameter_that_is_a_result_is_refused_where_a_layer_is_made(inside):
    class Computed(nn.Layer):
        def __init__(self):
            self.weight = inside(mg.Tensor(np.ones(3), requires_grad=True) * 0.1)

    with pytest.raises(TypeError, match=r"^Computed\.weight\S* is the result of .* write mg\.Tensor\(values, requires"):
        Computed()


def test_a_layer_may_be_made_of_what_a_transform_differentiates_by():
    class Scale(nn.Layer):
        def __init__(self, factor):
            self.factor = factor * 2.0

        def forward(self, x):
            return x * self.factor

    np.testing.assert_array_equal(mg.grad(lambda w: Scale(w)(X).sum())(np.ones(3)), 2.0 * X.sum(axis=0))


class Remembering(nn.Layer):
    """A layer that keeps its last output and input, as recurrent layers and hooks do."""

    def __init__(self, features=3):
        self.dense = nn.Dense(features, 1, dtype=np.float64)
        self.seen = []

    def forward(self, x):
        self.hidden = self.dense(x)
        self.seen = [np.tanh(self.hidden), x]
        return self.hidden


def test_a_model_may_remember_results():
    model = Remembering()
    model(X)  # recorded, and not differentiated
    train(model)
    train(model)
    losses.mse(model(X), Y).backward()
    optim.SGD(model.parameters(), lr=0.1).step()
    train(model)
    mg.predict(model, X)
    train(model)
    assert [name for name, _ in model.named_parameters()] == ["dense.weight", "dense.bias"]


def test_an_inner_layer_may_remember_what_came_from_layers_before_it():
    model = nn.Sequential(nn.Dense(3, 3, dtype=np.float64), Remembering())
    model(X)
    train(model)
    # Frozen layers before it, and a part that another optimiser trains.
    model(X)
    train(model, model[1].parameters())


def test_a_model_may_remember_what_came_from_parameters_of_the_loss():
    scale, model = mg.Tensor(1.0, requires_grad=True), Remembering()
    model.scaled = scale * 2.0
    model.other = mg.Tensor(np.ones(3)) * 2.0
    train(model, [*model.parameters(), scale])


class Seeing(nn.Layer):
    """A layer that keeps its last input and output in a dict."""

    def __init__(self):
        self.dense = nn.Dense(3, 1, dtype=np.float64)
        self.seen = {}

    def forward(self, x):
        self.seen = {"x": x, "y": self.dense(x)}
        return self.seen["y"]


def results_of_another_network(released):
    generator = nn.Dense(3, 3, dtype=np.float64)
    x = generator(X)
    if released:
        np.sum(x * x).backward()
    return x


@pytest.mark.parametrize("released", [False, True])
def test_a_layer_may_remember_an_input_that_came_from_another_network(released):
    model, x = Seeing(), results_of_another_network(released)
    model(x)
    train(model)


def test_a_layer_may_remember_an_input_with_which_it_is_trained():
    model, x = Seeing(), results_of_another_network(released=False)
    model(x)
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    mg.train(model, losses.mse, optimizer, [(x, Y)], epochs=1, progress=False)
    assert optimizer.steps == 1


@pytest.mark.parametrize("released", [False, True])
def test_a_layer_may_remember_an_output_of_a_head_that_was_replaced(released):
    model = Seeing()
    value = losses.mse(model(X), Y)
    if released:
        value.backward()
    model.dense = nn.Dense(3, 1, dtype=np.float64)
    train(model)


@pytest.mark.parametrize("released", [False, True])
def test_a_layer_may_keep_a_result_of_another_network_that_the_loss_does_not_use(released):
    model = Seeing()
    model.example = results_of_another_network(released)
    train(model)


@pytest.mark.parametrize("released", [False, True])
def test_a_result_of_another_network_that_every_loss_uses_is_told_before_any_parameter_has_changed(released):
    class Shifted(Seeing):
        def forward(self, x):
            return super().forward(x) + np.sum(self.shift)

    model = Shifted()
    model.shift = results_of_another_network(released)
    before = [values.data.copy() for values in model.parameters()]
    with pytest.raises(TypeError, match=r"the attribute shift of a Shifted .*\.detach\(\) for a constant"):
        train(model)
    np.testing.assert_equal([values.data for values in model.parameters()], before)


@dataclass
class Held:
    weight: object


@dataclass(slots=True)
class HeldInSlots:
    weight: object


@pytest.mark.parametrize(
    "holder",
    [
        Held,
        HeldInSlots,
        lambda weight: SimpleNamespace(weight=weight),
        lambda weight: MappingProxyType({"weight": weight}),
        lambda weight: UserList([weight]),
        lambda weight: UserDict(weight=weight),
        lambda weight: np.fromiter([weight, None], dtype=object),
    ],
)
@pytest.mark.parametrize("made", [lambda: mg.Tensor(W, requires_grad=True), lambda: nn.Dense(2, 1)])
def test_parameters_in_holders_that_nobody_looks_into_are_told(holder, made):
    model = nn.Sequential(nn.Dense(3, 1))
    model.held = holder(made())
    with pytest.raises(TypeError, match=r"held is a \w+ of layers or parameters, .* list, a tuple or a dict"):
        model.parameters()
    model.held = holder(3.0)
    assert len(model.parameters()) == 2


def test_a_layer_may_use_what_it_remembers_and_replace_it():
    class Smooth(Seeing):
        def forward(self, x):
            before, self.before = self.before, self.dense(x)
            return self.before + np.sum(before)

    model = Smooth()
    model.before = results_of_another_network(released=False)
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    mg.train(model, losses.mse, optimizer, [(X, Y)], epochs=1, progress=False)
    assert optimizer.steps == 1


def test_a_loss_may_use_a_stored_result_of_parameters_that_the_optimizer_updates():
    class Scaling(Seeing):
        def forward(self, x):
            return super().forward(x) * self.scaled

    scale, model = mg.Tensor(1.0, requires_grad=True), Scaling()
    model.scaled = scale * 2.0
    train(model, [*model.parameters(), scale], epochs=1)
    assert scale.item() != 1.0


def test_a_layer_may_replace_what_another_network_gives_in_each_pass():
    network = nn.Dense(3, 3, dtype=np.float64)

    class Extended(Seeing):
        def forward(self, x):
            self.features = network(x)
            return super().forward(self.features)

    model = Extended()
    model(X)
    train(model)
