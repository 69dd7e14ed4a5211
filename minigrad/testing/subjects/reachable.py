"""What can a function of the user's get at: which objects lie behind its closures, defaults, globals and attributes?"""

from __future__ import annotations

import collections
import functools
import sys
import sysconfig
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

_LIBRARIES = {
    "numpy", "scipy", "minigrad", "torch", "jax", "jaxlib", "keras", "tensorflow", "pandas",
    "matplotlib", "sklearn", "pytest", "_pytest", "pluggy", "hypothesis",
}  # fmt: skip
_STANDARD = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib"))
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
    held = _items(value)
    if held is not None:
        # An array, a list or a dict of a class of the user's may have attributes as well.
        return held if is_library(value) else [*held, *_attributes(value).values(), type(value)]
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
    if is_library(value):
        return []
    if isinstance(value, type):
        return [item for base in value.__mro__ if not is_library(base) for item in vars(base).values()]
    return [*_attributes(value).values(), type(value)]


def _items(value: Any) -> list[Any] | None:
    """What is in an array or a container; None for anything else."""
    if isinstance(value, np.ndarray):
        return list(value.flat) if value.dtype.kind == "O" else []
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, (list, tuple, set, frozenset, collections.deque)):
        # A long list of numbers holds nothing that can be written to.
        return [item for item in value if not isinstance(item, _CLOSED)]
    return None


def attributes_of(value: Any) -> dict[str, Any] | None:
    """Where an object of the user's keeps its attributes; None where it has no such place."""
    return None if isinstance(value, type) else getattr(value, "__dict__", None)


def _attributes(value: Any) -> dict[str, Any]:
    held = {name: getattr(value, name) for name in slots_of(type(value)) if hasattr(value, name)}
    return {**held, **(attributes_of(value) or {})}


def slots_of(kind: type) -> list[str]:
    """The names in the ``__slots__`` of a class and its bases, as they are known outside of it."""
    found: list[str] = []
    for each in kind.__mro__:
        slots = vars(each).get("__slots__", ())
        names = [slots] if isinstance(slots, str) else list(slots)
        found += [_mangled(each, name) for name in names if name not in ("__dict__", "__weakref__")]
    return found


def _mangled(kind: type, name: str) -> str:
    private = name.startswith("__") and not name.endswith("__")
    return f"_{kind.__name__.lstrip('_')}{name}" if private else name


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
    made_of = value if isinstance(value, (type, types.FunctionType, types.ModuleType)) else type(value)
    if made_of is types.SimpleNamespace:
        return False
    name = made_of.__name__ if isinstance(made_of, types.ModuleType) else getattr(made_of, "__module__", None)
    top = str(name or "builtins").split(".")[0]
    if top in _LIBRARIES:
        return True
    # A file of the user's may have the name of a module of some version of Python.
    file = getattr(sys.modules.get(str(name)), "__file__", None)
    return top in sys.stdlib_module_names and (file is None or file.startswith(_STANDARD))
