"""How are products of matrices and sums of products computed by nodes of ONNX?"""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from minigrad.program.ir import Instruction
from minigrad.program.to_onnx.graph import Graph, Refused, Term, normal, shape_of
from minigrad.program.to_onnx.table import lowers


def _einsum(graph: Graph, call: Instruction, equation: str, *operands: Any) -> Term:
    terms = [graph.term(operand, call.out.dtype) for operand in operands]
    return graph.node("Einsum", terms, call.out.dtype, equation=equation)


@lowers(np.einsum)
def _einsum_of(graph: Graph, call: Instruction, subscripts: Any, *operands: Any, optimize: Any = False) -> Term:
    if not isinstance(subscripts, str):
        raise Refused("with lists of axes has no counterpart here; write the axes as letters")
    equation = subscripts.replace(" ", "")
    if "->" not in equation:
        letters = equation.replace(",", "").replace("...", "")
        once = "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
        equation += f"->{'...' if '...' in equation else ''}{once}"
    return _einsum(graph, call, equation, *operands)


@lowers(np.linalg.vecdot)
def _vecdot(graph: Graph, call: Instruction, a: Any, b: Any, axis: int = -1) -> Term:
    if axis != -1:
        raise Refused("along another axis than the last has no counterpart here; use np.einsum")
    product = graph.term(a, call.out.dtype) * graph.term(b, call.out.dtype)
    return product.op("ReduceSum", graph.whole([-1]), keepdims=0)


@lowers(np.tensordot, np.linalg.tensordot)
def _tensordot(graph: Graph, call: Instruction, a: Any, b: Any, axes: Any = 2) -> Term:
    ranks = len(shape_of(a)), len(shape_of(b))
    if isinstance(axes, int):
        pairs = list(zip(range(ranks[0] - axes, ranks[0]), range(axes), strict=True))
    else:
        left, right = [(each,) if isinstance(each, int) else tuple(each) for each in axes]
        pairs = [(normal(x, ranks[0]), normal(y, ranks[1])) for x, y in zip(left, right, strict=True)]
    letters = list(string.ascii_letters[: sum(ranks)])
    first, second = letters[: ranks[0]], letters[ranks[0] :]
    for x, y in pairs:
        second[y] = first[x]
    summed = {first[x] for x, _ in pairs}
    rest = [letter for letter in first + second if letter not in summed]
    return _einsum(graph, call, f"{''.join(first)},{''.join(second)}->{''.join(rest)}", a, b)


@lowers(np.outer, np.linalg.outer)
def _outer(graph: Graph, call: Instruction, a: Any, b: Any) -> Term:
    return graph.term(a, call.out.dtype).to_shape(-1, 1) * graph.term(b, call.out.dtype).to_shape(1, -1)


@lowers(np.dot)
def _dot(graph: Graph, call: Instruction, a: Any, b: Any) -> Term:
    ranks = len(shape_of(a)), len(shape_of(b))
    if 0 in ranks:
        return graph.term(a, call.out.dtype) * graph.term(b, call.out.dtype)
    if ranks[1] > 2:
        return _tensordot(graph, call, a, b, ((-1,), (-2,)))
    return graph.term(a, call.out.dtype).op("MatMul", graph.term(b, call.out.dtype))


@lowers(np.linalg.det)
def _det(graph: Graph, call: Instruction, a: Any) -> Term:
    return graph.term(a, call.out.dtype).op("Det")
