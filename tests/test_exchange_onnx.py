"""Does the ONNX file of a model compute what the model does in evaluation?"""

import operator
import sys

import numpy as np
import onnx
import pytest
from onnx_checks import session_of

import minigrad as mg
from minigrad import data, losses, nn, optim
from minigrad.exchange import to_onnx


def digits():
    """Images (N, 1, 8, 8), and labels."""
    (images, labels), _ = data.load_digits()
    return images[:, None].astype(np.float32) / 255, labels


def perceptron():
    layers = [nn.Flatten(), nn.Dense(64, 32, rng=0), nn.ReLU(), nn.Dropout(0.1, rng=0), nn.Dense(32, 10, rng=1)]
    return nn.Sequential(*layers), *digits()


def convolutional():
    layers = [nn.Conv(1, 8, 3, rng=0), nn.BatchNorm(8), nn.GELU(), nn.MaxPool(2), nn.Flatten(), nn.Dense(72, 10, rng=1)]
    return nn.Sequential(*layers), *digits()


def recurrent():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 20, (640, 6))
    layers = [nn.Embedding(20, 8, rng=0), nn.LSTM(8, 16, "last", rng=0), nn.Dense(16, 2, rng=1)]
    return nn.Sequential(*layers), x, (x[:, -1] > 9).astype(int)


def ports(model):
    """Names and sizes of what goes in and comes out."""
    return {
        port.name: [dim.dim_param or dim.dim_value for dim in port.type.tensor_type.shape.dim]
        for port in (*model.graph.input, *model.graph.output)
    }


@pytest.mark.parametrize("make", [perceptron, convolutional, recurrent])
def test_a_trained_model(make, tmp_path):
    model, x, y = make()
    optimizer = optim.Adam(model.parameters(), lr=0.005)
    mg.train(model, losses.cross_entropy, optimizer, mg.batches(x, y, 32, rng=0), epochs=1, progress=False)
    path = tmp_path / "model.onnx"
    written = to_onnx(model, path, input_shape=x.shape[1:], input_name="x", output_name="scores")
    assert model.training
    assert onnx.load(path) == written
    onnx.checker.check_model(written, full_check=True)
    expected = mg.predict(model, x[:100])
    assert ports(written) == {"x": ["batch", *x.shape[1:]], "scores": ["batch", expected.shape[1]]}
    session = session_of(written)
    for batch in (1, 7, 100):
        (found,) = session.run(None, {"x": x[:batch]})
        np.testing.assert_allclose(found, expected[:batch], rtol=0, atol=1e-5)


def test_names_that_the_model_has_already():
    class Model(nn.Layer):
        def __init__(self):
            self.inner = nn.Dense(3, 2, rng=0)

        def forward(self, x):
            output = np.tanh(self.inner(x))
            input = output * 2.0  # noqa: A001
            return input + 1.0

    model = Model()
    written = to_onnx(model, input_shape=(3,))
    assert ports(written) == {"input": ["batch", 3], "output": ["batch", 2]}
    x = np.ones((4, 3), np.float32)
    np.testing.assert_allclose(session_of(written).run(None, {"input": x})[0], mg.predict(model, x), rtol=1e-6)


def test_what_a_model_gives_back_unchanged():
    (found,) = session_of(to_onnx(nn.Identity(), input_shape=(3,))).run(None, {"input": np.ones((2, 3), np.float32)})
    np.testing.assert_array_equal(found, np.ones((2, 3)))


@pytest.mark.parametrize("size", [2, 3, 4, 5, 6])
def test_the_batch_is_free_whatever_the_sizes_of_layers(size):
    layers = [nn.Conv(size, 3, 2, rng=0), nn.BatchNorm(3), nn.Flatten(), nn.Dense(3 * size * size, size, rng=0)]
    model = nn.Sequential(*layers)
    written = to_onnx(model, input_shape=(size, size + 1, size + 1))
    assert ports(written)["input"] == ["batch", size, size + 1, size + 1]
    x = np.random.default_rng(0).normal(size=(9, size, size + 1, size + 1)).astype(np.float32)
    np.testing.assert_allclose(session_of(written).run(None, {"input": x})[0], mg.predict(model, x), atol=1e-5)


def test_a_batch_that_cannot_be_free():
    model = nn.Lambda(lambda x: sum(x[place] for place in range(len(x))))
    with pytest.raises(ValueError, match=r"the model fixes the number of samples.* write len\(x\)"):
        to_onnx(model, input_shape=(3,))


class Choosing(nn.Layer):
    """Something else for some numbers of samples."""

    def __init__(self, choice):
        self.dense, self.choice = nn.Dense(3, 3, rng=0), choice

    def forward(self, x):
        return self.dense(x) * (2.0 if self.choice(len(x)) else 3.0)


@pytest.mark.parametrize("count", range(1, 9))
@pytest.mark.parametrize("choice", [operator.eq, operator.lt, operator.gt])
def test_a_model_that_does_something_else_for_some_numbers_of_samples_is_refused(choice, count):
    if (choice, count) == (operator.lt, 1):
        return
    with pytest.raises(
        ValueError, match=r"to_onnx: (the model (fixes the number|does something else)|with \d samples)"
    ):
        to_onnx(Choosing(lambda size: choice(size, count)), input_shape=(3,))


def test_a_program_for_some_sizes_only_has_no_free_size():
    x = np.ones((6, 3), np.float32)
    written = mg.program(lambda x: x * (2.0 if len(x) > 4 else 3.0), x, wrt=[]).to_onnx()
    assert ports(written)["x"] == [6, "x_1"]


def test_a_model_that_changes_its_state_in_evaluation_is_refused_and_left_as_it_was():
    class Count(nn.Layer):
        def __init__(self, only_in_training):
            self.only_in_training = only_in_training
            self.declare_state(calls=np.ones((), np.float32))

        def forward(self, x):
            if self.training or not self.only_in_training:
                self.update(calls=self.calls + 1.0)
            return x * self.calls

    model = Count(only_in_training=False)
    with pytest.raises(ValueError, match=r"changes its state in evaluation.* only where self.training"):
        to_onnx(model, input_shape=(3,))
    assert model.calls.numpy() == 1.0
    model = Count(only_in_training=True)
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(session_of(to_onnx(model, input_shape=(3,))).run(None, {"input": x})[0], x)
    assert model.calls.numpy() == 1.0


def test_dtypes():
    model = nn.Dense(3, 2, dtype=np.float64)
    written = to_onnx(model, input_shape=(3,))
    assert written.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.DOUBLE
    written = to_onnx(nn.Embedding(5, 2), input_shape=(3,), dtype=np.int32)
    assert written.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.INT32
    written = to_onnx(nn.Embedding(5, 2), input_shape=(3,))
    assert written.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.INT64


def test_wrong_calls(monkeypatch):
    model = nn.Dense(3, 2)
    with pytest.raises(ValueError, match=r"Dense\(3, 2\) expects inputs of shape \(..., 3\); got \(5, 4\)"):
        to_onnx(model, input_shape=(4,))
    with pytest.raises(ValueError, match=r"a tuple of whole numbers such as \(1, 28, 28\) or \(4,\), not 3"):
        to_onnx(model, input_shape=3)
    with pytest.raises(TypeError, match=r"takes an nn.Layer, not a function; mg.program"):
        to_onnx(digits, input_shape=(3,))
    with pytest.raises(ValueError, match="'y' and 'y' have to be two different ones"):
        to_onnx(model, input_shape=(3,), input_name="y", output_name="y")
    with pytest.raises(ValueError, match=r"a weight is called 'W', .* choose another"):
        to_onnx(model, input_shape=(3,), output_name="W")
    with pytest.raises(TypeError, match=r"gives 2 arrays, not one; mg.program"):
        to_onnx(nn.GRU(3, 2, "both"), input_shape=(4, 3))
    with pytest.raises(TypeError, match="takes whole numbers"):
        to_onnx(nn.Embedding(5, 2), input_shape=(3,), dtype=np.float32)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r'pip install "minigrad-numpy\[onnx\]"'):
        to_onnx(model, input_shape=(3,))
