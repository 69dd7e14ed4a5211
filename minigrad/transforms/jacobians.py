"""How is a whole Jacobian put together from passes through a graph?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minigrad.engine.registry import overrides
from minigrad.engine.stand_ins import StandIn, stand_in_among
from minigrad.engine.tensor import Tensor
from minigrad.transforms.trace import Trace, dtype_of, pull_back

# A pass forward is two passes back, through a graph that is itself a pass.
_PASSES_FORWARD = 3


class Forward:
    """The product of the Jacobian and a vector, as often as it is wanted.

    The pass back is linear in its seed u, so the derivative by u of <vector, vjp(u)> is the product wanted.
    """

    def __init__(self, trace: Trace, recorded: bool) -> None:
        self.recorded = recorded
        self.seeds = [Tensor(np.ones(np.shape(out), dtype_of(out)), requires_grad=True) for out in trace.outputs]
        self.back = pull_back(trace.outputs, self.seeds, trace.variables, create_graph=True)

    def __call__(self, vectors: Sequence[Any]) -> list[Tensor | None]:
        """One product for each output, from one vector for each variable."""
        pairs = [(g, vector) for g, vector in zip(self.back, vectors, strict=True) if g is not None]
        return pull_back([g for g, _ in pairs], [vector for _, vector in pairs], self.seeds, self.recorded)


def jacobians(trace: Trace) -> list[list[Any]]:
    """For every output its Jacobian by every variable, in the shape of the output followed by that of the variable."""
    entries = sum(np.size(out) for out in trace.outputs)
    columns = sum(variable.size for variable in trace.variables)
    # Nobody can write to what stands in for an array, so that rows of it are joined as if they were recorded.
    joins = trace.recorded or stand_in_among(getattr(out, "_array", out) for out in trace.outputs) is not None
    flat = _by_columns(trace, joins) if _PASSES_FORWARD * columns < entries else _by_rows(trace, joins)
    return [
        [
            _in_kind(np.reshape(block, np.shape(out) + variable.shape), original, trace.recorded)
            for block, variable, original in zip(blocks, trace.variables, trace.originals, strict=True)
        ]
        for blocks, out in zip(flat, trace.outputs, strict=True)
    ]


def _by_rows(trace: Trace, joins: bool) -> list[list[Any]]:
    """The Jacobians in the shape (elements of the output, *shape of the variable)."""
    found = []
    for out in trace.outputs:
        rows = (pull_back([out], [unit], trace.variables, trace.recorded) for unit in _units(out))
        found.append(_stacked(rows, np.size(out), trace.variables, trace.variables, joins))
    return found


def _by_columns(trace: Trace, joins: bool) -> list[list[Any]]:
    """The Jacobians in the shape (*shape of the output, elements of the variable)."""
    push = Forward(trace, trace.recorded)
    found: list[list[Any]] = [[] for _ in trace.outputs]
    for position, variable in enumerate(trace.variables):
        vectors: list[Any] = [np.zeros(other.shape, other.dtype) for other in trace.variables]
        columns = (push([*vectors[:position], unit, *vectors[position + 1 :]]) for unit in _units(variable))
        dtypes = [variable] * len(trace.outputs)
        for blocks, block in zip(found, _stacked(columns, variable.size, trace.outputs, dtypes, joins), strict=True):
            blocks.append(np.moveaxis(block, 0, -1))
    return found


def _units(like: Any) -> Iterator[Any]:
    """Arrays in the shape and dtype of another with a single 1, at each of its elements in turn."""
    shape = np.shape(like)
    for position in range(np.size(like)):
        unit = np.zeros(shape, dtype_of(like))
        unit.reshape(-1)[position] = 1.0
        yield unit if shape else unit[()]


def _stacked(
    found: Iterator[list[Tensor | None]], count: int, shapes: Sequence[Any], dtypes: Sequence[Any], joins: bool
) -> list[Any]:
    """The arrays of several passes, each kind in one array with an axis for the passes."""
    if not joins:
        blocks = [
            np.zeros((count, *np.shape(like)), dtype_of(typed)) for like, typed in zip(shapes, dtypes, strict=True)
        ]
        for position, arrays in enumerate(found):
            for block, array in zip(blocks, arrays, strict=True):
                if array is not None:
                    block[position] = array._array
        return blocks
    stacks: list[Any] = []
    passes = list(found)
    for position, (like, typed) in enumerate(zip(shapes, dtypes, strict=True)):
        zeros = np.zeros(np.shape(like), dtype_of(typed))
        slices = [zeros if each[position] is None else each[position] for each in passes]
        stacks.append(overrides[np.stack](slices) if slices else np.zeros((0, *np.shape(like)), dtype_of(typed)))
    return stacks


def _in_kind(block: Any, original: Any, recorded: bool) -> Any:
    """A Jacobian as a Tensor, an array, or a number where all that it is made of is numbers."""
    if isinstance(block, Tensor) and not recorded and not isinstance(original, Tensor):
        return block._array
    if recorded or isinstance(original, Tensor):
        return block if isinstance(block, Tensor) else Tensor._wrap(block if block.ndim else block[()])
    if block.ndim or isinstance(original, np.ndarray) or isinstance(block, StandIn):
        return block
    return block[()] if isinstance(original, np.generic) else float(block)
