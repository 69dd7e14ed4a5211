"""Which operation answers to this name, and to this NumPy function?"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from minigrad.engine.graph import Primitive

Function = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Operation:
    """One row of the registry.

    Attributes:
        name: of the operation, as in ``mg.NAME``; and ``tensor.NAME()``, where it is a method.
        function: what the user calls.
        primitive: what it records; None for a composite, which records the operations it is made of.
        overrides: the NumPy and SciPy functions that become this operation when called on a Tensor.
        examples: inputs on which its derivatives are checked.
        builtin: whether it belongs to minigrad rather than to a user.
        public: whether users are meant to call it; False for a helper, of which other operations are made.
        elementwise: whether it computes each element by itself, of arrays that broadcast against each other.
    """

    name: str
    function: Function
    primitive: Primitive | None
    overrides: Sequence[Function]
    examples: Sequence[Any]
    builtin: bool
    public: bool = True
    elementwise: bool = False

    @property
    def is_method(self) -> bool:
        """Whether Tensors have it as a method: what arrays have, and functions of each element of one array."""
        if not (self.builtin and self.public):
            return False
        if self.elementwise and self.primitive is not None and len(self.primitive.rules) == 1:
            return True
        return hasattr(np.ndarray, self.name) and self._begins_with_an_array()

    def _begins_with_an_array(self) -> bool:
        """Whether the first argument is differentiated."""
        if self.primitive is not None:
            return not self.primitive.variadic and self.primitive.rules[0] is not None
        example = self.examples[0] if self.examples else None
        return hasattr(example[0] if isinstance(example, tuple) else example, "draw")


operations: dict[str, Operation] = {}
overrides: dict[Function, Function] = {}


def register(operation: Operation) -> None:
    """Enter an operation.

    Raises:
        ValueError: where it would replace an operation of minigrad's own, or take over a NumPy function that
            already has one. Users may define an operation of theirs again.
    """
    earlier = operations.get(operation.name)
    if earlier is not None and (earlier.builtin or operation.builtin):
        raise ValueError(f"minigrad already has an operation named {operation.name!r}; choose another name")
    for function in operation.overrides:
        current = overrides.get(function)
        if current is not None and (earlier is None or current is not earlier.function):
            raise ValueError(f"{numpy_name(function)} already has an operation; it cannot become {operation.name}")
    operations[operation.name] = operation
    overrides.update(dict.fromkeys(operation.overrides, operation.function))


def numpy_name(function: Function) -> str:
    """What a user calls a NumPy or SciPy function, such as ``np.linalg.inv``."""
    name = function.__name__
    # A ufunc does not tell its module.
    homes = [module.__name__ for module in (np, special) if getattr(module, name, None) is function]
    module = homes[0] if homes else getattr(function, "__module__", None)
    return f"{module.replace('numpy', 'np', 1)}.{name}" if module else name


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
