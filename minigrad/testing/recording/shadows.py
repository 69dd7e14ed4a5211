"""How are objects of the user's copied, so that their methods are recorded and they themselves stay as they are?"""

from __future__ import annotations

import functools
from abc import ABCMeta
from collections import OrderedDict, defaultdict, deque
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any

from minigrad.testing.recording.copier import Copier
from minigrad.testing.recording.libraries import is_users

NOT_COPIED = object()
PASSED_ON = ("__slots__", "__module__", "__qualname__", "__doc__", "__orig_bases__")
# What Python keeps in a class for itself. Subclasses are no news to the user's own code.
PYTHONS_OWN = {
    *("__dict__", "__weakref__", "__slots__", "__module__", "__qualname__", "__doc__", "__init_subclass__"),
    *("__annotations__", "__annotate__", "__annotate_func__", "__annotations_cache__", "__abstractmethods__"),
    *("__firstlineno__", "__static_attributes__", "_abc_impl", "__type_params__", "__classdictcell__"),
}


def copied_class(cls: type, recorder: Copier) -> type | None:
    """A class with the same methods, which are recorded; None for one that has to stay as it is."""
    foreign = [base for base in cls.__mro__ if not is_users(base.__module__) and base is not object]
    if type(cls) not in (type, ABCMeta) or any(base in (tuple, set, frozenset, type) for base in foreign):
        return None
    if any(issubclass(base, (BaseException, str, int, float)) for base in foreign):
        return None
    bases = tuple(recorder.of(base) if is_users(base.__module__) else base for base in cls.__bases__)
    kept = {name: vars(cls)[name] for name in PASSED_ON if name in vars(cls)}
    try:
        new = type(cls)(cls.__name__, bases, kept)
    except TypeError:
        # Some classes want more than that of their subclasses.
        return None
    # Known before its methods are copied, because they may name it.
    recorder.keep(cls, new)
    for name, value in vars(cls).items():
        if name not in PYTHONS_OWN and not isinstance(value, (MemberDescriptorType, GetSetDescriptorType)):
            setattr(new, name, _member(value, recorder))
            if isinstance(value, functools.cached_property):
                vars(new)[name].__set_name__(new, name)
    return new


def _member(value: Any, recorder: Copier) -> Any:
    if isinstance(value, (staticmethod, classmethod)):
        return type(value)(recorder.of(value.__func__))
    if isinstance(value, property):
        return property(recorder.of(value.fget), recorder.of(value.fset), recorder.of(value.fdel), value.__doc__)
    if isinstance(value, functools.cached_property):
        return functools.cached_property(recorder.of(value.func))
    return recorder.of(value)


def copied_object(value: Any, recorder: Copier) -> Any:
    """An object, or a container, with copies of all that it holds; NOT_COPIED where that is not the user's."""
    cls = type(value)
    if cls is tuple:
        return tuple(map(recorder.of, value))
    if isinstance(value, tuple) and hasattr(cls, "_make"):
        return cls._make(map(recorder.of, value))
    new: Any
    if cls in (list, deque, set, dict, OrderedDict, defaultdict):
        new = defaultdict(value.default_factory) if cls is defaultdict else cls()
    elif is_users(cls.__module__) and not isinstance(value, (FunctionType, type)):
        made = recorder.of(cls)
        if made is cls:
            return NOT_COPIED
        builtin = next((base for base in (OrderedDict, dict, list) if isinstance(value, base)), object)
        new = builtin.__new__(made)
    else:
        return NOT_COPIED
    recorder.keep(value, new)
    if isinstance(value, dict):
        # Not by a method that the user wrote.
        put = OrderedDict.__setitem__ if isinstance(value, OrderedDict) else dict.__setitem__
        for key, item in dict.items(value):
            put(new, key, recorder.of(item))
    elif isinstance(value, (list, deque)):
        (list.extend if isinstance(value, list) else deque.extend)(new, [recorder.of(item) for item in value])
    elif isinstance(value, set):
        new.update(value)
    for name, item in getattr(value, "__dict__", {}).items():
        new.__dict__[name] = recorder.of(item)
    for name in _slots(cls):
        if hasattr(value, name):
            object.__setattr__(new, name, recorder.of(getattr(value, name)))
    return new


def _slots(cls: type) -> list[str]:
    found = []
    for base in cls.__mro__:
        own = vars(base).get("__slots__", ()) if is_users(base.__module__) else ()
        for name in [own] if isinstance(own, str) else own:
            private = name.startswith("__") and not name.endswith("__")
            found.append(f"_{base.__name__.lstrip('_')}{name}" if private else name)
    return [name for name in found if name not in ("__dict__", "__weakref__")]
