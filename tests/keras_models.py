"""Does a model that goes from Keras to minigrad and back compute the same, with the same weights?"""

import numpy as np

from minigrad import data

data.import_keras("a comparison with Keras", "tests")

import keras  # noqa: E402  # with the engine that was just chosen

import minigrad as mg  # noqa: E402

there = keras.layers


def built(layers, shape, rng, numbers=False):
    """A Keras model of layers whose weights are far from where they begin."""
    model = keras.Sequential([keras.layers.Input(shape, dtype="int32" if numbers else "float32"), *layers])
    return shuffled(model, rng)


def shuffled(model, rng):
    """The model with random weights, and variances that are positive."""
    for variable in model.weights:
        values = 0.4 * rng.normal(size=variable.shape)
        variable.assign(np.abs(values) + 0.5 if "variance" in variable.path else values)
    return model


def sample(shape, rng, numbers=False):
    """Three samples."""
    return rng.integers(0, 5, (3, *shape)) if numbers else rng.normal(size=(3, *shape)).astype(np.float32)


def here(x):
    """As values of Keras lie in minigrad: images with channels first."""
    return np.moveaxis(x, -1, 1) if x.ndim == 4 else x


def computed(model, x):
    """What a model of Keras gives in evaluation."""
    return keras.ops.convert_to_numpy(model(x, training=False))


def arrays(model):
    """The weights of a model of Keras, by what they are."""
    return [keras.ops.convert_to_numpy(variable.value) for variable in model.weights]


def assert_goes_both_ways(model, x, within=1e-5):
    """A model of Keras, the one made of it and the one made of that compute the same; give the second one."""
    expected = computed(model, x)
    made = mg.exchange.from_keras(model)
    assert_close(mg.predict(made, here(x)), here(expected), within)
    back = mg.exchange.to_keras(made, here(x).shape[1:])
    assert_close(computed(back, x), expected, within)
    for found, wanted in zip(arrays(back), arrays(model), strict=True):
        np.testing.assert_array_equal(found, wanted)
    again = mg.exchange.from_keras(back)
    assert repr(again) == repr(made)
    for name, wanted in made.state_dict().items():
        np.testing.assert_array_equal(again.state_dict()[name], wanted)
    return made


def assert_close(found, expected, within):
    """Equal within a share of the largest element, or of 1."""
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=within * max(1.0, np.max(np.abs(expected), initial=0.0)))
