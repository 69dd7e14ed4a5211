"""Which convolutions, embeddings and recurrent layers of Keras compute what those here compute, with which weights?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import nn
from minigrad.engine.tensor import Tensor
from minigrad.exchange import keras_layers_written
from minigrad.exchange.keras_chain import Unsupported
from minigrad.exchange.keras_weights_read import cut_of_transposed, in_other_order
from minigrad.exchange.keras_writing import Writing, writes
from minigrad.exchange.layers import Crop
from minigrad.ops.nn.arguments import checked_padding

# It puts its layers into the table.
_ENTRIES = (keras_layers_written,)


@writes(nn.Conv)
def _conv(writing: Writing, layer: nn.Conv) -> None:
    writing.moved()
    padding = checked_padding(layer.padding, "padding")
    if not isinstance(padding, str):
        if any(zeros for pair in padding for zeros in pair):
            writing.add("ZeroPadding2D", padding)
        padding = "valid"
    settings = {
        "strides": layer.stride,
        "padding": padding,
        "dilation_rate": layer.dilation,
        "use_bias": layer.bias is not None,
    }
    if layer.groups == layer.in_channels > 1:
        multiplier = layer.out_channels // layer.groups
        made = writing.add("DepthwiseConv2D", layer.kernel_size, depth_multiplier=multiplier, **settings)
        shape = (layer.in_channels, multiplier, *layer.kernel_size)
        writing.weight(made, "kernel", layer.weight, lambda kernel: kernel.reshape(shape).transpose(2, 3, 0, 1))
    else:
        made = writing.add("Conv2D", layer.out_channels, layer.kernel_size, groups=layer.groups, **settings)
        writing.weight(made, "kernel", layer.weight, lambda kernel: kernel.transpose(2, 3, 1, 0))
    _bias(writing, made, layer.bias)


def _bias(writing: Writing, made: Any, bias: Tensor | None) -> None:
    if bias is not None:
        writing.weight(made, "bias", bias)


@writes(nn.Conv1d)
def _conv1d(writing: Writing, layer: nn.Conv1d) -> None:
    writing.moved()
    padding = layer.padding
    if not isinstance(padding, str):
        if padding:
            writing.add("ZeroPadding1D", int(padding))
        padding = "valid"
    made = writing.add(
        "Conv1D",
        layer.out_channels,
        layer.kernel_size,
        strides=layer.stride,
        padding=padding,
        dilation_rate=layer.dilation,
        groups=layer.groups,
        use_bias=layer.bias is not None,
    )
    writing.weight(made, "kernel", layer.weight, lambda kernel: kernel.transpose(2, 1, 0))
    _bias(writing, made, layer.bias)


@writes(nn.ConvTranspose)
def _conv_transpose(writing: Writing, layer: nn.ConvTranspose) -> None:
    if layer.groups != 1:
        raise Unsupported("Conv2DTranspose of Keras has no groups")
    if layer.dilation != (1, 1) and layer.stride != (1, 1):
        raise Unsupported("Conv2DTranspose of Keras has either strides or a dilation")
    writing.moved()
    axes = list(zip(layer.kernel_size, layer.stride, layer.dilation, strict=True))
    cuts = [(cut, cut - more) for cut, more in zip(layer.padding, layer.output_padding, strict=True)]
    # What Keras calls "same" may be this layer and a Crop behind it.
    behind = writing.rest[0] if writing.rest else None
    together = None
    if isinstance(behind, Crop) and len(behind.margins) == 2:
        together = [
            (before + first, after + last) for (before, after), (first, last) in zip(cuts, behind.margins, strict=True)
        ]
    settings: dict[str, Any] = {"padding": "valid", "output_padding": layer.output_padding}
    crops = [(cut, cut) for cut in layer.padding]
    for padding in ("same", "valid"):
        own = [cut_of_transposed(*axis, padding, None) for axis in axes]
        if own in (cuts, together):
            settings, crops = {"padding": padding}, []
            writing.taken = None if own == cuts else behind
            break
    made = writing.add(
        "Conv2DTranspose",
        layer.out_channels,
        layer.kernel_size,
        strides=layer.stride,
        dilation_rate=layer.dilation,
        use_bias=layer.bias is not None,
        **settings,
    )
    writing.weight(made, "kernel", layer.weight, lambda kernel: kernel.transpose(2, 3, 1, 0))
    _bias(writing, made, layer.bias)
    if any(zeros for pair in crops for zeros in pair):
        writing.add("Cropping2D", crops)


@writes(nn.Embedding)
def _embedding(writing: Writing, layer: nn.Embedding) -> None:
    if layer.padding is not None:
        raise Unsupported(
            f"Keras would train the vector of the number {layer.padding}; set layer.padding = None, if that is right"
        )
    writing.unmoved()
    made = writing.add("Embedding", layer.count, layer.features)
    writing.weight(made, "embeddings", layer.weight)


_KINDS: dict[type[nn.Layer], str] = {nn.RNN: "SimpleRNN", nn.GRU: "GRU", nn.LSTM: "LSTM"}


@writes(*_KINDS)
def _recurrent(writing: Writing, layer: Any) -> None:
    if layer.returns == "both":
        raise Unsupported("returns='both' gives two values, and layers of a chain give one; use 'sequence' or 'last'")
    writing.unmoved()
    kind, has_bias = _KINDS[type(layer)], layer.forwards.bias is not None
    settings = {"return_sequences": layer.returns == "sequence", "use_bias": has_bias}
    if layer.backwards is None:
        made = writing.add(kind, layer.size, **settings)
    else:
        inner = getattr(writing.keras.layers, kind)(layer.size, **settings, dtype=writing.dtype)
        made = writing.add("Bidirectional", inner)
    for path, weights in (("forward_layer.", layer.forwards), ("backward_layer.", layer.backwards)):
        if weights is not None:
            _weights_of_cell(writing, made, "cell." if layer.backwards is None else f"{path}cell.", kind, weights)


def _weights_of_cell(writing: Writing, made: Any, path: str, kind: str, weights: Any) -> None:
    def gates(values: Any) -> Any:
        return in_other_order(kind, values)

    writing.weight(made, f"{path}kernel", weights.weight, gates)
    writing.weight(made, f"{path}recurrent_kernel", weights.recurrent, gates)
    if weights.recurrent_bias is not None:
        again = gates(weights.recurrent_bias.detach().numpy())
        writing.weight(made, f"{path}bias", weights.bias, lambda bias: np.stack([gates(bias), again]))
    elif weights.bias is not None:
        writing.weight(made, f"{path}bias", weights.bias)
