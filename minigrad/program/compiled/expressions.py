"""Which line of Python runs an instruction in the least time, with the same bits as the instruction itself?"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from minigrad.engine.registry import operations
from minigrad.ops.linalg.products import product, sum_of_rows
from minigrad.program import ir
from minigrad.program.ir import Instruction, Var, atoms


class Writer(Protocol):
    """What writes the lines; see `minigrad.program.compiled.writing`."""

    def text(self, part: Any) -> str:
        """An argument as it is written."""
        ...

    def name(self, thing: Any) -> str:
        """The name under which the code finds a function or a constant."""
        ...

    def room(self, instruction: Instruction) -> str | None:
        """The name of an array that the result may be written into; None where a new one is better."""
        ...


Expression = Callable[[Writer, Instruction], str | None]

_OPERATORS = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/", np.less: "<", np.less_equal: "<=",
    np.greater: ">", np.greater_equal: ">=",
}  # fmt: skip
# What an operator does in less time than a ufunc where the exponent is one of these.
_FAST_POWERS = {2, 0.5, -1}


def expression(writer: Writer, instruction: Instruction) -> str:
    """What stands to the right of ``name =``."""
    function = instruction.function
    special = _TABLE.get(function) or _KERNELS.get(function)
    if special is not None:
        found = special(writer, instruction)
        if found is not None:
            return found
    if isinstance(function, np.ufunc) and not instruction.kwargs:
        return _ufunc(writer, instruction)
    return call(writer, writer.name(function), instruction)


def call(writer: Writer, name: str, instruction: Instruction, *further: str) -> str:
    """A call with the arguments as they are."""
    args = [writer.text(part) for part in instruction.args]
    kwargs = [f"{key}={writer.text(part)}" for key, part in instruction.kwargs.items()]
    return f"{name}({', '.join([*args, *further, *kwargs])})"


def _ufunc(writer: Writer, instruction: Instruction) -> str:
    function, args, out = instruction.function, instruction.args, instruction.out
    if out.shape == () and all(_is_scalar(part) for part in args):
        if function in _OPERATORS:
            return f"{writer.text(args[0])} {_OPERATORS[function]} {writer.text(args[1])}"
        if function is np.negative:
            return f"-{writer.text(args[0])}"
    room = writer.room(instruction)
    if room is not None and function in (np.maximum, np.minimum):
        # Of these, NumPy takes it for a third array to choose from, and warns.
        room = f"out={room}"
    return call(writer, writer.name(function), instruction, *([] if room is None else [room]))


def _is_scalar(part: Any) -> bool:
    return part.shape == () if type(part) is Var else isinstance(part, (int, float, np.generic))


def _power(writer: Writer, instruction: Instruction) -> str | None:
    """Powers of arrays by the operator, which has short ways of its own, as the tape takes them."""
    base, exponent = instruction.args[:2]
    if instruction.kwargs or type(base) is not Var or not base.shape or type(exponent) not in (int, float):
        return None
    if exponent == 2 and base.dtype == instruction.out.dtype:
        room = writer.room(instruction)
        text = writer.text(base)
        return f"{writer.name(np.multiply)}({text}, {text}{'' if room is None else ', ' + room})"
    return f"{writer.text(base)} ** {writer.text(exponent)}"


def _reduced(ufunc: np.ufunc) -> Expression:
    """Sums and the like by the ufunc's own method, which is what NumPy's function calls in the end."""

    def write(writer: Writer, instruction: Instruction) -> str | None:
        args, kwargs = instruction.args, dict(instruction.kwargs)
        if len(args) > 2 or type(args[0]) is not Var or not kwargs.keys() <= {"axis", "keepdims", "dtype"}:
            return None
        axis = args[1] if len(args) == 2 else kwargs.pop("axis", None)
        further = "".join(f", {key}={writer.text(value)}" for key, value in kwargs.items() if value is not False)
        return f"{writer.name(ufunc.reduce)}({writer.text(args[0])}, {writer.text(axis)}{further})"

    return write


def _mean(writer: Writer, instruction: Instruction) -> str | None:
    source = instruction.args[0]
    if type(source) is not Var or source.dtype not in (np.float32, np.float64) or "dtype" in instruction.kwargs:
        return None
    total = _reduced(np.add)(writer, instruction)
    count = math.prod(source.sizes) // max(math.prod(instruction.out.sizes), 1)
    return None if total is None or not count else f"{total} / {count}"


def _transposed(writer: Writer, instruction: Instruction) -> str | None:
    if len(instruction.args) > 1 or instruction.kwargs or type(instruction.args[0]) is not Var:
        return None
    return f"{writer.text(instruction.args[0])}.T"


def _swapped(writer: Writer, instruction: Instruction) -> str | None:
    if instruction.kwargs or type(instruction.args[0]) is not Var:
        return None
    return f"{writer.text(instruction.args[0])}.swapaxes({', '.join(map(writer.text, instruction.args[1:]))})"


def _reshaped(writer: Writer, instruction: Instruction) -> str | None:
    """Another shape by the method; an axis of size one that comes or goes is no more than that, too."""
    source = instruction.args[0]
    if type(source) is not Var or source.shape == () or instruction.out.shape is None:
        return None
    if instruction.function is np.reshape and (instruction.kwargs or len(instruction.args) != 2):
        return None
    if any(type(part) is Var for part in atoms((instruction.args[1:], instruction.kwargs))):
        return None
    return f"{writer.text(source)}.reshape({writer.text(instruction.out.shape)})"


def _converted(writer: Writer, instruction: Instruction) -> str | None:
    source, dtype = instruction.args
    if type(source) is not Var:
        return None
    if source.shape == ():
        return f"{writer.name(dtype.type)}({writer.text(source)})" if dtype.kind in "fiu" else None
    return f"{writer.text(source)}.astype({writer.name(dtype)})"


def _item(writer: Writer, instruction: Instruction) -> str | None:
    return f"{writer.text(instruction.args[0])}[{writer.text(instruction.args[1])}]"


def _pick(writer: Writer, instruction: Instruction) -> str | None:
    return f"{writer.text(instruction.args[0])}[{instruction.args[1]}]"


def _look(writer: Writer, instruction: Instruction) -> str | None:
    function, *args = instruction.args
    return f"{writer.name(function)}({', '.join(map(writer.text, args))})"


def _draw(writer: Writer, instruction: Instruction) -> str | None:
    generator, method, *args = instruction.args
    kwargs = [f"{key}={writer.text(part)}" for key, part in instruction.kwargs.items()]
    return f"{writer.text(generator)}.{method}({', '.join([*map(writer.text, args), *kwargs])})"


def _stacked(writer: Writer, instruction: Instruction) -> str | None:
    """Scalars of one dtype as an array."""
    items = instruction.args[0]
    dtype = instruction.out.dtype
    if len(instruction.args) > 1 or instruction.kwargs.get("axis", 0) != 0 or len(instruction.kwargs) > 1:
        return None
    if not isinstance(items, (list, tuple)) or not all(
        type(item) is Var and item.shape == () and item.dtype == dtype for item in items
    ):
        return None
    return f"{writer.name(np.array)}(({', '.join(map(writer.text, items))},), {writer.name(dtype)})"


def _is_matrix(part: Any, dtype: Any) -> bool:
    is_array = type(part) is Var or type(part) is np.ndarray
    return is_array and part.shape is not None and len(part.shape) == 2 and part.dtype == dtype


def _product(writer: Writer, instruction: Instruction) -> str | None:
    """Products as `minigrad.kernels.products.product` takes them."""
    x, y = instruction.args
    dtype = instruction.out.dtype
    are_matrices = _is_matrix(x, dtype) and _is_matrix(y, dtype)
    if dtype is None or not dtype.isnative:
        return None
    room = writer.room(instruction)
    function = np.dot if are_matrices else np.matmul
    return call(writer, writer.name(function), instruction, *([] if room is None else [room]))


def _outer(writer: Writer, instruction: Instruction) -> str | None:
    """The product of a column and a row, which `np.outer` makes of two vectors in the end."""
    if instruction.kwargs or not all(type(part) is Var and len(part.sizes) == 1 for part in instruction.args):
        return None
    column, row = map(writer.text, instruction.args)
    room = writer.room(instruction)
    return f"{writer.name(np.multiply)}({column}[:, None], {row}{'' if room is None else ', ' + room})"


def _product_with_bias(writer: Writer, instruction: Instruction) -> str | None:
    x, weight, bias = instruction.args
    dtype = instruction.out.dtype
    if not (_is_matrix(x, dtype) and _is_matrix(weight, dtype)) or dtype is None or not dtype.isnative:
        return None
    if type(bias) is not Var or bias.dtype != dtype:
        return None
    room = writer.room(instruction)
    into = "" if room is None else f", {room}"
    total = f"{writer.name(np.dot)}({writer.text(x)}, {writer.text(weight)}{into})"
    return f"{writer.name(_plus)}({total}, {writer.text(bias)})"


def _plus(total: Any, bias: Any) -> Any:
    np.add(total, bias, total)
    return total


def _sum_of_rows(writer: Writer, instruction: Instruction) -> str | None:
    (source,) = instruction.args
    if type(source) is not Var or source.shape is None or len(source.shape) != 2:
        return None
    if source.shape[0] == 1:
        return f"{writer.text(source)}[0]"
    assert source.dtype is not None
    if source.dtype.char not in "fd" or not source.dtype.isnative:
        return None
    ones = np.ones(source.sizes[0], source.dtype)
    return f"{writer.name(np.dot)}({writer.name(ones)}, {writer.text(source)})"


_TABLE: dict[Any, Expression] = {
    np.power: _power,
    np.sum: _reduced(np.add),
    np.prod: _reduced(np.multiply),
    np.max: _reduced(np.maximum),
    np.min: _reduced(np.minimum),
    np.mean: _mean,
    np.outer: _outer,
    np.transpose: _transposed,
    np.swapaxes: _swapped,
    np.reshape: _reshaped,
    np.expand_dims: _reshaped,
    np.squeeze: _reshaped,
    np.stack: _stacked,
    ir.item: _item,
    ir.pick: _pick,
    ir.astype: _converted,
    ir.draw: _draw,
    ir.look: _look,
}
# By the kernel that takes the place of the meaning of an operation.
_KERNELS: dict[Any, Expression] = {
    product.kernel: _product,  # type: ignore[attr-defined]  # set by `with_kernel`
    sum_of_rows.kernel: _sum_of_rows,  # type: ignore[attr-defined]  # set by `with_kernel`
    operations["matmul_with_bias"].primitive.forward: _product_with_bias,  # type: ignore[union-attr]  # it has one
}
