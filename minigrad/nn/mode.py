"""How is a model used in one mode, and left as it was?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minigrad.nn.layer import Layer


@contextmanager
def in_mode(model: Layer, training: bool) -> Iterator[None]:
    """Training or evaluation mode inside a `with` block; afterwards every layer has the mode it had before."""
    before = [(layer, layer.training) for layer in _every(model)]
    model.train(training)
    try:
        yield
    finally:
        for layer, mode in before:
            layer.training = mode


def _every(layer: Layer) -> Iterator[Layer]:
    yield layer
    for inner in layer.sublayers():
        yield from _every(inner)
