"""How is a model used in one mode, and left as it was?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Any, Protocol, TypeVar

from minigrad.engine.recording import Observer, recording
from minigrad.engine.tensor import Tensor

T = TypeVar("T")


class LayerLike(Protocol):
    """What has to be known here of `Layer`, which stands on this file."""

    training: bool

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result of the layer."""

    def train(self, mode: bool = True) -> object:
        """Set the mode here and in all inner layers."""

    def sublayers(self) -> Iterator[LayerLike]:
        """The layers directly inside this one."""

    def parameters(self) -> list[Tensor]:
        """The Tensors that require a gradient."""


def call_in_mode(model: LayerLike, training: bool, function: Callable[[], T]) -> T:
    """What a function returns while a model is in training or evaluation mode.

    Afterwards every layer has the mode it had before, wherever Ctrl-C comes. That is why this is no `with` block: it
    may come when the block has been entered, but does not protect anything yet.
    """
    before = [(layer, layer.training) for layer in every_layer(model)]
    try:
        model.train(training)
        result = function()
        _restore(before)
    except BaseException:
        _restore(before)
        raise
    return result


def call_evaluating(model: LayerLike, function: Callable[[], T], observer: Observer | None = None) -> T:
    """What a function returns in evaluation mode, without recording; `observer` sees what layers return."""

    def unrecorded() -> T:
        with recording(enabled=False, observer=observer):
            return function()

    # The mode of recording belongs to a context of its own, and goes with it.
    return call_in_mode(model, False, lambda: copy_context().run(unrecorded))


def every_layer(layer: LayerLike) -> Iterator[LayerLike]:
    """A layer and all layers inside it."""
    yield layer
    for inner in layer.sublayers():
        yield from every_layer(inner)


def _restore(modes: list[tuple[LayerLike, bool]]) -> None:
    for layer, training in modes:
        layer.training = training
