"""Are layers and models recorded that are made of modules, classes and closures, and do they stay as they were?"""

import copy
import pickle
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import pytest
import recorded_functional
import recorded_layers

from minigrad import testing
from minigrad.engine.blocks import recording
from minigrad.engine.tensor import Tensor
from minigrad.testing.diagnosis.tape import Tape
from minigrad.testing.recording.recorder import Recorder

Number = TypeVar("Number")
RNG = np.random.default_rng(0)
X = RNG.standard_normal((5, 3))


def recorded(function, *inputs):
    """The tape of a function, and its output."""
    recorder, tensors = Recorder(), [Tensor(x, requires_grad=True) for x in inputs]
    with recording(complete=True):
        out = recorder.finished(recorder.copy(function)(*[recorder.started(tensor) for tensor in tensors]))
    g = np.random.default_rng(1).standard_normal(out.shape)
    return Tape(out, tensors, g, recorder.log), out.data, g


def state_of(net):
    counts = recorded_layers.CALLS, dict(recorded_functional.CALLS)
    return pickle.dumps(net), *counts, list(recorded_layers.Layer.known)


def test_a_model_of_classes_in_modules_is_recorded_and_stays_as_it_was():
    net = recorded_layers.make_net(RNG)
    before = state_of(net)
    tape, out, g = recorded(net.forward, X)
    assert state_of(net) == before

    def forward(x):
        return copy.deepcopy(net).forward(x)

    np.testing.assert_array_equal(out, forward(X))
    np.testing.assert_allclose(tape.gradient(0), testing.numerical_vjp(forward, X, g).value, atol=1e-9)
    places = {tape.place(node) for node in tape.nodes}
    assert all("recorded_layers.py:" in place or "recorded_functional.py:" in place for place in places)
    assert any(place.startswith("exp") and "recorded_functional.py:" in place for place in places)


def test_arguments_are_left_as_they_were():
    given = {"mode": "train", "mean": np.zeros(3), "seen": []}

    def forward(x, config):
        config["mean"] = 0.9 * config["mean"] + 0.1 * x.mean(axis=0)
        config["mean"] *= 2.0
        config["seen"].append(x)
        config["new"] = x
        return x - config["mean"]

    recorder, x = Recorder(), Tensor(X, requires_grad=True)
    with recording(complete=True):
        out = recorder.finished(recorder.copy(forward)(recorder.started(x), given))
    np.testing.assert_allclose(out.data, X - 0.2 * X.mean(axis=0))
    assert given.keys() == {"mode", "mean", "seen"}
    assert given["seen"] == []
    np.testing.assert_array_equal(given["mean"], np.zeros(3))


class Descriptor:
    def __get__(self, owner, kind):
        return lambda x: x * owner.factor

    def __set__(self, owner, value):
        owner.factor = value


class WithDescriptor:
    scaled = Descriptor()

    def __init__(self):
        self.scaled = 3.0

    def forward(self, x):
        return self.scaled(x)


class Meta(type):
    pass


class OfAnotherKind(metaclass=Meta):
    def forward(self, x):
        return np.exp(x)


class Outer:
    class Inner:
        def forward(self, x):
            return np.tanh(x)

    def forward(self, x):
        return self.Inner().forward(x)


class Operators:
    def __init__(self, value=None):
        self.value = value

    def __add__(self, other):
        return Operators(self.value + other)

    def __getitem__(self, index):
        return self.value[index]

    def forward(self, x):
        return (Operators(x * 2) + x)[1:]


def made_by_a_closure():
    scales = [2.0, np.array([1.0, 2.0, 3.0])]

    def outer(x):
        def inner(y):
            scales[0] = 5.0
            return y * scales[1] * scales[0]

        return inner(x)

    return outer


def with_a_default(x, scale=np.array([1.0, 2.0, 3.0])):  # noqa: B008 -- what is written into it must not stay there
    scale += 1.0
    return x * scale


def generated(x):
    def steps():
        state = np.zeros(3)
        for row in x:
            state = np.tanh(row + state)
            yield state

    return np.stack(list(steps()))


def by_import(x):
    import numpy
    from numpy import exp

    return numpy.tanh(x) * exp(x)


@pytest.mark.parametrize(
    "function",
    [
        *(WithDescriptor().forward, OfAnotherKind().forward, Outer().forward, Operators().forward),
        *(made_by_a_closure(), generated, by_import, recorded_functional.ACTIVATIONS["sigmoid"]),
    ],
)
def test_all_that_python_has_is_recorded(function):
    tape, out, g = recorded(function, X)
    np.testing.assert_array_equal(out, function(X))
    np.testing.assert_allclose(tape.gradient(0), testing.numerical_vjp(function, X, g).value, atol=1e-9)


def test_what_a_function_remembers_is_left_as_it_was():
    closure = made_by_a_closure()
    recorded(closure, X)
    assert closure.__closure__[0].cell_contents[0] == 2.0
    _, out, _ = recorded(with_a_default, X)
    np.testing.assert_array_equal(out, X * [2.0, 3.0, 4.0])
    np.testing.assert_array_equal(with_a_default.__defaults__[0], [1.0, 2.0, 3.0])


def test_a_mistake_in_a_layer_is_told_with_the_line_of_its_own_file():
    layer = recorded_layers.Dense(RNG.standard_normal((3, 3)), np.zeros(3))

    def forward(x, weights):
        layer.W = weights
        return layer(x)

    def backward(g, out, x, weights):
        dz = 2.0 * g * (1 - out)
        return dz @ weights.T, x.T @ dz

    result = testing.check_backward(forward, backward, (X, layer.W), raise_exception=False)
    lines = Path(recorded_functional.__file__).read_text().splitlines()
    number = next(number for number, line in enumerate(lines, 1) if "np.exp(-z)" in line)
    finding = result.findings[0]
    assert finding.rule == "factor.missing"
    assert f"recorded_functional.py:{number}" in finding.where
    assert all(type(kept) is np.ndarray for kept in [layer.W, *layer.history])


class Demanding:
    """A class that refuses to be copied, because it wants a keyword of every subclass."""

    def __init_subclass__(cls, *, size):
        cls.size = size


class Sized(Demanding, size=3):
    def scaled(self, x):
        return self.size * x


class Held(Generic[Number]):
    def __init__(self, factor: Number):
        self.factor = factor

    def scaled(self, x):
        return self.factor * np.sin(x)


def test_generic_classes_are_recorded_and_others_do_not_stop_the_rest():
    held, sized = Held(2.0), Sized()
    tape, out, _ = recorded(lambda x: held.scaled(x) + 0.0 * sized.size, X)
    np.testing.assert_array_equal(out, 2.0 * np.sin(X))
    assert {"sin", "multiply", "add"} <= {node.op.name for node in tape.nodes}
