"""How does ``x[index]`` choose elements by nodes of ONNX?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.ops.manipulation.indexing import chosen
from minigrad.program import ir
from minigrad.program.ir import Instruction, Size, Var
from minigrad.program.to_onnx.arrangement import AFTER_ALL, BEFORE_ALL, sliced
from minigrad.program.to_onnx.graph import Graph, Refused, Term, normal, shape_of
from minigrad.program.to_onnx.table import lowers

_ALL = slice(None)


@lowers(ir.item, chosen)
def _item(graph: Graph, call: Instruction, values: Any, index: Any) -> Term:
    if isinstance(values, Var) and values.shape is None:
        found: Term = graph.terms[values][index]
        return found
    return indexed(graph, graph.term(values), len(shape_of(values)), index)


def indexed(graph: Graph, term: Term, rank: int, index: Any) -> Term:
    """The elements that an index chooses from a tensor with so many axes."""
    parts = _whole_index(index, rank)
    # First what gives slices and new axes; then every part belongs to one axis, and is a slice of all of it or a place.
    slices = [(axis, part) for axis, part in enumerate(part for part in parts if part is not None) if _is_part(part)]
    if slices:
        axes, wanted = zip(*slices, strict=True)
        bounds = [_bounds(part) for part in wanted]
        term = sliced(term, axes, *[[bound[which] for bound in bounds] for which in range(3)])
    new = [place for place, part in enumerate(parts) if part is None]
    term = term.unsqueezed(*new)
    places = {axis: part for axis, part in enumerate(parts) if part is not None and not isinstance(part, slice)}
    if all(_is_one(part) for part in places.values()):
        for axis in sorted(places, reverse=True):
            term = term.op("Gather", graph.term(places[axis], np.int64), axis=axis)
        return term
    if len(places) == 1:
        ((axis, part),) = places.items()
        return term.op("Gather", graph.term(part, np.int64), axis=axis)
    return _gathered(graph, term, places, len(parts))


def _gathered(graph: Graph, term: Term, places: dict[int, Any], rank: int) -> Term:
    """The elements at several lists of places at once, one for each of some axes."""
    axes = sorted(places)
    rest = [axis for axis in range(rank) if axis not in axes]
    indices = [graph.term(places[axis], np.int64) for axis in axes]
    total = indices[0]
    for other in indices[1:]:
        total = total + other
    # Each of them in the shape that they have together, side by side along a last axis.
    spread = [each.op("Expand", total.op("Shape", dtype=np.int64)) for each in indices]
    width = max(len(shape_of(places[axis])) for axis in axes)
    table = graph.node("Concat", [each.unsqueezed(width) for each in spread], np.int64, axis=width)
    found = term.along([*axes, *rest]).op("GatherND", table)
    if axes != list(range(axes[0], axes[-1] + 1)):
        return found
    # Where the axes stand side by side, so does what comes in their place; otherwise it comes first.
    before = axes[0]
    order = [*range(width, width + before), *range(width), *range(width + before, width + len(rest))]
    return found.along(order)


def _whole_index(index: Any, rank: int) -> list[Any]:
    """An index with a part for every axis: None for a new one, a slice, a number, or a list of numbers."""
    parts: list[Any] = []
    for part in index if isinstance(index, tuple) else (index,):
        if isinstance(part, list):
            part = np.asarray(part) if not any(isinstance(each, (Var, Size)) for each in part) else part
            part = part.astype(np.int64) if isinstance(part, np.ndarray) and not part.size else part
        if isinstance(part, (bool, np.bool_)) or (isinstance(part, Var) and part.dtype == bool):
            raise Refused("by a condition has no counterpart in ONNX: how many elements are left depends on values")
        if isinstance(part, np.ndarray) and part.dtype == bool:
            parts += np.nonzero(part)
        else:
            parts.append(part)
    if not any(part is ... for part in parts):
        parts.append(...)
    (gap,) = [place for place, part in enumerate(parts) if part is ...]
    given = sum(part is not None and part is not ... for part in parts)
    return [*parts[:gap], *[_ALL] * (rank - given), *parts[gap + 1 :]]


def _is_part(part: Any) -> bool:
    return isinstance(part, slice) and part not in (_ALL, slice(None, None, 1))


def _is_one(part: Any) -> bool:
    return not isinstance(part, list) and len(shape_of(part)) == 0


def _bounds(part: slice) -> tuple[Any, Any, int]:
    step = 1 if part.step is None else int(part.step)
    first, last = (0, AFTER_ALL) if step > 0 else (AFTER_ALL, BEFORE_ALL)
    return (first if part.start is None else part.start), (last if part.stop is None else part.stop), step


@lowers(np.take)
def _take(graph: Graph, call: Instruction, x: Any, indices: Any, axis: Any = None, mode: str = "raise") -> Term:
    shape, term, places = shape_of(x), graph.term(x), graph.term(indices, np.int64)
    if axis is None or not shape:
        term, axis, shape = term.to_shape(-1), 0, ()
    place = normal(int(axis), max(len(shape), 1))
    if mode == "raise":
        return term.op("Gather", places, axis=place)
    size = term.op("Shape", dtype=np.int64, start=place, end=place + 1).squeezed(0)
    inside = places.op("Mod", size, fmod=0) if mode == "wrap" else places.op("Max", 0).op("Min", size - 1)
    return term.op("Gather", inside, axis=place)


@lowers(np.take_along_axis)
def _take_along_axis(graph: Graph, call: Instruction, x: Any, indices: Any, axis: Any = -1) -> Term:
    shape, own = shape_of(x), shape_of(indices)
    if axis is None:
        return graph.term(x).to_shape(-1).op("GatherElements", graph.term(indices, np.int64), axis=0)
    place = normal(int(axis), len(shape))
    if any(mine != theirs for axis, (mine, theirs) in enumerate(zip(shape, own, strict=True)) if axis != place):
        raise Refused("with indices that are repeated along an axis has no counterpart in ONNX")
    return graph.term(x).op("GatherElements", graph.term(indices, np.int64), axis=place)


@lowers(np.compress)
def _compress(graph: Graph, call: Instruction, condition: Any, x: Any, axis: Any = None) -> Term:
    if isinstance(condition, Var):
        raise Refused("by a computed condition has no counterpart in ONNX: how many are left depends on values")
    places = graph.whole(np.flatnonzero(condition).tolist())
    if axis is None or not shape_of(x):
        return graph.term(x).to_shape(-1).op("Gather", places, axis=0)
    return graph.term(x).op("Gather", places, axis=normal(int(axis), len(shape_of(x))))


@lowers(np.extract)
def _extract(graph: Graph, call: Instruction, condition: Any, x: Any) -> Term:
    return _compress(graph, call, condition if isinstance(condition, Var) else np.ravel(condition), x)
