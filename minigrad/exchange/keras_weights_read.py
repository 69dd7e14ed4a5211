"""Which convolutions and recurrent layers here compute what those of Keras compute, and with which weights?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import nn
from minigrad.exchange.keras_chain import Unsupported, array_of, check_layer
from minigrad.exchange.keras_layers_read import reads
from minigrad.exchange.keras_reading import Reading, given, is_of_keras, put, weight_and_bias
from minigrad.exchange.layers import Crop, Margins, ZeroPad


@reads("ZeroPadding1D", "ZeroPadding2D")
def _zero_padding(reading: Reading, layer: Any) -> None:
    reading.first()
    pairs = np.reshape(layer.padding, (-1, 2))
    reading.add(ZeroPad(tuple((int(before), int(after)) for before, after in pairs)))


def _zeros_before(reading: Reading, layer: Any, only_equal: bool) -> Margins | None:
    """The zeros that a layer before has added, which a convolution can add itself."""
    before = reading.layers[-1] if reading.layers else None
    if not isinstance(before, ZeroPad) or layer.padding != "valid":
        return None
    if only_equal and any(first != second for first, second in before.margins):
        return None
    reading.layers.pop()
    return before.margins


@reads("Conv2D")
def _conv(reading: Reading, layer: Any) -> None:
    reading.first()
    kernel = array_of(layer.kernel).transpose(3, 2, 0, 1)
    _add_conv(reading, layer, kernel, layer.kernel, layer.groups)
    reading.activation(layer.activation)


@reads("DepthwiseConv2D")
def _depthwise(reading: Reading, layer: Any) -> None:
    reading.first()
    _add_conv(reading, layer, _by_channel(layer.kernel), layer.kernel, reading.step.before[-1])
    reading.activation(layer.activation)


@reads("SeparableConv2D")
def _separable(reading: Reading, layer: Any) -> None:
    reading.first()
    variable = layer.depthwise_kernel
    _add_conv(reading, layer, _by_channel(variable), variable, reading.step.before[-1], has_bias=False)
    kernel = array_of(layer.pointwise_kernel).transpose(3, 2, 0, 1)
    made = nn.Conv(kernel.shape[1], kernel.shape[0], 1, bias=layer.use_bias, dtype=kernel.dtype, init=given(kernel))
    weight_and_bias(made, layer, kernel, layer.pointwise_kernel)
    reading.add(made)
    reading.activation(layer.activation)


def _by_channel(variable: Any) -> Any:
    """Kernels (h, w, channels, multiplier) as (channels * multiplier, 1, h, w)."""
    kernel = array_of(variable).transpose(2, 3, 0, 1)
    return kernel.reshape((-1, 1, *kernel.shape[2:]))


def _add_conv(
    reading: Reading, layer: Any, kernel: Any, variable: Any, groups: Any, has_bias: bool | None = None
) -> None:
    padding = _zeros_before(reading, layer, only_equal=False) or layer.padding
    made = nn.Conv(
        kernel.shape[1] * groups,
        kernel.shape[0],
        kernel.shape[2:],
        tuple(layer.strides),
        padding,  # type: ignore[arg-type]  # of images, two pairs
        bias=layer.use_bias if has_bias is None else has_bias,
        dtype=kernel.dtype,
        init=given(kernel),
        dilation=tuple(layer.dilation_rate),
        groups=groups,
    )
    weight_and_bias(made, layer, kernel, variable)
    reading.add(made)


@reads("Conv1D")
def _conv1d(reading: Reading, layer: Any) -> None:
    reading.first()
    kernel = array_of(layer.kernel).transpose(2, 1, 0)
    zeros = _zeros_before(reading, layer, only_equal=True)
    made = nn.Conv1d(
        kernel.shape[1] * layer.groups,
        kernel.shape[0],
        kernel.shape[2],
        layer.strides[0],
        layer.padding if zeros is None else zeros[0][0],
        bias=layer.use_bias,
        dtype=kernel.dtype,
        init=given(kernel),
        dilation=layer.dilation_rate[0],
        groups=layer.groups,
    )
    weight_and_bias(made, layer, kernel, layer.kernel)
    reading.add(made)
    reading.activation(layer.activation)


def cut_of_transposed(
    size: int, stride: int, dilation: int, padding: str, output_padding: int | None
) -> tuple[int, int]:
    """How many rows Keras cuts off before and after all that a transposed convolution reaches; below 0, how many more.

    As Keras does on JAX and TensorFlow: "same" gives as many rows as there were, times the stride.
    """
    reach = (size - 1) * dilation + 1
    if padding == "valid":
        return 0, -(max(stride - reach, 0) if output_padding is None else output_padding)
    total = stride + reach - 2 if output_padding is None else reach + reach % 2 - 2 + output_padding
    before = min(-(-total // 2), reach - 1)
    return reach - 1 - before, reach - 1 - (total - before)


@reads("Conv2DTranspose")
def _conv_transpose(reading: Reading, layer: Any) -> None:
    reading.first()
    kernel = array_of(layer.kernel).transpose(3, 2, 0, 1)
    size, stride, dilation = kernel.shape[2:], tuple(layer.strides), tuple(layer.dilation_rate)
    more = layer.output_padding
    outputs = (more, more) if more is None or isinstance(more, int) else more
    cuts = [
        cut_of_transposed(*each, layer.padding, output)
        for each, output in zip(zip(size, stride, dilation, strict=True), outputs, strict=True)
    ]
    (above, below), (left, right) = cuts
    output_padding = max(above - below, 0), max(left - right, 0)
    if any(extra >= step for extra, step in zip(output_padding, stride, strict=True)):
        raise Unsupported(f"output_padding={more} is not less than the strides of {stride}")
    made = nn.ConvTranspose(
        kernel.shape[0],
        kernel.shape[1],
        size,
        stride,
        (above, left),
        output_padding,
        bias=layer.use_bias,
        dtype=kernel.dtype,
        init=given(kernel),
        dilation=dilation,
    )
    weight_and_bias(made, layer, kernel, layer.kernel)
    reading.add(made)
    rest = max(below - above, 0), max(right - left, 0)
    if any(rest):
        reading.add(Crop(((0, rest[0]), (0, rest[1]))))
    reading.activation(layer.activation)


_CELLS = {"SimpleRNN": (nn.RNN, 1), "GRU": (nn.GRU, 3), "LSTM": (nn.LSTM, 4)}
# Of a GRU, Keras has the gates z, r, n; here they are r, z, n.
_GRU_GATES = (1, 0, 2)


@reads("SimpleRNN", "GRU", "LSTM")
def _recurrent(reading: Reading, layer: Any) -> None:
    _check_recurrent(layer)
    if layer.go_backwards:
        raise Unsupported("go_backwards=True; write nn.Lambda(lambda x: x[:, ::-1]) before the layer without it")
    _add_recurrent(reading, layer, [layer], layer)


@reads("Bidirectional")
def _bidirectional(reading: Reading, layer: Any) -> None:
    both = [layer.forward_layer, layer.backward_layer]
    if layer.merge_mode != "concat":
        raise Unsupported(f'merge_mode={layer.merge_mode!r}; "concat" is the one that layers here have')
    kinds = {type(each).__name__ for each in both}
    if len(kinds) != 1 or not kinds <= _CELLS.keys():
        raise Unsupported(f"its layers are {' and '.join(sorted(kinds))}; both have to be one of {', '.join(_CELLS)}")
    for each in both:
        if (dtype := check_layer(each)) != layer.compute_dtype:
            raise Unsupported(f"a layer in it computes in {dtype}, and it in {layer.compute_dtype}; use one dtype")
        _check_recurrent(each)
    first, second = both
    alike = ("units", "use_bias", "return_sequences")
    if any(getattr(first, name) != getattr(second, name) for name in alike):
        raise Unsupported(f"its two directions differ in {', '.join(alike)}, and here they are alike")
    if first.go_backwards or not second.go_backwards:
        raise Unsupported("its first layer has to go forwards, and its second one backwards")
    _add_recurrent(reading, first, both, layer)


def _check_recurrent(layer: Any) -> None:
    kind = type(layer).__name__
    if layer.return_state or layer.stateful:
        raise Unsupported("return_state and stateful belong to no chain; write a layer that hands on the state")
    if layer.dropout or layer.recurrent_dropout:
        raise Unsupported(
            f"it has dropout={layer.dropout}, recurrent_dropout={layer.recurrent_dropout}; set them to 0, and put "
            "nn.Dropout(rate) before the layer"
        )
    wanted = {"activation": "tanh"} | ({} if kind == "SimpleRNN" else {"recurrent_activation": "sigmoid"})
    for name, function in wanted.items():
        given_function = getattr(layer, name)
        found = getattr(given_function, "__name__", repr(given_function))
        if found != function or not is_of_keras(given_function):
            whose = " of yours" if found == function else ""
            raise Unsupported(f"its {name} is {found}{whose}; {kind} here has {function}")
    if kind == "GRU" and not layer.reset_after:
        raise Unsupported(
            "reset_after=False is another equation; nn.GRU computes that of reset_after=True, the default"
        )


def _add_recurrent(reading: Reading, layer: Any, directions: list[Any], around: Any) -> None:
    reading.last()
    kind = type(layer).__name__
    made_of, gates = _CELLS[kind]
    kernel = array_of(layer.cell.kernel)
    made = made_of(
        kernel.shape[0],
        kernel.shape[1] // gates,
        "sequence" if layer.return_sequences else "last",
        both_directions=len(directions) == 2,
        bias=layer.use_bias,
        dtype=kernel.dtype,
    )
    here = [made.forwards] if made.backwards is None else [made.forwards, made.backwards]
    for weights, each in zip(here, directions, strict=True):
        cell = each.cell
        owner = each if around.trainable else around
        put(weights.weight, in_other_order(kind, array_of(cell.kernel)), cell.kernel, owner)
        put(weights.recurrent, in_other_order(kind, array_of(cell.recurrent_kernel)), cell.recurrent_kernel, owner)
        if layer.use_bias:
            bias = in_other_order(kind, array_of(cell.bias))
            put(weights.bias, bias if bias.ndim == 1 else bias[0], cell.bias, owner)
            if bias.ndim == 2:
                put(weights.recurrent_bias, bias[1], cell.bias, owner)
    reading.add(made)


def in_other_order(kind: str, values: Any) -> Any:
    """The columns in the order that the gates have on the other side; done twice, it is undone."""
    if kind != "GRU":
        return values
    parts = np.split(values, 3, axis=-1)
    return np.concatenate([parts[place] for place in _GRU_GATES], axis=-1)
