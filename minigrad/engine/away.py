"""Where are the values of an array that is computed with elsewhere, such as on another device?

They come back when somebody looks. Until then the place that held the array is empty: a slot of a Tensor, a key of a
dict. Python asks for what it does not find, and whoever computes here pays nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.stand_ins import array_of


class Away:
    """The values of an array that are elsewhere.

    Attributes:
        here: the array, with values from before.
        there: whatever has the values now.
        fetch: gives the values of that as an array.
    """

    __slots__ = ("fetch", "here", "there")

    def __init__(self, here: Any, there: Any, fetch: Callable[[Any], Any]) -> None:
        self.here, self.there, self.fetch = here, there, fetch

    def brought_back(self) -> Any:
        """The array with the values of now: the same object, if it is one that can be written to."""
        values = self.fetch(self.there)
        if not isinstance(self.here, np.ndarray):
            return self.here.dtype.type(values)
        np.copyto(self.here, values)
        return self.here


class MayBeAway:
    """What a Tensor can do whose values may be elsewhere."""

    __slots__ = ()

    _array: Any
    _away: Away
    _family: Any
    _mark_changed: Callable[..., None]

    def _writable(self) -> NDArray[Any]:
        """The array of a leaf, for those who write to it and keep nothing."""
        if type(self._array) is not np.ndarray:
            # A 0-d leaf is kept as a NumPy scalar, which is faster; it becomes an array when somebody looks.
            self._array = array_of(self._array)
        array: NDArray[Any] = self._array
        return array

    def _put_away(self, there: Any, fetch: Callable[[Any], Any]) -> None:
        """Let the values of a leaf be elsewhere, until somebody looks; see above.

        Where the array was given to somebody, or others share its memory, they are fetched at once.
        """
        here = self._here()
        self._mark_changed(here)
        away = Away(here, there, fetch)
        if self._family is None:
            self._away = away  # type: ignore[misc]  # a slot of `Tensor`
            with suppress(AttributeError):
                del self._array
        else:
            self._array = away.brought_back()

    def _here(self) -> Any:
        """The array, with values from before where those of now are away."""
        try:
            return self._away.here
        except AttributeError:
            return self._array


class Memory(dict[str, Any]):
    """A dict of arrays, of which some may be away."""

    __slots__ = ("away",)

    def __init__(self) -> None:
        super().__init__()
        self.away: dict[str, Away] = {}

    def __missing__(self, name: str) -> Any:
        away = self.away.get(name)
        if away is None:
            raise KeyError(name)
        self[name] = array = away.brought_back()
        del self.away[name]
        return array

    def put_away(self, name: str, there: Any, fetch: Callable[[Any], Any]) -> None:
        """Let the values of an array be elsewhere."""
        before = self.away.get(name)
        self.away[name] = Away(self[name] if before is None else before.here, there, fetch)
        self.pop(name, None)
