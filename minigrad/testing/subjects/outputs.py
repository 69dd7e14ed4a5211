"""Which arrays are the results of a forward pass, and what does a gradient of them look like?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.pytrees import leaves, replaced

Array = NDArray[Any]
# Two outputs for the same inputs may differ by so many units in the last place: of sums in another order.
_UNITS = 64.0


def as_output(out: Any, name: str) -> Array:
    """The output of a forward pass.

    Raises:
        TypeError: for anything but one array or number.
    """
    if out is None:
        raise TypeError(f"{name} returned None: does it end with `return`?")
    if isinstance(out, (np.ndarray, np.generic, float)):
        array = np.asarray(out)
        if array.dtype.kind == "f":
            return array
        raise TypeError(f"{name} returned an array of {array.dtype}; only floating-point results have gradients")
    raise TypeError(f"{name} returned {described(out)}, not an array")


def described(value: Any) -> str:
    """What something is, in words."""
    return f"a tuple of {len(value)}" if isinstance(value, tuple) else f"a {type(value).__name__}"


def arrays_of(out: Any, name: str) -> list[Array]:
    """All outputs in one result: an array, or a list, tuple or dict of them.

    Raises:
        TypeError: for anything else.
    """
    if isinstance(out, (list, tuple, dict)) and out:
        return [as_output(value, name) for _, value in leaves(out)]
    return [as_output(out, name)]


def may_be_output(item: Any) -> bool:
    """Whether a result may be differentiated."""
    try:
        return bool(arrays_of(item, ""))
    except TypeError:
        return False


def like(out: Any, gradients: Sequence[Array]) -> Any:
    """Gradients in the structure of an output."""
    return replaced(out, gradients) if isinstance(out, (list, tuple, dict)) else gradients[0]


def scaled(gradient: Any, upstream: Array) -> Any:
    """The gradient that a pass without an upstream gradient gives, times that; None where they do not fit.

    One number scales everything. A gradient for each element of the output, or for each row, is multiplied by its own.
    """
    if upstream.size == 1:
        factor = float(upstream.reshape(-1)[0])
        return gradient if factor == 1.0 else _times(gradient, lambda array: array * factor)
    fits = upstream.shape == np.shape(gradient)[: upstream.ndim]
    if not fits:
        return None
    rest = np.ndim(gradient) - upstream.ndim
    return _times(gradient, lambda array: array * upstream.reshape(upstream.shape + (1,) * rest))


def _times(gradient: Any, product: Callable[[Any], Any]) -> Any:
    """A product, unless this is nothing that can be multiplied: then it is judged as it is."""
    array = np.asarray(gradient)
    return product(array) if array.dtype.kind in "biuf" else gradient


def is_scalar(out: Any) -> bool:
    """Whether this is one number, such as a loss, in an array or not."""
    return isinstance(out, (float, np.ndarray, np.generic)) and math.prod(np.shape(out)) == 1


def differ(one: Array, other: Array) -> bool:
    """Whether two outputs for the same inputs differ by more than the order in which sums are taken; NaN equals NaN."""
    largest = float(np.max(np.abs(one), initial=0.0, where=np.isfinite(one)))
    apart = np.abs(one - other)[~((one == other) | (np.isnan(one) & np.isnan(other)))]
    return not np.max(apart, initial=0.0) <= _UNITS * float(np.finfo(one.dtype).eps) * largest
