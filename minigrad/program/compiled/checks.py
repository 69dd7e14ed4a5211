"""Is recorded code made for this call: for its shapes and dtypes, and for all that it takes for granted?"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from types import CellType

import numpy as np

from minigrad.engine.graph import active_traces
from minigrad.program.compiled.tracing import Trace
from minigrad.program.compiled.writing import Names
from minigrad.program.errors import ProgramError
from minigrad.program.held import HeldTensor, HeldVariable
from minigrad.program.ir import Var


def place_of(held: HeldVariable, writer: Names) -> str:
    """What reads a variable, an item or an attribute."""
    holder, path = writer.name(held.holder), "".join(f"[{position}]" for position in held.path)
    if type(held.holder) is CellType:
        return f"{holder}.cell_contents{path}"
    if isinstance(held.holder, dict):
        return f"{holder}.get({writer.text(held.name)}){path}"
    return f"{holder}[{held.name}]{path}" if isinstance(held.holder, list) else f"{holder}.{held.name}{path}"


def _unlike(name: str, var: Var, writer: Names, layouts: Collection[Var]) -> str:
    """Leave the code for what is no such array."""
    dtype = writer.name(var.dtype)
    order = f"or not {name}.flags.c_contiguous " if var in layouts else ""
    return (
        f"if type({name}) is not {writer.name(np.ndarray)} or {name}.shape != {writer.text(var.shape)} "
        f"{order}or ({name}.dtype is not {dtype} and {name}.dtype != {dtype}): return MISS"
    )


def checks(trace: Trace, writer: Names, array: str, layouts: Collection[Var] = ()) -> Iterator[str]:
    """Lines that leave the code where it is not made for what is given, or for what holds now.

    Args:
        trace: what was recorded.
        writer: gives names to what the lines refer to.
        array: how a Tensor is asked for its array, whose shape and dtype are looked at.
        layouts: the arguments whose elements have to lie in the order of C.
    """
    yield f"if {writer.name(active_traces)}: return MISS"
    for position, var in enumerate(trace.given):
        name = f"a{position}"
        assert var.dtype is not None
        if var.dtype.hasobject:
            yield f"if not isinstance({name}, {writer.name(np.random.Generator)}): return MISS"
        elif var.shape == ():
            yield f"if type({name}) is not {writer.name(var.dtype.type)}: return MISS"
        else:
            yield _unlike(name, var, writer, layouts)
    for each in trace.watches:
        broken = each.broken(writer)
        if broken is not None:
            yield f"if {broken}: return MISS"
    for var, held in trace.held:
        if isinstance(held, HeldVariable) and var.dtype is not None and not var.dtype.hasobject:
            yield f"x = {place_of(held, writer)}"
            yield _unlike("x", var, writer, layouts)
        elif isinstance(held, HeldTensor):
            tensor, dtype = writer.name(held.tensor), writer.name(var.dtype)
            node = "is not None" if held.tensor._node is None else f"is None or {tensor}._node.hooks"
            yield (
                f"if {tensor}._node {node} or {tensor}.{array}.shape != {writer.text(var.shape)} "
                f"or ({tensor}.{array}.dtype is not {dtype} and {tensor}.{array}.dtype != {dtype}): return MISS"
            )
    for tensor in trace.expects_no_gradient:
        yield f"if {writer.name(tensor)}._node.grad is not None: {writer.name(_refuse_gradients)}()"


def _refuse_gradients() -> None:
    raise ProgramError(
        "a parameter has a gradient from before, to which the step would add; call optimizer.zero_grad() before "
        "loss.backward()"
    )
