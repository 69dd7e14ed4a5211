"""Which layers of Keras compute what a layer without kernels computes?

Each function takes a `Writing` and the layer, and adds what is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import nn, ops
from minigrad.exchange.keras_chain import Unsupported
from minigrad.exchange.keras_writing import Writing, writes
from minigrad.exchange.layers import (
    ACTIVATIONS,
    Crop,
    FrozenBatchNorm,
    Rescaling,
    ZeroPad,
    channels_first,
    channels_last,
)


@writes(nn.Dense)
def _dense(writing: Writing, layer: nn.Dense) -> None:
    writing.unmoved()
    made = writing.add("Dense", layer.out_features, use_bias=layer.bias is not None)
    writing.weight(made, "kernel", layer.weight, writing.feature_vector)
    writing.order = None
    if layer.bias is not None:
        writing.weight(made, "bias", layer.bias)


@writes(nn.Flatten)
def _flatten(writing: Writing, layer: nn.Flatten) -> None:
    writing.flatten()


@writes(nn.Reshape)
def _reshape(writing: Writing, layer: nn.Reshape) -> None:
    writing.unmoved()
    writing.add("Reshape", layer.shape)


@writes(nn.Dropout)
def _dropout(writing: Writing, layer: nn.Dropout) -> None:
    writing.add("Dropout", layer.rate)


@writes(nn.Identity)
def _identity(writing: Writing, layer: nn.Identity) -> None:
    pass


@writes(Rescaling)
def _rescaling(writing: Writing, layer: Rescaling) -> None:
    writing.add("Rescaling", layer.scale, layer.offset)


_NAMES: dict[type[nn.Layer], str] = {
    nn.ReLU: "relu",
    nn.Tanh: "tanh",
    nn.Sigmoid: "sigmoid",
    nn.Softplus: "softplus",
    nn.GELU: "gelu",
}


@writes(*_NAMES)
def _activation(writing: Writing, layer: nn.Layer) -> None:
    writing.add("Activation", _NAMES[type(layer)])


@writes(nn.LeakyReLU)
def _leaky_relu(writing: Writing, layer: nn.LeakyReLU) -> None:
    writing.add("LeakyReLU", negative_slope=float(layer.slope))


@writes(nn.Softmax)
def _softmax(writing: Writing, layer: nn.Softmax) -> None:
    writing.add("Softmax", axis=writing.axis(layer.axis))


@writes(nn.LogSoftmax)
def _log_softmax(writing: Writing, layer: nn.LogSoftmax) -> None:
    rank = len(writing.before)
    if layer.axis % rank == rank - 1:
        writing.unmoved()
    elif layer.axis % rank == 1:
        writing.moved()
    else:
        raise Unsupported("log_softmax of Keras is over the last axis; use axis=-1 or axis=1")
    writing.add("Activation", "log_softmax")


_FUNCTIONS: dict[Callable[..., Any], str] = {
    **{function: name for name, function in ACTIVATIONS.items()},
    np.tanh: "tanh",
    np.exp: "exponential",
    **{getattr(ops, name): name for name in ("relu", "tanh", "sigmoid", "softplus", "gelu", "log_sigmoid")},
}


@writes(nn.Lambda)
def _function(writing: Writing, layer: nn.Lambda) -> None:
    if len(writing.before) > 2 and layer.function is channels_first and not writing.is_moved:
        # The values stay where they are, and are called otherwise.
        writing.is_moved = True
    elif len(writing.before) > 2 and layer.function is channels_last and writing.is_moved:
        writing.is_moved = False
    elif layer.function in (channels_first, channels_last):
        rank = len(writing.before) - 1
        writing.unmoved()
        to_last = (*range(2, rank + 1), 1)
        writing.add("Permute", (rank, *range(1, rank)) if layer.function is channels_first else to_last)
    elif layer.function in _FUNCTIONS:
        writing.add("Activation", _FUNCTIONS[layer.function])
    else:
        raise Unsupported(
            "it is a function of yours; convert what comes before it and after it, and put a keras.layers.Lambda "
            "between the two"
        )


@writes(nn.BatchNorm, FrozenBatchNorm)
def _batch_norm(writing: Writing, layer: nn.BatchNorm) -> None:
    axis = -1 if writing.is_moved or len(writing.before) == 2 else 1
    made = writing.add(
        "BatchNormalization",
        axis=axis,
        momentum=round(1.0 - layer.momentum, 15),
        epsilon=layer.eps,
        center=layer.shift is not None,
        scale=layer.scale is not None,
    )
    _scale_and_shift(writing, layer, made)
    writing.weight(made, "moving_mean", layer.mean, writing.feature_vector)
    writing.weight(made, "moving_variance", layer.variance, writing.feature_vector)
    if isinstance(layer, FrozenBatchNorm):
        made.trainable = False


def _scale_and_shift(writing: Writing, layer: Any, made: Any) -> None:
    for path, tensor in (("gamma", layer.scale), ("beta", layer.shift)):
        if tensor is not None:
            writing.weight(made, path, tensor, writing.feature_vector)


@writes(nn.LayerNorm)
def _layer_norm(writing: Writing, layer: nn.LayerNorm) -> None:
    writing.unmoved()
    axes = list(range(-len(layer.shape), 0))
    made = writing.add(
        "LayerNormalization",
        axis=axes if len(axes) > 1 else -1,
        epsilon=layer.eps,
        center=layer.shift is not None,
        scale=layer.scale is not None,
    )
    _scale_and_shift(writing, layer, made)


@writes(nn.RMSNorm)
def _rms_norm(writing: Writing, layer: nn.RMSNorm) -> None:
    if layer.scale is None:
        raise Unsupported("RMSNormalization of Keras always has a scale; write affine=True, and freeze the scale")
    writing.unmoved()
    made = writing.add("RMSNormalization", axis=-1, epsilon=layer.eps)
    writing.weight(made, "scale", layer.scale)


@writes(nn.GroupNorm)
def _group_norm(writing: Writing, layer: nn.GroupNorm) -> None:
    writing.moved()
    made = writing.add(
        "GroupNormalization",
        groups=layer.groups,
        axis=-1,
        epsilon=layer.eps,
        center=layer.shift is not None,
        scale=layer.scale is not None,
    )
    _scale_and_shift(writing, layer, made)


@writes(nn.MaxPool, nn.AvgPool)
def _pooling(writing: Writing, layer: Any) -> None:
    padding = getattr(layer, "padding", "valid")  # not every pool has one
    if not isinstance(padding, str):
        if np.any(padding):
            raise Unsupported(f'its windows reach beyond images by {padding}, and Keras has "valid" and "same" alone')
        padding = "valid"
    writing.moved()
    kind = "MaxPooling2D" if type(layer) is nn.MaxPool else "AveragePooling2D"
    writing.add(kind, layer.size, strides=layer.stride, padding=padding)


@writes(nn.GlobalAvgPool, nn.GlobalMaxPool)
def _global_pooling(writing: Writing, layer: nn.Layer) -> None:
    rank = len(writing.before)
    if rank > 4:
        raise Unsupported(f"it is applied to values of {rank} axes; only images and sequences are converted")
    writing.moved()
    writing.add(f"Global{'Average' if type(layer) is nn.GlobalAvgPool else 'Max'}Pooling{rank - 2}D")
    writing.is_moved = False


@writes(nn.Upsample)
def _upsample(writing: Writing, layer: nn.Upsample) -> None:
    writing.moved()
    writing.add("UpSampling2D", layer.factor, interpolation=layer.mode)


@writes(ZeroPad)
def _zero_pad(writing: Writing, layer: ZeroPad) -> None:
    writing.moved()
    margins = layer.margins
    writing.add(f"ZeroPadding{len(margins)}D", margins if len(margins) > 1 else margins[0])


@writes(Crop)
def _crop(writing: Writing, layer: Crop) -> None:
    writing.moved()
    margins = layer.margins
    writing.add(f"Cropping{len(margins)}D", margins if len(margins) > 1 else margins[0])
