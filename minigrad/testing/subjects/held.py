"""Which arrays does an object keep that its methods compute with, and how are others put there for a while?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minigrad.testing.subjects.attributes import numbers_in
from minigrad.testing.subjects.layer_parameters import Parameter, candidates


def arrays_in(owner: Any) -> list[Parameter]:
    """Every floating-point array that an object keeps, in lists, dicts and other objects as well, each once."""
    return [parameter for parameter in candidates(numbers_in(owner)) if not parameter.is_number]


@contextlib.contextmanager
def lent(owner: Any, parameters: Sequence[Parameter], values: Sequence[Any]) -> Iterator[None]:
    """Have other values there; the arrays that were there are put back with what was in them."""
    before = [parameter.held.copy() for parameter in parameters]
    try:
        for parameter, value in zip(parameters, values, strict=True):
            if isinstance(value, np.ndarray):
                parameter.put(owner, value)
            else:
                parameter.lend(owner, value)
        yield
    finally:
        for parameter, content in zip(parameters, before, strict=True):
            if parameter.held.flags.writeable:
                parameter.held[...] = content
            parameter.lend(owner, parameter.held)
