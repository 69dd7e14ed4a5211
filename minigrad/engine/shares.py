"""Does what a rule returned fit the argument that it belongs to?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.engine.graph import Primitive

# Of these, one has the shape and dtype of another.
SCALARS = frozenset(np.sctypeDict.values())


def checked(share: Any, target: Any, op: Primitive, position: int) -> Any:
    """What a rule returned, as an array in exactly the shape and dtype of the argument it belongs to."""
    try:
        fits = share.shape == target.shape and (share.dtype is target.dtype or share.dtype == target.dtype)
    except AttributeError:
        kind = type(share).__name__
        hint = " (does the rule return something?)" if share is None else ""
        raise TypeError(f"the rule of {op.name} for argument {position} returned {kind}, not an array{hint}") from None
    return share if fits else fitted(share, target, op, position)


def fitted(share: Any, target: Any, op: Primitive, position: int) -> Any:
    """What a rule returned, in exactly the shape and dtype of the argument it belongs to."""
    if share.shape != target.shape:
        if not op.broadcasts or not _broadcasts_to(target.shape, share.shape):
            raise ValueError(
                f"the rule of {op.name} for argument {position} returned shape {share.shape}; "
                f"the argument has shape {target.shape}"
            )
        share = _summed_to(share, target.shape)
    if share.dtype != target.dtype:
        if share.dtype.kind not in "fiub":
            raise TypeError(f"the rule of {op.name} for argument {position} returned dtype {share.dtype}")
        share = share.astype(target.dtype)
    return share


def _broadcasts_to(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether an array of `shape` can be broadcast to `target`."""
    aligned = target[len(target) - len(shape) :]
    return len(shape) <= len(target) and all(own in (1, other) for own, other in zip(shape, aligned, strict=True))


def _summed_to(gradient: Any, shape: tuple[int, ...]) -> Any:
    """Undo broadcasting: sum over the axes along which an argument of `shape` was repeated."""
    added = gradient.ndim - len(shape)
    if gradient.size == math.prod(shape):
        return np.reshape(gradient, shape)
    stretched = [added + axis for axis, size in enumerate(shape) if size == 1 and gradient.shape[added + axis] != 1]
    axes = (*range(added), *stretched)
    return np.reshape(np.sum(gradient, axis=axes), shape)
