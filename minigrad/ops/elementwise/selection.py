"""Elements of many arrays or functions, as conditions or integers tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from minigrad.engine.examples import reals
from minigrad.engine.stand_ins import StandIn, array_of, is_number
from minigrad.engine.table import Table
from minigrad.engine.values import as_array, plain
from minigrad.ops.elementwise.where import where
from minigrad.ops.manipulation.dtypes import astype
from minigrad.ops.manipulation.joining import concatenate
from minigrad.ops.manipulation.shape import broadcast_to, reshape

table = Table(__name__)

_CONDITIONS = [np.array([True, False, False]), np.array([[True, True, False], [False, True, False]])]


@table.composite(
    overrides=[np.select],
    examples=[
        (_CONDITIONS, [reals(2, 3), reals(3)], reals(2, 3)),
        (_CONDITIONS, [reals(), 0.5]),
        (_CONDITIONS, [0.5, 2], reals(2, 1)),
        ([np.zeros(0, bool)], [reals(0)]),
    ],
)
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """Elements of the first of the choices whose condition is true, and of `default` where none is.

    All are broadcast against each other. What `where` says about branches not taken holds here, too.

    Raises:
        TypeError: for conditions that are not booleans.
        ValueError: for no conditions, or another number of choices.
    """
    if not len(condlist) or len(condlist) != len(choicelist):
        raise ValueError(f"select() of {len(condlist)} conditions and {len(choicelist)} choices")
    choices, default = [_listed(each) for each in choicelist], _listed(default)
    if any(array_of(plain(condition)).dtype != bool for condition in condlist):
        raise TypeError("select(): a condition is an array of booleans")
    # What is chosen last has the dtype of all, because numbers alone would be float64.
    dtype = np.result_type(*plain(choices), plain(default))
    result = astype(default, dtype) if hasattr(default, "dtype") else np.full((), default, dtype)
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        result = where(condition, choice, result)
    return result


def _listed(value: Any) -> Any:
    """An array of a list; of Python numbers none, because these take on the dtype of the others."""
    return value if is_number(value) else as_array(value)


@table.composite(
    overrides=[np.choose],
    examples=[
        (np.array([[0, 1, 1], [2, 0, 2]]), [reals(3), reals(), reals(2, 1)]),
        (np.array([1, 0]), [reals(2), 0.5]),
        (np.array([4, -1, 1]), [reals(3), reals(3)], {"mode": "wrap"}),
        (np.array([4, -1, 1]), reals(2, 3), {"mode": "clip"}),
        (np.zeros(0, int), [reals(0)]),
    ],
)
def choose(a: Any, choices: Any, mode: Literal["raise", "wrap", "clip"] = "raise") -> Any:
    """Elements of the choice that the integers `a` tell, all broadcast against each other.

    Integers out of range are an error, or taken modulo the number of choices ("wrap"), or as the nearest ("clip").
    """
    choices = list(choices)
    numbers = np.arange(len(choices))
    index = np.choose(plain(a), numbers, mode=mode)
    return select([np.equal(index, number) for number in numbers], choices)


@table.composite(
    overrides=[np.piecewise],
    examples=[
        (reals(2, 3), [_CONDITIONS[1]], [np.sin, np.exp]),
        (reals(3), [_CONDITIONS[0]], [np.square]),
        (reals(2, 3), [_CONDITIONS[1], ~_CONDITIONS[1]], [0.5, np.cos]),
        (reals(), [True], [np.sin]),
        (reals(0), [np.zeros(0, bool)], [np.sin, 1.0]),
    ],
)
def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    """Functions, each of the elements of x where its condition holds, put together again.

    Where several conditions hold, the last one counts. A number stands for a constant function. One function more
    than conditions is that of all other elements, which else are 0.

    Raises:
        ValueError: for any other number of functions.
    """
    conditions = _conditions(plain(condlist), x)
    if len(funclist) - len(conditions) not in (0, 1):
        raise ValueError(f"piecewise() of {len(conditions)} conditions and {len(funclist)} functions")
    functions = [*funclist, 0.0][: len(conditions) + 1]
    chosen = np.full(np.shape(x), len(conditions))
    if not chosen.size:
        return np.positive(x)  # NumPy calls no function with nothing.
    for number, condition in enumerate(conditions):
        chosen = np.where(condition, number, chosen)
    if isinstance(chosen, StandIn):
        raise TypeError(
            "piecewise of conditions that are computed gives each function as many elements as there happen to be, "
            "which no program can say; write np.where(condition, f(x), g(x)), or mg.select for several conditions"
        )
    places = [np.flatnonzero(chosen == number) for number in range(len(functions))]
    parts = [
        _piece(function, reshape(x, -1)[place], args, kw)
        for function, place in zip(functions, places, strict=True)
        if place.size
    ]
    return reshape(concatenate(parts)[np.argsort(np.concatenate(places))], np.shape(x))


def _conditions(condlist: Any, x: Any) -> list[Any]:
    """The conditions of a call of piecewise, where a single one may be given without a list."""
    single = np.isscalar(condlist) or (np.ndim(x) > 0 and not isinstance(condlist[0], (list, np.ndarray, StandIn)))
    return [array_of(condition).astype(bool) for condition in ([condlist] if single else condlist)]


def _piece(function: Any, elements: Any, args: Sequence[Any], kw: dict[str, Any]) -> Any:
    values = function(elements, *args, **kw) if callable(function) else function
    return astype(broadcast_to(values, elements.shape), elements.dtype)


if not TYPE_CHECKING:
    __all__ = table.names
