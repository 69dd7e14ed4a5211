"""Does a model compute the same when it comes from Keras, and when it goes back?"""

import subprocess
import sys

import keras_models
import numpy as np
import pytest
from keras_models import assert_close, assert_goes_both_ways, built, computed, here, keras, sample, there

import minigrad as mg
from minigrad import nn
from minigrad.exchange import from_keras, to_keras

# What Keras 3.15 does with its own variables, where a test calls it.
KERAS_ITSELF = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# The layers, the shape of a sample in Keras, and the layers here.
CHAINS = {
    "a perceptron": (
        lambda: [there.Dense(5, activation="relu"), there.Dense(2, activation="softmax")], (4,),
        "Dense(4, 5), ReLU(), Dense(5, 2), Softmax()"),
    "an image classifier": (
        lambda: [
            *(there.Conv2D(4, 3, padding="same", strides=2, use_bias=False), there.BatchNormalization(), there.ReLU()),
            *(there.MaxPooling2D(2), there.Flatten(), there.Dropout(0.3), there.Dense(3)),
        ],
        (9, 12, 2),
        "Conv(2, 4, 3, stride=(2, 2), padding='same', bias=False), BatchNorm(4, momentum=0.01, eps=0.001), ReLU(), "
        "MaxPool(2), Flatten(), Dropout(0.3), Dense(24, 3)"),
    "vectors between Flatten and Dense": (
        lambda: [
            *(there.Conv2D(4, 3), there.Flatten(), there.BatchNormalization(), there.Activation("silu")),
            there.Dense(3),
        ],
        (6, 5, 2),
        "Conv(2, 4, 3), Flatten(), BatchNorm(48, momentum=0.01, eps=0.001), Lambda(silu), Dense(48, 3)"),
    "Flatten of the images themselves": (
        lambda: [there.Flatten(), there.Dense(3)], (5, 4, 3), "Flatten(), Dense(60, 3)"),
    "Flatten at the end": (
        lambda: [there.Conv2D(4, 3), there.Flatten()], (6, 5, 2), "Conv(2, 4, 3), Lambda(channels_last), Flatten()"),
    "Flatten before what looks at the order": (
        lambda: [there.Conv2D(4, 3), there.Flatten(), there.Reshape((8, 6)), there.LSTM(2)], (6, 5, 2),
        "Conv(2, 4, 3), Lambda(channels_last), Flatten(), Reshape((8, 6)), LSTM(6, 2, returns='last')"),
    "global pooling": (
        lambda: [there.Conv2D(4, (3, 2), activation="softmax"), there.GlobalAveragePooling2D(), there.Dense(3)],
        (6, 5, 2), "Conv(2, 4, (3, 2)), Softmax(axis=1), GlobalAvgPool(), Dense(4, 3)"),
    "a decoder": (
        lambda: [
            *(there.Dense(48), there.Reshape((4, 4, 3)), there.Conv2DTranspose(4, 3, strides=2, padding="same")),
            *(there.UpSampling2D(2, interpolation="bilinear"), there.Conv2D(1, 2, padding="same")),
        ],
        (6,),
        "Dense(6, 48), Reshape((4, 4, 3)), Lambda(channels_first), ConvTranspose(3, 4, 3, stride=(2, 2)), "
        "Crop(((0, 1), (0, 1))), Upsample(2, mode='bilinear'), Conv(4, 1, 2, padding='same')"),
    "kernels for each channel": (
        lambda: [there.DepthwiseConv2D(3, depth_multiplier=2, padding="same"), there.Conv2D(6, 2, groups=2)],
        (7, 7, 3), "Conv(3, 6, 3, padding='same', groups=3), Conv(6, 6, 2, groups=2)"),
    "zeros around images": (
        lambda: [
            *(there.ZeroPadding2D(((1, 0), (2, 1))), there.Conv2D(5, 3, dilation_rate=2)),
            *(there.ZeroPadding2D(1), there.MaxPooling2D(3, strides=2)),
        ],
        (9, 9, 2),
        "Conv(2, 5, 3, padding=((1, 0), (2, 1)), dilation=(2, 2)), ZeroPad(((1, 1), (1, 1))), "
        "MaxPool(3, stride=(2, 2))"),
    "edges cut off": (
        lambda: [there.Cropping2D(((1, 0), (0, 2))), there.AveragePooling2D(2, padding="same")], (5, 6, 3),
        "Crop(((1, 0), (0, 2))), AvgPool(2)"),
    "sequences through convolutions": (
        lambda: [
            *(there.Embedding(6, 4), there.Conv1D(5, 3, activation="relu", padding="causal", dilation_rate=2)),
            *(there.Conv1D(4, 2, strides=2, padding="same"), there.BatchNormalization()),
            *(there.GlobalMaxPooling1D(), there.Dense(2)),
        ],
        (9,),
        "Embedding(6, 4), Lambda(channels_first), Conv1d(4, 5, 3, padding='causal', dilation=2), ReLU(), "
        "Conv1d(5, 4, 2, stride=2, padding='same'), BatchNorm(4, momentum=0.01, eps=0.001), GlobalMaxPool(), "
        "Dense(4, 2)"),
    "sequences with zeros": (
        lambda: [there.ZeroPadding1D(2), there.Conv1D(5, 3), there.Cropping1D((1, 0))], (9, 2),
        "Lambda(channels_first), Conv1d(2, 5, 3, padding=2), Crop(((1, 0),)), Lambda(channels_last)"),
    "recurrent layers": (
        lambda: [
            *(there.Embedding(6, 4), there.LSTM(5, return_sequences=True), there.Bidirectional(there.GRU(3))),
            there.Dense(2),
        ],
        (7,),
        "Embedding(6, 4), LSTM(4, 5), GRU(5, 3, returns='last', both_directions=True), Dense(6, 2)"),
    "further recurrent layers": (
        lambda: [
            *(there.Bidirectional(there.LSTM(5, return_sequences=True)), there.GRU(4, use_bias=False,
              return_sequences=True), there.SimpleRNN(3)),
        ],
        (7, 3), "LSTM(3, 5, both_directions=True), GRU(10, 4, bias=False), RNN(4, 3, returns='last')"),
    "norms": (
        lambda: [
            *(there.LayerNormalization(), there.Conv2D(4, 2), there.GroupNormalization(2)),
            *(there.Conv2D(3, 1), there.GroupNormalization(-1), there.LayerNormalization(axis=(1, 2, 3))),
            *(there.RMSNormalization(), there.BatchNormalization(axis=1)),
        ],
        (5, 4, 3),
        "Lambda(channels_last), LayerNorm(3, eps=0.001), Lambda(channels_first), Conv(3, 4, 2), "
        "GroupNorm(2, 4, eps=0.001), Conv(4, 3, 1), GroupNorm(3, 3, eps=0.001), Lambda(channels_last), "
        "LayerNorm((4, 3, 3), eps=0.001), RMSNorm(3, eps=1e-06), BatchNorm(4, momentum=0.01, eps=0.001), "
        "Lambda(channels_first)"),
    "norms with less": (
        lambda: [
            *(there.BatchNormalization(center=False, momentum=0.9), there.Dense(2), there.BatchNormalization(
              scale=False), there.LayerNormalization(center=False, scale=False)),
        ],
        (5,),
        "BatchNorm(5, eps=0.001), Dense(5, 2), BatchNorm(2, momentum=0.01, eps=0.001, affine=False), "
        "LayerNorm(2, eps=0.001)"),
    "axes in another order": (
        lambda: [there.Permute((3, 1, 2)), there.Dense(3), there.Permute((2, 3, 1)), there.Conv2D(2, 1)], (5, 4, 3),
        "Dense(4, 3), Conv(3, 2, 1)"),
    "axes of sequences in another order": (
        lambda: [there.Permute((2, 1)), there.Conv1D(3, 2), there.Permute((2, 1)), there.Dense(3)], (5, 4),
        None),
    "Dense of pixels": (
        lambda: [there.Dense(4), there.Conv2D(2, 2), there.Dense(3), there.Softmax(axis=1)], (5, 4, 3),
        None),
    "rescaled": (
        lambda: [there.Rescaling(2.0, offset=-1.0), there.Identity(), there.ReLU(6.0), there.ReLU(negative_slope=0.3),
                 there.LeakyReLU(), there.ELU()],
        (4,),
        "Rescaling(2.0, offset=-1.0), Lambda(relu6), LeakyReLU(0.3), LeakyReLU(0.3), Lambda(elu)"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_goes_both_ways(name, rng):
    layers, shape, expected = CHAINS[name]
    numbers = isinstance(layers()[0], there.Embedding)
    made = assert_goes_both_ways(built(layers(), shape, rng, numbers), sample(shape, rng, numbers))
    if expected is not None:
        assert " ".join(repr(made).split()) == " ".join(repr_of(expected, made).split())


def repr_of(layers, made):
    """As a Sequential shows layers, in one line or several."""
    line = f"Sequential({layers})"
    return line if "\n" not in repr(made) else line.replace("Sequential(", "Sequential( ", 1)[:-1] + ", )"


ACTIVATIONS = ["relu", "tanh", "sigmoid", "softplus", "gelu", "leaky_relu", "softmax", "log_softmax", "linear"]
ACTIVATIONS += ["elu", "selu", "silu", "swish", "mish", "relu6", "hard_sigmoid", "hard_silu", "softsign", "exponential"]


@pytest.mark.parametrize("name", [*ACTIVATIONS, "log_sigmoid"])
def test_an_activation_of_a_layer_and_as_a_layer(name, rng):
    layers = [there.Conv2D(3, 1, activation=name), there.Dense(2), there.Activation(name)]
    assert_goes_both_ways(built(layers, (2, 3, 2), rng), sample((2, 3, 2), rng))


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_windows_lie_in_the_same_places(size, padding, rng):
    # Of even sizes and strides that do not divide, "same" has more zeros below than above.
    for stride in (1, 2, 3):
        for kind in (there.Conv2D, there.Conv2DTranspose):
            layers = [kind(2, size, strides=stride, padding=padding)]
            assert_goes_both_ways(built(layers, (5, 8, 2), rng), sample((5, 8, 2), rng))


@pytest.mark.parametrize(
    "settings",
    [
        {"dilation_rate": 2, "padding": "same"},
        {"strides": 2, "output_padding": 1, "padding": "same"},
        {"strides": 3, "output_padding": (0, 2)},
    ],
)
def test_a_transposed_convolution_with_more_settings(settings, rng):
    model = built([there.Conv2DTranspose(4, 3, **settings)], (4, 5, 3), rng)
    assert_goes_both_ways(model, sample((4, 5, 3), rng))


def test_a_functional_model_with_a_model_inside(rng):
    inner = keras.Sequential([there.Input((6, 6, 2)), there.Conv2D(3, 3), there.Flatten()])
    begin = there.Input((6, 6, 2))
    outer = keras_models.shuffled(keras.Model(begin, there.Dense(2)(there.Dropout(0.5)(inner(begin)))), rng)
    made = assert_goes_both_ways(outer, sample((6, 6, 2), rng))
    assert repr(made) == "Sequential(Conv(2, 3, 3), Flatten(), Dropout(0.5), Dense(48, 2))"


def test_images_of_any_size(rng):
    model = built([there.Conv2D(3, 3, padding="same"), there.MaxPooling2D(2), there.GlobalMaxPooling2D()], (None,) * 2
                  + (2,), rng)  # fmt: skip
    made = from_keras(model)
    for shape in ((7, 6, 2), (4, 9, 2)):
        x = sample(shape, rng)
        assert_close(mg.predict(made, here(x)), computed(model, x), 1e-5)


@KERAS_ITSELF
def test_a_file(tmp_path, rng):
    model = built([there.Dense(3, activation="tanh")], (4,), rng)
    model.save(tmp_path / "model.keras")
    for path in (tmp_path / "model.keras", str(tmp_path / "model.keras")):
        np.testing.assert_array_equal(from_keras(path)[0].weight.numpy(), model.layers[0].get_weights()[0])


@KERAS_ITSELF
def test_a_model_from_keras_can_be_saved_there_again(tmp_path, rng):
    made = from_keras(built([there.Conv2D(3, 3), there.Flatten(), there.Dense(2)], (6, 5, 2), rng))
    to_keras(made, (2, 6, 5)).save(tmp_path / "again.keras")
    x = sample((6, 5, 2), rng)
    expected = mg.predict(made, here(x))
    assert_close(computed(keras.saving.load_model(tmp_path / "again.keras"), x), expected, 1e-5)
    assert_close(mg.predict(from_keras(tmp_path / "again.keras"), here(x)), expected, 1e-6)


@KERAS_ITSELF
def test_weights_are_copies(rng):
    model = built([there.Dense(3), there.BatchNormalization()], (4,), rng)
    before = [array.copy() for array in model.get_weights()]
    made = from_keras(model)
    for _, tensor in made.named_tensors():
        # JAX shares memory that begins at a multiple of 64 bytes.
        memory = np.empty(tensor.size + 16, np.float32)
        begin = -memory.ctypes.data % 64 // 4
        tensor._array = memory[begin : begin + tensor.size].reshape(tensor.shape)
        tensor.data[...] = 7.0
    back = to_keras(made, (4,))
    made[0].weight.data[...] = 8.0
    for array, kept, seven in zip(model.get_weights(), before, back.get_weights(), strict=True):
        np.testing.assert_array_equal(array, kept)
        assert np.all(seven == 7.0)


def test_what_is_frozen_stays_so(rng):
    model = built([there.Dense(3), there.BatchNormalization(), there.Dense(2), there.Bidirectional(there.GRU(2))]
                  [:3], (4,), rng)  # fmt: skip
    model.layers[0].trainable = False
    model.layers[1].trainable = False
    made = from_keras(model)
    assert [name for name, _ in made.named_parameters()] == ["layers.2.weight", "layers.2.bias"]
    made.train()
    x = sample((4,), rng)
    assert_close(made(x).numpy(), computed(model, x), 1e-5)  # a frozen BatchNormalization is in evaluation
    back = to_keras(made, (4,))
    assert [layer.trainable for layer in back.layers] == [False, False, True]
    made[2].bias.requires_grad_(False)
    back = to_keras(made, (4,))
    assert [variable.name for variable in back.trainable_variables] == ["kernel"]


def test_a_frozen_norm_that_was_not_frozen_in_keras_keeps_its_mode():
    model = nn.Sequential(nn.BatchNorm(3))
    model.requires_grad_(False)
    back = to_keras(model, (3,))
    assert back.layers[0].trainable
    assert back.trainable_variables == []


def test_dropout_draws_from_the_generator():
    model = keras.Sequential([there.Input((50,)), there.Dropout(0.5)])
    x = np.ones((2, 50))
    first, second, other = (from_keras(model, rng=seed)(x) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, second)
    assert np.any(first != other)


@KERAS_ITSELF
def test_float64(rng):
    import jax

    with jax.enable_x64(True):
        model = keras.Sequential([there.Input((4,), dtype="float64"), there.Dense(3, dtype="float64")])
        made = from_keras(model)
        assert made[0].weight.dtype == np.float64
        back = to_keras(made, (4,))
        np.testing.assert_array_equal(back.get_weights()[0], model.get_weights()[0])
        assert back.get_weights()[0].dtype == np.float64
        x = rng.normal(size=(2, 4))
        assert_close(mg.predict(made, x), computed(back, x), 1e-14)
    with pytest.raises(ValueError, match=r"is float64, and Keras makes float32 of it on jax; write jax.config.update"):
        to_keras(made, (4,))


def test_layers_of_minigrad_that_no_model_of_keras_begins_with(rng):
    model = nn.Sequential(
        nn.Sequential(nn.Conv(4, 4, 3, padding=(1, 2), groups=2, rng=rng), nn.Lambda(np.tanh), nn.AvgPool(2, stride=1)),
        nn.ConvTranspose(4, 2, 4, stride=2, padding=1, output_padding=1, rng=rng),
        nn.Identity(),
        nn.LogSoftmax(axis=1),
        nn.Conv(2, 3, 3, stride=2, padding="same", bias=False, rng=rng),
        nn.LogSoftmax(),
        nn.Reshape(-1),
        nn.Dense(120, 2, bias=False, rng=rng),
    )
    x = rng.normal(size=(3, 4, 5, 6)).astype(np.float32)
    made = to_keras(model, (4, 5, 6))
    assert model.training
    assert_close(computed(made, np.moveaxis(x, 1, -1)), mg.predict(model, x), 1e-5)
    assert_close(mg.predict(from_keras(made), x), mg.predict(model, x), 1e-5)


def test_numbers_in_another_shape(rng):
    model = nn.Sequential(nn.Reshape((2, 3)), nn.Embedding(5, 2, rng=rng), nn.Flatten(), nn.Dense(12, 2, rng=rng))
    x = rng.integers(0, 5, (3, 6))
    assert_close(computed(to_keras(model, (6,)), x), mg.predict(model, x), 1e-5)


def test_sequences_of_channels(rng):
    model = nn.Sequential(nn.Conv1d(2, 3, 3, rng=rng), nn.BatchNorm(3), nn.GroupNorm(3, 3), nn.GlobalAvgPool())
    x = rng.normal(size=(3, 2, 7)).astype(np.float32)
    assert_close(computed(to_keras(model, (2, 7)), x), mg.predict(model, x), 1e-5)
    single = nn.Dense(2, 3, rng=rng)
    assert_close(computed(to_keras(single, (5, 2)), x[:, :, :2]), mg.predict(single, x[:, :, :2]), 1e-5)


ON_NUMPY = """
import numpy as np, keras
import minigrad as mg
from minigrad import nn

model = nn.Sequential(nn.Conv(1, 2, 3, rng=0), nn.BatchNorm(2), nn.Flatten(), nn.Dense(32, 3, rng=0)).astype(float)
x = np.random.default_rng(0).normal(size=(3, 1, 6, 6))
there = mg.exchange.to_keras(model, (1, 6, 6))
assert keras.config.backend() == "numpy"
found, expected = there.predict(x.transpose(0, 2, 3, 1), verbose=0), mg.predict(model, x)
assert there.get_weights()[0].dtype == float and np.abs(found - expected).max() < 1e-5
assert np.array_equal(mg.predict(mg.exchange.from_keras(there), x), expected)
"""


def test_an_engine_that_cannot_train(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "numpy")
    subprocess.run([sys.executable, "-c", ON_NUMPY], check=True)
