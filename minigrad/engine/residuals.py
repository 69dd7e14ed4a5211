"""Which values must a recorded result keep alive for its rules?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from minigrad.engine.graph import Node, Primitive, values_read

# Keeping an array of fewer bytes costs less than replacing it.
WORTH_REPLACING = 4096


def unread_left_out(
    primitive: Primitive, arrays: tuple[Any, ...], parents: Sequence[Node | None], out: Any
) -> tuple[tuple[Any, ...], Any]:
    """Arguments and result of an operation, with hollow arrays for large computed ones that no wanted rule reads."""
    read = values_read(primitive, parents)
    if read is None:
        return arrays, out
    # What was not computed is not kept alive by the graph alone, and the graph could not be run again without it.
    kept = [
        hollow(array) if parent is not None and parent.op is not None and position not in read else array
        for position, (array, parent) in enumerate(zip(arrays, parents, strict=True))
    ]
    return tuple(kept), out if -1 in read else hollow(out)


def hollow(array: Any) -> Any:
    """An array of the same shape and dtype that takes no memory: every element is the same NaN."""
    if type(array) is not np.ndarray or array.nbytes < WORTH_REPLACING or array.dtype.kind != "f":
        return array
    return np.ndarray(array.shape, array.dtype, _nan(array.dtype), 0, (0,) * array.ndim)


@cache
def _nan(dtype: np.dtype[Any]) -> bytes:
    return np.array(np.nan, dtype).tobytes()
