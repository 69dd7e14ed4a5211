"""Which layers here compute what a layer of Keras computes?

Each function takes a `Reading` and the layer, and adds what is the same. Shapes and conventions are those of Keras's
own documentation of its layers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import nn
from minigrad.exchange.keras_chain import WITHOUT_MASK, Unsupported, array_of
from minigrad.exchange.keras_reading import Reading, given, put, weight_and_bias
from minigrad.exchange.layers import Crop, FrozenBatchNorm, Rescaling, channels_first, channels_last, elu, relu6

Reader = Callable[[Reading, Any], None]
READERS: dict[str, Reader] = {}


def reads(*kinds: str) -> Callable[[Reader], Reader]:
    """Put a function into the table, for layers of these classes."""

    def put_in(function: Reader) -> Reader:
        READERS.update(dict.fromkeys(kinds, function))
        return function

    return put_in


@reads("Dense")
def _dense(reading: Reading, layer: Any) -> None:
    reading.last()
    kernel = reading.feature_vector(array_of(layer.kernel))
    reading.order = None
    made = nn.Dense(kernel.shape[0], kernel.shape[1], bias=layer.use_bias, dtype=kernel.dtype, init=given(kernel))
    weight_and_bias(made, layer, kernel, layer.kernel)
    reading.add(made)
    reading.activation(layer.activation)


@reads("Flatten")
def _flatten(reading: Reading, layer: Any) -> None:
    reading.flatten()


@reads("Reshape")
def _reshape(reading: Reading, layer: Any) -> None:
    reading.last()
    reading.add(nn.Reshape(tuple(layer.target_shape)))


@reads("Permute")
def _permute(reading: Reading, layer: Any) -> None:
    rank, dims = len(layer.dims), tuple(layer.dims)
    if dims == tuple(range(1, rank + 1)):
        return
    to_first, to_last = (rank, *range(1, rank)), (*range(2, rank + 1), 1)
    if dims == to_last and not reading.is_first:
        # The values stay where they are, and are called otherwise.
        reading.is_first = True
    elif dims == to_first and reading.is_first:
        reading.is_first = False
    elif dims in (to_first, to_last):
        reading.last()
        reading.add(nn.Lambda(channels_first if dims == to_first else channels_last))
    else:
        raise Unsupported(
            f"dims={dims} moves other axes than the first or the last; write nn.Lambda(lambda x: np.transpose(x, ...))"
        )


@reads("Dropout")
def _dropout(reading: Reading, layer: Any) -> None:
    shape = layer.noise_shape
    if shape is not None and any(size is not None for size in shape):
        raise Unsupported("its noise_shape leaves out elements together; write an nn.Layer that draws such a mask")
    reading.add(nn.Dropout(float(layer.rate), rng=reading.rng))


@reads("Activation")
def _activation(reading: Reading, layer: Any) -> None:
    reading.activation(layer.activation)


@reads("Identity", "InputLayer")
def _identity(reading: Reading, layer: Any) -> None:
    pass


@reads("ReLU")
def _relu(reading: Reading, layer: Any) -> None:
    slope, most, threshold = layer.negative_slope, layer.max_value, layer.threshold
    if threshold or (most is not None and (slope or float(most) != 6.0)):
        raise Unsupported(
            f"it has max_value={most}, negative_slope={slope}, threshold={threshold}; write nn.Lambda(f) with that "
            "function of NumPy"
        )
    reading.add(nn.Lambda(relu6) if most is not None else nn.LeakyReLU(float(slope)) if slope else nn.ReLU())


@reads("LeakyReLU")
def _leaky_relu(reading: Reading, layer: Any) -> None:
    reading.add(nn.LeakyReLU(float(layer.negative_slope)))


@reads("ELU")
def _elu(reading: Reading, layer: Any) -> None:
    if float(layer.alpha) != 1.0:
        raise Unsupported(f"it has alpha={layer.alpha}, and elu here has 1; write nn.Lambda(f) with that function")
    reading.add(nn.Lambda(elu))


@reads("Softmax")
def _softmax(reading: Reading, layer: Any) -> None:
    if not isinstance(layer.axis, int):
        raise Unsupported(f"it is over the axes {layer.axis} together; write nn.Lambda(f)")
    reading.add(nn.Softmax(reading.axis(layer.axis)))


@reads("Rescaling")
def _rescaling(reading: Reading, layer: Any) -> None:
    if np.ndim(layer.scale) or np.ndim(layer.offset):
        raise Unsupported("it has a scale for each channel; write nn.Lambda(lambda x: x * scale + offset)")
    reading.add(Rescaling(float(layer.scale), float(layer.offset)))


@reads("BatchNormalization")
def _batch_norm(reading: Reading, layer: Any) -> None:
    rank = len(reading.step.before) + 1
    axis = layer.axis % rank if isinstance(layer.axis, int) else layer.axis
    if axis == rank - 1:
        reading.first()
    elif axis == 1:
        reading.last()
    else:
        raise Unsupported(f"axis={layer.axis} is neither the last axis nor the second")
    mean, variance = (reading.feature_vector(array_of(each)) for each in (layer.moving_mean, layer.moving_variance))
    kind = nn.BatchNorm if layer.trainable else FrozenBatchNorm
    made = kind(mean.size, round(1.0 - layer.momentum, 15), float(layer.epsilon), dtype=mean.dtype)
    made.update(mean=mean, variance=variance)
    _scale_and_shift(reading, layer, made)
    reading.add(made.train())


def _scale_and_shift(reading: Reading, layer: Any, made: Any) -> None:
    if layer.scale:
        put(made.scale, reading.feature_vector(array_of(layer.gamma)), layer.gamma, layer)
    else:
        made.scale = None
    if layer.center:
        put(made.shift, reading.feature_vector(array_of(layer.beta)), layer.beta, layer)
    else:
        made.shift = None


@reads("LayerNormalization")
def _layer_norm(reading: Reading, layer: Any) -> None:
    if getattr(layer, "rms_scaling", False):
        raise Unsupported("rms_scaling=True divides by the deviation from the mean, which no layer here does")
    rank = len(reading.step.before) + 1
    axes = sorted(axis % rank for axis in np.ravel(layer.axis))
    if axes != list(range(rank - len(axes), rank)):
        raise Unsupported(f"axis={layer.axis} are not the last axes")
    if None in (shape := reading.step.before[rank - 1 - len(axes) :]):
        raise Unsupported(f"it normalises axes of unknown sizes, {shape}")
    reading.last()
    dtype = np.dtype(layer.variable_dtype)
    made = nn.LayerNorm(shape, float(layer.epsilon), dtype=dtype)  # type: ignore[arg-type]  # no None is left
    _scale_and_shift(reading, layer, made)
    reading.add(made)


@reads("RMSNormalization")
def _rms_norm(reading: Reading, layer: Any) -> None:
    scale = array_of(layer.scale)
    if scale.ndim != 1 or np.ravel(layer.axis)[0] not in (-1, len(reading.step.before)):
        raise Unsupported(f"axis={layer.axis} is not the last axis alone")
    reading.last()
    made = nn.RMSNorm(scale.size, float(layer.epsilon), dtype=scale.dtype)
    put(made.scale, scale, layer.scale, layer)
    reading.add(made)


@reads("GroupNormalization")
def _group_norm(reading: Reading, layer: Any) -> None:
    if layer.axis not in (-1, len(reading.step.before)):
        raise Unsupported(f"axis={layer.axis} is not the last axis")
    reading.first()
    channels = reading.step.before[-1]
    assert channels is not None
    groups = channels if layer.groups == -1 else layer.groups
    made = nn.GroupNorm(groups, channels, float(layer.epsilon), dtype=np.dtype(layer.variable_dtype))
    _scale_and_shift(reading, layer, made)
    reading.add(made)


def fills(reading: Reading, size: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether windows reach just to the edges of images, so that "same" adds nothing."""
    spatial = reading.step.before[:-1]
    return all(
        length is not None and max((-(-length // step) - 1) * step + reach - length, 0) == 0
        for length, reach, step in zip(spatial, size, strides, strict=True)
    )


@reads("MaxPooling2D", "AveragePooling2D")
def _pooling(reading: Reading, layer: Any) -> None:
    size, strides, padding = tuple(layer.pool_size), tuple(layer.strides), layer.padding
    if padding == "same" and fills(reading, size, strides):
        padding = "valid"
    reading.first()
    if type(layer).__name__ == "MaxPooling2D":
        reading.add(nn.MaxPool(size, strides, padding))
        return
    if padding == "same":
        raise Unsupported(
            f'padding="same" adds edges to images of {reading.step.before[:-1]}, and nn.AvgPool has none; use '
            'padding="valid", or images that the windows fill'
        )
    reading.add(nn.AvgPool(size, strides))


@reads("GlobalAveragePooling2D", "GlobalMaxPooling2D", "GlobalAveragePooling1D", "GlobalMaxPooling1D")
def _global_pooling(reading: Reading, layer: Any) -> None:
    if layer.keepdims:
        raise Unsupported("keepdims=True keeps axes of size 1; leave it out, and add Reshape((1, 1, channels))")
    reading.first()
    reading.add(nn.GlobalAvgPool() if "Average" in type(layer).__name__ else nn.GlobalMaxPool())
    reading.is_first = False


@reads("UpSampling2D")
def _upsampling(reading: Reading, layer: Any) -> None:
    if layer.interpolation not in ("nearest", "bilinear"):
        raise Unsupported(f"interpolation={layer.interpolation!r} is neither 'nearest' nor 'bilinear'")
    reading.first()
    reading.add(nn.Upsample(tuple(layer.size), layer.interpolation))


@reads("Cropping1D", "Cropping2D")
def _cropping(reading: Reading, layer: Any) -> None:
    reading.first()
    pairs = np.reshape(layer.cropping, (-1, 2))
    reading.add(Crop(tuple((int(before), int(after)) for before, after in pairs)))


@reads("Embedding")
def _embedding(reading: Reading, layer: Any) -> None:
    if layer.mask_zero:
        raise Unsupported(f"mask_zero=True hands a mask on, which no layer of a chain does here; {WITHOUT_MASK}")
    vectors = array_of(layer.embeddings)
    reading.last()
    made = nn.Embedding(vectors.shape[0], vectors.shape[1], dtype=vectors.dtype, init=given(vectors))
    put(made.weight, vectors, layer.embeddings, layer)
    reading.add(made)
    reading.is_first = False
