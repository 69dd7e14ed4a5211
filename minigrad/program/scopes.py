"""Inside which layers is something computed now?

Frames are looked at, as for the lines of the user's code; what a program computes does not depend on them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any

from minigrad.program.reachable import is_layer

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class _Kinds(dict[CodeType, str]):
    """What to do at a frame: "look" at the layer that it calls, "stop" where the recording begins, or go on."""

    def __missing__(self, code: CodeType) -> str:
        is_ours = os.path.dirname(code.co_filename).startswith(_PACKAGE)
        name = code.co_qualname if is_ours else ""
        found = {"Layer.__call__": "look", "Recording.__init__": "stop"}.get(name, "go on")
        self[code] = found
        return found


_kinds = _Kinds()


class Scopes:
    """The names of the layers that are running; each pair of an outer and an inner layer is looked for once."""

    def __init__(self) -> None:
        # By identity; the layers are kept, so that no other takes the identity of one that has gone.
        self._known: dict[tuple[int, int], tuple[str, Any, Any]] = {}

    def now(self) -> tuple[str, ...]:
        """From the outermost: the class of a layer, and before it the path where it lies inside another one."""
        layers: list[Any] = []
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            kind = _kinds[frame.f_code]
            if kind == "stop":
                break
            if kind == "look":
                layer = frame.f_locals["self"]
                if is_layer(layer):
                    layers.append(layer)
            frame = frame.f_back
        outer, names = None, []
        for layer in reversed(layers):
            names.append(self._name(outer, layer))
            outer = layer
        return tuple(names)

    def _name(self, outer: Any, layer: Any) -> str:
        key = id(outer), id(layer)
        if key not in self._known:
            path = next((path for path, inner in _inside(outer) if inner is layer), None) if outer is not None else None
            kind = type(layer).__name__
            self._known[key] = (kind if path is None else f"{path} {kind}", outer, layer)
        return self._known[key][0]


def _inside(layer: Any) -> Iterator[tuple[str, Any]]:
    """The layers inside a layer, at any depth, with their paths such as ``layers.0``; those nearest to it first."""
    found = [(name, item) for attribute, value in vars(layer).items() for name, item in _items(attribute, value)]
    yield from found
    for name, item in found:
        for path, inner in _inside(item):
            yield f"{name}.{path}", inner


def _items(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if is_layer(value):
        yield path, value
    elif isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            yield from _items(f"{path}.{position}", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _items(f"{path}.{key}", item)
