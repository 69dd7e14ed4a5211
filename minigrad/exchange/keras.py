"""How does a model of Keras become one of minigrad, and the other way round?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import nn
from minigrad.data import import_keras
from minigrad.exchange import keras_weights_read, keras_weights_written
from minigrad.exchange.keras_chain import BETWEEN, Unsupported, check_layer, name_of, steps_of
from minigrad.exchange.keras_layers_read import READERS
from minigrad.exchange.keras_reading import Reading
from minigrad.exchange.keras_writing import written
from minigrad.nn.initializers import Seed

if TYPE_CHECKING:
    import keras

# Each of them puts its layers into a table.
_ENTRIES = (keras_weights_read, keras_weights_written)

_WRITE_INSTEAD = {
    "Lambda": "write nn.Lambda(f) with the same function of NumPy",
    "Masking": "write a layer whose forward calls lstm(x, mask=...)",
    "MultiHeadAttention": "write a layer whose forward calls nn.MultiHeadAttention",
    "TimeDistributed": "nn.Dense takes (N, T, features) without it: use the inner layer alone, if it is a Dense",
    "GaussianNoise": "write an nn.Layer that adds noise where self.training",
    "PReLU": "write an nn.Layer with a slope that is a parameter",
    "Normalization": "standardise the data before they reach the model",
}


def from_keras(model: keras.Model | str | os.PathLike[str], rng: Seed = None) -> nn.Sequential:
    """The minigrad model that computes what a Keras model computes, with copies of its weights.

    The model is a chain: a ``keras.Sequential`` or a functional model with one input, one output and no branches, also
    with such models inside. Images are (N, C, H, W) here where they are (N, H, W, C) in Keras, at both ends of the
    model; all else has the axes that it has in Keras. Kernels, and the rows of a Dense after Flatten, are rearranged.
    Values whose axes cannot be rearranged in weights go through ``nn.Lambda(channels_first)`` and
    ``nn.Lambda(channels_last)``.

    float32 and float64 are kept, and what is frozen in Keras is frozen here. Two things are not the same in training:
    Dropout draws other numbers, and the running variance of BatchNorm is the unbiased one, by a factor of n / (n - 1)
    for batches of n numbers.

    Args:
        model: a ``keras.Model``, or the path of a ``.keras`` file, which is read with the engine of Keras.
        rng: a seed or generator for the Dropout layers.

    Returns:
        An `nn.Sequential`.

    Raises:
        ValueError: for a model that is no chain or not built, and for a layer, or a setting of one, that has no exact
            counterpart here; the message names the layer, and says what to write.
        TypeError: for what is no model of Keras.
        ImportError: for a path, without Keras: ``pip install "minigrad-numpy[keras]"``.

    Examples:
        >>> there = mg.exchange.to_keras(nn.Sequential(nn.Dense(4, 8), nn.Tanh()), (4,))
        >>> mg.exchange.from_keras(there)
        Sequential(Dense(4, 8), Tanh())
    """
    if isinstance(model, (str, os.PathLike)):
        model = _loaded(model)
    steps = steps_of(model)
    if not steps:
        return nn.Sequential()
    reading = Reading(steps, np.random.default_rng(rng))
    dtypes: dict[np.dtype[Any], Any] = {}
    for position, step in enumerate(steps):
        reading.step, reading.rest = step, steps[position + 1 :]
        try:
            if step.kind not in READERS:
                raise Unsupported(f"there is nothing like it here; {_WRITE_INSTEAD.get(step.kind, BETWEEN)}")
            dtypes.setdefault(check_layer(step.layer), step.layer)
            READERS[step.kind](reading, step.layer)
        except ValueError as refused:
            raise ValueError(f"from_keras: {name_of(step.layer)}: {refused}") from refused
    if len(dtypes) > 1:
        raise ValueError(
            "from_keras: "
            + ", ".join(f"{name_of(layer)} computes in {dtype}" for dtype, layer in dtypes.items())
            + "; build all layers with one dtype"
        )
    reading.end()
    return nn.Sequential(*reading.layers)


def _loaded(path: str | os.PathLike[str]) -> Any:
    import_keras("from_keras with a path", "keras")
    import keras

    name = os.fspath(path)
    if not os.path.exists(name):
        raise FileNotFoundError(f"there is no file {name}")
    return keras.saving.load_model(name, compile=False)


def to_keras(model: nn.Layer, input_shape: tuple[int, ...]) -> keras.Sequential:
    """The Keras model that computes what a minigrad model computes, with copies of its weights.

    The model is a layer of `minigrad.nn`, or an `nn.Sequential` of them. Images are (N, H, W, C) in Keras where they
    are (N, C, H, W) here, at both ends of the model; see `from_keras`.

    Keras is imported if it is not yet, with the engine that KERAS_BACKEND names, or one that is installed.

    Args:
        model: what is trained and evaluated here; its mode does not matter.
        input_shape: of one sample, as it is here and without the batch: ``(1, 28, 28)`` for MNIST's images.

    Returns:
        A ``keras.Sequential`` that is built, and not compiled.

    Raises:
        ValueError: for a layer, or a setting of one, that has no exact counterpart in Keras; the message names it, and
            says what to write. Also for samples that the model does not take.
        TypeError: for what is no layer.
        ImportError: without Keras: ``pip install "minigrad-numpy[keras]"``.

    Examples:
        >>> model = nn.Sequential(nn.Dense(4, 8), nn.Tanh(), nn.Dense(8, 2))
        >>> there = mg.exchange.to_keras(model, (4,))
        >>> [type(layer).__name__ for layer in there.layers], there.output_shape
        (['Dense', 'Activation', 'Dense'], (None, 2))
    """
    if not isinstance(model, nn.Layer):
        raise TypeError(f"to_keras takes an nn.Layer, not a {type(model).__name__}")
    import_keras("to_keras", "keras")
    return written(model, input_shape)
