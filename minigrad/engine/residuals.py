"""Which values must a recorded result keep alive for its rules?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np

from minigrad.engine.graph import Node, Primitive
from minigrad.engine.pytrees import mapped

# Keeping a small array costs less than replacing it.
LARGE = 4096

# Copying an array takes less time than most operations on it, but memory.
_COPIED = 1 << 18
_MAY_HOLD_ARRAYS = (np.ndarray, list, tuple)


def unread_left_out(
    primitive: Primitive, arrays: tuple[Any, ...], parents: Sequence[Node | None], out: Any
) -> tuple[tuple[Any, ...], Any]:
    """Arguments and result of an operation, with hollow arrays for large computed ones that no wanted rule reads."""
    if primitive.reads is None:
        return arrays, out
    read = _read(primitive, tuple([parent is not None for parent in parents]))
    # What was not computed is not kept alive by the graph alone, and the graph could not be run again without it.
    kept = [
        hollow(array) if parent is not None and parent.op is not None and position not in read else array
        for position, (array, parent) in enumerate(zip(arrays, parents, strict=True))
    ]
    return tuple(kept), out if -1 in read else hollow(out)


def kept_apart(
    arrays: tuple[Any, ...], parents: Sequence[Node | None], params: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Copies of plain arrays, which a graph would otherwise share with a function that may write to them."""
    for array, parent in zip(arrays, parents, strict=True):
        if parent is None and type(array) is np.ndarray:
            arrays = tuple([_copied(a) if node is None else a for a, node in zip(arrays, parents, strict=True)])
            break
    if params and any(type(value) in _MAY_HOLD_ARRAYS for value in params.values()):
        params = mapped(params, _copied)
    return arrays, params


def _copied(value: Any) -> Any:
    is_small = type(value) is np.ndarray and value.nbytes <= _COPIED
    return value.copy() if is_small and value.flags.writeable else value


@lru_cache(maxsize=1024)
def _read(primitive: Primitive, wanted: tuple[bool, ...]) -> frozenset[int]:
    """What the rules of the wanted arguments of an operation read."""
    assert primitive.reads is not None
    return frozenset[int]().union(*[primitive.reads[position] for position, asked in enumerate(wanted) if asked])


def hollow(array: Any) -> Any:
    """An array of the same shape and dtype that takes no memory: every element is the same NaN."""
    if type(array) is not np.ndarray or array.nbytes < LARGE or array.dtype.kind != "f":
        return array
    return np.ndarray(array.shape, array.dtype, _nan(array.dtype), 0, (0,) * array.ndim)


@cache
def _nan(dtype: np.dtype[Any]) -> bytes:
    return np.array(np.nan, dtype).tobytes()
