"""What may data be, so that they give pairs each time they are gone through?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from minigrad.nn import Layer
from minigrad.training.batching import Batches
from minigrad.training.checks import check_data


class _Calls:
    """Data that a function gives anew for each epoch."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function

    def __iter__(self) -> Iterator[Any]:
        return iter(self._function())


class _OwnTargets:
    """Batches of x alone, with x as its target."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Any]:
        return self.starting_at(0)

    def starting_at(self, step: int) -> Iterator[Any]:
        """The pairs from a step of an epoch on."""
        return ((x, x) for x in self._batches.starting_at(step))


def starts_anywhere(data: Any) -> bool:
    """Whether data have a method `starting_at` that has drawn all that is random in the epoch when it returns."""
    return isinstance(data, (Batches, _OwnTargets))


def as_pairs(function: str, name: str, data: Any) -> Any:
    """Data as something that gives pairs each time it is gone through."""
    if callable(data) and not hasattr(data, "__iter__") and not isinstance(data, (type, Layer)):
        return _Calls(data)
    if isinstance(data, Batches) and data.y is None:
        return _OwnTargets(data)
    check_data(function, name, data)
    return data
