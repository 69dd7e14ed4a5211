"""Does a place still hold what it held when code was recorded: a variable, an item, the keys of a dict?"""

from __future__ import annotations

import struct
from itertools import islice
from operator import is_
from types import CellType
from typing import Any

import numpy as np

from minigrad.program.compiled.writing import Names

# Two of these may be the same without being one object.
SIMPLE = (int, float, complex, str, bytes, bool, type(None), np.generic)
# Of longer lists and dicts only the first items are watched.
MOST_ITEMS = 256
# Of larger arrays that say that nobody may write to them it is believed; they are not compared.
MOST_ELEMENTS = 1 << 16


class Watched:
    """One place that holds something.

    Attributes:
        holder: a cell of a closure, the dict or list that it is an item of, or the object that it is an attribute of.
        key: the name, or the position; None where there is one place alone, or where all are meant.
        value: what is there.
        name: what messages call it.
    """

    __slots__ = ("holder", "key", "name", "value")

    def __init__(self, holder: Any, key: Any, value: Any, name: str) -> None:
        self.holder, self.key, self.value, self.name = holder, key, value, name

    def holds(self) -> bool:
        """Whether the same is there."""
        raise NotImplementedError

    def broken(self, writer: Names) -> str | None:
        """As a condition in code, whether something else is there; None where that cannot be.

        It compares objects, which is quick, and asks `holds` only where they differ.
        """
        raise NotImplementedError

    def _is_another(self, found: str, writer: Names) -> str:
        written = self._is_written(writer)
        is_another = f"{found} is not {writer.name(self.value)} and not {writer.name(self)}.holds()"
        return is_another if written is None else f"{is_another} or {written}"

    def _is_written(self, writer: Names) -> str | None:
        """Whether somebody may write to an array that nobody might write to, or did so; None for other things.

        Such an array is a part of the code. A view of it that was made before its flag was set may still be written to.
        """
        if not is_read_only(self.value):
            return None
        value = writer.name(self.value)
        if self.value.size <= MOST_ELEMENTS:
            return f"{value}.flags.writeable or not {writer.name(Elements(self))}.holds()"
        return f"{value}.flags.writeable or {value}.shape != {self.value.shape}"


class Variable(Watched):
    """A variable that a function closes over."""

    __slots__ = ()

    def holds(self) -> bool:
        """Whether the same is there."""
        try:
            return is_same(self.holder.cell_contents, self.value)
        except ValueError:
            return False

    def broken(self, writer: Names) -> str:
        """As of `Watched`."""
        return self._is_another(f"{writer.name(self.holder)}.cell_contents", writer)


class DictItem(Watched):
    """An item of a dict: a variable of a module, an attribute of an object."""

    __slots__ = ()

    def holds(self) -> bool:
        """Whether the same is there."""
        return is_same(self.holder.get(self.key, self), self.value)

    def broken(self, writer: Names) -> str:
        """As of `Watched`."""
        missing = ", MISS" if self.value is None else ""
        return self._is_another(f"{writer.name(self.holder)}.get({writer.text(self.key)}{missing})", writer)


class NoItem(Watched):
    """An item that a dict does not have: an attribute that would hide the one of the class."""

    __slots__ = ()

    def holds(self) -> bool:
        """Whether there is still none."""
        return self.key not in self.holder

    def broken(self, writer: Names) -> str:
        """As of `Watched`."""
        return f"{writer.text(self.key)} in {writer.name(self.holder)}"


class NoItems(Watched):
    """Items that a dict does not have: attributes that an object is asked for, which it has not got."""

    __slots__ = ()

    def holds(self) -> bool:
        """Whether there are still none of them."""
        return bool(self.value.isdisjoint(self.holder))

    def broken(self, writer: Names) -> str:
        """As of `Watched`."""
        return f"not {writer.name(self.value)}.isdisjoint({writer.name(self.holder)})"


class Unset(Watched):
    """An attribute outside of a dict that holds nothing: in a slot, or what a closure will find in a cell."""

    __slots__ = ()

    def holds(self) -> bool:
        """Whether there is still nothing."""
        try:
            getattr(self.holder, self.key)
        except (AttributeError, ValueError):
            return True
        return False

    def broken(self, writer: Names) -> str:
        """As of `Watched`."""
        return f"not {writer.name(self)}.holds()"


class ListItem(Watched):
    """An item of a list or a tuple."""

    __slots__ = ()

    def holds(self) -> bool:
        """Whether the same is there."""
        return self.key < len(self.holder) and is_same(self.holder[self.key], self.value)

    def broken(self, writer: Names) -> str | None:
        """As of `Watched`."""
        if isinstance(self.holder, tuple):
            return self._is_written(writer)
        return self._is_another(f"{writer.name(self.holder)}[{self.key}]", writer)


class Length(Watched):
    """How many items a list has."""

    __slots__ = ()

    def holds(self) -> bool:
        """Whether there are as many."""
        return len(self.holder) == int(self.value)

    def broken(self, writer: Names) -> str | None:
        """As of `Watched`."""
        return None if isinstance(self.holder, tuple) else f"len({writer.name(self.holder)}) != {self.value}"


class Keys(Watched):
    """How many items a dict has, and the keys of the first ones in their order, which a loop follows."""

    __slots__ = ("_first",)

    def __init__(self, holder: Any, name: str) -> None:
        super().__init__(holder, None, len(holder), name)
        self._first = tuple(islice(holder, MOST_ITEMS))

    def holds(self) -> bool:
        """Whether they are the same."""
        return len(self.holder) == self.value and all(map(is_same, self.holder, self._first))

    def broken(self, writer: Names) -> str:
        """As of `Watched`."""
        holder = writer.name(self.holder)
        if not self._first:
            return f"len({holder}) != 0"
        are_same = f"all(map({writer.name(is_)}, {holder}, {writer.name(self._first)}))"
        return f"len({holder}) != {self.value} or not {are_same} and not {writer.name(self)}.holds()"


class Attribute(Watched):
    """An attribute that every object of its class has, such as the defaults of a function."""

    __slots__ = ()

    def holds(self) -> bool:
        """Whether the same is there."""
        return is_same(getattr(self.holder, self.key, self), self.value)

    def broken(self, writer: Names) -> str:
        """As of `Watched`."""
        return self._is_another(f"{writer.name(self.holder)}.{self.key}", writer)


class Elements(Watched):
    """The elements of an array, with its shape and dtype, which can be set as well."""

    __slots__ = ("_before",)

    def __init__(self, of: Watched) -> None:
        super().__init__(of.value, None, of.value, f"the elements of {of.name}")
        self._before = self._now()

    def _now(self) -> tuple[Any, ...]:
        return self.value.shape, self.value.dtype, self.value.tobytes()

    def holds(self) -> bool:
        """Whether they are the same, to the last bit."""
        return self._now() == self._before

    def broken(self, writer: Names) -> str:
        """As of `Watched`."""
        return f"not {writer.name(self)}.holds()"


def place(holder: Any, key: Any, value: Any, name: str) -> Watched:
    """A place in a cell, a dict, a list or a tuple; else it is an attribute."""
    if type(holder) is CellType:
        return Variable(holder, key, value, name)
    if isinstance(holder, dict):
        return DictItem(holder, key, value, name)
    if isinstance(holder, (list, tuple)):
        return ListItem(holder, key, value, name)
    return Attribute(holder, key, value, name)


def is_read_only(value: Any) -> bool:
    """Whether this is an array that nobody may write to, nor to the array or the buffer that it is a view of."""
    if type(value) is not np.ndarray:
        return False
    while isinstance(value, np.ndarray):
        if value.flags.writeable:
            return False
        value = value.base
    try:
        view = memoryview(value)
        # One that is read-only may be of a buffer that is not.
        return view.readonly and (view.obj is None or memoryview(view.obj).readonly)
    except TypeError:
        # Its own memory, or that of something that gives no access to it.
        return True


def is_same(found: Any, value: Any) -> bool:
    """Whether two things are one object, or numbers or texts of one type that are the same to the last bit.

    So 1, True and 1.0 differ, and 0.0 and -0.0. NaN is the same as NaN. Tuples are compared by their items.
    """
    if found is value:
        return True
    kind = type(found)
    if kind is not type(value):
        return False
    if isinstance(found, np.generic):
        return bool(found.dtype == value.dtype and found.tobytes() == value.tobytes())
    if isinstance(found, (float, complex)):
        return _bits(found) == _bits(value)
    if isinstance(found, tuple):
        return len(found) == len(value) and all(map(is_same, found, value))
    return isinstance(found, SIMPLE) and bool(found == value)


def _bits(number: complex) -> bytes:
    """The eight bytes of a float, or both parts of a complex number."""
    return struct.pack("dd", number.real, number.imag)
