"""Does the recording show an observer what it promises, and nothing once it is gone?"""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.engine.blocks import recording
from minigrad.engine.recording import PLAIN, Observer, current_recording


class Witness(Observer):
    def __init__(self):
        self.results, self.cotangents, self.outputs = [], [], []

    def result(self, node):
        self.results.append((node.op.name, np.shape(node.out)))

    def cotangent(self, node, gradient):
        # Of a recorded pass, gradients are Tensors.
        self.cotangents.append((node.op.name if node.op else "leaf", np.asarray(getattr(gradient, "data", gradient))))

    def output(self, layer, out):
        self.outputs.append((type(layer).__name__, out.shape))


def test_an_observer_sees_every_result_and_every_cotangent():
    x = mg.Tensor([1.0, 2.0], requires_grad=True)
    witness = Witness()
    with recording(observer=witness):
        y = np.sum(mg.tanh(x) * x)
        y.backward()
    mg.tanh(x).sum().backward()
    assert witness.results == [("tanh", (2,)), ("multiply", (2,)), ("sum", ())]
    assert [name for name, _ in witness.cotangents] == ["sum", "multiply", "tanh", "leaf"]
    slope = np.tanh([1.0, 2.0]) + (1 - np.tanh([1.0, 2.0]) ** 2) * [1.0, 2.0]
    np.testing.assert_allclose(witness.cotangents[-1][1], slope)


def test_an_observer_sees_what_transforms_record_and_recorded_passes_too():
    witness = Witness()
    with recording(observer=witness):
        assert mg.grad(mg.grad(lambda x: x**3.0))(2.0) == 12.0
    names = [name for name, _ in witness.results]
    assert names.count("power") >= 2
    assert "leaf" in [name for name, _ in witness.cotangents]


def test_an_observer_sees_the_outputs_of_layers():
    witness = Witness()
    model = nn.Sequential(nn.Dense(3, 2, rng=0), nn.Tanh())
    with recording(observer=witness), mg.no_grad():
        model(np.zeros((4, 3), np.float32))
    assert witness.outputs == [("Dense", (4, 2)), ("Tanh", (4, 2)), ("Sequential", (4, 2))]
    assert witness.results == []


def test_the_recording_is_the_plain_one_again_afterwards():
    def fails():
        with recording(complete=True), mg.no_grad(), recording(observer=Witness()):
            inside.append(current_recording())
            raise KeyError

    inside = []
    assert current_recording() is PLAIN
    with pytest.raises(KeyError):
        fails()
    assert (inside[0].enabled, inside[0].complete) == (False, True)
    assert current_recording() is PLAIN


def test_a_recording_cannot_be_changed():
    with pytest.raises(AttributeError):
        current_recording().enabled = False
