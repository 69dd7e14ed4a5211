"""What stands in recorded code for NumPy, SciPy and the math module, and which code is the user's own?"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.testing.recording.copier import Copier
from minigrad.testing.recording.substitutes import JOINED, stand_in, vectorized
from minigrad.testing.recording.writable_array import Written, recorded

# Libraries whose functions have something that stands in for them.
LIBRARIES = {"numpy", "scipy", "math", "minigrad"}
# Others, which are left as they are: they do not compute with arrays, or not with those of NumPy.
FOREIGN = {
    "torch",
    "jax",
    "jaxlib",
    "tensorflow",
    "keras",
    "sklearn",
    "pandas",
    "matplotlib",
    "numba",
    "tqdm",
    "pytest",
}
_STANDARD = os.path.dirname(os.__file__) + os.sep


def is_users(module: str | None) -> bool:
    """Whether a module is the user's own, and not a library."""
    top = (module or "builtins").split(".")[0]
    if top in LIBRARIES or top in FOREIGN or top in sys.builtin_module_names:
        return False
    if top in sys.stdlib_module_names:
        # Somebody may have a module of such a name.
        path = getattr(sys.modules.get(top), "__file__", None) or _STANDARD
        return not path.startswith(_STANDARD) or "site-packages" in path
    return True


class Library:
    """A module, with functions that take Tensors in the place of those that do not."""

    def __init__(self, module: ModuleType, recorder: Copier) -> None:
        self._module, self._recorder = module, recorder

    def __getattr__(self, name: str) -> Any:
        return self._recorder.of(getattr(self._module, name))


class Number(type):
    """Stands for a type of floating-point numbers, which may also be made of what is recorded."""

    plain: type

    def __call__(cls, *args: Any) -> Any:
        """A number, or what is recorded, of this type."""
        if args and isinstance(args[0], Written):
            value = args[0].astype(cls.plain)
            return value.reshape(()) if cls.plain is float else value
        return cls.plain(*args)

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, cls.plain) or (cls.plain is np.ndarray and isinstance(value, Written))

    def __eq__(cls, other: object) -> bool:
        return other is cls.plain or type.__eq__(cls, other) is True

    def __hash__(cls) -> int:
        return hash(cls.plain)


def _number(plain: type) -> Any:
    # NumPy takes what has a dtype for one.
    return Number(plain.__name__, (), {"plain": plain, "dtype": np.dtype(plain)})


NUMBERS: dict[type, Any] = {plain: _number(plain) for plain in (float, np.float64, np.float32)}
# What is recorded passes for an array, in recorded code and nowhere else.
NUMBERS[np.ndarray] = Number("ndarray", (), {"plain": np.ndarray})


def replaced(value: Any, recorder: Copier) -> Any:
    """What stands for something of a library: for the most part itself."""
    try:
        replacement = stand_in(value)
    except TypeError:
        return value
    if replacement is not None:
        return replacement
    if isinstance(value, np.vectorize):
        return vectorized(recorder.of(value.pyfunc))
    if isinstance(value, (type, np.ufunc)) or not callable(value) or hasattr(value, "__getitem__"):
        return value
    if value in JOINED:
        return lambda array, *args, **kwargs: _joined(recorder, array, *args, **kwargs)
    if str(getattr(value, "__module__", "") or "numpy").split(".")[0] not in LIBRARIES:
        return value
    return _written(value, recorder)


def _written(function: Callable[..., Any], recorder: Copier) -> Callable[..., Any]:
    """A function whose arrays can be written to by what is recorded."""

    def call(*args: Any, **kwargs: Any) -> Any:
        if function is np.full and isinstance(args[1], Written):
            return np.broadcast_to(args[1], args[0])
        result = function(*args, **kwargs)
        return Written(result, recorder.log) if _is_array(result) else result

    return call


def _joined(recorder: Copier, value: Any, *args: Any, **kwargs: Any) -> Any:
    """An array of what may be recorded, alone or in lists."""
    if isinstance(value, Written):
        dtype = next(iter(args), kwargs.get("dtype"))
        return value.copy() if dtype is None else value.astype(np.dtype(dtype))
    if _holds_written(value):
        tensor = ops.stack([recorded(_joined(recorder, item)) for item in value])
        recorder.log.note(tensor)
        return Written(tensor, recorder.log)
    array = np.array(value, *args, **kwargs)
    return Written(array, recorder.log) if _is_array(array) else array


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and not isinstance(value, Written) and value.dtype.kind == "f"


def _holds_written(value: Any) -> bool:
    return isinstance(value, Written) or (isinstance(value, (list, tuple)) and any(map(_holds_written, value)))
