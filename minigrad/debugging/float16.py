"""Is a number too large for float16 alone?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.debugging.causes import Cause
from minigrad.debugging.numbers import is_numeric, shown


def of_float16(
    what: str, bad: Any, function: Callable[..., Any], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Cause | None:
    """The cause, where what a function gave overflows in float16, and in float64 does not."""
    size = _in_double(function, arrays, params) if np.asarray(bad).dtype == np.float16 else None
    if size is None:
        return None
    return Cause(
        "float16 overflow",
        f"the {what} is {shown(size)}, and float16 ends at 65504",
        "compute in float32: x.astype(np.float32); or scale the numbers down first",
    )


def _in_double(function: Callable[..., Any], arrays: tuple[Any, ...], params: dict[str, Any]) -> float | None:
    """How large a result is when it is computed in float64; None where that cannot be said."""
    wide = [np.asarray(a, np.float64) if is_numeric(a) and np.asarray(a).dtype.kind == "f" else a for a in arrays]
    try:
        with np.errstate(all="ignore"):
            result = np.asarray(function(*wide, **params))
    except Exception:  # a function of the user's, which may take no other dtype, must not hide what was found
        return None
    largest = float(np.max(np.abs(result))) if result.dtype.kind == "f" and result.size else np.nan
    return largest if np.isfinite(largest) else None
