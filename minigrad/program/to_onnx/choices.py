"""How are conversions, choices between two values, and roundings computed by nodes of ONNX?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.program import ir
from minigrad.program.ir import Instruction
from minigrad.program.to_onnx.elementwise import is_inf, is_nan, sinc
from minigrad.program.to_onnx.graph import Graph, Refused, Term, dtype_of
from minigrad.program.to_onnx.table import lowers


@lowers(np.real, np.copy, np.ascontiguousarray, np.asarray)
def _real(graph: Graph, call: Instruction, x: Any, order: Any = None) -> Term:
    # In which order a copy lies in memory, its values do not tell.
    return graph.term(x)


@lowers(np.sinc)
def _sinc_of(graph: Graph, call: Instruction, x: Any) -> Term:
    return sinc(graph.term(x, call.out.dtype))


@lowers(ir.astype)
def _astype(graph: Graph, call: Instruction, x: Any, dtype: Any) -> Term:
    return graph.term(x).cast(dtype)


@lowers(np.where)
def _where(graph: Graph, call: Instruction, condition: Any, x: Any, y: Any) -> Term:
    return graph.term(condition).cast(bool).where(graph.term(x, call.out.dtype), graph.term(y, call.out.dtype))


@lowers(np.clip)
def _clip(graph: Graph, call: Instruction, x: Any, a_min: Any = None, a_max: Any = None) -> Term:
    found = graph.term(x, call.out.dtype)
    # As NumPy does: where the bounds are crossed, the upper one holds.
    for kind, bound in (("Max", a_min), ("Min", a_max)):
        found = found if bound is None else found.op(kind, graph.term(bound, call.out.dtype))
    return found


@lowers(np.round, np.around)
def _round(graph: Graph, call: Instruction, x: Any, decimals: int = 0) -> Term:
    found = graph.term(x, call.out.dtype)
    if found.dtype.kind != "f":
        if decimals < 0:
            raise Refused("of whole numbers to tens has no counterpart in ONNX")
        return found
    if not decimals:
        return found.op("Round")
    scale = 10.0 ** abs(decimals)
    return (found * scale).op("Round") / scale if decimals > 0 else (found / scale).op("Round") * scale


@lowers(np.nan_to_num)
def _nan_to_num(
    graph: Graph, call: Instruction, x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Term:
    found = graph.term(x, call.out.dtype)
    if found.dtype.kind != "f":
        return found
    largest = np.finfo(found.dtype).max
    above = graph.term(largest if posinf is None else posinf, found.dtype)
    below = graph.term(-largest if neginf is None else neginf, found.dtype)
    found = is_nan(found).where(graph.term(nan, found.dtype), found)
    found = is_inf(found, detect_negative=0).where(above, found)
    return is_inf(found, detect_positive=0).where(below, found)


@lowers(np.isneginf, np.isposinf)
def _is_one_infinity(graph: Graph, call: Instruction, x: Any) -> Term:
    side = "detect_positive" if call.function is np.isneginf else "detect_negative"
    return is_inf(graph.term(x, np.result_type(dtype_of(x), np.float32)), **{side: 0})
