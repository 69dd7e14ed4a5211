"""Does a model that comes from Keras learn as it would there, step by step?"""

import numpy as np
import pytest
from keras_models import here, keras, there

import minigrad as mg
from minigrad import data, losses, optim
from minigrad.exchange import from_keras

BATCH = 32


def digits():
    """44 batches of digits, (N, 8, 8, 1), and their labels."""
    (images, labels), _ = data.load_digits()
    return images[: 44 * BATCH, :, :, None].astype(np.float32) / 255, labels[: 44 * BATCH].astype(np.int32)


def perceptron():
    x, y = digits()
    return [there.Flatten(), there.Dense(32, activation="relu"), there.Dense(10)], x, y


def convolutional():
    x, y = digits()
    layers = [there.Conv2D(8, 3, use_bias=False), there.BatchNormalization(), there.ReLU(), there.MaxPooling2D(2)]
    return [*layers, there.Conv2D(8, 3, padding="same", activation="gelu"), there.Flatten(), there.Dense(10)], x, y


def recurrent():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 20, (44 * BATCH, 6))
    return [there.Embedding(20, 8), there.LSTM(16), there.Dense(2)], x, (x[:, -1] > 9).astype(np.int32)


OPTIMISERS = {
    "momentum": (
        lambda lr: keras.optimizers.SGD(lr, momentum=0.9),
        lambda parameters, lr: optim.SGD(parameters, lr=lr, momentum=0.9),
        {perceptron: 0.02, convolutional: 0.02, recurrent: 0.3},
    ),
    # Keras adds eps before the bias of the second moment is corrected. So small a number is the same on both sides.
    "Adam": (
        lambda lr: keras.optimizers.Adam(lr, epsilon=1e-12),
        lambda parameters, lr: optim.Adam(parameters, lr=lr, eps=1e-12),
        {perceptron: 0.002, convolutional: 0.002, recurrent: 0.01},
    ),
}


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
@pytest.mark.parametrize("model", [perceptron, convolutional, recurrent])
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_an_epoch_from_the_same_weights_gives_the_losses_of_keras(model, optimiser):
    layers, x, y = model()
    keras.utils.set_random_seed(0)
    theirs = keras.Sequential([there.Input(x.shape[1:], dtype="int32" if x.dtype.kind == "i" else None), *layers])
    ours = from_keras(theirs)
    make_theirs, make_ours, rates = OPTIMISERS[optimiser]
    theirs.compile(make_theirs(rates[model]), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    optimizer = make_ours(ours.parameters(), rates[model])
    curves = [], []
    for start in range(0, len(x), BATCH):
        batch, labels = x[start : start + BATCH], y[start : start + BATCH]
        theirs.reset_metrics()
        curves[0].append(float(theirs.train_on_batch(batch, labels)))
        optimizer.zero_grad()
        loss = losses.cross_entropy(ours(here(batch)), labels)
        loss.backward()
        optimizer.step()
        curves[1].append(loss.item())
    expected, found = np.array(curves)
    assert len(expected) == 44
    assert expected[-4:].mean() < 0.9 * expected[0]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    probe = x[:50]
    scores = theirs.predict(probe, verbose=0)
    # Running variances are unbiased here, and count in evaluation.
    np.testing.assert_allclose(mg.predict(ours, here(probe)), scores, atol=0.02 if model is convolutional else 1e-3)
