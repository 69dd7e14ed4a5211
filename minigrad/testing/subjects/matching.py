"""Which of the gradients that a backward pass returned belongs to which value?"""

from __future__ import annotations

import dataclasses
import numbers
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.testing.subjects.gradient_names import assigned
from minigrad.testing.subjects.inputs import Leaf, unknown_name


@dataclass(frozen=True)
class Entry:
    """One gradient among all that were returned.

    Attributes:
        path: the keys that lead to it.
        value: the gradient.
        by_order: whether its name, if it has one, means nothing.
    """

    path: tuple[Any, ...]
    value: Any
    by_order: bool = False

    @property
    def name(self) -> str:
        """Its path in the way in which leaves are named."""
        steps = [f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.path]
        return "".join(steps).removeprefix(".")

    @property
    def is_named(self) -> bool:
        """Whether it was returned under a name."""
        return not self.by_order and any(isinstance(key, str) for key in self.path)


def entries(found: Any, leaves: int, path: tuple[Any, ...] = ()) -> list[Entry]:
    """Everything that was returned, one gradient after the other; `leaves` is how many there may be."""
    named = fields_of(found)
    if named is not None:
        return [each for key, item in named.items() for each in entries(item, leaves, (*path, str(key)))]
    if isinstance(found, (list, tuple)) and not _is_of_numbers(found, leaves if not path else -1):
        return [each for key, item in enumerate(found) for each in entries(item, leaves, (*path, key))]
    return [Entry(path, found)]


def fields_of(value: Any) -> Mapping[Any, Any] | None:
    """What something holds by names: a dict, a named tuple, a dataclass, a namespace; None for anything else."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return dict(zip(value._fields, value, strict=True))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    return vars(value) if isinstance(value, types.SimpleNamespace) else None


def at(found: Any, path: Sequence[Any]) -> Any:
    """What is at a path of an entry; None where there is nothing."""
    for key in path:
        named = fields_of(found)
        if named is not None:
            known = {str(name): item for name, item in named.items()}
            found = known.get(key)
        elif isinstance(found, (list, tuple)) and isinstance(key, int) and key < len(found):
            found = found[key]
        else:
            return None
    return found


def _is_of_numbers(value: Any, leaves: int) -> bool:
    """Whether this is a list of plain numbers, which stands for an array, unless there is one for each leaf."""
    if isinstance(value, tuple) or not value or len(value) == leaves > 1:
        return False
    return all(isinstance(v, numbers.Real) or (isinstance(v, list) and _is_of_numbers(v, -1)) for v in value)


@dataclass
class Matching:
    """Where the gradient of each leaf is found.

    Attributes:
        paths: of the gradients, by the positions of the leaves.
        missing: the positions of leaves without one.
        names: for leaves that were matched by names: under which name.
        surplus: what belongs to no leaf.
        complaint: what is wrong with the number of gradients.
    """

    paths: dict[int, tuple[Any, ...]]
    missing: list[int]
    names: dict[int, str]
    surplus: list[Entry]
    complaint: str = ""


def match(
    found: Any, leaves: Sequence[Leaf], arguments: Sequence[Sequence[int]], ease: Callable[[Leaf], float]
) -> Matching:
    """Match what was returned with the leaves: by names, then by order and shapes; never by values.

    Args:
        found: what was returned.
        leaves: what may have a gradient.
        arguments: for each argument of the function the positions of the leaves in it; other leaves have a gradient
            under their names or none.
        ease: how easily a leaf is left out where there are fewer gradients than leaves; above 10, whatever the shapes.

    Raises:
        ValueError: for a gradient by a name that no leaf has, while some leaves have none.
    """
    own = sorted(i for positions in arguments for i in positions)
    given = entries(found, len(own))
    if own and all(leaves[i].name.startswith("args[") for i in own):
        # The function's parameters have no names, so that names of gradients say nothing of them; their order does.
        meant = _by_names([each for each in given if each.is_named], [leaf.name for leaf in leaves])
        known = [each.path for each in meant.values()]
        given = [each if each.path in known else Entry(each.path, each.value, True) for each in given]
    if len(own) == 1 and len(given) > 1 and isinstance(found, list) and _shape(found) == leaves[own[0]].value.shape:
        given = [Entry((), found)]
    named = [each for each in given if each.is_named]
    positions = {leaf.name: i for i, leaf in enumerate(leaves)}
    by_name = _by_names(named, list(positions))
    paths = {positions[leaf]: each.path for leaf, each in by_name.items()}
    names = {positions[leaf]: each.name for leaf, each in by_name.items()}
    used = {each.path for each in by_name.values()}
    others = [each for each in given if not each.is_named]
    free = [i for i in own if i not in paths]
    complaint = ""
    passed_over: list[Entry] = []
    held = [i for i in range(len(leaves)) if i not in own]
    if others and len(others) > len(own) and _fit_in_order(others, [leaves[i] for i in held]):
        # A list of gradients for the list of parameters that an object keeps.
        paths |= {i: each.path for i, each in zip(held, others, strict=True)}
        names |= {i: each.name for i, each in zip(held, others, strict=True)}
    elif others:
        shifted = _passing_over(others, free, leaves)
        paths |= shifted or _by_places(found, others, leaves, arguments, free, ease)
        count = len(found) if isinstance(found, (list, tuple)) else len(given)
        wanted = sum(map(bool, arguments)) if len(arguments) > 1 else len(own)
        unplaced = [each for each in others if each.value is not None and each.path not in paths.values()]
        if shifted:
            passed_over = unplaced
        elif unplaced and len(others) > len(free) and count not in (len(arguments), wanted):
            complaint = f"returned {count} gradients; there are {wanted} inputs to differentiate"
    missing = [i for i in range(len(leaves)) if i not in paths]
    unread = [each for each in named if each.path not in used and _is_gradient(each.value)]
    surplus = [each for each in unread if not any(leaf.value.shape == _shape(each.value) for leaf in leaves)]
    wrong = [each for each in unread if each not in surplus]
    if missing and wrong:
        key = next(str(step) for step in reversed(wrong[0].path) if isinstance(step, str))
        raise ValueError(f"{unknown_name(key, [leaves[i].name for i in missing])}, which have no gradient yet")
    return Matching(paths, missing, names, surplus + wrong + passed_over, complaint)


def _by_names(named: Sequence[Entry], leaves: Sequence[str]) -> dict[str, Entry]:
    """The entries by the leaves they belong to; a position in a tuple at the beginning of a path may mean nothing."""
    found: dict[str, Entry] = {}
    for skip in (0, 1):
        unused = [e for e in named if all(e is not other for other in found.values())]
        texts = {Entry(e.path[skip:], e.value).name: e for e in unused if skip == 0 or isinstance(e.path[0], int)}
        free = [leaf for leaf in leaves if leaf not in found]
        found |= {leaf: texts[name] for leaf, name in assigned(texts, free, same=True).items()}
    return found


def _fit_in_order(given: Sequence[Entry], leaves: Sequence[Leaf]) -> bool:
    return [_shape(each.value) for each in given] == [leaf.value.shape for leaf in leaves]


def _by_places(
    found: Any,
    others: Sequence[Entry],
    leaves: Sequence[Leaf],
    arguments: Sequence[Sequence[int]],
    free: Sequence[int],
    ease: Callable[[Leaf], float],
) -> dict[int, tuple[Any, ...]]:
    """The paths of gradients without names, by the positions of leaves."""
    if len(others) == len(free) and not (any(e.value is None for e in others) and len(arguments) != len(free)):
        return {i: each.path for i, each in zip(free, others, strict=True)}
    with_leaves = [each for each in arguments if each]
    for several in (arguments, with_leaves):
        # One for each argument: an argument of several leaves has a structure of its own.
        if isinstance(found, (list, tuple)) and len(found) == len(several) and fields_of(found) is None:
            paths = _by_arguments(others, [[i for i in each if i in free] for each in several])
            if paths is not None:
                return paths
    return _in_order(others, free, leaves, ease)


def _passing_over(given: Sequence[Entry], free: Sequence[int], leaves: Sequence[Leaf]) -> dict[int, tuple[Any, ...]]:
    """By shapes in order, where an input without a gradient and a result that is none would shift all the others.

    So it is where a recurrent net takes a state, and returns the new one after the gradients of its weights. Empty
    where the order itself fits as well.
    """
    if len(given) < 4 or len(free) < 4:
        return {}
    plain = sum(_shape(e.value) == leaves[i].value.shape for e, i in zip(given, free, strict=False))
    # The longest row of pairs of one shape, for the first entries and the first leaves.
    rows: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {}
    for m, entry in enumerate(given):
        for n, position in enumerate(free):
            longest = max(rows.get((m - 1, n), ()), rows.get((m, n - 1), ()), key=len)
            if _shape(entry.value) == leaves[position].value.shape:
                longest = max(longest, (*rows.get((m - 1, n - 1), ()), (m, n)), key=len)
            rows[m, n] = longest
    best = rows[len(given) - 1, len(free) - 1]
    if 2 * plain >= len(best) or len(best) < min(len(given), len(free)) - 1:
        return {}
    return {free[n]: given[m].path for m, n in best}


def _by_arguments(others: Sequence[Entry], arguments: Sequence[Sequence[int]]) -> dict[int, tuple[Any, ...]] | None:
    """The paths where each argument has its own part of what was returned; None where the numbers do not fit."""
    paths: dict[int, tuple[Any, ...]] = {}
    for number, positions in enumerate(arguments):
        own = [each for each in others if each.path[:1] == (number,)]
        if len(own) == 1 and own[0].value is None:
            paths |= dict.fromkeys(positions, own[0].path)
        elif positions and len(own) != len(positions):
            return None
        else:
            paths |= {i: each.path for i, each in zip(positions, own, strict=False)}
    return paths


def _in_order(
    given: Sequence[Entry], free: Sequence[int], leaves: Sequence[Leaf], ease: Callable[[Leaf], float]
) -> dict[int, tuple[Any, ...]]:
    """Gradients and leaves in one order, where some leaves may have none: those that are left out most easily."""
    if len(given) >= len(free):
        return {i: each.path for i, each in zip(free, given, strict=False)}

    def cost(entry: Entry, position: int) -> float:
        misfits = entry.value is not None and _shape(entry.value) != leaves[position].value.shape
        return 10.0 * misfits + ease(leaves[position])

    # The cheapest way to give the first entries to the first leaves, for every number of both; where nothing else
    # tells, the first leaves have the gradients.
    best: list[tuple[float, tuple[int, ...]] | None] = [(0.0, ())] + [None] * len(given)
    for position in free:
        for count in range(len(given), 0, -1):
            before = best[count - 1]
            if before is not None:
                total = before[0] + cost(given[count - 1], position)
                now = best[count]
                if now is None or total < now[0]:
                    best[count] = (total, (*before[1], position))
    chosen = best[-1]
    assert chosen is not None
    return {i: each.path for i, each in zip(chosen[1], given, strict=True)}


def _is_gradient(value: Any) -> bool:
    return getattr(getattr(value, "dtype", None), "kind", "") == "f" or isinstance(value, float)


def _shape(value: Any) -> tuple[int, ...] | None:
    try:
        return tuple(np.shape(value))
    except ValueError:
        return None
