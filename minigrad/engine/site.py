"""Which function of a library wants to turn a Tensor into an array? Nothing but an error message may ask."""

from __future__ import annotations

import inspect
import sys
from types import CodeType, FrameType, FunctionType
from typing import Any

_LIBRARIES = frozenset({"numpy", "scipy", "pandas", "sklearn", "matplotlib"})

# Objects that are used without a name of their own.
_NAMED = {"RClass": "np.r_", "CClass": "np.c_"}


def calling_function() -> str:
    """What the user called, such as ``scipy.linalg.expm``, or the package if no public function can be found.

    Nothing for a function in C, which leaves no trace.
    """
    frame: FrameType | None = sys._getframe(2)
    found = package = ""
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _LIBRARIES:
        found = _public_name(frame) or found
        package = package or ".".join(frame.f_globals["__name__"].split("._")[0].split(".")[:2])
        frame = frame.f_back
    found = found or package
    return found.replace("numpy", "np", 1) if found.startswith("numpy") else found


def _public_name(frame: FrameType) -> str:
    """The function of a frame by the shortest name under which a user finds it; nothing if there is none."""
    own, qualified, module = frame.f_locals.get("self"), frame.f_code.co_qualname, frame.f_globals["__name__"]
    if type(own).__name__ in _NAMED:
        return _NAMED[type(own).__name__]
    wanted: list[tuple[str, str, Any]] = [(module, qualified.partition(".")[0], frame.f_code)]
    if own is not None:
        wanted = [(module, _own_name(own), own), (module, type(own).__name__, type(own)), *wanted]
    if "<" in qualified:
        # Of a decorated function only what it holds tells which one it is.
        held = [value for value in frame.f_locals.values() if isinstance(value, FunctionType)]
        wanted += [(function.__module__, function.__name__, function.__code__) for function in held]
    for home, name, thing in wanted:
        parts = home.split("._")[0].split(".")
        for depth in range(1, len(parts) + 1):
            package = ".".join(parts[:depth])
            if name and not name.startswith("_") and _is(getattr(sys.modules.get(package), name, None), thing):
                return f"{package}.{name}"
    return ""


def _own_name(thing: Any) -> str:
    """The name of an object, asked without running code of its class, which may need attributes that it lacks yet."""
    name = inspect.getattr_static(thing, "__name__", "")
    return name if isinstance(name, str) else ""


def _is(candidate: Any, thing: Any) -> bool:
    """Whether what a package calls so is an object of a frame, or the function whose code it runs."""
    if candidate is None or candidate is thing:
        return candidate is not None
    if isinstance(candidate, type):
        return isinstance(thing, CodeType)
    return getattr(inspect.unwrap(candidate), "__code__", None) is thing
