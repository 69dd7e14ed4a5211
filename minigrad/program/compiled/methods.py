"""Which methods may a function call, of the objects and classes that it can reach?"""

from __future__ import annotations

import builtins
import dis
import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from types import CodeType, MemberDescriptorType
from typing import Any

_LIBRARIES = ("minigrad", "numpy", "scipy")
_OF_PYTHON = os.path.dirname(os.__file__)
# Called where an object is made, and not of one that is there.
_MAKING = ("__new__", "__init__", "__post_init__")
# By these a function finds attributes whose names it does not write.
_OF_ALL = ("vars", "__dict__", "dir")
# What asks a module for a variable.
_OF_MODULE = ("LOAD_GLOBAL", "LOAD_NAME")
_NOT_CALLED = (*_MAKING, "__init_subclass__", "__repr__", "__str__", "__del__")


def is_of_a_library(module: Any) -> bool:
    """Whether a module belongs to a library whose variables do not change: to these, or to Python's own."""
    name = str(module).partition(".")[0]
    return name in _LIBRARIES or (name in sys.stdlib_module_names and _comes_with_python(name))


@functools.cache
def _comes_with_python(name: str) -> bool:
    """Whether it is no module of the user's that has the name of one of Python's own, such as `code`."""
    file = getattr(sys.modules.get(name), "__file__", None)
    return file is None or os.path.dirname(file).startswith(_OF_PYTHON)


class Methods:
    """The methods of some classes whose names functions use.

    Which object a name is used of is not known, so it may be of any class.

    Attributes:
        names: the names that functions use.
        texts: the texts that they use, which may be names of attributes.
        catches: whether one of them catches errors, such as that of a name that is not there.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.texts: set[str] = set()
        self.catches = False
        self._kinds: dict[type, None] = {}

    def add(self, kind: type) -> None:
        """Look at a class as well."""
        if any(not is_of_a_library(base.__module__) for base in kind.__mro__):
            self._kinds[kind] = None

    def look(self, code: CodeType) -> None:
        """Remember what a function uses."""
        self.names.update(names_in(code))
        self.texts |= texts_in(code)
        self.catches |= any(bool(each.co_exceptiontable) for each in _codes_in(code))

    @property
    def uses_all(self) -> bool:
        """Whether functions may ask for all attributes of an object."""
        return not self.names.isdisjoint(_OF_ALL)

    def asked_of(self, kind: type) -> frozenset[str]:
        """The attributes that functions may ask an object of a class for, though it may not have them.

        Without a text, as in ``getattr(x, "bias", None)``, that is an error, unless somebody catches it.
        """
        texts = {text for text in self.texts if text.isidentifier()}
        names = self.names if self.catches or hasattr(kind, "__getattr__") else set()
        return frozenset(name for name in texts | names if not is_put_there(kind, name))

    def making(self, kind: type) -> list[Any]:
        """The methods that make an object of a class."""
        return [vars(base)[name] for base in _own(kind) for name in _MAKING if name in vars(base)]

    def called(self) -> list[tuple[str, Callable[..., Any]]]:
        """The methods and properties that may be called, with their names; also those that others override."""
        found = []
        for kind in self._kinds:
            # A library may call what one of its classes has as well.
            of_libraries = {name for base in kind.__mro__ if is_of_a_library(base.__module__) for name in vars(base)}
            for base in _own(kind):
                for name, held in list(vars(base).items()):
                    is_used = name in self.names or name in of_libraries or _is_special(name)
                    if is_used and name not in _NOT_CALLED and (method := _function_of(held)) is not None:
                        found.append((f"{base.__name__}.{name}", method))
        return found

    def used_of(self, kind: type) -> list[str]:
        """The names that functions use of what a class has, where an attribute of an object would hide it."""
        found = {name: held for base in reversed(list(_own(kind))) for name, held in vars(base).items()}
        return [
            name for name, held in found.items() if (name in self.names or name == "forward") and not _comes_first(held)
        ]


def slots_of(kind: type) -> Iterator[str]:
    """The attributes that objects of a class keep outside of a dict."""
    for base in _own(kind):
        # A list, because Python may add to a class while somebody looks at its objects.
        yield from [name for name, held in list(vars(base).items()) if isinstance(held, MemberDescriptorType)]


def names_in(code: CodeType) -> Iterator[str]:
    """The names that a function uses of its module, and of what it finds there; functions inside of it as well."""
    return (name for each in _codes_in(code) for name in each.co_names)


def texts_in(code: CodeType) -> set[str]:
    """The texts that a function has written in it that may be names; and functions inside of it."""
    found: set[str] = set()
    constants = [constant for each in _codes_in(code) for constant in each.co_consts]
    while constants:
        constant = constants.pop()
        if isinstance(constant, (tuple, frozenset)):
            constants += constant
        elif isinstance(constant, str) and constant.isidentifier():
            found.add(constant)
    return found


def unfound_in(code: CodeType, space: dict[str, Any]) -> set[str]:
    """The variables that a function uses which its module does not have, nor Python."""
    used = {
        each.argval for inner in _codes_in(code) for each in dis.get_instructions(inner) if each.opname in _OF_MODULE
    }
    return {name for name in used if name not in space and not hasattr(builtins, name)}


def _codes_in(code: CodeType) -> Iterator[CodeType]:
    """The code of a function, and of functions inside of it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes_in(constant)


def _own(kind: type) -> Iterator[type]:
    """A class and those that it inherits from, but for those of libraries."""
    return (base for base in kind.__mro__ if not is_of_a_library(base.__module__))


def _is_special(name: str) -> bool:
    """Whether operators and calls use it without its name."""
    return name == "forward" or (name.startswith("__") and name.endswith("__"))


def is_put_there(kind: type, name: str) -> bool:
    """Whether a class has its own way to keep an attribute, such as a property, also one that is computed once."""
    return _comes_first(inspect.getattr_static(kind, name, None))


def _comes_first(held: Any) -> bool:
    """Whether what a class has goes before what an object has, or is put there when it is asked for."""
    return hasattr(type(held), "__set__") or isinstance(held, functools.cached_property)


def _function_of(held: Any) -> Any:
    """The function that is called for what stands in a class: a method, a property; None for other things."""
    if isinstance(held, type):
        return None
    for attribute in ("fget", "__func__", "func"):
        held = getattr(held, attribute, None) or held
    return held if callable(held) and (hasattr(held, "__code__") or hasattr(held, "__wrapped__")) else None
