"""By which name is a function written to a file, and found again?"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from minigrad.engine.stand_ins import is_self_contained
from minigrad.program import ir
from minigrad.program.errors import ProgramError

_OWN: dict[str, Callable[..., Any]] = {each.__name__: each for each in (ir.item, ir.pick, ir.astype, ir.draw, ir.guard)}
# What reads and writes files, or is given code; nothing of it is ever recorded.
_REFUSED = {
    *("save", "savez", "savez_compressed", "savetxt", "load", "loadtxt", "genfromtxt", "fromfile", "fromregex"),
    *("memmap", "open_memmap", "apply_along_axis", "apply_over_axes", "piecewise", "fromfunction", "vectorize"),
    *("frompyfunc", "seterrcall", "setbufsize", "set_printoptions", "test", "info", "source"),
}
_PUBLIC = ("numpy", "numpy.linalg", "numpy.fft", "numpy.lib.stride_tricks", "scipy.special", "scipy.signal")
_SHORT = {"numpy": "np", "scipy.special": "special", "scipy.signal": "signal"}


def name_of(function: Callable[..., Any]) -> str:
    """The name by which `function_of` finds a function again.

    Raises:
        ProgramError: for one that is neither public in NumPy or SciPy nor declared as self-contained in a module.
    """
    name = str(getattr(function, "__name__", function))
    if _OWN.get(name) is function:
        return name
    public = public_name(function)
    if public is not None:
        return public
    if is_self_contained(function):
        found = f"{function.__module__}:{function.__qualname__}"
        if _self_contained(found) is function:
            return found
        raise ProgramError(
            f"{function.__qualname__} cannot be found by its name in {function.__module__}; define it at the top of a "
            "module, so that a program that calls it can be written as JSON"
        )
    raise ProgramError(
        f"{name} cannot be written as JSON: it is no public function of NumPy or SciPy; declare it with self_contained"
    )


def public_name(function: Callable[..., Any]) -> str | None:
    """What users call a function of NumPy or SciPy, such as ``np.linalg.inv``; None for others."""
    name = str(getattr(function, "__name__", ""))
    for module in _PUBLIC:
        if module in sys.modules and getattr(sys.modules[module], name, None) is function and _is_public(function):
            package, _, rest = module.partition(".")
            return f"{_SHORT.get(module) or f'{_SHORT[package]}.{rest}'}.{name}"
    return None


def function_of(name: str) -> Callable[..., Any]:
    """The function that was written by this name.

    Raises:
        ProgramError: where there is none.
    """
    if name in _OWN:
        return _OWN[name]
    found: Any = None
    if ":" in name:
        found = _self_contained(name)
        if found is None:
            module = name.partition(":")[0]
            raise ProgramError(
                f"the self-contained function {name} does not exist here; import {module} before the program is read, "
                "in the version that it was written with"
            )
        return found  # type: ignore[no-any-return]  # what is self-contained can be called
    path, _, attribute = name.rpartition(".")
    module = {"np": "numpy", "special": "scipy.special", "signal": "scipy.signal"}.get(path) or f"numpy{path[2:]}"
    if module in _PUBLIC:
        importlib.import_module(module)
        found = getattr(sys.modules[module], attribute, None)
    if found is None or not _is_public(found):
        raise ProgramError(f"{name} is no function that a program can call")
    return found  # type: ignore[no-any-return]  # as `_is_public` says


def class_name(kind: type) -> str:
    """The name by which `class_of` finds a class again.

    Raises:
        ProgramError: for a class that is not found so.
    """
    name = f"{kind.__module__}:{kind.__qualname__}"
    if _looked_up(name) is not kind:
        raise ProgramError(f"the class {kind.__qualname__} cannot be written as JSON; define it at the top of a module")
    return name


def class_of(name: str) -> type:
    """The named tuple or dataclass that was written by this name.

    Raises:
        ProgramError: where there is none.
    """
    found = _looked_up(name)
    is_plain = isinstance(found, type) and (hasattr(found, "_fields") or hasattr(found, "__dataclass_fields__"))
    if not is_plain:
        raise ProgramError(f"the class {name} does not exist here; import its module before the program is read")
    return found  # type: ignore[no-any-return]  # it is a type


def type_name(kind: type) -> str:
    """How a type that stands among arguments is written, as in ``dtype=np.float32``."""
    if kind in (bool, int, float, complex):
        return kind.__name__
    if issubclass(kind, np.generic) and getattr(np, kind.__name__, None) is kind:
        return f"np.{kind.__name__}"
    raise ProgramError(f"the type {kind.__name__} cannot be written as JSON")


def type_of(name: str) -> type:
    """The type that was written by this name."""
    plain = {each.__name__: each for each in (bool, int, float, complex)}
    found = plain.get(name) or getattr(np, name.removeprefix("np."), None)
    if not isinstance(found, type) or not (name in plain or issubclass(found, np.generic)):
        raise ProgramError(f"{name} is no type of numbers")
    return found


def _is_public(function: Any) -> bool:
    name = getattr(function, "__name__", "_")
    if name.startswith("_") or name in _REFUSED or isinstance(function, type):
        return False
    if isinstance(function, (np.ufunc, FunctionType)):
        return True
    # Functions that NumPy writes in C, or lets others take over.
    return callable(function) and type(function).__name__ in ("builtin_function_or_method", "_ArrayFunctionDispatcher")


def _self_contained(name: str) -> Any:
    """The function that was declared as self-contained: an operation of the same name may be made of it."""
    found, last = _looked_up(name), None
    while found is not None:
        last = found if is_self_contained(found) else last
        found = getattr(found, "__wrapped__", None)
    return last


def _looked_up(name: str) -> Any:
    """What a module calls so; modules of others have to be imported already, so that no file runs code."""
    module, _, path = name.partition(":")
    if module.startswith("minigrad.") and module not in sys.modules:
        try:
            importlib.import_module(module)
        except ImportError:
            return None
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    return found
