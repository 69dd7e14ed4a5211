"""Which errors of a recorded call depend on values, and which settings let a function hear of bad numbers?"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.program import ir

# Errors about types and axes come anew with every call of the same kind.
_SAME_FOR_ALL = (TypeError, AttributeError, NotImplementedError, np.exceptions.AxisError)
_PLAIN = (int, type(None), type(...))
# What NumPy says of shapes alone.
_OF_SHAPES = (
    "could not be broadcast", "cannot be broadcast", "shape mismatch", "mismatch in its core dimension", "not aligned",
    "cannot reshape array", "must be square", "must match exactly", "same number of dimensions", "axes don't match",
    "must have the same shape", "zero-size array", "at least two-dimensional", "Incompatible dimensions",
    "cannot select an axis", "not enough dimensions", "does not have enough dimensions", "an equal division",
)  # fmt: skip

# What holds while a function is recorded.
_SILENT = {"divide": "ignore", "over": "ignore", "under": "ignore", "invalid": "ignore"}


def depends_on_values(error: Exception, function: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    """Whether a call with other values of the same shapes and dtypes might not raise."""
    if isinstance(error, _SAME_FOR_ALL):
        return False
    if isinstance(error, IndexError) and function is ir.item:
        # A mask and an array of positions are values, also where they are constants here; numbers and slices are not.
        return not all(type(part) in _PLAIN for part in ir.atoms(args[1:]))
    return not (isinstance(error, ValueError) and any(words in str(error) for words in _OF_SHAPES))


class Settings:
    """How Python and NumPy were told to treat numbers that are no good, when a recording began."""

    def __init__(self) -> None:
        self._filters, self._shows = list(warnings.filters), _shown()

    def asked(self) -> str | None:
        """What holds now and did not, and makes such numbers heard inside of the function; None without it.

        A recording is silent, and so a function would not hear of them.
        """
        errors = np.geterr()
        if errors != _SILENT:
            for kind, how in errors.items():
                if how == "raise" or (how == "call" and not _is_of_an_optimiser()):
                    return f'np.errstate({kind}="{how}")'
        if _shown() is not self._shows:
            return "warnings.catch_warnings(record=True)"
        if warnings.filters != self._filters and _raises(warnings.filters) and not _raises(self._filters):
            return 'warnings.simplefilter("error")'
        return None


def _shown() -> Any:
    """What is done with a warning; `warnings.catch_warnings` can replace it."""
    return getattr(warnings, "_showwarnmsg_impl", None)


def _raises(filters: Any) -> bool:
    """Whether what NumPy warns of raises."""
    action = next((each[0] for each in filters if each[1] is None and issubclass(RuntimeWarning, each[2])), None)
    return action == "error"


def _is_of_an_optimiser() -> bool:
    """Whether `minigrad.optim` gathers what NumPy tells in a step; it says so after the step, of a replay, too."""
    call = np.geterrcall()
    return isinstance(getattr(call, "__self__", None), dict) and getattr(call, "__name__", "") == "setdefault"
