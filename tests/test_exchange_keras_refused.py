"""Is what cannot be exact in the other framework refused, with the name of the layer and what to write?"""

import subprocess
import sys

import numpy as np
import pytest
from keras_models import keras, there

from minigrad import nn
from minigrad.exchange import from_keras, to_keras


def softly(x):
    return x


def sigmoid(x):
    return keras.ops.hard_sigmoid(x)


# A layer, the shape of a sample, and what is said of it.
LAYERS = {
    "AlphaDropout": (lambda: there.AlphaDropout(0.1), (4,), r"'x' \(AlphaDropout\): there is nothing like it"),
    "PReLU": (lambda: there.PReLU(), (4,), "write an nn.Layer with a slope"),
    "Masking": (lambda: there.Masking(), (4, 2), "calls lstm"),
    "mask_zero": (lambda: there.Embedding(5, 2, mask_zero=True), (4,), r"mask_zero=True .*mask=x != 0\)"),
    "MaxPooling1D": (lambda: there.MaxPooling1D(2), (4, 2), "there is nothing like it here"),
    "function": (lambda: there.Dense(2, activation=softly), (4,), "activation softly is a function of yours"),
    "approximate": (lambda: there.Dense(2, activation=lambda x: keras.activations.gelu(x, True)), (4,), "<lambda>"),
    "activation": (lambda: there.Dense(2, activation="celu"), (4,), "its activation celu is none of elu, exponential"),
    "activation layer": (lambda: there.Dense(2, activation=there.ELU()), (4,), "is the layer 'elu.*as a layer"),
    "gelu of keras.ops": (lambda: there.Dense(2, activation=keras.ops.gelu), (4,), "gelu of keras.ops is an approx"),
    "own sigmoid": (lambda: there.GRU(2, recurrent_activation=sigmoid), (5, 2), "is sigmoid of yours; GRU here"),
    "inner regularizer": (
        lambda: there.Bidirectional(there.LSTM(2, kernel_regularizer="l2")), (5, 2), "kernel_regularizer would"),
    "inner dtype": (
        lambda: there.Bidirectional(there.LSTM(2, dtype="mixed_bfloat16")), (5, 2), "in bfloat16 with weights in"),
    "regularizer": (lambda: there.Dense(2, kernel_regularizer="l2"), (4,), "kernel_regularizer would be lost"),
    "constraint": (lambda: there.LSTM(2, recurrent_constraint="non_neg"), (4, 2), "recurrent_constraint would be lost"),
    "float16": (lambda: there.Dense(2, dtype="mixed_float16"), (4,), "computes in float16 with weights in float32"),
    "channels_first": (lambda: there.Conv2D(2, 2, data_format="channels_first"), (4, 4, 4), "channels_first"),
    "same pooling": (lambda: there.AveragePooling2D(2, padding="same"), (5, 4, 2), r'"same" adds edges to .*\(5, 4\)'),
    "keepdims": (lambda: there.GlobalMaxPooling2D(keepdims=True), (5, 4, 2), "keepdims=True .*Reshape"),
    "bicubic": (lambda: there.UpSampling2D(2, interpolation="bicubic"), (5, 4, 2), "neither 'nearest' nor 'bilinear'"),
    "noise_shape": (lambda: there.Dropout(0.1, noise_shape=(None, 1, 2)), (5, 2), "noise_shape leaves out"),
    "threshold": (lambda: there.ReLU(threshold=1.0), (5,), "threshold=1.0; write nn.Lambda"),
    "alpha": (lambda: there.ELU(0.5), (5,), "alpha=0.5"),
    "axes": (lambda: there.Softmax(axis=(1, 2)), (5, 2), r"over the axes \[?\(?1, 2"),
    "scales": (lambda: there.Rescaling([1.0, 2.0]), (5, 2), "a scale for each channel"),
    "permute": (lambda: there.Permute((2, 1, 3)), (5, 2, 3), r"dims=\(2, 1, 3\) moves other axes"),
    "norm of rows": (lambda: there.BatchNormalization(axis=2), (5, 2, 3), "axis=2 is neither"),
    "layer norm of rows": (lambda: there.LayerNormalization(axis=1), (5, 2), "are not the last axes"),
    "group norm of rows": (lambda: there.GroupNormalization(1, axis=1), (5, 2), "axis=1 is not the last axis"),
    "reset_after": (lambda: there.GRU(2, reset_after=False), (5, 2), "reset_after=False is another equation"),
    "relu cell": (lambda: there.LSTM(2, activation="relu"), (5, 2), "its activation is relu; LSTM here has tanh"),
    "dropout in a cell": (lambda: there.LSTM(2, dropout=0.1), (5, 2), r"dropout=0.1.* put nn.Dropout\(rate\) before"),
    "stateful": (lambda: there.Bidirectional(there.LSTM(2, stateful=True)), (5, 2), "stateful belong to no chain"),
    "backwards": (lambda: there.LSTM(2, go_backwards=True), (5, 2), r"go_backwards=True; write .*::-1"),
    "sum": (lambda: there.Bidirectional(there.LSTM(2), merge_mode="sum"), (5, 2), "merge_mode='sum'"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*float64:UserWarning")
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_of_keras(name):
    make, shape, message = LAYERS[name]
    begin = there.Input((*shape[:1], *shape[1:]), batch_size=2 if "stateful" in name else None)
    layer = make()
    layer.name = "x"
    model = keras.Sequential([begin, there.Identity(), layer])
    with pytest.raises(ValueError, match=rf"^from_keras: layer 'x' \({type(layer).__name__}\): .*{message}|{message}"):
        from_keras(model)


def test_a_subclass_of_a_layer_of_keras_is_not_taken_for_it():
    class Dense(there.Dense):
        def call(self, x):
            return 2.0 * super().call(x)

    with pytest.raises(ValueError, match=r"'mine' \(Dense\): there is nothing like it here"):
        from_keras(keras.Sequential([there.Input((3,)), Dense(2, name="mine")]))


def chains_that_are_none():
    begin, other = there.Input((4,)), there.Input((4,))
    dense = there.Dense(4, name="dense")
    attention, sequence = there.MultiHeadAttention(2, 2, name="attention"), there.Input((3, 4))
    state = there.LSTM(2, return_state=True, name="lstm")(sequence)[0]
    return [
        (keras.Model(begin, there.Add(name="add")([begin, dense(begin)])), r"'add' \(Add\) has 2 inputs and 1 outputs"),
        (keras.Model(sequence, attention(sequence, sequence)), r"'attention'.* has 2 inputs"),
        (
            keras.Model(sequence, there.LSTM(2, name="lstm")(there.Masking()(sequence))),
            "'lstm'.* gets a mask",
        ),
        (keras.Model(sequence, state), r"'lstm' \(LSTM\) has 1 inputs and 3 outputs"),
        (keras.Model([begin, other], there.Add()([begin, other])), "has 2 inputs and 1 outputs, and a chain has one"),
        (keras.Model(begin, [dense(begin), begin]), "has 1 inputs and 2 outputs"),
        (keras.Model(begin, dense(dense(begin))), r"'dense' \(Dense\) is called 2 times"),
        (keras.Model(begin, there.Dropout(0.5, name="d")(begin, training=True)), "'d'.* is called with training=True"),
        (keras.Model(begin, keras.ops.sin(begin)), r"\(Sin\): there is nothing like it here"),
        (keras.Sequential([there.Dense(2)], name="unbuilt"), r"'unbuilt' is not built.*model.build\(shape\)"),
    ]


@pytest.mark.parametrize("number", range(10))
def test_a_model_that_is_no_chain(number):
    model, message = chains_that_are_none()[number]
    with pytest.raises(ValueError, match=message):
        from_keras(model)


def test_a_class_with_a_call_of_its_own():
    class Own(keras.Model):
        def call(self, x):
            return x

    model = Own()
    model(np.ones((1, 2)))
    with pytest.raises(ValueError, match="Own is a class with a call of its own"):
        from_keras(model)


def test_a_class_with_a_graph_and_a_call_of_its_own():
    class Twice(keras.Sequential):
        def call(self, *args, **kwargs):
            return 2.0 * super().call(*args, **kwargs)

    class Thrice(keras.Model):
        def __init__(self):
            begin = there.Input((3,))
            super().__init__(begin, there.Dense(2)(begin))

        def call(self, x):
            return 3.0 * super().call(x)

    class Plain(keras.Model):
        def __init__(self):
            begin = there.Input((3,))
            super().__init__(begin, there.Dense(2)(begin))

    inner = Twice([there.Input((3,)), there.Dense(2)])
    for model in (inner, Thrice(), keras.Sequential([there.Input((3,)), inner])):
        with pytest.raises(ValueError, match=r"(Twice|Thrice) is a class with a call of its own"):
            from_keras(model)
    assert repr(from_keras(Plain())) == "Sequential(Dense(3, 2))"


def test_layers_of_two_dtypes():
    model = keras.Sequential([there.Input((3,)), there.Dense(2, name="a"), there.ReLU(dtype="float64", name="b")])
    with pytest.raises(ValueError, match=r"'a' \(Dense\) computes in float32, layer 'b' \(ReLU\) computes in float64"):
        from_keras(model)


def test_what_is_no_model(tmp_path):
    with pytest.raises(TypeError, match=r"takes a keras.Model or the path of a .keras file, not a Dense"):
        from_keras(there.Dense(2))
    with pytest.raises(FileNotFoundError, match=r"there is no file .*none\.keras"):
        from_keras(tmp_path / "none.keras")
    with pytest.raises(TypeError, match=r"to_keras takes an nn.Layer, not a function"):
        to_keras(softly, (3,))


class Own(nn.Layer):
    def forward(self, x):
        return x


def tied():
    first, second = nn.Dense(3, 3), nn.Dense(3, 3)
    second.weight = first.weight
    return nn.Sequential(first, nn.Sequential(second))


REFUSED = {
    "Residual": (nn.Residual(nn.Dense(3, 3)), (3,), r"^to_keras: Residual.*Keras has no layer that computes just this"),
    "of a user": (nn.Sequential(nn.Dense(3, 3), Own()), (3,), r"^to_keras: layers.1: Own\(\): Keras has no layer"),
    "function": (nn.Lambda(softly), (3,), r"Lambda\(softly\): it is a function of yours"),
    "padding": (nn.Embedding(5, 2, padding=0), (3,), "would train the vector of the number 0"),
    "both": (nn.GRU(3, 2, "both"), (4, 3), "returns='both' gives two values"),
    "groups": (nn.ConvTranspose(2, 2, 2, groups=2), (2, 4, 4), "has no groups"),
    "strides": (nn.ConvTranspose(2, 2, 2, stride=2, dilation=2), (2, 4, 4), "either strides or a dilation"),
    "affine": (nn.RMSNorm(3, affine=False), (3,), "always has a scale"),
    "twice": (nn.Sequential(*[nn.Dense(3, 3)] * 2), (3,), "stands in the model 2 times"),
    "tied": (tied(), (3,), r"layers.0.weight and layers.1.layers.0.weight are one Tensor; Keras would train two"),
    "dilation": (
        nn.Conv(2, 2, 2, stride=2, dilation=2),
        (2, 9, 9),
        r"^to_keras: Conv\(2, 2, 2, .*strides.*dilation_rate",
    ),
    "log softmax": (nn.LogSoftmax(2), (3, 4, 4), "is over the last axis"),
    "attention": (nn.MultiHeadAttention(4, 2), (3, 4), "no layer that computes just this"),
    "shape": (nn.Sequential(nn.Dense(3, 2)), (4,), r"^to_keras: layers.0: Dense\(3, 2\), which gets \(1, 4\)"),
    "no tuple": (nn.Dense(3, 2), 3, r"a tuple of whole numbers such as \(1, 28, 28\) or \(4,\), not 3"),
    "no sizes": (nn.Dense(3, 2), (0, 3), "tuple of whole numbers"),
    "dtypes": (nn.Sequential(nn.Dense(3, 2), nn.Dense(2, 2, dtype=float)), (3,), "float32 and float64"),
    "float16": (nn.Dense(3, 2, dtype=np.float16), (3,), r"parameters of float16; all have to be.*astype\(np.float32\)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_layer_of_minigrad(name):
    model, shape, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        to_keras(model, shape)


WITHOUT_KERAS = """
import sys
import minigrad as mg
from minigrad import nn

sys.modules["keras"] = None
for use in (lambda: mg.exchange.to_keras(nn.Dense(2, 2), (2,)), lambda: mg.exchange.from_keras("model.keras")):
    try:
        use()
    except ImportError as error:
        print(error)
try:
    mg.exchange.from_keras(nn.Dense(2, 2))
except TypeError as error:
    print(error)
assert not any(name in sys.modules for name in ("jax", "torch", "onnx"))
"""


def test_without_keras():
    done = subprocess.run([sys.executable, "-c", WITHOUT_KERAS], capture_output=True, text=True, check=True)
    there, path, model = done.stdout.splitlines()
    assert there == 'to_keras needs Keras, which is not installed: pip install "minigrad-numpy[keras]"'
    assert path == 'from_keras with a path needs Keras, which is not installed: pip install "minigrad-numpy[keras]"'
    assert model == "from_keras takes a keras.Model or the path of a .keras file, not a Dense"
