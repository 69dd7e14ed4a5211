"""Does the other operand of an operator know better than a Tensor what the operator means?

As in NumPy, it says so itself: with ``__array_ufunc__``, with pandas's ``__pandas_priority__``, or by having the
operator's reflected method while it is neither an array nor a number nor a sequence.
"""

from __future__ import annotations

import decimal
import numbers
from collections.abc import Collection
from typing import Any

import numpy as np

from minigrad.engine.stand_ins import StandIn

# What needs no closer look; `ArrayLike` adds the Tensor.
SIMPLE: set[type] = {np.ndarray, float, int, bool, list, tuple, *np.sctypeDict.values()}

_VALUES = (numbers.Number, decimal.Decimal, Collection, np.generic, memoryview)


def knows_better(operand: Any, method: str = "") -> bool:
    """Whether an operand has a meaning of its own for an operator, whose reflected method is named if there is one.

    Numbers do not, Fraction and Decimal among them, because they know nothing of gradients. Neither do arrays of other
    libraries that speak none of these protocols: they are data.
    """
    kind = type(operand)
    if kind in SIMPLE or isinstance(operand, StandIn):
        return False
    protocol = getattr(kind, "__array_ufunc__", np.ndarray.__array_ufunc__)
    if protocol is not np.ndarray.__array_ufunc__ or hasattr(kind, "__pandas_priority__"):
        return True
    if isinstance(operand, _VALUES) or hasattr(kind, "__array__") or hasattr(kind, "__array_interface__"):
        return False
    return hasattr(kind, method)


def is_verdict(result: Any) -> bool:
    """Whether a comparison gave truth values, which have no gradient, and not something to go on computing with."""
    return isinstance(result, bool) or getattr(getattr(result, "dtype", None), "kind", "") == "b"
