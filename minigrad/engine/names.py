"""What is a thing called here that other libraries call otherwise?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches


def missing(module: str, name: str, own: Iterable[str], elsewhere: Mapping[str, str]) -> AttributeError:
    """The error of a name that a module does not have, with the one to write where that is known.

    Args:
        module: its name in a user's program, such as ``nn``.
        name: what was asked for.
        own: the names that the module has.
        elsewhere: what to write, by names in other libraries, in lower case and without underscores.
    """
    named = f"minigrad.{module} has no {name!r}"
    if name.startswith("_"):
        return AttributeError(named)
    names = {_folded(each): f"{module}.{each}" for each in own}
    if found := elsewhere.get(_folded(name)) or names.get(_folded(name)):
        return AttributeError(f"{named}; write {found}")
    if close := get_close_matches(_folded(name), names, n=1):
        return AttributeError(f"{named}; did you mean {names[close[0]]}?")
    return AttributeError(f"{named}; there is {', '.join(sorted(names.values()))}")


def _folded(name: str) -> str:
    return name.replace("_", "").lower()
