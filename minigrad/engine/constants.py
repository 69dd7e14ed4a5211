"""Which constants does a graph share with the user, and how is a change of one noticed?

A rule reads plain arrays that were arguments of its operation. If the user writes to such an array between the call
and the pass back, as in ``for t in times: buffer[:] = t; total += np.sum(w * buffer)``, the rule would read other
values than the operation did. So a small array is copied when the operation is recorded. Of a large one a sample of
the elements is kept, and compared before a rule reads the array.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from minigrad.engine.graph import Node, Positions, Primitive, values_read
from minigrad.engine.pytrees import mapped

# Up to here, in bytes, copying an array takes less time than most operations on it.
COPIED = 1 << 18
# So many elements of a larger array are compared.
_SAMPLE = 256
# What a parameter can be without holding an array.
_ATOMS = frozenset({int, bool, str, float, type(None), slice, type, type(...), *np.sctypeDict.values()})


class Stamp:
    """A large array that a graph shares with the user, and some of its elements when it was recorded."""

    __slots__ = ("array", "sample")

    def __init__(self, array: Any) -> None:
        self.array = array
        self.sample = _sampled(array)

    def has_changed(self) -> bool:
        """Whether an element of the sample is not what it was; compared by bits, so that NaN equals NaN."""
        return _sampled(self.array) != self.sample


def protected(
    primitive: Primitive, arrays: tuple[Any, ...], parents: tuple[Node | None, ...], params: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any], list[Stamp] | None]:
    """Arguments and parameters as a node may keep them, and stamps of those that it shares with the user."""
    stamps: list[Stamp] = []
    kept = list(arrays)
    read: Positions | None = None
    asked = False
    for position, array in enumerate(arrays):
        if parents[position] is None and type(array) is np.ndarray:
            if not asked:
                read, asked = values_read(primitive, parents), True
            if read is None or position in read:
                kept[position] = _kept(array, stamps)
    if params and any(type(value) not in _ATOMS and _may_hold_arrays(value) for value in params.values()):
        params = mapped(params, lambda value: _kept(value, stamps) if type(value) is np.ndarray else value)
    return tuple(kept), params, stamps or None


def _kept(array: Any, stamps: list[Stamp]) -> Any:
    """A copy of a small array, the array itself if nobody can write to it, or else the array and a stamp of it."""
    if not is_writable(array):
        return array
    if array.nbytes > COPIED and not array.dtype.hasobject:
        stamps.append(Stamp(array))
        return array
    copy = array.copy()
    # So that it is not copied again where a rule uses it in a pass that is recorded itself.
    copy.setflags(write=False)
    return copy


def _may_hold_arrays(value: Any) -> bool:
    return type(value) is not tuple or any(type(item) not in _ATOMS for item in value)


def is_writable(array: Any) -> bool:
    """Whether anybody can write to the memory of an array: a view may be read-only where its base is not."""
    while not array.flags.writeable:
        base = array.base
        if base is None or type(base) is bytes:
            return False
        if type(base) is not np.ndarray:
            # Memory of another library, or a subclass of arrays.
            return True
        array = base
    return True


def check_unchanged(node: Node) -> None:
    """Refuse to go back through an operation whose constants have changed.

    Raises:
        RuntimeError: where a large array was written to after the operation had used it.
    """
    for stamp in node.stamps or ():
        if stamp.has_changed():
            name = node.op.name if node.op is not None else "an operation"
            raise RuntimeError(
                f"an array of shape {stamp.array.shape} that {name} used was changed before the backward pass, which "
                f"needs its old values; give {name} a copy of it: array.copy()"
            )


def _sampled(array: Any) -> bytes:
    if array.flags.c_contiguous:
        return array.reshape(-1)[_positions(array.size)].tobytes()  # type: ignore[no-any-return]
    return array[_indices(array.shape)].tobytes()  # type: ignore[no-any-return]


@lru_cache(maxsize=256)
def _positions(size: int) -> Any:
    """Positions all over an array, one in each of as many parts, at irregular distances so that no column is missed."""
    parts = np.linspace(0, size, _SAMPLE + 1).astype(np.intp)
    offsets = np.random.default_rng(size).random(_SAMPLE)
    return parts[:-1] + (offsets * np.diff(parts)).astype(np.intp)


@lru_cache(maxsize=256)
def _indices(shape: tuple[int, ...]) -> tuple[Any, ...]:
    return np.unravel_index(_positions(int(np.prod(shape, dtype=np.intp))), shape)
