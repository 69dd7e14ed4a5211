"""Is a layer just being made, so that what it is given are parameters, and not results that it remembers?"""

from __future__ import annotations

import inspect
from abc import ABCMeta
from typing import TYPE_CHECKING

from minigrad.nn.attributes import refuse_all_results

# The layers whose constructors are running, by identity.
_being_made: set[int] = set()


class LayerClass(ABCMeta):
    """Lets a layer know that it is being made."""

    if not TYPE_CHECKING:  # where a class with a call of its own would take any arguments

        def __call__(cls, *args, **kwargs):
            """A layer of this class."""
            made = cls.__new__(cls, *args, **kwargs)
            if isinstance(made, cls):
                _being_made.add(id(made))
                try:
                    made.__init__(*args, **kwargs)
                except TypeError as error:
                    _name_arguments(cls, args, kwargs, error)
                    raise
                finally:
                    _being_made.discard(id(made))
                refuse_all_results(made)
            return made


def _name_arguments(kind: type, args: tuple[object, ...], given: dict[str, object], error: TypeError) -> None:
    """Raise with the name of the layer where an argument is missing or unknown; Python names a private base of it."""
    signature = inspect.signature(kind.__init__)  # type: ignore[misc]  # of the very class that is called
    try:
        signature.bind(None, *args, **given)
    except TypeError as found:
        names = ", ".join(name for name in signature.parameters if name != "self")
        raise TypeError(f"{kind.__name__}: {found}; it takes ({names})") from error


def is_being_made(layer: object) -> bool:
    """Whether the constructor of a layer is running."""
    return id(layer) in _being_made
