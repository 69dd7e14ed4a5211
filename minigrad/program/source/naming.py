"""Which names are free, and which does a value get?"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable

# What would hide something, and what ruff takes for a digit.
HIDING = {*dir(builtins), *keyword.kwlist, "np", "special", "signal", "l", "O", "I", "_"}


class Names:
    """The names of one function.

    Args:
        wanted: names that the user gave to something; others are kept from them.
    """

    def __init__(self, wanted: Iterable[str] = ()) -> None:
        self.taken: set[str] = set()
        self._wanted = set(wanted)

    def reserve(self, names: Iterable[str]) -> None:
        """Keep names for something else."""
        self.taken.update(names)

    def users(self, name: str) -> str:
        """A name that the user gave, or one like it where that is taken."""
        name = _identifier(name)
        if name in HIDING or name[0].isdigit():
            name = f"{name}_" if not name[0].isdigit() else f"x{name}"
        return self._free(name, set())

    def gradient(self, of: str) -> str:
        """The name of the gradient of something."""
        return self._free(f"d{_identifier(of)}", self._wanted)

    def own(self, name: str) -> str:
        """A name that nobody gave: numbered, if it is a letter."""
        if len(name) > 1:
            return self._free(name, self._wanted)
        count = 1
        while f"{name}{count}" in self.taken or f"{name}{count}" in self._wanted:
            count += 1
        return self._take(f"{name}{count}")

    def first_free(self, names: Iterable[str]) -> str:
        """The first of these that is free; a numbered one if none is."""
        tried = list(names)
        for name in tried:
            if name not in self.taken and name not in self._wanted:
                return self._take(name)
        return self.own(tried[0])

    def _free(self, name: str, others: set[str]) -> str:
        found, count = name, 2
        while found in self.taken or found in others or found in HIDING:
            found, count = f"{name}_{count}", count + 1
        return self._take(found)

    def _take(self, name: str) -> str:
        self.taken.add(name)
        return name


def _identifier(text: str) -> str:
    """A name that is as near to a text, such as ``ws[0]``, as one can be."""
    return re.sub(r"\W+", "_", text).strip("_") or "x"
