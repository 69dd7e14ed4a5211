"""How are numbers that depend on sizes written: ``len(x)``, ``x.shape[1]``, ``x.size``, ``2 * n``?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from minigrad.program.ir import Dim, Size, Var
from minigrad.program.source.constants import number
from minigrad.program.source.text import POWER, PRODUCT, SUM, Text

_LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT}


class Sizes:
    """The sizes of a function, in words of the values that have a name so far.

    Args:
        names: what sizes are called: the user's own names, which are free.
        in_doubles: whether scalars of float64 change no dtype, because all values have it.

    Attributes:
        used: the names that were written, which have to be assigned.
    """

    def __init__(self, names: dict[Size, str], in_doubles: bool) -> None:
        self.names = names
        self.used: set[Size] = set()
        self.in_doubles = in_doubles
        self._of: dict[Var, str] = {}
        self._shapes: dict[Hashable, tuple[bool, str]] = {}
        self._products: dict[Hashable, tuple[bool, str]] = {}

    def child(self) -> Sizes:
        """The same for a part of the function, whose names are not seen outside."""
        found = Sizes(self.names, self.in_doubles)
        found.used = self.used
        found._of, found._shapes, found._products = dict(self._of), dict(self._shapes), dict(self._products)
        return found

    def introduce(self, var: Var, name: str, is_users: bool, is_input: bool = False, has_shape: bool = True) -> None:
        """Let sizes be written with a value from here on; its shape is used where that is so for all inputs."""
        self._of[var] = name
        if not (var.shape and has_shape):
            return
        # A mean is divided by the size of what it is the mean of, and what gets the shape of something is its gradient.
        for found, key, rank in (
            (self._shapes, var.shape, is_input),
            (self._products, _factors(var.shape), is_users and not is_input),
        ):
            if found.get(key, (False, ""))[0] <= rank:
                found[key] = rank, name

    def text(self, size: int | float | Size) -> Text:
        """A number that depends on sizes."""
        size = _computed(size)
        if not isinstance(size, Size):
            return number(size)
        if size in self.names:
            self.used.add(size)
            return Text(self.names[size], is_name=True)
        return self.definition(size)

    def definition(self, size: Size) -> Text:
        """The same without its own name."""
        if size.operator == "dim":
            var, axis = size.parts[0]
            name = self._of[var]
            return Text(measured(name, axis))
        if size.operator == "sqrt":
            if self.in_doubles:
                return Text(f"np.sqrt({self.text(size.parts[0]).text})")
            # A number of Python, which takes the dtype of what it meets, as np.sqrt would not.
            return Text(f"{self.text(size.parts[0]).within(POWER + 1)}**0.5", POWER)
        if size.operator == "*":
            key = _factors(list(_flat(size)))
            if key is not None and key in self._products and not any(part in self.names for part in _flat(size)):
                return Text(f"{self._products[key][1]}.size")
        level = _LEVELS[size.operator]
        left, right = self.text(size.parts[0]), self.text(size.parts[1])
        return Text(f"{left.within(level)} {size.operator} {right.within(level + 1)}", level)

    def shape(self, shape: Sequence[Any]) -> Text | None:
        """A tuple of sizes as the shape of something; None where nothing that has a name has it."""
        key = tuple(shape)
        if not any(isinstance(size, Size) for size in key) or key not in self._shapes:
            return None
        return Text(f"{self._shapes[key][1]}.shape")

    def assignments(self) -> list[str]:
        """A line for each name that was written."""
        found: dict[Size, str] = {}
        while missing := [size for size in self.names if size in self.used and size not in found]:
            for size in missing:
                found[size] = f"{self.names[size]} = {self.definition(size).text}"
        return [found[size] for size in sorted(found, key=_depth)]


def measured(name: str, axis: int) -> str:
    """The size of one axis of what has a name."""
    return f"len({name})" if axis == 0 else f"{name}.shape[{axis}]"


def _computed(size: Any) -> Any:
    """A size, as a number where no array has a part in it."""
    return size.value({}) if isinstance(size, Size) and next(size.dims(), None) is None else size


def _depth(size: Any) -> int:
    return 1 + max(map(_depth, size.parts)) if isinstance(size, Size) else 0


def _flat(size: Any) -> Iterator[Any]:
    if isinstance(size, Size) and size.operator == "*":
        for part in size.parts:
            yield from _flat(part)
    else:
        yield size


def _factors(sizes: Sequence[Any]) -> Hashable:
    """What two products share that are equal whatever the sizes; None for those of one factor, and of others."""
    dims: Counter[Dim] = Counter()
    count = 1
    for size in sizes:
        if isinstance(size, Size):
            if size.operator != "dim":
                return None
            dims[size.parts[0]] += 1
        elif isinstance(size, int):
            count *= size
        else:
            return None
    return (frozenset(dims.items()), count) if sum(dims.values()) > (1 if count == 1 else 0) else None
