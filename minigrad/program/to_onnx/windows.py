"""How are convolution and pooling written, for which ONNX has nodes of their own?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.ops.nn.windows import conv2d, conv2d_transpose
from minigrad.program import ir
from minigrad.program.ir import Instruction, Size, Var
from minigrad.program.to_onnx.graph import Graph, Refused, Term, normal, shape_of
from minigrad.program.to_onnx.table import lowers


@lowers(conv2d)
def _conv2d(
    graph: Graph,
    call: Instruction,
    x: Any,
    kernels: Any,
    stride: Any = (1, 1),
    padding: Any = ((0, 0), (0, 0)),
    dilation: Any = (1, 1),
    groups: int = 1,
) -> Term:
    settings: dict[str, Any] = {"strides": list(stride), "dilations": list(dilation), "group": groups}
    size = shape_of(kernels)[2:]
    if padding == "same":
        if any(isinstance(each, Size) for each in size):
            raise Refused('with padding="same" and kernels of any size has no counterpart in ONNX')
        padding = _same(shape_of(x)[2:], size, stride, dilation)
    if padding is None:
        settings["auto_pad"] = "SAME_UPPER"
    else:
        (top, bottom), (left, right) = padding
        settings["pads"] = [top, left, bottom, right]
    dtype = call.out.dtype
    return graph.term(x, dtype).op("Conv", graph.term(kernels, dtype), **settings)


@lowers(conv2d_transpose)
def _conv2d_transpose(
    graph: Graph,
    call: Instruction,
    x: Any,
    kernels: Any,
    size: Any,
    stride: Any = (1, 1),
    padding: Any = ((0, 0), (0, 0)),
    dilation: Any = (1, 1),
    groups: int = 1,
) -> Term:
    if padding == "same":
        raise Refused('with padding="same" has no counterpart in ONNX; give the padding as numbers')
    (top, bottom), (left, right) = padding
    taps, places = shape_of(kernels)[2:], shape_of(x)[2:]
    more: list[int] = []
    for length, count, step, cut, spread, tap in zip(
        size, places, stride, (top + bottom, left + right), dilation, taps, strict=True
    ):
        # How much longer it is than it has to be, which is the same for images of any size.
        found = {
            _at(length, sizes) - ((_at(count, sizes) - 1) * step - cut + spread * (_at(tap, sizes) - 1) + 1)
            for sizes in (11, 17)
        }
        if len(found) > 1:
            raise Refused("to images of any size has no counterpart in ONNX; let the size follow from that of the maps")
        more += found
    settings = {"strides": list(stride), "dilations": list(dilation), "group": groups}
    settings |= {"pads": [top, left, bottom, right], "output_padding": more}
    dtype = call.out.dtype
    return graph.term(x, dtype).op("ConvTranspose", graph.term(kernels, dtype), **settings)


def _at(size: Any, length: int) -> int:
    """A size where every axis that is free has some length."""
    if not isinstance(size, Size):
        return int(size)
    return int(size.value({dim.var: (length,) * len(dim.var.shape or ()) for dim in size.dims()}))


def _same(image: Any, size: Any, stride: Any, dilation: Any) -> list[tuple[int, int]] | None:
    """The zeros around an image so that every stride-th place has a window; None where its size is free."""
    margins = []
    for length, taps, step, spread in zip(image, size, stride, dilation, strict=True):
        reach = spread * (taps - 1) + 1
        if step == 1:
            zeros = reach - 1
        elif not isinstance(length, Size):
            zeros = max((-(-length // step) - 1) * step + reach - length, 0)
        elif dilation == (1, 1):
            return None
        else:
            raise Refused(
                'with padding="same", a stride and a dilation has no counterpart in ONNX for images of any size; '
                "give the padding as numbers"
            )
        margins.append((zeros // 2, zeros - zeros // 2))
    return margins


@lowers(np.lib.stride_tricks.sliding_window_view)
def _sliding_window_view(graph: Graph, call: Instruction, x: Any, window_shape: Any, axis: Any = None) -> Term:
    shape = shape_of(x)
    sizes = window_shape if isinstance(window_shape, (tuple, list)) else (window_shape,)
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    found, rank = graph.term(x), len(shape)
    for each, size in zip(axes, sizes, strict=True):
        place = normal(int(each), len(shape))
        starts = counted(graph, Size("-", (shape[place], size - 1))).unsqueezed(1)
        found = found.op("Gather", starts + counted(graph, size), axis=place)
        # The elements of a window stand behind its place now, and belong at the end.
        rank += 1
        order = [own for own in range(rank) if own != place + 1]
        found = found.along([*order, place + 1])
    return found


def counted(graph: Graph, count: Any) -> Term:
    """0, 1, 2 and so on up to a size."""
    count = graph.size(count)
    if not isinstance(count, Term):
        return graph.whole(range(count))
    end = count.squeezed(0)
    return graph.node("Range", (graph.term(np.int64(0)), end, graph.term(np.int64(1))), np.int64)


def pooled(graph: Graph, call: Instruction, kind: str, x: Any, axis: Any, keepdims: bool) -> Term | None:
    """One node for the maximum or the mean of all windows of images; None where something else is reduced.

    A program has the windows, every so many of them, and then what is taken of each, in three calls.
    """
    chosen = graph.makers.get(x) if isinstance(x, Var) else None
    if axis not in ((-2, -1), (4, 5)) or keepdims or chosen is None or chosen.function is not ir.item:
        return None
    windows = graph.makers.get(chosen.args[0])
    if windows is None or windows.function is not np.lib.stride_tricks.sliding_window_view:
        return None
    image, size, *_ = windows.args
    is_of_images = windows.kwargs.get("axis") == (2, 3) and len(shape_of(image)) == 4 and not windows.args[2:]
    index = chosen.args[1]
    if not is_of_images or not isinstance(index, tuple) or len(index) != 4:
        return None
    steps = [each.step or 1 for each in index if isinstance(each, slice) and each.start is each.stop is None]
    if len(steps) != 4 or steps[:2] != [1, 1] or not all(type(step) is int and step > 0 for step in steps):
        return None
    return graph.term(image, call.out.dtype).op(kind, kernel_shape=list(size), strides=steps[2:])
