"""How is code recorded that was written for arrays: loops, assignments, functions that know no Tensors?"""

from __future__ import annotations

from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.engine.tensor import Tensor
from minigrad.testing.recording.substitutes import JOINED, MADE, stand_in
from minigrad.testing.recording.writable_array import MARK, Log, Written, recorded

LIBRARIES = {"numpy", "scipy", "math", "minigrad"}


class Recorder:
    """Makes copies of functions in which arrays can be recorded; `log` knows where each result was computed.

    A copy has the code and the defaults of the function. The names in it that stand for NumPy, SciPy or the math module
    stand for the same functions on Tensors, and other functions of the user's are copied in turn. Nothing that the user
    has is changed.
    """

    def __init__(self) -> None:
        self.log = Log()
        self._copies: dict[FunctionType, FunctionType] = {}

    def started(self, tensor: Tensor) -> Written:
        """An input, as the copies take it."""
        return Written(tensor, self.log)

    @staticmethod
    def finished(out: Any) -> Tensor:
        """The output of a copy.

        Raises:
            TypeError: where how it was computed is lost.
        """
        if not isinstance(out, Written):
            raise TypeError("the function made a plain array of what was recorded")
        return out.tensor

    def copy(self, value: Any) -> Any:
        """What stands in the place of a value that recorded code refers to."""
        if isinstance(value, ModuleType):
            return _Library(value, self) if value.__name__.split(".")[0] in LIBRARIES else value
        if isinstance(value, MethodType):
            return MethodType(self.copy(value.__func__), self.object(value.__self__))
        if isinstance(value, FunctionType) and not _is_library(value):
            return self._function(value)
        return self._replaced(value)

    def _function(self, function: FunctionType) -> FunctionType:
        if function not in self._copies:
            # Known before its names are looked up, because functions may call each other.
            names: dict[str, Any] = {MARK: True}
            cells = [CellType() for _ in function.__closure__ or ()]
            copy = FunctionType(function.__code__, names, function.__name__, function.__defaults__, tuple(cells))
            copy.__kwdefaults__ = function.__kwdefaults__
            self._copies[function] = copy
            known = function.__globals__
            names.update({name: self.copy(known[name]) for name in _names(function.__code__) if name in known})
            for cell, original in zip(cells, function.__closure__ or (), strict=True):
                if original != CellType():
                    cell.cell_contents = self.copy(original.cell_contents)
        return self._copies[function]

    def object(self, value: Any) -> Any:
        """An object of the user's whose methods are recorded."""
        if isinstance(value, (list, tuple)):
            return type(value)(self.object(item) for item in value)
        if hasattr(value, "__dict__") and not callable(value) and not _is_library(type(value)):
            return _Object(value, self)
        return value

    def _replaced(self, value: Any) -> Any:
        try:
            replacement = stand_in(value)
        except TypeError:
            return self.object(value)
        if replacement is not None:
            return replacement
        if value in MADE:
            return lambda *args, **kwargs: self._made(value(*args, **kwargs))
        return self._joined if value in JOINED else self.object(value)

    def _made(self, array: Any) -> Any:
        return Written(array, self.log) if array.dtype.kind == "f" else array

    def _joined(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """An array of what may be recorded, alone or in lists."""
        if isinstance(value, Written):
            return value.copy()
        if _holds_written(value):
            tensor = ops.stack([recorded(self._joined(item)) for item in value])
            self.log.note(tensor)
            return Written(tensor, self.log)
        array = np.array(value, *args, **kwargs)
        return self._made(array)


class _Library:
    """A module, with functions that take Tensors in the place of those that do not."""

    def __init__(self, module: ModuleType, recorder: Recorder) -> None:
        self._module, self._recorder = module, recorder

    def __getattr__(self, name: str) -> Any:
        return self._recorder.copy(getattr(self._module, name))


class _Object:
    """An object of the user's, with methods that are recorded."""

    def __init__(self, value: Any, recorder: Recorder) -> None:
        object.__setattr__(self, "_value", value)
        object.__setattr__(self, "_recorder", recorder)

    def __getattr__(self, name: str) -> Any:
        return self._recorder.copy(getattr(self._value, name))

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._value, name, value)


def _names(code: CodeType) -> set[str]:
    """The names in some code, in functions inside it as well."""
    inner = [_names(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*inner)


def _is_library(value: Any) -> bool:
    return (getattr(value, "__module__", None) or "builtins").split(".")[0] in {*LIBRARIES, "builtins"}


def _holds_written(value: Any) -> bool:
    return isinstance(value, Written) or (isinstance(value, (list, tuple)) and any(map(_holds_written, value)))
