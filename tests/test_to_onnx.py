"""A program that is written as an ONNX model gives what it gives as a program, or is refused by name."""

import sys

import mnist
import mnist_conv
import numpy as np
import onnx
import pytest
from onnx_checks import agreed, assert_close, check, feeds, session_of

import minigrad as mg
from minigrad import nn

RNG = np.random.default_rng(0)
SINGLE = np.float32


def normal(*shape, dtype=np.float64):
    return RNG.standard_normal(shape).astype(dtype)


x, y, square, cube = normal(3, 4), normal(3, 4), normal(3, 3), normal(2, 3, 4)
positive, places = np.abs(x) + 0.5, np.array([2, 0, 2])
FUNCTIONS = {
    "arithmetic": (lambda x, y: (x + y) * 2.0 - x / (y**2 + 1.0) - (-x), x, y),
    "powers": (lambda x, y: x**y + x**3 + x**-0.5 + 2.0**y, positive, y),
    "rest of a division": (lambda x, y: x % y + x // y + np.fmod(x, y), x, y),
    "comparisons": (lambda x, y: np.stack([x < y, x <= y, x > y, x >= y, x == y, x != y]), x, y),
    "conditions": (lambda x, y: np.where((x > 0) & ~(y > 0) | (x > y), x, 0.0), x, y),
    "bounds": (lambda x, y: np.clip(x, -0.5, 0.5) + np.maximum(x, y) + np.minimum(x, 0.1) + np.abs(y), x, y),
    "exponentials": (lambda x: np.exp(x) + np.expm1(x) + np.exp2(x) + np.tanh(x), x),
    "logarithms": (lambda x: np.log(x) + np.log1p(x) + np.log2(x) + np.log10(x) + np.sqrt(x), positive),
    "waves": (lambda x: np.sin(x) + np.cos(x) + np.sinc(x), x),
    "angles": (lambda x, y: np.arctan2(x, y) + np.hypot(x, y) + np.tan(x) + np.arctan(x), x, y),
    "rounding": (lambda x: np.round(x, 1) + np.floor(x) + np.ceil(x) + np.trunc(x) + np.sign(x), x),
    "sigmoid": (lambda x: mg.sigmoid(x) + mg.log_sigmoid(x) + mg.softplus(x) + mg.relu(x), x),
    "gelu": (mg.gelu, x),
    "softmax": (lambda x: mg.softmax(x, axis=0) + mg.log_softmax(x) + mg.logsumexp(x, axis=1, keepdims=True), x),
    "sums": (lambda x: [x.sum(), x.sum(0), x.mean((0, 2)), x.prod(-1), np.sum(x, axis=1, keepdims=True)], cube),
    "extremes": (lambda x: [x.max(), x.min(1), x.argmax(), x.argmax(-1), x.argmin(0)], cube),
    "deviations": (lambda x: [x.var(), x.std(0), np.var(x, axis=1, ddof=1), np.var(x)], x),
    "running sums": (lambda x: [np.cumsum(x), np.cumsum(x, axis=1), np.diff(x)], x),
    "any and all": (lambda x: [(x > 0).any(), (x > 0).all(0), np.isnan(x), np.isfinite(x)], x),
    "in order": (lambda x: [np.sort(x), np.argsort(x, axis=0)], x),
    "products": (lambda x, y: [x @ y.T, np.dot(x[0], y[0]), np.outer(x[:, 0], y[0]), np.tensordot(x, y, 2)], x, y),
    "stacks of matrices": (lambda x, y: [x @ y, x @ y[0], np.swapaxes(x, 1, 2) @ x], cube, normal(2, 4, 3)),
    "einsum": (lambda x, y: [np.einsum("bij,bij->bi", x, y), np.einsum("bij,kj", x, y[0])], cube, normal(2, 3, 4)),
    "other shapes": (lambda x: [x.reshape(len(x), -1), x.ravel(), x[:, None], np.expand_dims(x, (0, 2))], cube),
    "fewer axes": (lambda x: [np.squeeze(x[:1], 0), np.squeeze(x[:, None], axis=1)], x),
    "axes in another order": (lambda x: [x.T, x.transpose(1, 2, 0), np.moveaxis(x, 0, -1), np.flip(x, 1)], cube),
    "broadcast": (lambda x: [np.broadcast_to(x[0], x.shape), np.ones_like(x) + np.zeros((len(x), 1))], x),
    "joined": (lambda x, y: [np.concatenate([x, y], axis=1), np.stack([x, y], -1), np.concatenate((x, y), None)], x, y),
    "repeated": (lambda x: [np.tile(x, (2, 1)), np.repeat(x, 2, axis=1), np.roll(x, 1, axis=0)], x),
    "padded": (lambda x: [np.pad(x, 1), np.pad(x, ((1, 0), (0, 2)), "edge")], x),
    "triangles": (lambda x: [np.tril(x), np.triu(x, 1), np.trace(x), np.diagonal(x), np.eye(len(x)) @ x], square),
    "slices": (lambda x: [x[1:], x[:, ::-1], x[::2, 1:-1], x[-1], x[..., 0], x[:, 1, None], x[1, 2]], x),
    "places": (lambda x, i: [x[i], x[:, i], x[i, i], x[np.arange(len(i)), i], np.take(x, i, axis=1)], square, places),
    "lists of places": (lambda x: [x[[2, 0]], x[:, [True, False, True]], x[[0, 1], :, [1, 1]]], normal(3, 3, 2)),
    "labels": (lambda x, i: -np.mean(mg.log_softmax(x)[np.arange(len(x)), i]), x, places),
    "along an axis": (lambda x, i: np.take_along_axis(x, i, 1), x, np.array([[1, 0, 2, 3]] * 3)),
    "sizes in formulas": (lambda x: x.sum(0) / len(x) + x.size / np.sqrt(x.shape[1]) + np.arange(x.shape[1]) // 2, x),
    "normalised": (lambda x: (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5), x),
    "attention": (lambda q, k, v: mg.softmax(q @ k.T / np.sqrt(q.shape[1])) @ v, x, normal(5, 4), normal(5, 2)),
    "not a number": (lambda x: [np.nan_to_num(np.log(x - 1.0)), np.nansum(np.log(x - 0.7))], positive),
    "windows": (lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, axis=1).min(-1), x),
    "stacked": (
        lambda x, y: [np.vstack([x[0], y]), np.hstack([x, y]), np.dstack([x, y]), np.column_stack([x, y])], x, y),
    "split": (lambda x: [*np.split(x, 2, axis=1), *np.split(x, [1], axis=1), *np.array_split(x[:, :3], 2, axis=1)], x),
    "averages": (
        lambda x, y: [np.average(x, 0), np.average(x, 1, y), np.median(x), np.median(x, 0), np.ptp(x)], x, positive),
    "norms": (lambda x: [np.linalg.norm(x), np.linalg.norm(x, axis=1), np.linalg.norm(x, 1, axis=0)], x),
    "inner products": (lambda x, y: [np.inner(x, y), np.vdot(x, y), np.linalg.vecdot(x, y), np.vecdot(x, y)], x, y),
    "chosen": (lambda x: [np.select([x > 1.0, x > 0.0], [x, 2.0 * x], -1.0), np.isclose(x, 0.5, atol=1.0)], x),
    "of other ranks": (
        lambda x: [np.atleast_3d(x), np.append(x, x[:1], 0), np.fliplr(x), np.count_nonzero(x > 0, 0)], x),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function(name):
    function, *arrays = FUNCTIONS[name]
    with np.errstate(all="ignore"):
        check(function, *arrays)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.int32, bool])
def test_dtypes_are_those_of_numpy(dtype):
    numbers = np.array([[0, 1, 1], [3, 0, 2]]).astype(dtype)

    def function(a):
        return [a + 1, a * 0.5, a + np.float32(1.0), a.sum(), a.mean(), a > 0, a.astype(np.int32), a * np.arange(3)]

    check(function, numbers)


LAYERS = {
    "Dense": (nn.Dense(4, 3, rng=0), (5, 4)),
    "Dense of more axes": (nn.Dense(4, 3, rng=0, bias=False), (2, 5, 4)),
    "Conv": (nn.Conv(2, 3, 3, rng=0), (5, 2, 6, 5)),
    "Conv same": (nn.Conv(2, 3, (3, 2), padding="same", rng=0, bias=False), (5, 2, 6, 5)),
    "Conv same in steps": (nn.Conv(2, 3, 3, stride=2, padding="same", rng=0), (5, 2, 6, 5)),
    "Conv same, far apart": (nn.Conv(2, 3, 3, padding="same", dilation=2, rng=0), (5, 2, 6, 5)),
    "Conv padded": (nn.Conv(2, 3, 3, stride=(2, 1), padding=((1, 0), (2, 1)), rng=0), (5, 2, 6, 5)),
    "Conv in groups": (nn.Conv(4, 4, 3, padding=1, groups=2, dilation=(1, 2), rng=0), (5, 4, 6, 5)),
    "MaxPool": (nn.MaxPool(2), (5, 3, 6, 7)),
    "MaxPool overlapping": (nn.MaxPool((3, 2), stride=(1, 2)), (5, 3, 6, 7)),
    "AvgPool": (nn.AvgPool(2), (5, 3, 6, 7)),
    "AvgPool overlapping": (nn.AvgPool((2, 3), stride=1), (5, 3, 6, 7)),
    "Flatten": (nn.Flatten(), (5, 3, 4)),
    "Reshape": (nn.Sequential(nn.Dense(6, 6, rng=0), nn.Reshape((2, 3))), (4, 6)),
    "Dropout": (nn.Sequential(nn.Dense(4, 3, rng=0), nn.Dropout(0.5, rng=0)).eval(), (5, 4)),
    "Tanh": (nn.Tanh(), (3, 4)),
    "Sigmoid": (nn.Sigmoid(), (3, 4)),
    "ReLU": (nn.ReLU(), (3, 4)),
    "LeakyReLU": (nn.LeakyReLU(0.1), (3, 4)),
    "GELU": (nn.GELU(), (3, 4)),
    "Softplus": (nn.Softplus(), (3, 4)),
    "Softmax": (nn.Softmax(), (3, 4)),
    "LogSoftmax": (nn.LogSoftmax(axis=0), (3, 4)),
    "Residual": (nn.Residual(nn.Dense(4, 4, rng=0)), (3, 4)),
    "Lambda": (nn.Lambda(np.sin), (3, 4)),
    "Identity": (nn.Sequential(nn.Dense(4, 4, rng=0), nn.Identity()), (3, 4)),
    "Conv1d": (nn.Conv1d(2, 3, 3, padding="causal", rng=0), (3, 2, 6)),
    "ConvTranspose": (nn.ConvTranspose(2, 3, 3, stride=2, rng=0), (3, 2, 4, 5)),
    "GlobalAvgPool": (nn.GlobalAvgPool(), (3, 2, 4, 5)),
    "GlobalMaxPool": (nn.GlobalMaxPool(), (3, 2, 4, 5)),
    "AdaptiveAvgPool": (nn.AdaptiveAvgPool((2, 3)), (3, 2, 4, 5)),
    "AdaptiveMaxPool": (nn.AdaptiveMaxPool((2, 3)), (3, 2, 4, 5)),
    "Upsample": (nn.Upsample(2), (3, 2, 4, 5)),
    "Upsample bilinear": (nn.Upsample(2, "bilinear"), (3, 2, 4, 5)),
    "BatchNorm": (nn.BatchNorm(2).eval(), (3, 2, 4, 5)),
    "LayerNorm": (nn.LayerNorm(4), (3, 2, 4)),
    "RMSNorm": (nn.RMSNorm(4), (3, 2, 4)),
    "GroupNorm": (nn.GroupNorm(2, 4), (3, 4, 5)),
    "LearnedPositions": (nn.LearnedPositions(5, 4, rng=0), (3, 5, 4)),
    "SinusoidalPositions": (nn.SinusoidalPositions(4), (3, 5, 4)),
    "RNN": (nn.RNN(4, 3, rng=0), (3, 5, 4)),
    "GRU": (nn.GRU(4, 3, "last", both_directions=True, rng=0), (3, 5, 4)),
    "LSTM": (nn.LSTM(4, 3, "last", rng=0), (3, 5, 4)),
    "MultiHeadAttention": (nn.MultiHeadAttention(4, 2, causal=True, rng=0), (3, 5, 4)),
}


def check_layer(layer, shape):
    images = normal(*shape, dtype=SINGLE)
    program = mg.program(lambda images: layer(images), images, wrt=[])
    model = agreed(program, [images])
    session = session_of(model)
    for batch in (1, 7):
        more = normal(batch, *shape[1:], dtype=SINGLE)
        assert_close(session.run(None, {"images": more}), [np.asarray(program(more))])
    return model


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer(name):
    check_layer(*LAYERS[name])


def test_every_layer_was_tried():
    layers = {name for name in nn.__all__ if name[0].isupper()} - {"Layer"}
    assert layers == {name.split()[0] for name in LAYERS} | {"Sequential", "Embedding"}


def test_an_embedding():
    layer, numbers = nn.Embedding(5, 3, padding=0, rng=0), np.array([[0, 4], [2, 1]])
    agreed(mg.program(lambda numbers: layer(numbers), numbers, wrt=[]), [numbers])


def kinds(model):
    return [node.op_type for node in model.graph.node]


def test_pooling_is_one_node():
    assert kinds(check_layer(*LAYERS["MaxPool overlapping"])) == ["MaxPool"]
    assert kinds(check_layer(*LAYERS["AvgPool"])) == ["AveragePool"]


def test_the_networks_of_the_examples():
    model = check_layer(mnist.build(20, np.random.default_rng(0)), (3, 20))
    assert kinds(model) == ["MatMul", "Add", "Relu"] * 2 + ["MatMul", "Add"]
    model = check_layer(mnist_conv.build(8, 10, np.random.default_rng(0)), (3, 1, 8, 8))
    assert [kind for kind in kinds(model) if kind in ("Conv", "MaxPool", "Relu")] == ["Conv", "Relu", "MaxPool"] * 2


def dims(port):
    return [dim.dim_param or dim.dim_value for dim in port.type.tensor_type.shape.dim]


def test_names_and_sizes():
    layer = nn.Dense(4, 2, rng=0)

    def predict(images, offset, rows):
        logits = layer(images) + offset
        return {"logits": logits, "best": logits.argmax(1)}, rows * 2.0, images

    images, offset, rows = normal(3, 4, dtype=SINGLE), normal(3, 2, dtype=SINGLE), normal(6)
    model = agreed(mg.program(predict, images, offset, rows, wrt=[]), [images, offset, rows])
    assert model.graph.name == "predict"
    assert {port.name: dims(port) for port in model.graph.input} == {
        "images": ["images_0", 4], "offset": ["images_0", 2], "rows": ["rows_0"]
    }  # fmt: skip
    found = {port.name: dims(port) for port in model.graph.output}
    assert next(iter(found)) == "logits"
    assert list(found.values()) == [["images_0", 2], ["images_0"], ["rows_0"], ["images_0", 4]]
    assert {array.name for array in model.graph.initializer} >= {"W", "b"}
    assert (model.opset_import[0].version, model.producer_name) == (18, "minigrad")


def test_outputs_without_a_name_and_given_twice():
    model = agreed(mg.program(lambda x: (x * 2.0, x, x * 2.0, np.float32(1.0)), x, wrt=[]), [x])
    assert [port.name for port in model.graph.output] == ["output", "output_1", "output_2", "output_3"]


def test_what_a_layer_holds_now_is_written():
    layer = nn.Dense(2, 2, rng=0)
    program = mg.program(layer, normal(3, 2, dtype=SINGLE), wrt=[])
    layer.bias.data[...] = 5.0
    more = normal(4, 2, dtype=SINGLE)
    assert_close(session_of(program.to_onnx()).run(None, feeds(program, [more])), [np.asarray(layer(more).data)])


def test_a_size_that_a_tensor_fixes():
    weight = mg.Tensor(normal(4), requires_grad=True)
    program = mg.program(lambda x: x * weight + x.shape[1], x, wrt=[])
    model = program.to_onnx()
    assert dims(model.graph.input[0]) == ["x_0", 4]
    assert_close(session_of(model).run(None, {"x": x}), [program(x)])


def test_gradients_are_outputs():
    arrays = [normal(3, 4, dtype=SINGLE), normal(5, 4, dtype=SINGLE)]
    agreed(mg.program(lambda x, y: np.mean(np.tanh(x @ y.T)), *arrays), arrays)


def test_a_file_is_written(tmp_path):
    program = mg.program(lambda x: np.tanh(x), x, wrt=[])
    for path in (tmp_path / "tanh.onnx", str(tmp_path / "again.onnx")):
        model = program.to_onnx(path)
        assert onnx.load(path) == model


def normalised(x, rng):
    return x + rng.normal(size=3)


def branching(x):
    return x * 2.0 if x.sum() > -100.0 else x


REFUSED = {
    r"np.linalg.svd has no counterpart in ONNX; an ONNX model is for inference": (
        lambda x: np.linalg.svd(x, full_matrices=False)[0], x),
    r"np.var\(where=...\) has no counterpart": (lambda x: np.var(x, where=x > 0), x),
    r"np.pad with mode='wrap' has no counterpart": (lambda x: np.pad(x, 1, "wrap"), x),
    r"astype with values of dtype float16 has no counterpart": (lambda x: x.astype(np.float16), x),
    r"rng.normal draws random numbers": (normalised, normal(3), np.random.default_rng(0)),
    r"goes on by a value, and a branch has no counterpart": (branching, x),
    r"np.squeeze of an array of any size": (lambda x: np.squeeze(x), normal(1, 3)),
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_what_has_no_counterpart_is_refused(message):
    function, *arrays = REFUSED[message]
    program = mg.program(function, *arrays, wrt=[])
    with pytest.raises(mg.ProgramError, match=rf"^test_to_onnx.py:\d+: .*{message}"):
        program.to_onnx()


def test_an_input_of_another_dtype_is_refused():
    program = mg.program(lambda x: x * 2.0, x.astype(np.float16), wrt=[])
    with pytest.raises(mg.ProgramError, match="the input x with values of dtype float16 has no counterpart"):
        program.to_onnx()


def test_a_gradient_that_has_no_counterpart():
    program = mg.program(lambda x: np.sum(nn.MaxPool(2)(x)), normal(2, 1, 4, 4))
    with pytest.raises(mg.ProgramError, match=r"belongs to a gradient.* record the program with wrt=\[\]"):
        program.to_onnx()


def test_a_layer_in_another_mode_is_refused():
    layer = nn.Sequential(nn.Dense(2, 2, rng=0), nn.Dropout(0.5, rng=0)).eval()
    program = mg.program(layer, normal(3, 2, dtype=SINGLE), wrt=[])
    layer.train()
    with pytest.raises(mg.ProgramError, match="training of"):
        program.to_onnx()


def test_without_onnx(monkeypatch):
    program = mg.program(lambda x: x * 2.0, x, wrt=[])
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r'pip install "minigrad-numpy\[onnx\]"'):
        program.to_onnx()
