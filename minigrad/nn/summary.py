"""What does a model look like, as a table of layers, output shapes and parameter counts?"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.modes import no_grad

if TYPE_CHECKING:
    from minigrad.nn.layer import Layer

_shapes: ContextVar[dict[int, tuple[int, ...]] | None] = ContextVar("minigrad_shapes", default=None)


def observe(layer: Layer, out: Any) -> None:
    """Note the shape of what a layer returned, while a summary is being made."""
    shapes = _shapes.get()
    if shapes is not None:
        shapes[id(layer)] = np.shape(out)


def table(model: Layer, input_shape: tuple[int, ...] | None) -> str:
    """The table that `Layer.summary` prints."""
    shapes = _output_shapes(model, input_shape)
    rows = [("layer", "output shape", "parameters")]
    for depth, layer in _walk(model):
        shape = shapes.get(id(layer))
        shown = "" if shape is None else str(("N", *shape[1:])).replace("'", "")
        rows.append(("  " * depth + _title(layer), shown, f"{_count(layer):,}"))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {count:>{widths[2]}}".rstrip() for name, shape, count in rows]
    rule = "-" * max(map(len, lines))
    bytes_held = sum(tensor.data.nbytes for tensor in model.parameters())
    return "\n".join([lines[0], rule, *lines[1:], rule, f"{_count(model):,} parameters, {bytes_held / 1024:,.1f} KiB"])


def _walk(layer: Layer, depth: int = 0) -> list[tuple[int, Layer]]:
    return [(depth, layer), *(entry for inner in layer.sublayers() for entry in _walk(inner, depth + 1))]


def _title(layer: Layer) -> str:
    return type(layer).__name__ if any(True for _ in layer.sublayers()) else repr(layer)


def _count(layer: Layer) -> int:
    return sum(tensor.size for tensor in layer.parameters())


def _output_shapes(model: Layer, input_shape: tuple[int, ...] | None) -> dict[int, tuple[int, ...]]:
    """The shape that every layer returns for one sample of zeros."""
    if input_shape is None:
        first = next((layer for _, layer in _walk(model) if not any(True for _ in layer.sublayers())), model)
        features = getattr(first, "in_features", None)
        if features is None:
            return {}
        input_shape = (features,)
    parameters = model.parameters()
    sample = np.zeros((1, *input_shape), dtype=parameters[0].dtype if parameters else np.float32)
    shapes: dict[int, tuple[int, ...]] = {}
    modes = [(layer, layer.training) for _, layer in _walk(model)]
    token = _shapes.set(shapes)
    try:
        model.eval()
        with no_grad():
            model(sample)
    finally:
        _shapes.reset(token)
        for layer, mode in modes:
            layer.training = mode
    return shapes
