"""What can a function of the user's get at: which objects lie behind its closures, defaults, globals and attributes?"""

from __future__ import annotations

import collections
import functools
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

_LIBRARIES = {
    *sys.stdlib_module_names, "numpy", "scipy", "minigrad", "torch", "jax", "jaxlib", "keras", "tensorflow", "pandas",
    "matplotlib", "sklearn", "pytest", "_pytest", "pluggy", "hypothesis",
}  # fmt: skip
# Of these the inside is nobody's business, or there is none.
_CLOSED = (str, bytes, int, float, complex, bool, type(None), np.dtype, np.ufunc, types.BuiltinFunctionType)


def reachable(*roots: Any) -> Iterator[Any]:
    """Every object that the roots can get at by what they hold and name, each once, without those of libraries."""
    seen: dict[int, Any] = {}
    waiting = list(reversed(roots))
    while waiting:
        value = waiting.pop()
        if isinstance(value, _CLOSED) or id(value) in seen:
            continue
        # Kept alive, so that no other object gets its id.
        seen[id(value)] = value
        yield value
        waiting += _behind(value)


def _behind(value: Any) -> list[Any]:
    if isinstance(value, np.ndarray):
        return list(value.flat) if value.dtype.kind == "O" else []
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, (list, tuple, set, frozenset, collections.deque)):
        # A long list of numbers holds nothing that can be written to.
        return [item for item in value if not isinstance(item, _CLOSED)]
    if isinstance(value, types.FunctionType):
        return [*_named(value), *(value.__closure__ or ()), vars(value),
                *(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]  # fmt: skip
    if isinstance(value, types.CellType):
        return [value.cell_contents] if value != types.CellType() else []
    if isinstance(value, types.MethodType):
        return [value.__self__, value.__func__]
    if isinstance(value, functools.partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, (staticmethod, classmethod)):
        return [value.__func__]
    if isinstance(value, property):
        return [part for part in (value.fget, value.fset) if part is not None]
    if isinstance(value, types.SimpleNamespace):
        return list(vars(value).values())
    if is_library(value):
        return []
    if isinstance(value, type):
        return [item for base in value.__mro__ if not is_library(base) for item in vars(base).values()]
    return [*_attributes(value).values(), type(value)]


def attributes_of(value: Any) -> dict[str, Any] | None:
    """Where an object of the user's keeps its attributes; None where it has no such place."""
    return None if isinstance(value, type) else getattr(value, "__dict__", None)


def _attributes(value: Any) -> dict[str, Any]:
    slots = [name for base in type(value).__mro__ for name in _names(vars(base).get("__slots__", ()))]
    held = {name: getattr(value, name) for name in slots if hasattr(value, name) and name != "__dict__"}
    return {**held, **(attributes_of(value) or {})}


def _names(slots: Any) -> list[str]:
    return [slots] if isinstance(slots, str) else list(slots)


def code_names(code: types.CodeType) -> set[str]:
    """The names in some code, in functions inside it as well."""
    inner = [code_names(constant) for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return set(code.co_names).union(*inner)


def _named(function: types.FunctionType) -> list[Any]:
    """What the globals are that a function names, and what it names in modules of the user's."""
    if is_library(function):
        return []
    # Sorted: in which order they are found must not differ from run to run.
    names = sorted(code_names(function.__code__))
    known = [function.__globals__[name] for name in names if name in function.__globals__]
    modules = [value for value in known if isinstance(value, types.ModuleType) and not is_library(value)]
    return known + [vars(module)[name] for module in modules for name in names if name in vars(module)]


def is_library(value: Any) -> bool:
    """Whether an object, or its class, is part of Python or of a library rather than of the user's code."""
    if isinstance(value, types.ModuleType):
        name: Any = value.__name__
    else:
        name = getattr(value if isinstance(value, (type, types.FunctionType)) else type(value), "__module__", None)
    return str(name or "builtins").split(".")[0] in _LIBRARIES
