"""How does a call of a NumPy function become one of the operation that replaces it?"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minigrad.engine.registry import Function, numpy_name


def from_numpy_call(
    function: Function, replacement: Function, args: Sequence[Any], kwargs: dict[str, Any]
) -> tuple[Sequence[Any], dict[str, Any]]:
    """The arguments of a call to a NumPy function, as the operation that replaces it takes them.

    Parameters are matched by name; those that stand for arrays are named differently here (``x``, not ``a``) and are
    matched by position. Any other may be given only NumPy's own default.

    Raises:
        TypeError: for an argument that the operation does not support.
    """
    translation = _translation(function, replacement, len(args), tuple(kwargs))
    if translation is None:
        return args, kwargs
    given = dict(enumerate(args)) | kwargs
    for name, source, default in translation.fixed:
        if given[source] is not default:
            raise TypeError(f"{numpy_name(function)} of a Tensor does not support the argument {name}=")
    positional = [given[source] for source in translation.positional]
    return positional, {name: given[source] for name, source in translation.moved}


@dataclass(frozen=True)
class _Translation:
    """How one form of a call is translated; a source is a position or a keyword of the call.

    Attributes:
        positional: where the arguments come from that are passed by position.
        moved: the parameters of the operation, and where their arguments come from.
        fixed: the parameters of the NumPy function that may be given their defaults only, their sources, and these.
    """

    positional: Sequence[int | str]
    moved: Sequence[tuple[str, int | str]]
    fixed: Sequence[tuple[str, int | str, Any]]


# Matching arguments with parameters takes longer than most operations on small arrays.
@functools.lru_cache(maxsize=1024)
def _translation(
    function: Function, replacement: Function, count: int, keywords: tuple[str, ...]
) -> _Translation | None:
    """The translation of calls with so many positional and these keyword arguments; None if they stay as they are."""
    theirs = _parameters(function)
    # A function written in C may not tell its signature; the operation then has the same one.
    same = not theirs or getattr(replacement, "__wrapped__", None) is function
    if same and not _parameters(replacement):
        return None
    sources: dict[str, Any] = {keyword: keyword for keyword in keywords}
    given = _bound(replacement if same else function, function, *range(count), **sources)
    if same:
        return None
    ours = _parameters(replacement)
    names = list(ours)
    positional: list[Any] = []
    moved: dict[str, Any] = {}
    fixed = []
    for position, (name, source) in enumerate(given.items()):
        parameter = theirs[name]
        if parameter.kind is parameter.VAR_KEYWORD:
            moved.update(source)
        elif parameter.kind is parameter.VAR_POSITIONAL:
            positional, moved = [*moved.values(), *source], {}
        elif name in ours:
            moved[name] = source
        elif position < len(names) and names[position] not in theirs:
            moved[names[position]] = source
        else:
            fixed.append((name, source, parameter.default))
    unknown = moved.keys() - ours.keys()
    if unknown and not any(parameter.kind is parameter.VAR_KEYWORD for parameter in ours.values()):
        raise TypeError(f"{numpy_name(function)} of a Tensor does not support the argument {unknown.pop()}=")
    _bound(replacement, function, *positional, **moved)
    if not positional:
        # Operations take less time to match what is given by position.
        leading = itertools.takewhile(lambda name: name in moved and _is_positional(ours[name]), names)
        positional = [moved.pop(name) for name in list(leading)]
    return _Translation(tuple(positional), tuple(moved.items()), tuple(fixed))


def _is_positional(parameter: inspect.Parameter) -> bool:
    return parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)


def _bound(signed: Function, called: Function, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Arguments by the parameters of one function; an error names the function that the user called."""
    try:
        return _signature(signed).bind(*args, **kwargs).arguments
    except TypeError as error:
        raise TypeError(f"{numpy_name(called)} of a Tensor: {error}") from None


# Making a signature takes longer than most operations on small arrays.
@functools.cache
def _signature(function: Function) -> inspect.Signature:
    return inspect.signature(function)


def _parameters(function: Function) -> Mapping[str, inspect.Parameter]:
    try:
        return _signature(function).parameters
    except ValueError:
        return {}
