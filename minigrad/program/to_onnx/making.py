"""How are arrays made of nothing but sizes and numbers by nodes of ONNX?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.program.ir import Instruction, Size
from minigrad.program.to_onnx.graph import Graph, Refused, Term, normal, shape_of
from minigrad.program.to_onnx.table import lowers
from minigrad.program.to_onnx.windows import counted


def _filled(graph: Graph, call: Instruction, number: Any) -> Term:
    """An array of the shape that the call gives, with one number or a few that are repeated."""
    shape = call.out.shape or ()
    return graph.term(number, call.out.dtype).op("Expand", graph.list_of(shape))


@lowers(np.zeros, np.ones, np.empty)
def _zeros(graph: Graph, call: Instruction, shape: Any, dtype: Any = None) -> Term:
    return _filled(graph, call, int(call.function is np.ones))


@lowers(np.zeros_like, np.ones_like, np.empty_like)
def _zeros_like(graph: Graph, call: Instruction, x: Any, dtype: Any = None, shape: Any = None) -> Term:
    return _filled(graph, call, int(call.function is np.ones_like))


@lowers(np.full)
def _full(graph: Graph, call: Instruction, shape: Any, fill_value: Any, dtype: Any = None) -> Term:
    return _filled(graph, call, fill_value)


@lowers(np.full_like)
def _full_like(graph: Graph, call: Instruction, x: Any, fill_value: Any, dtype: Any = None) -> Term:
    return _filled(graph, call, fill_value)


@lowers(np.arange)
def _arange(graph: Graph, call: Instruction, *bounds: Any, dtype: Any = None) -> Term:
    start, stop, step = {1: (0, *bounds, 1), 2: (*bounds, 1)}.get(len(bounds), bounds)
    if not any(isinstance(part, Size) for part in (start, stop, step)):
        return graph.constant(np.arange(start, stop, step, dtype=call.out.dtype))
    parts = [graph.term(part, np.int64 if call.out.dtype != np.float32 else np.float32) for part in (start, stop, step)]
    return graph.node("Range", parts, parts[0].dtype)


@lowers(np.eye, np.tri, np.identity)
def _eye(graph: Graph, call: Instruction, *sizes: Any, k: int = 0, dtype: Any = None) -> Term:
    shape = shape_of(call.out)
    if call.function is np.tri:
        whole = graph.constant(np.ones((), np.float32)).op("Expand", graph.list_of(shape))
        return whole.op("Trilu", graph.constant(np.asarray(k, np.int64)), upper=0)
    whole = graph.constant(np.zeros((), np.float32)).op("Expand", graph.list_of(shape))
    return whole.op("EyeLike", k=k)


@lowers(np.linspace)
def _linspace(
    graph: Graph, call: Instruction, start: Any, stop: Any, num: Any = 50, endpoint: bool = True, axis: int = 0
) -> Term:
    rank, dtype = len(shape_of(call.out)), call.out.dtype
    if normal(axis, rank):
        raise Refused("along another axis than the first has no counterpart in ONNX")
    count = graph.term(num, np.int64)
    steps = counted(graph, num).cast(dtype)
    column = (steps / (count - int(endpoint)).op("Max", 1).cast(dtype)).to_shape(-1, *(1,) * (rank - 1))
    first, last = graph.term(start, dtype), graph.term(stop, dtype)
    # At the ends exactly what is given.
    return column.less(0.5).where(first + column * (last - first), last - (column.like(1.0) - column) * (last - first))
