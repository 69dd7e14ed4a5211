"""How are functions written by nodes of ONNX that NumPy itself puts together from others?

Where a program records a layer or a Tensor, it has their parts instead; plain arrays are given to these as they are.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from minigrad.program.ir import Instruction, Size, Var
from minigrad.program.to_onnx.arrangement import BEFORE_ALL, diagonal, listed, sliced
from minigrad.program.to_onnx.graph import Graph, Refused, Term, normal, shape_of, size_product
from minigrad.program.to_onnx.reductions import axes_of, reduced, vector_norm
from minigrad.program.to_onnx.table import lowers


@lowers(np.linalg.norm)
def _norm(graph: Graph, call: Instruction, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Term:
    axes = axes_of(x, axis)
    is_matrix = len(axes) == 2 and not (ord is None and axis is None)
    if is_matrix and ord not in (None, "fro"):
        raise Refused(f"with ord={ord!r} of matrices has no counterpart in ONNX")
    return vector_norm(graph, call, x, axis, keepdims, 2 if ord in (None, "fro") else ord)


@lowers(np.linalg.matrix_norm)
def _matrix_norm(graph: Graph, call: Instruction, x: Any, keepdims: bool = False, ord: Any = "fro") -> Term:
    return _norm(graph, call, x, ord, (-2, -1), keepdims)


@lowers(np.atleast_1d, np.atleast_2d, np.atleast_3d)
def _atleast(graph: Graph, call: Instruction, x: Any) -> Term:
    return graph.term(x).to_shape(*shape_of(call.out))


@lowers(np.vstack, np.hstack, np.dstack, np.column_stack)
def _stacked(graph: Graph, call: Instruction, arrays: Any) -> Term:
    rank = len(shape_of(call.out))
    axis = {np.vstack: 0, np.hstack: 0 if rank == 1 else 1, np.dstack: 2, np.column_stack: 1}[call.function]
    terms = []
    for each in arrays:
        term, own = graph.term(each, call.out.dtype), len(shape_of(each))
        if call.function is np.dstack:
            term = term.unsqueezed(*{0: (0, 1, 2), 1: (0, 2), 2: (2,)}.get(own, ()))
        elif call.function is np.column_stack:
            term = term.to_shape(-1, 1) if own < 2 else term
        elif own < rank:
            term = term.unsqueezed(*range(rank - own))
        terms.append(term)
    return graph.node("Concat", terms, call.out.dtype, axis=axis)


@lowers(np.append)
def _append(graph: Graph, call: Instruction, x: Any, values: Any, axis: Any = None) -> Term:
    terms = [graph.term(each, call.out.dtype) for each in (x, values)]
    if axis is None:
        return graph.node("Concat", [term.to_shape(-1) for term in terms], call.out.dtype, axis=0)
    return graph.node("Concat", terms, call.out.dtype, axis=normal(axis, len(shape_of(x))))


@lowers(np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit)
def _split(graph: Graph, call: Instruction, x: Any, indices_or_sections: Any, axis: int = 0) -> list[Term]:
    shape = shape_of(x)
    axis = {np.hsplit: min(len(shape) - 1, 1), np.vsplit: 0, np.dsplit: 2}.get(call.function, axis)
    place = normal(axis, len(shape))
    size, bounds = shape[place], indices_or_sections
    if isinstance(bounds, int) and not isinstance(size, Size):
        starts = np.cumsum([0] + [len(part) for part in np.array_split(np.arange(size), bounds)]).tolist()
    elif isinstance(bounds, int):
        if call.function is np.array_split:
            raise Refused("of an axis of a free size has no counterpart in ONNX; use np.split")
        width = Size("//", (size, bounds))
        starts = [0, *[Size("*", (width, part)) for part in range(1, bounds)], size]
    else:
        starts = [0, *listed(bounds), size]
    return [sliced(graph.term(x), [place], [start], [end], [1]) for start, end in itertools.pairwise(starts)]


@lowers(np.unstack)
def _unstack(graph: Graph, call: Instruction, x: Any, axis: int = 0) -> list[Term]:
    count = shape_of(x)[axis]
    if isinstance(count, Size):
        raise Refused("of an axis of a free size has no counterpart in ONNX")
    return [graph.term(x).op("Gather", np.int64(each), axis=axis) for each in range(count)]


@lowers(np.fliplr, np.flipud)
def _flipped(graph: Graph, call: Instruction, x: Any) -> Term:
    last = BEFORE_ALL
    return sliced(graph.term(x), [int(call.function is np.fliplr)], [-1], [last], [-1])


@lowers(np.average)
def _average(
    graph: Graph, call: Instruction, x: Any, axis: Any = None, weights: Any = None, keepdims: bool = False
) -> Term:
    axes, term = axes_of(x, axis), graph.term(x, call.out.dtype)
    if weights is None:
        return reduced("ReduceMean", term, axes, keepdims)
    shares = graph.term(weights, call.out.dtype)
    if len(shape_of(weights)) != len(shape_of(x)):
        # One weight for each place along a single axis.
        shares = shares.unsqueezed(*[place for place in range(len(shape_of(x))) if place not in axes])
    total = reduced("ReduceSum", shares.op("Expand", term.op("Shape", dtype=np.int64)), axes, keepdims)
    return reduced("ReduceSum", term * shares, axes, keepdims) / total


@lowers(np.ptp)
def _ptp(graph: Graph, call: Instruction, x: Any, axis: Any = None, keepdims: bool = False) -> Term:
    axes, term = axes_of(x, axis), graph.term(x)
    return reduced("ReduceMax", term, axes, keepdims) - reduced("ReduceMin", term, axes, keepdims)


@lowers(np.count_nonzero)
def _count_nonzero(graph: Graph, call: Instruction, x: Any, axis: Any = None, keepdims: bool = False) -> Term:
    return reduced("ReduceSum", graph.term(x).cast(bool).cast(np.int64), axes_of(x, axis), keepdims)


@lowers(np.median)
def _median(graph: Graph, call: Instruction, x: Any, axis: Any = None, keepdims: bool = False) -> Term:
    shape, term = shape_of(x), graph.term(x, call.out.dtype)
    if isinstance(axis, (tuple, list)):
        raise Refused("over several axes has no counterpart in ONNX")
    if axis is None:
        term, shape, place = term.to_shape(-1), (size_product(shape),), 0
    else:
        place = normal(axis, len(shape))
    size = shape[place]
    values, _ = graph.sorted(term, size, place)
    pair = graph.list_of([Size("//", (Size("-", (size, 1)), 2)), Size("//", (size, 2))])
    # Where one element is no number, so is the median.
    nothing = reduced("ReduceMax", term.op("IsNaN", dtype=bool).cast(np.int32), [place], True).cast(bool)
    middle = reduced("ReduceMean", values.op("Gather", pair, axis=place), [place], True)
    found = nothing.where(math.nan, middle)
    if axis is None:
        return found.to_shape(*shape_of(call.out))
    return found if keepdims else found.squeezed(place)


@lowers(np.inner, np.vdot)
def _inner(graph: Graph, call: Instruction, a: Any, b: Any) -> Term:
    left, right = graph.term(a, call.out.dtype), graph.term(b, call.out.dtype)
    ranks = len(shape_of(a)), len(shape_of(b))
    if call.function is np.vdot:
        return left.to_shape(-1).op("MatMul", right.to_shape(-1))
    if 0 in ranks:
        return left * right
    if max(ranks) > 2:
        raise Refused("of more than two axes has no counterpart here; use np.einsum")
    return left.op("MatMul", right.along(range(ranks[1])[::-1]))


@lowers(np.cross)
def _cross(graph: Graph, call: Instruction, a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1) -> Term:
    if (axisa, axisb, axisc) != (-1, -1, -1) or shape_of(a)[-1] != 3 or shape_of(b)[-1] != 3:
        raise Refused("of other vectors than three numbers along the last axis has no counterpart here")
    left, right = graph.term(a, call.out.dtype), graph.term(b, call.out.dtype)
    following, before = graph.whole([1, 2, 0]), graph.whole([2, 0, 1])

    def turned(term: Term, order: Term, rank: int) -> Term:
        return term.op("Gather", order, axis=rank - 1)

    ranks = len(shape_of(a)), len(shape_of(b))
    first = turned(left, following, ranks[0]) * turned(right, before, ranks[1])
    return first - turned(left, before, ranks[0]) * turned(right, following, ranks[1])


@lowers(np.diag)
def _diag(graph: Graph, call: Instruction, v: Any, k: int = 0) -> Term:
    if len(shape_of(v)) != 1:
        return diagonal(graph, call, v, k)
    if k:
        raise Refused(f"with k={k} has no counterpart here")
    sizes = shape_of(call.out)
    mask = graph.constant(np.zeros((), np.float32)).op("Expand", graph.list_of(sizes)).op("EyeLike").cast(bool)
    return mask.where(graph.term(v), 0)


@lowers(np.select)
def _select(graph: Graph, call: Instruction, condlist: Any, choicelist: Any, default: Any = 0) -> Term:
    dtype = call.out.dtype
    found = graph.term(default, dtype)
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        found = graph.term(condition, bool).where(graph.term(choice, dtype), found)
    return found.op("Expand", graph.list_of(shape_of(call.out)))


@lowers(np.isclose)
def _isclose(
    graph: Graph, call: Instruction, a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False
) -> Term:
    dtype = np.result_type(*[each.dtype if isinstance(each, Var) else each for each in (a, b)], np.float32)
    left, right = graph.term(a, dtype), graph.term(b, dtype)
    limit = graph.term(atol, dtype) + graph.term(rtol, dtype) * right.op("Abs")
    is_number = limit.op("IsInf", dtype=bool).op("Not")
    near = (left - right).op("Abs").op("LessOrEqual", limit, dtype=bool).op("And", is_number)
    found = near.op("Or", left.equal(right))
    if not equal_nan:
        return found
    both = left.op("IsNaN", dtype=bool).op("And", right.op("IsNaN", dtype=bool))
    return found.op("Or", both)
