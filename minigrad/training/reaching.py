"""What do some things hold, and what do functions among them use from around them?"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from minigrad.engine.tensor import Tensor

# Usually, nobody looks into functions of these.
_LIBRARIES = frozenset({"minigrad", "numpy", "scipy"})


def everything_in(things: Sequence[object], looks_into_libraries: bool = False) -> Iterator[Any]:
    """Some things and all that is in them, each once, in an order that is the same in the next process.

    Attributes, lists, tuples and dicts are looked into, and what functions use from around them; not arrays, classes
    and modules.

    Args:
        things: to begin with.
        looks_into_libraries: whether functions of minigrad, NumPy and SciPy are looked into, too.
    """
    seen: set[int] = set()
    # What is made while looking has to live as long as its identity is remembered.
    kept: list[object] = []
    waiting = list(reversed(things))
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        kept.append(thing)
        yield thing
        waiting += reversed(list(_held_by(thing, looks_into_libraries)))


def _held_by(thing: Any, looks_into_libraries: bool) -> Iterator[object]:
    """What may be used through a thing."""
    if isinstance(thing, (type, ModuleType, np.ndarray, np.generic, Tensor, str, bytes, int, float)):
        return
    # Not into sets, whose order is another one in each process.
    if isinstance(thing, (list, tuple)):
        yield from thing
    elif isinstance(thing, dict):
        yield from thing.values()
    elif isinstance(thing, functools.partial):
        yield from (thing.func, thing.args, thing.keywords)
    elif hasattr(thing, "__func__"):
        yield from (thing.__self__, thing.__func__)
    elif hasattr(thing, "__code__"):
        if looks_into_libraries or (thing.__module__ or "").partition(".")[0] not in _LIBRARIES:
            yield from _around(thing)
    else:
        if hasattr(thing, "__dict__"):
            yield from vars(thing).values()
        # The functions that an object has by its classes, such as `__call__` and `__iter__`.
        for kind in type(thing).__mro__:
            yield from (each for each in vars(kind).values() if hasattr(each, "__code__"))


def _around(function: Any) -> Iterator[object]:
    """What a function uses from around it."""
    yield from (function.__defaults__ or ())
    yield from (function.__kwdefaults__ or {}).values()
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # nothing was assigned to it yet
            continue
    for code in _codes(function.__code__):
        for name in code.co_names:
            if name in function.__globals__:
                yield function.__globals__[name]


def _codes(code: Any) -> Iterator[Any]:
    """The code of a function, and that of the functions written inside of it."""
    yield code
    for constant in code.co_consts:
        if inspect.iscode(constant):
            yield from _codes(constant)
