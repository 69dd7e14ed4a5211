"""What does a model look like, as a table of layers, output shapes and parameter counts?"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minigrad.engine import html
from minigrad.engine.recording import Observer
from minigrad.nn.mode import LayerLike, call_evaluating
from minigrad.ops.nn.arguments import is_integer


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
    rows = [("layer", "output shape", "parameters", "state")]
    for depth, name, _, layer in _walk(model):
        shape = shapes.get(id(layer))
        shown = "" if shape is None else str(("N", *shape[1:])).replace("'", "")
        title = f"{name}: {_title(layer)}" if name else _title(layer)
        rows.append(("  " * depth + title, shown, f"{_count(layer):,}", _state(layer)))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    if not any(row[3] for row in rows[1:]):
        widths.pop()
    lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
    rule = "-" * max(map(len, lines))
    bytes_held = sum(tensor.nbytes for tensor in model.parameters())
    return "\n".join([lines[0], rule, *lines[1:], rule, f"{_count(model):,} parameters, {bytes_held / 1024:,.1f} KiB"])


def _aligned(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """Texts to the left, and numbers to the right."""
    for position, (text, width) in enumerate(zip(row, widths, strict=False)):
        yield f"{text:<{width}}" if position < 2 else f"{text:>{width}}"


def _state(layer: LayerLike) -> str:
    """How many numbers a layer and those inside of it remember; nothing for none."""
    count = sum(tensor.size for tensor in layer.states())
    return f"{count:,}" if count else ""


def page(model: LayerLike) -> str:
    """The same as HTML, without shapes: looking at a model does not call it."""
    numbers = _count(model)
    title = f"{type(model).__name__}, {numbers:,} parameters{'' if model.training else ', evaluating'}"
    rows = [(path, _title(layer), f"{_count(layer):,}") for _, _, path, layer in _walk(model)[1:]]
    return html.box(title, *([html.table(("", "layer", "parameters"), rows)] if rows else [html.lines(repr(model))]))


def _walk(layer: LayerLike, depth: int = 0, name: str = "", path: str = "") -> list[tuple[int, str, str, LayerLike]]:
    """A layer and every layer inside, with its depth, what the layer around it calls it, and its path."""
    found = [(depth, name, path, layer)]
    for own, inner in layer.named_children():
        found += _walk(inner, depth + 1, own, f"{path}.{own}" if path else own)
    return found


def _title(layer: LayerLike) -> str:
    return type(layer).__name__ if any(True for _ in layer.children()) else repr(layer)


def _count(layer: LayerLike) -> int:
    return sum(tensor.size for tensor in layer.parameters())


def _guessed_shapes(model: LayerLike) -> dict[int, tuple[int, ...]]:
    """The shapes that layers return for as many features as the first one takes; none if it does not say."""
    first = next((layer for *_, layer in _walk(model) if not any(True for _ in layer.children())), model)
    features = getattr(first, "in_features", None)
    try:
        return {} if features is None else _output_shapes(model, (features,))
    except (TypeError, ValueError):
        # The first layer in the order of attributes need not be the first that is applied.
        return {}


def _output_shapes(model: LayerLike, input_shape: tuple[int, ...]) -> dict[int, tuple[int, ...]]:
    """The shape that every layer returns for one sample of zeros."""
    if not isinstance(input_shape, (tuple, list)) or not all(is_integer(size) and size >= 0 for size in input_shape):
        raise ValueError(
            "summary: input_shape is the shape of one sample of a model with one input, a tuple of whole numbers such "
            f"as (1, 28, 28) or (4,), not {reprlib.repr(input_shape)}; leave it out for other models"
        )
    parameters = model.parameters()
    sample = np.zeros((1, *input_shape), dtype=parameters[0].dtype if parameters else np.float32)
    shapes = _Shapes()
    try:
        call_evaluating(model, lambda: model(sample), shapes)
    except TypeError:
        # Of whole numbers, which an embedding looks up.
        call_evaluating(model, lambda: model(sample.astype(int)), shapes)
    return shapes.found
