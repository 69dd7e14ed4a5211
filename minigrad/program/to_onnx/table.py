"""Which function of NumPy is written by which nodes of ONNX?

A function that is not in the table, and a keyword that its entry does not name, are refused: nothing is guessed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from minigrad.program.ir import Instruction
from minigrad.program.to_onnx.graph import Graph, Refused, Term, dtype_of

# Takes the graph, the call, and the arguments of the function by NumPy's names; gives a Term, or a list of them.
Entry = Callable[..., Any]
AnyEntry = TypeVar("AnyEntry", bound=Entry)

TABLE: dict[Any, Entry] = {}


def lowers(*functions: Any) -> Callable[[AnyEntry], AnyEntry]:
    """Put an entry for these functions into the table."""

    def put(entry: AnyEntry) -> AnyEntry:
        for function in functions:
            TABLE[function] = entry
        return entry

    return put


def lower_ufuncs(formulas: dict[Any, Callable[..., Term]]) -> None:
    """Put elementwise functions into the table, each by a formula for operands of the dtype it computes in."""
    for function, formula in formulas.items():
        TABLE[function] = _of_ufunc(function, formula)


def _of_ufunc(ufunc: Any, formula: Callable[..., Term]) -> Entry:
    def entry(graph: Graph, call: Instruction, *operands: Any) -> Term:
        # What NumPy converts in silence stands in the graph as Cast.
        kinds = ufunc.resolve_dtypes((*[dtype_of(operand) for operand in operands], None))
        return formula(*[graph.term(operand, dtype) for operand, dtype in zip(operands, kinds, strict=False)])

    return entry


def lowered(graph: Graph, call: Instruction, name: str) -> Any:
    """The tensors that a call gives, of the dtype that was recorded.

    Raises:
        Refused: for a function or a keyword that is not in the table.
    """
    entry = _entry(call.function)
    if entry is None:
        raise Refused(f"{name} has no counterpart in ONNX")
    # What is left out says the same as what NumPy leaves out.
    kwargs = {key: value for key, value in call.kwargs.items() if not _is_default(key, value)}
    try:
        inspect.signature(entry).bind(graph, call, *call.args, **kwargs)
    except TypeError:
        known = inspect.signature(entry).parameters
        unknown = [key for key in kwargs if key not in known]
        words = f"({', '.join(f'{key}=...' for key in unknown)})" if unknown else " with these arguments"
        raise Refused(f"{name}{words} has no counterpart in ONNX") from None
    try:
        found = entry(graph, call, *call.args, **kwargs)
    except Refused as refused:
        raise Refused(f"{name} {refused}") from None
    return found.cast(call.out.dtype) if isinstance(found, Term) else found


def _entry(function: Any) -> Entry | None:
    try:
        return TABLE.get(function)
    except TypeError:
        return None


def _is_default(key: str, value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return False
    return (key in ("dtype", "order", "initial", "copy", "kind", "stable") and value is None) or (
        (key == "where" and value is True) or (key == "order" and value in ("K", "C"))
    )
