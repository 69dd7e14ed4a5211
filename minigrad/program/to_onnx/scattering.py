"""How are values written into an array, or added to it, by nodes of ONNX?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.ops.manipulation.indexing import added_at, placed_at, repeats
from minigrad.ops.manipulation.updates import assigned
from minigrad.program.ir import Instruction, Var, atoms
from minigrad.program.to_onnx.graph import Graph, Refused, Term, shape_of, size_product
from minigrad.program.to_onnx.indexing import indexed
from minigrad.program.to_onnx.table import lowers
from minigrad.program.to_onnx.windows import counted


def _scattered(graph: Graph, onto: Term, values: Term, index: Any, shape: Any, **settings: Any) -> Term:
    """An array in one row, with values in the places of an index; then in its shape again."""
    numbers = counted(graph, size_product(shape) if shape else 1).to_shape(*shape)
    places = indexed(graph, numbers, len(shape), index)
    spread = values.op("Expand", places.op("Shape", dtype=np.int64)).to_shape(-1)
    flat = onto.to_shape(-1).op("ScatterElements", places.to_shape(-1), spread, axis=0, **settings)
    return flat.to_shape(*shape)


@lowers(assigned)
def _assigned(graph: Graph, call: Instruction, x: Any, values: Any, index: Any) -> Term:
    if repeats(_with_arrays(index)) and not _is_distinct(index, shape_of(x)):
        raise Refused("at places that may repeat has no counterpart in ONNX, where any of the values may stay")
    dtype = call.out.dtype
    return _scattered(graph, graph.term(x, dtype), graph.term(values, dtype), index, shape_of(x))


def _with_arrays(index: Any) -> Any:
    """An index with an array in the place of each value, since it is only asked what kinds of parts it has."""
    parts = index if isinstance(index, tuple) else (index,)
    return tuple(np.zeros((1,) * len(shape_of(part)), part.dtype) if isinstance(part, Var) else part for part in parts)


def _is_distinct(index: Any, shape: Any) -> bool:
    """Whether an index is known, and chooses no element twice."""
    if not all(isinstance(size, int) for size in shape) or any(isinstance(part, Var) for part in atoms(index)):
        return False
    places = np.arange(size_product(shape)).reshape(shape)[index]
    return bool(np.unique(places).size == places.size)


@lowers(added_at, placed_at)
def _added_at(graph: Graph, call: Instruction, x: Any, index: Any, shape: Any) -> Term:
    sizes = shape if isinstance(shape, (tuple, list)) else (shape,)
    dtype = call.out.dtype
    zeros = graph.term(0, dtype).op("Expand", graph.list_of(sizes))
    settings = {"reduction": "add"} if call.function is added_at else {}
    return _scattered(graph, zeros, graph.term(x, dtype), index, sizes, **settings)
