"""How is everything that some functions can write to put back as it was, whatever happens?"""

from __future__ import annotations

import collections
import contextlib
import dis
import functools
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minigrad.testing.subjects.generators import Generators
from minigrad.testing.subjects.reachable import attributes_of, is_library, reachable, slots_of


@contextlib.contextmanager
def untouched(*roots: Any) -> Iterator[None]:
    """Put back what the code in the block changed of all that the roots can get at.

    These are the contents of arrays, lists, dicts and sets, attributes, what closures and ``global`` names stand for,
    and the states of generators of random numbers.
    """
    before, generators = Contents(*roots), Generators(*roots)
    try:
        yield
    finally:
        try:
            before.put_back()
        finally:
            try:
                generators.put_back()
            except KeyboardInterrupt:
                generators.put_back()
                raise


class Contents:
    """All that some roots can get at, as it is when this is made, to be put back; without generators."""

    def __init__(self, *roots: Any) -> None:
        self._undo = [each for value in reachable(*roots) for each in _undoing(value)]

    def put_back(self) -> None:
        """Put all of it back; where Ctrl-C is pressed meanwhile, all the same."""
        try:
            for each in self._undo:
                each()
        except KeyboardInterrupt:
            for each in self._undo:
                each()
            raise


def _undoing(value: Any) -> list[Callable[[], None]]:
    """What puts one object back as it is now; what it holds is put back by itself."""
    if isinstance(value, types.CellType):
        return [_cell(value, value.cell_contents)] if value != types.CellType() else []
    if isinstance(value, types.FunctionType):
        return [] if is_library(value) else [_dict(vars(value), dict(vars(value))), *_globals(value)]
    if isinstance(value, type):
        return [] if is_library(value) else [_class(value)]
    if isinstance(value, types.ModuleType):
        return [] if is_library(value) else [_module(vars(value), dict(vars(value)))]
    attributes = attributes_of(value)
    own = [] if attributes is None else [_dict(attributes, dict(attributes))]
    return [*_items(value), *own, *_slots(value)]


def _items(value: Any) -> list[Callable[[], None]]:
    """What puts back what is in an array or a container."""
    if isinstance(value, np.ndarray):
        return [_array(value, value.copy())] if value.flags.writeable else []
    if isinstance(value, dict):
        return [_dict(value, dict(value))]
    if isinstance(value, (list, collections.deque)):
        return [_list(value, list(value))]
    return [_set(value, set(value))] if isinstance(value, set) else []


def _array(array: Any, content: Any) -> Callable[[], None]:
    def undo() -> None:
        if array.shape != content.shape:
            with warnings.catch_warnings():
                # NumPy advises against it, but nothing else keeps the array that the user holds.
                warnings.simplefilter("ignore")
                array.shape = content.shape
        # Bit by bit: a NaN that is there is not written again.
        if array.tobytes() != content.tobytes() or array.dtype.kind == "O":
            array[...] = content

    return undo


def _dict(held: dict[Any, Any], content: dict[Any, Any]) -> Callable[[], None]:
    def undo() -> None:
        if list(held) != list(content) or any(held[key] is not item for key, item in content.items()):
            held.clear()
            held.update(content)

    return undo


def _module(held: dict[str, Any], content: dict[str, Any]) -> Callable[[], None]:
    def undo() -> None:
        for name, item in content.items():
            if held.get(name, held) is not item:
                held[name] = item
        # What was imported meanwhile is there for good.
        for name in [name for name in held if name not in content and not isinstance(held[name], types.ModuleType)]:
            del held[name]

    return undo


def _list(held: Any, content: list[Any]) -> Callable[[], None]:
    def undo() -> None:
        if len(held) != len(content) or any(now is not item for now, item in zip(held, content, strict=True)):
            held.clear()
            held.extend(content)

    return undo


def _set(held: set[Any], content: set[Any]) -> Callable[[], None]:
    def undo() -> None:
        held.clear()
        held.update(content)

    return undo


def _cell(cell: types.CellType, content: Any) -> Callable[[], None]:
    def undo() -> None:
        cell.cell_contents = content

    return undo


def _slots(value: Any) -> list[Callable[[], None]]:
    if is_library(value):
        return []
    names = slots_of(type(value))
    held = {name: getattr(value, name) for name in names if hasattr(value, name)}

    def undo() -> None:
        for name in names:
            if name not in held and hasattr(value, name):
                object.__delattr__(value, name)
            elif name in held and getattr(value, name, None) is not held[name]:
                object.__setattr__(value, name, held[name])

    return [undo] if names else []


def _class(kind: type) -> Callable[[], None]:
    """What a class holds, such as a counter of its objects."""
    held = dict(vars(kind))

    def undo() -> None:
        now = dict(vars(kind))
        for name, item in now.items():
            if name not in held:
                delattr(kind, name)
            elif item is not held[name]:
                setattr(kind, name, held[name])
        for name in held.keys() - now.keys():
            setattr(kind, name, held[name])

    return undo


def _globals(function: types.FunctionType) -> list[Callable[[], None]]:
    names, known = _written(function.__code__), function.__globals__
    held = {name: known[name] for name in names if name in known}

    def undo() -> None:
        for name in names:
            if name in held:
                known[name] = held[name]
            else:
                known.pop(name, None)

    return [undo] if names else []


@functools.cache
def _written(code: types.CodeType) -> set[str]:
    """The names that some code declares ``global`` and gives another value."""
    own = {each.argval for each in dis.get_instructions(code) if each.opname in ("STORE_GLOBAL", "DELETE_GLOBAL")}
    return own.union(*[_written(inner) for inner in code.co_consts if isinstance(inner, types.CodeType)])
