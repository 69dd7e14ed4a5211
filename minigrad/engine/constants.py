"""Which constants does a graph share with the user, and how is a change of one noticed?

A rule reads plain arrays that were arguments of its operation. If the user writes to such an array between the call
and the pass back, as in ``for t in times: buffer[:] = t; total += np.sum(w * buffer)``, the rule would read other
values than the operation did. So a small array is copied when the operation is recorded. Of a large one a sample of
the elements is kept, and compared before a rule reads the array.
"""

from __future__ import annotations

import math
import operator
from array import array as array_of_python
from functools import lru_cache
from typing import Any

import numpy as np

from minigrad.engine.graph import Node, values_read
from minigrad.engine.pytrees import mapped
from minigrad.engine.stand_ins import StandIn

# Up to here, in bytes, an array is copied.
COPIED = 1 << 18
# So many elements of a larger array are compared, some in every row and column, unless there are more than so many.
_SAMPLE = 1024
# What a parameter can be without holding an array.
_ATOMS = frozenset({int, bool, str, float, type(None), type, type(...), *np.sctypeDict.values()})
# What NumPy makes arrays of, without a method of theirs.
_BUFFERS = (array_of_python, memoryview, bytearray)
# What the bounds of a slice mostly are.
_BOUNDS = frozenset({int, type(None)})


class Stamp:
    """A large array that a graph shares with the user, and some of its elements when it was recorded."""

    __slots__ = ("array", "sample")

    def __init__(self, array: Any) -> None:
        self.array = array
        self.sample = _sampled(array)

    def has_changed(self) -> bool:
        """Whether an element of the sample is not what it was; compared by bits, so that NaN equals NaN."""
        return _sampled(self.array) != self.sample


def kept_arrays(node: Node, arrays: tuple[Any, ...], parents: tuple[Node | None, ...]) -> tuple[Any, ...]:
    """Arguments as the node of an operation may keep them; it gets stamps of large ones that stay shared."""
    op = node.op
    assert op is not None
    kept = list(arrays)
    for position in range(len(arrays)) if op.ever_read is None else op.ever_read:
        array = arrays[position]
        if parents[position] is None and type(array) is np.ndarray:
            if array.nbytes <= COPIED:
                # Also where the rule that reads it is not wanted: to ask takes as long as to copy.
                kept[position] = array.copy()
            elif (read := values_read(op, parents)) is None or position in read:
                kept[position] = _kept(array, node)
    return tuple(kept)


def kept_params(node: Node, params: dict[str, Any]) -> dict[str, Any]:
    """Parameters as the node of an operation may keep them, arrays in them as `kept_arrays` does.

    Raises:
        TypeError: for a Tensor that requires a gradient, which would not pass.
    """
    for value in params.values():
        if type(value) not in _ATOMS and _may_hold_arrays(value):
            return mapped(params, lambda value: _parameter(value, node))  # type: ignore[no-any-return]  # a dict
    return params


def _parameter(value: Any, node: Node) -> Any:
    if type(value) is np.ndarray:
        return _kept(value, node)
    if type(value) is slice:
        bounds = [getattr(bound, "_array", bound) for bound in (value.start, value.stop, value.step)]
        return slice(*[_bound(bound) for bound in bounds])
    if isinstance(value, StandIn):
        return value
    if not hasattr(value, "_node"):
        return _fixed(value)
    if value._node is not None:
        op = node.op.name if node.op is not None else ""
        raise TypeError(
            f"{op}: no gradient passes its parameters, and one was given {value._node.describe()}, which requires one; "
            "give it .detach() of that, or .numpy(), where a constant is meant"
        )
    array = value._array
    return array if isinstance(array, StandIn) else _kept(np.asarray(array), node)


def _bound(bound: Any) -> Any:
    """One of the bounds of a slice, as an integer or None."""
    return bound if type(bound) in _BOUNDS or isinstance(bound, StandIn) else operator.index(bound)


def _fixed(value: Any) -> Any:
    """A copy of what NumPy takes for an array or an integer; all else as it is."""
    kind = type(value)
    if kind in _ATOMS or isinstance(value, str) or callable(value):
        return value
    if hasattr(kind, "__array__") or hasattr(kind, "__array_interface__") or isinstance(value, _BUFFERS):
        return np.array(value)
    return operator.index(value) if hasattr(kind, "__index__") else value


def _kept(array: Any, node: Node) -> Any:
    """A copy of a small array, the array itself if nobody can write to it, or else the array, and a stamp of it."""
    if array.nbytes <= COPIED or array.dtype.hasobject:
        return array.copy()
    if array.base is not None and _never_changes(array):
        return array
    node.stamps = (*(node.stamps or ()), Stamp(array))
    node.special = True
    return array


def _may_hold_arrays(value: Any) -> bool:
    if type(value) is tuple:
        return any(type(item) not in _ATOMS and _may_hold_arrays(item) for item in value)
    if type(value) is slice:
        return not (type(value.start) in _BOUNDS and type(value.stop) in _BOUNDS and type(value.step) in _BOUNDS)
    return True


def _never_changes(array: Any) -> bool:
    """Whether nobody can write to the memory of an array; a flag that says so can be set again by its owner."""
    base = array.base
    while type(base) is np.ndarray:
        base = base.base
    return type(base) is bytes


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
        return array.reshape(-1)[_positions(array.shape)].tobytes()  # type: ignore[no-any-return]
    return array[_indices(array.shape)].tobytes()  # type: ignore[no-any-return]


@lru_cache(maxsize=256)
def _positions(shape: tuple[int, ...]) -> Any:
    return np.ravel_multi_index(_indices(shape), shape)


@lru_cache(maxsize=256)
def _indices(shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Positions along each axis: all along an axis that is not longer than the sample, and no two axes in step."""
    numbers = np.arange(_SAMPLE)
    # After so many all axes would be where they began.
    period = math.lcm(*[size for size in shape if size <= _SAMPLE])
    indices = []
    for axis, size in enumerate(shape):
        if size <= _SAMPLE:
            step = next(step for step in range(1 + 210 * axis, 1 << 30) if math.gcd(step, size) == 1)
            indices.append((numbers * step + numbers // period * axis) % size)
        else:
            # One in each of as many parts, at changing distances, so that no regular change is missed.
            part = size // _SAMPLE
            indices.append(numbers * size // _SAMPLE + numbers * 7919 % part)
    return tuple(indices)
