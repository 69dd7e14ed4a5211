"""How is code recorded that was written for arrays: loops, assignments, functions that know no Tensors?"""

from __future__ import annotations

import builtins
import copy
import functools
from collections.abc import Callable
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from minigrad.engine.tensor import Tensor
from minigrad.testing.recording.libraries import LIBRARIES, NUMBERS, Library, is_users, replaced
from minigrad.testing.recording.log import MARK, Log
from minigrad.testing.recording.shadows import NOT_COPIED, copied_class, copied_object
from minigrad.testing.recording.writable_array import Written

# Values that nobody can change.
PLAIN = (bool, int, float, complex, str, bytes, np.generic, type(None), type(Ellipsis), slice, range, np.dtype)


class Recorder:
    """Makes copies of functions in which arrays can be recorded; `log` knows where each result was computed.

    A copy has the code and the defaults of the function. The names in it that stand for NumPy, SciPy or the math module
    stand for the same functions on Tensors. Everything of the user's that it refers to is copied in turn, when it is
    looked up: other functions, modules, classes, objects, lists and dicts. So whatever the copy writes into, and
    whatever attribute it sets, nothing that the user has is changed.
    """

    def __init__(self) -> None:
        self.log = Log()
        # By identity; the originals are kept, because an identity is free again when its owner is gone.
        self._copies: dict[int, tuple[Any, Any]] = {}
        self._names: dict[int, _Names] = {}
        self.builtins = {**vars(builtins), "float": NUMBERS[float], "__import__": self._imported}

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

    def copy(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A copy of a function, to be called with recorded inputs and with others, which are copied too."""
        recorded = self.of(function)

        def call(*args: Any, **kwargs: Any) -> Any:
            return recorded(*map(self.of, args), **{name: self.of(value) for name, value in kwargs.items()})

        return call

    def of(self, value: Any) -> Any:
        """What stands in the place of a value that recorded code refers to."""
        if isinstance(value, (*PLAIN, Written, Tensor)):
            return value
        if id(value) not in self._copies:
            made = self._made(value)
            # Made before, where a value holds itself.
            self._copies.setdefault(id(value), (value, made))
        return self._copies[id(value)][1]

    def keep(self, value: Any, made: Any) -> None:
        """A copy is known before it is filled, because values may hold each other."""
        self._copies[id(value)] = (value, made)

    def names(self, known: dict[str, Any]) -> dict[str, Any]:
        """The names that copied functions of a module know."""
        if id(known) not in self._names:
            self._names[id(known)] = _Names(known, self)
        return self._names[id(known)]

    def _made(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            # A Tensor is not written to, so the array need not be copied; other arrays may be.
            return Written(Tensor._wrap(value), self.log) if value.dtype.kind == "f" else value.copy()
        if isinstance(value, ModuleType):
            if value.__name__.split(".")[0] in LIBRARIES:
                return Library(value, self)
            return _Module(value, self) if is_users(value.__name__) else value
        if isinstance(value, MethodType):
            return MethodType(self.of(value.__func__), self.of(value.__self__))
        if isinstance(value, FunctionType) and (is_users(value.__module__) or is_users(value.__globals__["__name__"])):
            return self._function(value)
        if isinstance(value, functools.partial):
            given = {name: self.of(each) for name, each in value.keywords.items()}
            return functools.partial(self.of(value.func), *map(self.of, value.args), **given)
        if isinstance(value, functools._lru_cache_wrapper):
            return self.of(value.__wrapped__)
        if isinstance(value, (np.random.Generator, np.random.RandomState)):
            return copy.deepcopy(value)
        if isinstance(value, type):
            own = copied_class(value, self) if is_users(value.__module__) else None
            return NUMBERS.get(value, replaced(value, self)) if own is None else own
        made = copied_object(value, self)
        return replaced(value, self) if made is NOT_COPIED else made

    def _function(self, function: FunctionType) -> FunctionType:
        # Known before its cells are filled, because functions may call each other.
        cells = tuple(CellType() for _ in function.__closure__ or ())
        names = self.names(function.__globals__)
        made = FunctionType(function.__code__, names, function.__name__, None, cells)
        self.keep(function, made)
        made.__qualname__, made.__module__ = function.__qualname__, function.__module__
        made.__defaults__ = None if function.__defaults__ is None else tuple(map(self.of, function.__defaults__))
        made.__kwdefaults__ = {name: self.of(each) for name, each in (function.__kwdefaults__ or {}).items()}
        for cell, original in zip(cells, function.__closure__ or (), strict=True):
            if original != CellType():
                cell.cell_contents = self.of(original.cell_contents)
        made.__dict__.update({name: self.of(each) for name, each in vars(function).items() if name != "__wrapped__"})
        return made

    def _imported(self, *args: Any) -> Any:
        return self.of(__import__(*args))


class _Names(dict[str, Any]):
    """The names of a module, copied when they are looked up."""

    def __init__(self, known: dict[str, Any], recorder: Recorder) -> None:
        super().__init__({"__name__": known.get("__name__"), "__builtins__": recorder.builtins})
        if is_users(known.get("__name__")):
            self[MARK] = True
        self._known, self._recorder = known, recorder

    def __missing__(self, name: str) -> Any:
        self[name] = self._recorder.of(self._known[name])
        return self[name]


class _Module:
    """A module of the user's, whose functions are recorded."""

    def __init__(self, module: ModuleType, recorder: Recorder) -> None:
        self.__dict__.update(_module=module, _recorder=recorder)

    def __getattr__(self, name: str) -> Any:
        try:
            return self._recorder.names(vars(self._module))[name]
        except KeyError:
            return self._recorder.of(getattr(self._module, name))

    def __setattr__(self, name: str, value: Any) -> None:
        self._recorder.names(vars(self._module))[name] = value
