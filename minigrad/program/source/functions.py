"""By which public name is a function called, and which of its arguments say nothing?"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.ops.manipulation.indexing import added_at, placed_at

_HOMES = {
    "np": "numpy", "np.linalg": "numpy.linalg", "np.fft": "numpy.fft",
    "np.lib.stride_tricks": "numpy.lib.stride_tricks", "special": "scipy.special", "signal": "scipy.signal",
}  # fmt: skip
# What people write rather than the name that a function tells.
_USUAL = {"absolute": "abs", "conjugate": "conj"}

# What people call as methods, with the keyword of the second argument.
METHODS: dict[Any, str] = {
    getattr(np, name): "axis"
    for name in ("sum", "mean", "max", "min", "prod", "any", "all", "argmax", "argmin", "cumsum", "std", "var")
}
METHOD_KEYWORDS = {"axis", "keepdims", "dtype", "ddof", "mean"}

# What is written as assignments to places of an array, and needs no name.
PLACING: frozenset[Callable[..., Any]] = frozenset({placed_at, added_at})


def public_name(function: Callable[..., Any]) -> str | None:
    """The name of a function of NumPy or SciPy that anybody may call; None without one."""
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        whole = public_name(owner)
        return f"{whole}.{function.__name__}" if whole else None
    try:
        # What takes long to import has been imported by whoever called a function of it.
        found = [_public_names(home).get(function) for home, module in _HOMES.items() if module in sys.modules]
    except TypeError:
        return None
    return next(filter(None, found), None)


@functools.lru_cache(maxsize=len(_HOMES))
def _public_names(home: str) -> dict[Any, str]:
    found: dict[Any, str] = {}
    module = sys.modules[_HOMES[home]]
    for name in sorted(dir(module)):
        value = getattr(module, name)
        if name.startswith("_") or not callable(value) or isinstance(value, type):
            continue
        # A function of several names goes by the one that it tells.
        if value not in found or name == getattr(value, "__name__", name):
            found[value] = f"{home}.{_USUAL.get(name, name)}"
    return found


# What older versions of NumPy want to be told.
_ALWAYS = {(np.take_along_axis, "axis")}


@functools.lru_cache(maxsize=1024)
def _defaults(function: Callable[..., Any]) -> list[tuple[str, Any]] | None:
    """The parameters that may be given by position, and their defaults."""
    if isinstance(function, np.ufunc):
        return None
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    required = inspect.Parameter.empty
    return [(each.name, required if (function, each.name) in _ALWAYS else each.default) for each in parameters]


def without_defaults(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments that say something else than what a function takes by itself."""
    known = _defaults(function)
    if known is None:
        unset = {"axis": None, "dtype": None, "out": None, "keepdims": False, "where": True, "casting": "same_kind"}
        return args, {key: value for key, value in kwargs.items() if not (key in unset and _is(value, unset[key]))}
    defaults = dict(known)
    kept = {
        key: value
        for key, value in kwargs.items()
        if value is not np._NoValue and not _says_default(key, value, defaults)
    }
    args = tuple(args)
    while len(args) > 1 and len(args) <= len(known) and _is(args[-1], known[len(args) - 1][1]):
        args = args[:-1]
    return args, kept


def _says_default(key: str, value: Any, defaults: dict[str, Any]) -> bool:
    default = defaults.get(key, inspect.Parameter.empty)
    if default is np._NoValue:
        return key == "keepdims" and value is False
    return _is(value, default)


def _is(value: Any, default: Any) -> bool:
    if isinstance(value, (int, float, str, type(None))):
        return type(value) is type(default) and bool(value == default)
    return value is default
