"""What do some things hold, and what do functions among them use from around them?"""

from __future__ import annotations

import collections
import dis
import functools
import inspect
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import BuiltinMethodType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

import numpy as np

from minigrad.engine.tensor import Tensor

# What is written in the modules of these is not looked into, but what their functions and objects were given is.
_LIBRARIES = frozenset({"minigrad", "numpy", "scipy"}) | sys.stdlib_module_names
_HOLD_NOTHING = (np.ndarray, np.generic, Tensor, ModuleType)
# The kinds that lists have a million of.
_NUMBERS_AND_WORDS = frozenset({type(None), str, bytes, bool, int, float, complex})


def everything_in(things: Sequence[object]) -> Iterator[Any]:
    """Some things and all that is in them, each once, in an order that is the same in the next process.

    Attributes, lists, tuples and dicts are looked into, and what functions use from around them; not arrays and sets.
    Of a class its attributes are looked into, of a module those that a function uses. Of minigrad, NumPy, SciPy and
    the standard library are neither, but what was given to their functions and objects.

    Args:
        things: to begin with.
    """
    seen: set[int] = set()
    # What is made while looking has to live as long as its identity is remembered.
    kept: list[object] = []
    waiting = list(reversed(things))
    while waiting:
        thing = waiting.pop()
        if type(thing) in _NUMBERS_AND_WORDS or id(thing) in seen or issubclass(type(thing), _HOLD_NOTHING):
            continue
        seen.add(id(thing))
        kept.append(thing)
        yield thing
        waiting += reversed(list(_held_by(thing)))


def _held_by(thing: Any) -> Iterator[object]:
    """What may be used through a thing."""
    # What stands for something else says so by `__class__`, and would fetch it.
    kind = type(thing)
    if issubclass(kind, FunctionType):
        yield from _around(thing)
    elif issubclass(kind, MethodType):
        yield from (thing.__self__, thing.__func__)
    elif issubclass(kind, BuiltinMethodType):
        yield thing.__self__
    elif issubclass(kind, (staticmethod, classmethod)):
        yield thing.__func__
    elif issubclass(kind, property):
        yield from (thing.fget, thing.fset)
    elif issubclass(kind, functools.partial):
        yield from (thing.func, thing.args, thing.keywords)
    elif issubclass(kind, type):
        yield from _attributes_of_classes(thing)
    else:
        # Not into sets, whose order is another one in each process. A kind of list of somebody's own may draw an order
        # where it is iterated.
        if issubclass(kind, dict):
            yield from dict.values(thing)
        for own in (list, tuple, collections.deque):
            if issubclass(kind, own):
                yield from own.__iter__(thing)
        yield from _attributes(thing)
        yield from _attributes_of_classes(kind)


def _attributes(thing: Any) -> Iterator[object]:
    """What an object has of its own, also in slots."""
    with suppress(AttributeError):
        yield from object.__getattribute__(thing, "__dict__").values()
    for kind in type(thing).__mro__:
        if "__slots__" in vars(kind):
            for slot in vars(kind).values():
                if isinstance(slot, MemberDescriptorType):
                    with suppress(AttributeError):  # nothing was assigned to it yet
                        yield slot.__get__(thing)


def _attributes_of_classes(kind: type) -> Iterator[object]:
    """What an object has by its class: functions such as `__call__` and `__iter__`, and what all objects share."""
    for each in kind.__mro__:
        if not _is_library(each.__module__):
            yield from vars(each).values()


def _is_library(module: Any) -> bool:
    return isinstance(module, str) and module.partition(".")[0] in _LIBRARIES


def _around(function: FunctionType) -> Iterator[object]:
    """What a function uses from around it."""
    yield from (function.__defaults__ or ())
    yield from (function.__kwdefaults__ or {}).values()
    for cell in function.__closure__ or ():
        with suppress(ValueError):
            yield cell.cell_contents
    if _is_library(function.__module__):
        return
    for code in _codes(function.__code__):
        for name in code.co_names:
            if name in function.__globals__:
                yield from _used_of(function.__globals__[name], code.co_names)
            elif name in sys.modules and _imports(code):
                yield from _used_of(sys.modules[name], code.co_names)


def _used_of(thing: object, names: Sequence[str]) -> Iterator[object]:
    """A thing; or of a module what a function may use that has these names in it, as in ``module.inner.thing``."""
    waiting, seen = [thing], set()
    for each in waiting:
        if not isinstance(each, ModuleType):
            yield each
        elif each.__name__ not in seen and not _is_library(each.__name__):
            seen.add(each.__name__)
            waiting += [vars(each)[name] for name in names if name in vars(each)]


def _imports(code: Any) -> bool:
    return dis.opmap["IMPORT_NAME"] in code.co_code[::2]


def _codes(code: Any) -> Iterator[Any]:
    """The code of a function, and that of the functions written inside of it."""
    yield code
    for constant in code.co_consts:
        if inspect.iscode(constant):
            yield from _codes(constant)
