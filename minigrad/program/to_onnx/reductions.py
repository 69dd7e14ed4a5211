"""How are sums, means, maxima and what is like them computed by nodes of ONNX?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.program.ir import Instruction
from minigrad.program.to_onnx.graph import Graph, Refused, Term, normal, shape_of, size_product
from minigrad.program.to_onnx.table import lowers
from minigrad.program.to_onnx.windows import pooled


def axes_of(x: Any, axis: Any) -> list[int]:
    """The axes that are meant, counted from the first."""
    rank = len(shape_of(x))
    if axis is None or not rank:
        return list(range(rank))
    return [normal(int(each), rank) for each in (axis if isinstance(axis, (tuple, list)) else (axis,))]


def reduced(kind: str, x: Term, axes: list[int], keepdims: bool) -> Term:
    """A Reduce node; over no axes at all x as it is."""
    if not axes:
        return x
    return x.op(kind, x.graph.whole(axes), keepdims=int(keepdims))


def _chosen(graph: Graph, term: Term, where: Any, neutral: Any) -> Term:
    """The elements that are meant, with a number that changes nothing in the places of others."""
    return term if where is True else graph.term(where, bool).where(term, neutral)


_KINDS = {np.sum: "ReduceSum", np.prod: "ReduceProd", np.max: "ReduceMax", np.min: "ReduceMin"}
_NEUTRAL = {np.sum: 0, np.prod: 1}


@lowers(np.sum, np.prod)
def _sum(
    graph: Graph,
    call: Instruction,
    x: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Term:
    neutral = _NEUTRAL[call.function]
    term = _chosen(graph, graph.term(x, call.out.dtype), where, neutral)
    found = reduced(_KINDS[call.function], term, axes_of(x, axis), keepdims)
    if initial is None:
        return found
    return found.op("Mul" if neutral else "Add", graph.term(initial, call.out.dtype))


@lowers(np.max, np.min)
def _max(
    graph: Graph,
    call: Instruction,
    x: Any,
    axis: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Term:
    pool = pooled(graph, call, "MaxPool", x, axis, keepdims) if call.function is np.max and where is True else None
    if pool is not None and initial is None:
        return pool
    kind = _KINDS[call.function]
    term = graph.term(x)
    if term.dtype == bool:
        term = term.cast(np.int32)
    if where is not True:
        # NumPy wants an initial number here, which is neutral for what is left out.
        term = _chosen(graph, term, where, graph.term(initial, term.dtype))
    found = reduced(kind, term, axes_of(x, axis), keepdims)
    return found if initial is None else found.op(kind[6:], graph.term(initial, term.dtype))


@lowers(np.any, np.all)
def _any(graph: Graph, call: Instruction, x: Any, axis: Any = None, keepdims: bool = False) -> Term:
    kind = "ReduceMax" if call.function is np.any else "ReduceMin"
    found: Term = reduced(kind, graph.term(x).cast(bool).cast(np.int32), axes_of(x, axis), keepdims).cast(bool)
    return found


def _count(graph: Graph, x: Any, axes: list[int], like: Term) -> Term:
    """How many elements are put together."""
    sizes = [shape_of(x)[axis] for axis in axes]
    return graph.term(size_product(sizes) if sizes else 1, like.dtype)


@lowers(np.mean)
def _mean(
    graph: Graph,
    call: Instruction,
    x: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
) -> Term:
    axes = axes_of(x, axis)
    pool = pooled(graph, call, "AveragePool", x, axis, keepdims)
    return pool or reduced("ReduceMean", graph.term(x, call.out.dtype), axes, keepdims)


@lowers(np.var, np.std)
def _var(
    graph: Graph,
    call: Instruction,
    x: Any,
    axis: Any = None,
    dtype: Any = None,
    ddof: Any = 0,
    keepdims: bool = False,
) -> Term:
    axes = axes_of(x, axis)
    term = graph.term(x, call.out.dtype)
    away = term - reduced("ReduceMean", term, axes, True)
    total = reduced("ReduceSum", away * away, axes, keepdims)
    count = _count(graph, x, axes, term)
    found = total / (count - float(ddof) if ddof else count)
    return found.op("Sqrt") if call.function is np.std else found


@lowers(np.nansum, np.nanprod, np.nanmax, np.nanmin)
def _nansum(
    graph: Graph, call: Instruction, x: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False
) -> Term:
    kind, neutral = {
        np.nansum: ("ReduceSum", 0.0),
        np.nanprod: ("ReduceProd", 1.0),
        np.nanmax: ("ReduceMax", -math.inf),
        np.nanmin: ("ReduceMin", math.inf),
    }[call.function]
    term = graph.term(x, call.out.dtype)
    if term.dtype.kind != "f":
        return reduced(kind, term, axes_of(x, axis), keepdims)
    return reduced(kind, term.op("IsNaN", dtype=bool).where(neutral, term), axes_of(x, axis), keepdims)


@lowers(np.nanmean, np.nanvar, np.nanstd)
def _nanmean(
    graph: Graph,
    call: Instruction,
    x: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    ddof: Any = 0,
) -> Term:
    axes, term = axes_of(x, axis), graph.term(x, call.out.dtype)
    there = term.op("IsNaN", dtype=bool).op("Not")
    count = reduced("ReduceSum", there.cast(term.dtype), axes, True)
    mean = reduced("ReduceSum", there.where(term, 0.0), axes, True) / count
    if call.function is np.nanmean:
        return mean if keepdims else mean.squeezed(*axes)
    away = there.where(term - mean, 0.0)
    found = reduced("ReduceSum", away * away, axes, True) / (count - float(ddof))
    found = found.op("Sqrt") if call.function is np.nanstd else found
    return found if keepdims else found.squeezed(*axes)


@lowers(np.argmax, np.argmin)
def _argmax(graph: Graph, call: Instruction, x: Any, axis: Any = None, keepdims: bool = False) -> Term:
    term = graph.term(x)
    if term.dtype == bool:
        term = term.cast(np.int32)
    kind = "ArgMax" if call.function is np.argmax else "ArgMin"
    if axis is None:
        if keepdims:
            raise Refused("over all axes with keepdims=True has no counterpart in ONNX")
        return term.to_shape(-1).op(kind, dtype=np.int64, axis=0, keepdims=0)
    return term.op(kind, dtype=np.int64, axis=axes_of(x, axis)[0], keepdims=int(keepdims))


@lowers(np.cumsum)
def _cumsum(graph: Graph, call: Instruction, x: Any, axis: Any = None, dtype: Any = None) -> Term:
    term = graph.term(x, call.out.dtype)
    if axis is None:
        term, axis = term.to_shape(-1), 0
    return term.op("CumSum", graph.constant(np.asarray(normal(int(axis), max(len(shape_of(x)), 1)))))


@lowers(np.sort, np.argsort)
def _sort(graph: Graph, call: Instruction, x: Any, axis: Any = -1, kind: Any = None, stable: Any = None) -> Term:
    # Of equal elements the first stays the first, as in a stable order, whichever is asked for.
    term = graph.term(x)
    if axis is None:
        term, axis, size = term.to_shape(-1), 0, size_product(shape_of(x))
    else:
        axis = normal(int(axis), len(shape_of(x)))
        size = shape_of(x)[axis]
    values, places = graph.sorted(term, size, axis)
    return values if call.function is np.sort else places


@lowers(np.linalg.vector_norm)
def vector_norm(
    graph: Graph,
    call: Instruction,
    x: Any,
    axis: Any = None,
    keepdims: bool = False,
    ord: Any = 2,  # NumPy's name
) -> Term:
    """The root of the sum of powers, the largest element, or how many are not 0."""
    kinds = {1: "ReduceL1", 2: "ReduceL2", math.inf: "ReduceMax", -math.inf: "ReduceMin"}
    term, axes = graph.term(x, call.out.dtype).op("Abs"), axes_of(x, axis)
    if ord in kinds:
        return reduced(kinds[ord], term, axes, keepdims)
    if ord == 0:
        return reduced("ReduceSum", term.cast(bool).cast(term.dtype), axes, keepdims)
    return reduced("ReduceSum", term.op("Pow", float(ord)), axes, keepdims).op("Pow", 1.0 / ord)
