"""Which values must a recorded result keep alive for its rules?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from minigrad.graph import Node, Primitive

# Keeping a small array costs less than replacing it.
LARGE = 4096


def unread_left_out(
    primitive: Primitive, arrays: tuple[Any, ...], parents: Sequence[Node | None], out: Any
) -> tuple[tuple[Any, ...], Any]:
    """Arguments and result of an operation, with hollow arrays for large computed ones that no wanted rule reads."""
    if primitive.reads is None:
        return arrays, out
    # What was not computed is not kept alive by the graph alone, and the graph could not be run again without it.
    computed = [
        position
        for position, parent in enumerate(parents)
        if parent is not None and parent.op is not None and arrays[position].nbytes >= LARGE
    ]
    if not computed and out.nbytes < LARGE:
        return arrays, out
    wanted = [primitive.reads[position] for position, parent in enumerate(parents) if parent is not None]
    read = frozenset[int]().union(*wanted)
    kept = (hollow(array) if at in computed and at not in read else array for at, array in enumerate(arrays))
    return tuple(kept), out if -1 in read else hollow(out)


def hollow(array: Any) -> Any:
    """An array of the same shape and dtype that takes no memory: every element is the same NaN."""
    if type(array) is not np.ndarray or array.nbytes < LARGE or array.dtype.kind != "f":
        return array
    return np.ndarray(array.shape, array.dtype, _nan(array.dtype), 0, (0,) * array.ndim)


@cache
def _nan(dtype: np.dtype[Any]) -> bytes:
    return np.array(np.nan, dtype).tobytes()
