"""What does a model look like, as a table of layers, output shapes and parameter counts?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.engine import html
from minigrad.engine.recording import Observer
from minigrad.nn.mode import LayerLike, call_evaluating


class _Shapes(Observer):
    """Notes the shape of what every layer returns."""

    def __init__(self) -> None:
        self.found: dict[int, tuple[int, ...]] = {}

    def output(self, layer: LayerLike, out: Any) -> None:
        # A layer of the user's own may return several arrays, which have no shape together.
        if hasattr(out, "shape"):
            self.found[id(layer)] = out.shape


def table(model: LayerLike, input_shape: tuple[int, ...] | None) -> str:
    """The table that `Layer.summary` prints."""
    shapes = _guessed_shapes(model) if input_shape is None else _output_shapes(model, input_shape)
    rows = [("layer", "output shape", "parameters")]
    for depth, _, layer in _walk(model):
        shape = shapes.get(id(layer))
        shown = "" if shape is None else str(("N", *shape[1:])).replace("'", "")
        rows.append(("  " * depth + _title(layer), shown, f"{_count(layer):,}"))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {count:>{widths[2]}}".rstrip() for name, shape, count in rows]
    rule = "-" * max(map(len, lines))
    bytes_held = sum(tensor.nbytes for tensor in model.parameters())
    return "\n".join([lines[0], rule, *lines[1:], rule, f"{_count(model):,} parameters, {bytes_held / 1024:,.1f} KiB"])


def page(model: LayerLike) -> str:
    """The same as HTML, without shapes: looking at a model does not call it."""
    numbers = _count(model)
    title = f"{type(model).__name__}, {numbers:,} parameters{'' if model.training else ', evaluating'}"
    rows = [(path, _title(layer), f"{_count(layer):,}") for _, path, layer in _walk(model)[1:]]
    return html.box(title, *([html.table(("", "layer", "parameters"), rows)] if rows else [html.lines(repr(model))]))


def _walk(layer: LayerLike, depth: int = 0, path: str = "") -> list[tuple[int, str, LayerLike]]:
    """A layer and every layer inside, with its depth and its path."""
    found = [(depth, path, layer)]
    for name, inner in layer.named_sublayers():
        found += _walk(inner, depth + 1, f"{path}.{name}" if path else name)
    return found


def _title(layer: LayerLike) -> str:
    return type(layer).__name__ if any(True for _ in layer.sublayers()) else repr(layer)


def _count(layer: LayerLike) -> int:
    return sum(tensor.size for tensor in layer.parameters())


def _guessed_shapes(model: LayerLike) -> dict[int, tuple[int, ...]]:
    """The shapes that layers return for as many features as the first one takes; none if it does not say."""
    first = next((layer for *_, layer in _walk(model) if not any(True for _ in layer.sublayers())), model)
    features = getattr(first, "in_features", None)
    try:
        return {} if features is None else _output_shapes(model, (features,))
    except ValueError:
        # The first layer in the order of attributes need not be the first that is applied.
        return {}


def _output_shapes(model: LayerLike, input_shape: tuple[int, ...]) -> dict[int, tuple[int, ...]]:
    """The shape that every layer returns for one sample of zeros."""
    parameters = model.parameters()
    sample = np.zeros((1, *input_shape), dtype=parameters[0].dtype if parameters else np.float32)
    shapes = _Shapes()
    call_evaluating(model, lambda: model(sample), shapes)
    return shapes.found
