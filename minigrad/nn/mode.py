"""How is a model used in one mode, and left as it was?"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import copy_context
from itertools import repeat
from threading import get_ident
from typing import Any, Protocol, TypeVar

from minigrad.engine.blocks import recording
from minigrad.engine.recording import Observer
from minigrad.engine.tensor import Tensor

T = TypeVar("T")

# The thread that has set the mode of a layer, by the identity of the layer, until the mode is as before.
_setting: dict[int, int] = {}
if hasattr(os, "register_at_fork"):
    # Those threads do not exist in the child.
    os.register_at_fork(after_in_child=_setting.clear)


class LayerLike(Protocol):
    """What has to be known here of `Layer`, which stands on this file."""

    training: bool

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result of the layer."""

    def train(self, mode: bool = True) -> object:
        """Set the mode here and in all inner layers."""

    def children(self) -> Iterator[LayerLike]:
        """The layers directly inside this one."""

    def named_children(self) -> Iterator[tuple[str, LayerLike]]:
        """The same, with their paths."""

    def parameters(self) -> list[Tensor]:
        """The Tensors that require a gradient."""

    def states(self) -> list[Tensor]:
        """What was declared as state."""


def call_in_mode(model: LayerLike, training: bool, function: Callable[[], T]) -> T:
    """What a function returns while a model is in training or evaluation mode.

    Afterwards every layer has the mode it had before, wherever Ctrl-C comes. That is why this is no `with` block: it
    may come when the block has been entered, but does not protect anything yet.

    Raises:
        RuntimeError: where another thread has set the mode of a layer meanwhile, for which this one would change it.
    """
    layers = list(every_layer(model))
    me, keys = get_ident(), list(map(id, layers))
    _refuse_others(keys, me)
    if not training and not any(layer.training for layer in layers):
        # Nothing is to be set, so that any number of threads may do this.
        return function()
    own = [key for key in keys if key not in _setting]
    try:
        for key in own:
            _setting.setdefault(key, me)
        _refuse_others(keys, me)
        return _called_in_mode(model, layers, training, function)
    finally:
        for key in own:
            if _setting.get(key) == me:
                del _setting[key]


def _refuse_others(keys: list[int], me: int) -> None:
    if any(_setting.get(key, me) != me for key in keys):
        raise RuntimeError(
            "this model is being trained or evaluated in another thread, which has set its mode; call model.eval() "
            "once before several threads evaluate it or predict with it, and give each thread that trains its own model"
        )


def _called_in_mode(model: LayerLike, layers: list[LayerLike], training: bool, function: Callable[[], T]) -> T:
    modes = [layer.training for layer in layers]
    # Not by `setattr`, for which a layer has code of its own that can be interrupted.
    restoring, again = (map(object.__setattr__, layers, repeat("training"), modes) for _ in range(2))
    # `deque` runs through an iterator, here without keeping anything. That is one call of C, in the middle of which no
    # signal arrives. The second one is for layers whose mode is a property, with code that can be interrupted.
    try:
        try:
            model.train(training)
            return function()
        finally:
            deque(restoring, maxlen=0)
    finally:
        deque(again, maxlen=0)


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
    for inner in layer.children():
        yield from every_layer(inner)
