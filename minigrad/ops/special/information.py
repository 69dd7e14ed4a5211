"""The terms of which losses are made in scipy.special: of entropies and of robust errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from minigrad.engine.examples import positives, reals
from minigrad.engine.stand_ins import is_number
from minigrad.engine.table import Table
from minigrad.ops.elementwise.where import keep_where

table = Table(__name__)

_POSITIVE = [(positives(2, 3), positives(2, 3)), (positives(2, 1), positives(3))]


def _both_zero(x: Any, y: Any) -> Any:
    return np.logical_and(np.equal(x, 0.0), np.equal(y, 0.0))


def _over(g: Any, x: Any, y: Any) -> Any:
    """g * x / y, and 0 where both are 0."""
    both = _both_zero(x, y)
    return keep_where(g * (x / np.where(both, 1.0, y)), np.logical_not(both))


xlogy = table.elementwise(
    special.xlogy,
    lambda g, out, x, y: g * np.log(y),
    lambda g, out, x, y: _over(g, x, y),
    reads=("y", "x y"),
    examples=_POSITIVE,
    doc="x log(y), and 0 where x is 0; at (0, 0) the derivative by y is 0.",
)
xlog1py = table.elementwise(
    special.xlog1py,
    lambda g, out, x, y: g * np.log1p(y),
    lambda g, out, x, y: _over(g, x, 1.0 + y),
    reads=("y", "x y"),
    examples=_POSITIVE,
    doc="x log(1 + y), and 0 where x is 0; at (0, -1) the derivative by y is 0.",
)
entr = table.elementwise(
    special.entr,
    lambda g, out, x: -g * (np.log(x) + 1.0),
    reads=("x",),
    examples=[positives(2, 3)],
    doc="-x log(x), and 0 at 0, where the derivative is infinite.",
)


def _log_quotient(g: Any, x: Any, y: Any, added: float) -> Any:
    """g * (log(x / y) + added), and 0 where both are 0."""
    if is_number(y):
        y = y + np.zeros_like(x)  # In the dtype of x; the logarithm of a Python number would be float64.
    both = _both_zero(x, y)
    # The quotient itself would have no derivative by y where x is 0.
    logarithm = np.log(np.where(both, 1.0, x)) - np.log(np.where(both, 1.0, y))
    return keep_where(g * (logarithm + added), np.logical_not(both))


_QUOTIENTS = [*_POSITIVE, (0.5, positives(2)), (positives(), 2.0)]

rel_entr = table.elementwise(
    special.rel_entr,
    lambda g, out, x, y: _log_quotient(g, x, y, 1.0),
    lambda g, out, x, y: -_over(g, x, y),
    reads=("x y", "x y"),
    examples=_QUOTIENTS,
    doc="x log(x / y), and 0 where x is 0; the derivatives at (0, 0) are 0.",
)
kl_div = table.elementwise(
    special.kl_div,
    lambda g, out, x, y: _log_quotient(g, x, y, 0.0),
    lambda g, out, x, y: g - _over(g, x, y),
    reads=("x y", "x y"),
    examples=_QUOTIENTS,
    doc="x log(x / y) - x + y, and y where x is 0; the derivatives at (0, 0) are 0 and 1.",
)

# Errors y, quadratic up to about x and linear beyond.

_ERRORS = [(positives(2, 3), reals(2, 3)), (positives(2, 1), reals(3)), (1.1, reals(2, 3)), (positives(3), 1.5)]

huber = table.elementwise(
    special.huber,
    lambda g, out, x, y: keep_where(g * (abs(y) - x), np.greater(abs(y), x)),
    lambda g, out, x, y: g * np.where(np.greater(abs(y), x), x * np.sign(y), y),
    reads=("x y", "x y"),
    examples=_ERRORS,
    doc="y^2 / 2 for |y| up to x, and x (|y| - x / 2) beyond.",
)


def _by_scale(g: Any, x: Any, y: Any) -> Any:
    length = np.hypot(x, y)
    safe = np.where(np.equal(length, 0.0), 1.0, length)
    share = y / (safe + x)
    return g * (y / safe * y * share * share)


def _by_error(g: Any, x: Any, y: Any) -> Any:
    length = np.hypot(x, y)
    return g * y * (x / np.where(np.equal(length, 0.0), 1.0, length))


pseudo_huber = table.elementwise(
    special.pseudo_huber,
    lambda g, out, x, y: _by_scale(g, x, y),
    lambda g, out, x, y: _by_error(g, x, y),
    reads=("x y", "x y"),
    examples=_ERRORS,
    doc="x^2 (sqrt(1 + (y / x)^2) - 1): between y^2 / 2 for small y and x |y| for large.",
)

if not TYPE_CHECKING:
    __all__ = table.names
