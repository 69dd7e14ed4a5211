"""How are elements put into other shapes and places by nodes of ONNX?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.program import ir
from minigrad.program.ir import Instruction, Size
from minigrad.program.to_onnx.graph import Graph, Refused, Term, normal, shape_of, size_product
from minigrad.program.to_onnx.table import lowers

# Bounds of slices that lie outside of every axis; the smallest number of all is more than shape inference can take.
AFTER_ALL, BEFORE_ALL = 2**62, -(2**62)


def listed(part: Any) -> list[Any]:
    """A number, a tuple or an array of numbers as a list of numbers."""
    if isinstance(part, np.ndarray):
        return list(part.tolist()) if part.ndim else [part.item()]
    return list(part) if isinstance(part, (tuple, list)) else [part]


@lowers(np.reshape)
def _reshape(graph: Graph, call: Instruction, x: Any, shape: Any, order: str = "C", copy: Any = None) -> Term:
    # Where -1 was given, its size is known; an empty array has no other way to tell it.
    sizes = call.out.shape or ()
    if order == "F":
        turned = graph.term(x).along(range(len(shape_of(x)))[::-1]).to_shape(*sizes[::-1])
        return turned.along(range(len(sizes))[::-1])
    if order != "C":
        raise Refused(f"with order={order!r} has no counterpart in ONNX")
    return graph.term(x).to_shape(*sizes)


@lowers(np.ravel)
def _ravel(graph: Graph, call: Instruction, x: Any) -> Term:
    return graph.term(x).to_shape(-1)


@lowers(np.transpose)
def _transpose(graph: Graph, call: Instruction, x: Any, axes: Any = None) -> Term:
    rank = len(shape_of(x))
    order = range(rank)[::-1] if axes is None else [normal(int(axis), rank) for axis in axes]
    return graph.term(x).along(list(order))


@lowers(np.swapaxes)
def _swapaxes(graph: Graph, call: Instruction, x: Any, axis1: int, axis2: int) -> Term:
    order = list(range(len(shape_of(x))))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return graph.term(x).along(order)


@lowers(np.matrix_transpose)
def _matrix_transpose(graph: Graph, call: Instruction, x: Any) -> Term:
    return _swapaxes(graph, call, x, -1, -2)


@lowers(np.moveaxis)
def _moveaxis(graph: Graph, call: Instruction, x: Any, source: Any, destination: Any) -> Term:
    rank = len(shape_of(x))
    sources = [normal(axis, rank) for axis in listed(source)]
    places = [normal(axis, rank) for axis in listed(destination)]
    order = [axis for axis in range(rank) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return graph.term(x).along(order)


@lowers(np.expand_dims)
def _expand_dims(graph: Graph, call: Instruction, x: Any, axis: Any) -> Term:
    axes = listed(axis)
    rank = len(shape_of(x)) + len(axes)
    return graph.term(x).unsqueezed(*sorted(normal(each, rank) for each in axes))


@lowers(np.squeeze)
def _squeeze(graph: Graph, call: Instruction, x: Any, axis: Any = None) -> Term:
    if axis is None:
        if any(isinstance(size, Size) for size in shape_of(x)):
            raise Refused("of an array of any size has no counterpart in ONNX without axis=")
        return graph.term(x).to_shape(*shape_of(call.out))
    return graph.term(x).squeezed(*[normal(each, len(shape_of(x))) for each in listed(axis)])


@lowers(np.broadcast_to)
def _broadcast_to(graph: Graph, call: Instruction, x: Any, shape: Any) -> Term:
    return graph.term(x).op("Expand", graph.list_of(listed(shape)))


@lowers(np.concatenate)
def _concatenate(graph: Graph, call: Instruction, arrays: Any, axis: Any = 0, dtype: Any = None) -> Term:
    terms = [graph.term(each, call.out.dtype) for each in arrays]
    if axis is None:
        terms, axis = [term.to_shape(-1) for term in terms], 0
    return graph.node("Concat", terms, call.out.dtype, axis=normal(int(axis), len(shape_of(call.out))))


@lowers(np.stack)
def _stack(graph: Graph, call: Instruction, arrays: Any, axis: int = 0) -> Term:
    place = normal(axis, len(shape_of(call.out)))
    terms = [graph.term(each, call.out.dtype).unsqueezed(place) for each in arrays]
    return graph.node("Concat", terms, call.out.dtype, axis=place)


def sliced(term: Term, axes: Sequence[int], starts: Sequence[Any], ends: Sequence[Any], steps: Sequence[int]) -> Term:
    """Parts of some axes, as ``x[start:end:step]`` gives them."""
    graph = term.graph
    return term.op("Slice", graph.list_of(starts), graph.list_of(ends), graph.whole(axes), graph.whole(steps))


def flipped(term: Term, axes: Sequence[int]) -> Term:
    """The elements along some axes in reverse order."""
    last = BEFORE_ALL
    count = len(axes)
    return sliced(term, axes, [-1] * count, [last] * count, [-1] * count) if axes else term


@lowers(np.flip)
def _flip(graph: Graph, call: Instruction, x: Any, axis: Any = None) -> Term:
    rank = len(shape_of(x))
    axes = range(rank) if axis is None else [normal(each, rank) for each in listed(axis)]
    return flipped(graph.term(x), list(axes))


@lowers(np.rot90)
def _rot90(graph: Graph, call: Instruction, x: Any, k: int = 1, axes: Any = (0, 1)) -> Term:
    rank = len(shape_of(x))
    first, second = [normal(axis, rank) for axis in axes]
    term = graph.term(x)
    if k % 4 in (0, 2):
        return flipped(term, [first, second] if k % 4 else [])
    order = list(range(rank))
    order[first], order[second] = second, first
    return flipped(flipped(term, [second]).along(order), []) if k % 4 == 1 else flipped(term.along(order), [second])


@lowers(np.roll)
def _roll(graph: Graph, call: Instruction, x: Any, shift: Any, axis: Any = None) -> Term:
    shape, term = shape_of(x), graph.term(x)
    if axis is None:
        flat = size_product(shape)
        rolled = _rolled(term.to_shape(-1), shift, 0, flat)
        return rolled.to_shape(*shape)
    shifts, axes = np.broadcast_arrays(listed(shift), listed(axis))
    for each, place in zip(shifts.tolist(), axes.tolist(), strict=True):
        place = normal(place, len(shape))
        term = _rolled(term, each, place, shape[place])
    return term


def _rolled(term: Term, shift: Any, axis: int, size: Any) -> Term:
    graph, end = term.graph, AFTER_ALL
    # What comes first now stood so far from the beginning; of an empty axis nothing moves.
    length = graph.list_of([size]).op("Max", 1)
    back = (-graph.list_of([shift])).op("Mod", length, fmod=0)
    parts = [sliced(term, [axis], [back], [end], [1]), sliced(term, [axis], [0], [back], [1])]
    return graph.node("Concat", parts, term.dtype, axis=axis)


@lowers(np.tile)
def _tile(graph: Graph, call: Instruction, x: Any, reps: Any) -> Term:
    counts, shape = listed(reps), shape_of(x)
    counts = [1] * (len(shape) - len(counts)) + counts
    term = graph.term(x).unsqueezed(*range(len(counts) - len(shape)))
    return term.op("Tile", graph.list_of(counts))


@lowers(np.repeat)
def _repeat(graph: Graph, call: Instruction, x: Any, repeats: Any, axis: Any = None) -> Term:
    shape, term = shape_of(x), graph.term(x)
    if axis is None:
        shape, term, axis = (size_product(shape),), term.to_shape(-1), 0
    place = normal(int(axis), len(shape))
    if np.ndim(repeats) == 0 or len(repeats) == 1:
        count = repeats if np.ndim(repeats) == 0 else repeats[0]
        once = [1] * (len(shape) + 1)
        once[place + 1] = int(count)
        many = term.unsqueezed(place + 1).op("Tile", graph.whole(once))
        assert call.out.shape is not None
        return many.to_shape(*call.out.shape)
    return term.op("Gather", graph.whole(np.repeat(np.arange(len(repeats)), repeats).tolist()), axis=place)


@lowers(np.pad)
def _pad(
    graph: Graph, call: Instruction, x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0
) -> Term:
    modes = {"constant": "constant", "edge": "edge", "reflect": "reflect"}
    if mode not in modes or isinstance(pad_width, dict):
        raise Refused(f"with mode={mode!r} has no counterpart in ONNX")
    if np.ndim(constant_values):
        raise Refused("with several constants has no counterpart in ONNX")
    widths = np.broadcast_to(np.asarray(pad_width, object), (len(shape_of(x)), 2))
    term = graph.term(x)
    number = (graph.term(constant_values, term.dtype),) if mode == "constant" else ()
    return term.op("Pad", graph.list_of(widths.T.reshape(-1).tolist()), *number, mode=modes[mode])


@lowers(np.diff)
def _diff(graph: Graph, call: Instruction, x: Any, n: int = 1, axis: int = -1) -> Term:
    place, term, end = normal(axis, len(shape_of(x))), graph.term(x, call.out.dtype), AFTER_ALL
    for _ in range(n):
        term = sliced(term, [place], [1], [end], [1]) - sliced(term, [place], [0], [-1], [1])
    return term


@lowers(np.tril, np.triu)
def _triangle(graph: Graph, call: Instruction, x: Any, k: int = 0) -> Term:
    square = graph.term(x)
    if len(shape_of(x)) < 2:
        square = square.op("Expand", graph.list_of(shape_of(call.out)))
    return square.op("Trilu", graph.constant(np.asarray(k, np.int64)), upper=int(call.function is np.triu))


@lowers(np.meshgrid)
def _meshgrid(
    graph: Graph, call: Instruction, *xi: Any, indexing: str = "xy", copy: bool = True, sparse: bool = False
) -> list[Term]:
    rank = len(xi)
    sizes = [shape_of(x)[0] if shape_of(x) else 1 for x in xi]
    found = []
    for place, x in enumerate(xi):
        own: list[Any] = [1] * rank
        own[place] = sizes[place]
        grid = graph.term(x).to_shape(*own)
        grid = grid if sparse else grid.op("Expand", graph.list_of(sizes))
        order = list(range(rank))
        if indexing == "xy" and rank > 1:
            order[:2] = [1, 0]
        found.append(grid.along(order))
    return found


@lowers(ir.pick)
def _pick(graph: Graph, call: Instruction, values: Any, position: int) -> Term:
    found: Term = graph.terms[values][position]
    return found


@lowers(np.modf)
def _modf(graph: Graph, call: Instruction, x: Any) -> list[Term]:
    term = graph.term(x)
    whole = term.op("Sign") * term.op("Abs").op("Floor")
    return [term - whole, whole]


@lowers(np.diagonal, np.linalg.diagonal, np.trace, np.linalg.trace)
def diagonal(
    graph: Graph, call: Instruction, x: Any, offset: int = 0, axis1: int | None = None, axis2: int = -1
) -> Term:
    """The elements of a diagonal, or their sum."""
    shape = shape_of(x)
    is_last = call.function in (np.linalg.diagonal, np.linalg.trace)
    if axis1 is None:
        axis1, axis2 = (-2, -1) if is_last else (0, 1)
    places = [normal(axis, len(shape)) for axis in (axis1, axis2)]
    others = [axis for axis in range(len(shape)) if axis not in places]
    rows, columns = [graph.list_of([shape[place]]) for place in places]
    # Of the matrix in one row, every (columns + 1)-th element lies on the diagonal.
    count = (rows + min(offset, 0)).op("Min", columns - max(offset, 0)).op("Max", 0)
    first = columns * -offset if offset < 0 else graph.whole([offset])
    steps = graph.node(
        "Range", [graph.whole([0]).squeezed(0), count.squeezed(0), graph.whole([1]).squeezed(0)], np.int64
    )
    flat = (
        graph.term(x)
        .along([*others, *places])
        .to_shape(*[shape[axis] for axis in others], size_product([shape[place] for place in places]))
    )
    chosen = flat.op("Gather", first + steps * (columns + 1), axis=len(others))
    if call.function in (np.trace, np.linalg.trace):
        return chosen.op("ReduceSum", graph.whole([-1]), keepdims=0)
    return chosen
