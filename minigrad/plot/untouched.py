"""How does a picture call a model, and leave it as it was?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from minigrad.engine.recording import Observer
from minigrad.nn import Layer
from minigrad.nn.generators import generators_of, put, state_of
from minigrad.nn.mode import call_evaluating

T = TypeVar("T")


def check_layer(function: str, model: object) -> None:
    """Raise TypeError for what is no layer."""
    if isinstance(model, Layer):
        return
    given = f"the class {model.__name__}" if isinstance(model, type) else f"a {type(model).__name__}"
    hint = f"make one: {model.__name__}(...)" if isinstance(model, type) else "give an nn.Layer"
    raise TypeError(f"plot.{function}: the model is {given}; {hint}")


def call_untouched(model: Layer, function: Callable[[], T], observer: Observer | None = None) -> T:
    """What a function returns that calls a model, in evaluation mode and without recording.

    Afterwards modes, state and generators of the model are those of before, also where the function raises. A layer of
    a user may change its state and draw random numbers in evaluation, too.
    """
    states = [(state, state._array.copy()) for state in model.states()]
    generators = [(generator, state_of(generator)) for generator in generators_of(model)]
    try:
        return call_evaluating(model, function, observer)
    finally:
        for state, before in states:
            if state._array.tobytes() != before.tobytes():
                state.data = before
        for generator, drawn in generators:
            put(generator, drawn)
