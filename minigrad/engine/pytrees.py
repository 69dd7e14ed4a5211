"""Which values do these nested lists, tuples and dicts hold, and how are they put together again?

A library for trees, such as optree, would bring speed that no argument list needs, more kinds of nodes, and a
dependency of the package itself; lists, tuples and dicts take the few functions below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in nested lists, tuples and dicts, with its path, such as ``[0]['w']``; None is no value."""
    if isinstance(tree, dict):
        for key, item in tree.items():
            yield from leaves(item, f"{path}[{key!r}]")
    elif isinstance(tree, (list, tuple)):
        for position, item in enumerate(tree):
            yield from leaves(item, f"{path}[{position}]")
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
    return [] if like is None else [tree]


def _described(tree: Any) -> str:
    if isinstance(tree, dict):
        return f"one with the keys {list(tree)}"
    if isinstance(tree, (list, tuple)):
        return f"a {type(tree).__name__} of {len(tree)}"
    return f"a {type(tree).__name__}"
