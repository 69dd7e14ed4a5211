"""Which values do these nested lists, tuples, dicts and dataclasses hold, and how are they put together again?

A library for trees, such as optree, would bring speed that no argument list needs, more kinds of nodes, and a
dependency of the package itself; these four kinds take the few functions below.

Of a dataclass each field is a part of the tree, but for those that ``field(metadata={"static": True})`` keeps out of
it. A tree is put together without calling ``__init__``, so that no code runs on values which it was not written for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any


class OneValue:
    """Base of what is one value in a tree, though it may be a dataclass, such as layers."""

    __slots__ = ()


def is_dataclass(tree: Any) -> bool:
    """Whether this is a dataclass that stands for its fields; an instance, not the class."""
    return hasattr(type(tree), "__dataclass_fields__") and not isinstance(tree, OneValue)


def parts(tree: Any) -> dict[str, Any]:
    """What the fields of a dataclass hold, but for static ones.

    Raises:
        TypeError: where something in it is computed from others, and would not be if those are replaced.
    """
    _refuse_computed(tree)
    return _parts(tree)


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in a tree, with its path, such as ``[0]['w'].b``; None is no value.

    Raises:
        TypeError: for a dataclass with values that are computed from others, or with text, for example.
    """
    if isinstance(tree, dict):
        for key, item in tree.items():
            yield from leaves(item, f"{path}[{key!r}]")
    elif isinstance(tree, (list, tuple)):
        for position, item in enumerate(tree):
            yield from leaves(item, f"{path}[{position}]")
    elif is_dataclass(tree):
        for name, item in parts(tree).items():
            if isinstance(item, (str, bytes, bool)) or (callable(item) and not is_dataclass(item)):
                raise TypeError(
                    f"the field {name} of a {type(tree).__name__} holds a {type(item).__name__}, not an array or a "
                    f'number; write {name}: ... = dataclasses.field(metadata={{"static": True}}) to keep it out of '
                    "derivatives"
                )
            yield from leaves(item, f"{path}.{name}")
    elif tree is not None:
        yield path, tree


def replaced(tree: Any, values: Iterator[Any] | Sequence[Any]) -> Any:
    """The same structure with other values in the places of its leaves, in their order."""
    remaining = iter(values)
    return mapped(tree, lambda _: next(remaining))


def mapped(tree: Any, function: Callable[[Any], Any]) -> Any:
    """The same structure with what a function makes of each leaf, one after the other."""
    if isinstance(tree, dict):
        items = {key: mapped(item, function) for key, item in tree.items()}
        if type(tree) is dict:
            return items
        twin = tree.copy()
        twin.update(items)
        return twin
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*[mapped(item, function) for item in tree])
    if isinstance(tree, (list, tuple)):
        return type(tree)(mapped(item, function) for item in tree)
    if is_dataclass(tree):
        return _with_parts(tree, {name: mapped(item, function) for name, item in _parts(tree).items()})
    return None if tree is None else function(tree)


def matched(tree: Any, like: Any, path: str = "") -> list[Any]:
    """The values of `tree` at the places where `like` has its leaves.

    Raises:
        ValueError: where the two differ in structure.
    """
    where = path or "here"
    if isinstance(like, dict):
        if not isinstance(tree, dict) or tree.keys() != like.keys():
            raise ValueError(f"{where}: a dict with the keys {list(like)} is needed, not {_described(tree)}")
        return [value for key, item in like.items() for value in matched(tree[key], item, f"{path}[{key!r}]")]
    if isinstance(like, (list, tuple)):
        if not isinstance(tree, (list, tuple)) or len(tree) != len(like):
            raise ValueError(f"{where}: a {type(like).__name__} of {len(like)} is needed, not {_described(tree)}")
        return [
            value
            for position, (each, item) in enumerate(zip(tree, like, strict=True))
            for value in matched(each, item, f"{path}[{position}]")
        ]
    if is_dataclass(like):
        needed, given = _parts(like), _parts(tree) if isinstance(tree, type(like)) else {}
        if not isinstance(tree, type(like)) or given.keys() != needed.keys():
            raise ValueError(f"{where}: a {type(like).__name__} is needed, not {_described(tree)}")
        return [value for name, item in needed.items() for value in matched(given[name], item, f"{path}.{name}")]
    return [] if like is None else [tree]


def _described(tree: Any) -> str:
    if isinstance(tree, dict):
        return f"one with the keys {list(tree)}"
    if isinstance(tree, (list, tuple)):
        return f"a {type(tree).__name__} of {len(tree)}"
    return f"a {type(tree).__name__}"


def _parts(tree: Any) -> dict[str, Any]:
    """As `parts`; a field that was never given a value holds nothing."""
    return {
        field.name: getattr(tree, field.name)
        for field in dataclasses.fields(tree)
        if not field.metadata.get("static") and hasattr(tree, field.name)
    }


def _refuse_computed(tree: Any) -> None:
    """Raise for a dataclass of which a part is computed from others; put together again, it would hold the old value.

    Raises:
        TypeError: with what to write instead.
    """
    kind, fields = type(tree), dataclasses.fields(tree)
    advice = "write a property that computes it"
    for field in fields:
        if not field.init and not field.metadata.get("static") and getattr(tree, field.name, None) is not None:
            raise TypeError(
                f"the field {field.name} of a {kind.__name__} is not given to it but computed, as init=False says, and "
                f'no derivative knows how; {advice}, or give the field metadata={{"static": True}} if it depends on no '
                "other"
            )
    names = {field.name for field in fields}
    for name in getattr(tree, "__dict__", {}):
        if name not in names and not _is_cached(tree, name):
            raise TypeError(
                f"the attribute {name} of a {kind.__name__} is no field of this dataclass, and no derivative knows how "
                f"it was computed; {advice}, or make it a field"
            )


def _is_cached(tree: Any, name: str) -> bool:
    """Whether an attribute is what a `cached_property` has computed, and computes again where it is missing."""
    return isinstance(getattr(type(tree), name, None), cached_property)


def _with_parts(tree: Any, changed: dict[str, Any]) -> Any:
    """A dataclass of the same class with other values in some of its fields; itself if they are the same."""
    if all(getattr(tree, name) is part for name, part in changed.items()):
        return tree
    twin = object.__new__(type(tree))
    others = {name: value for name, value in getattr(tree, "__dict__", {}).items() if not _is_cached(tree, name)}
    for field in dataclasses.fields(tree):
        if hasattr(tree, field.name):
            others[field.name] = getattr(tree, field.name)
    for name, value in (others | changed).items():
        # As `__init__` of a frozen dataclass does it.
        object.__setattr__(twin, name, value)
    return twin
