"""Which arguments of an elementwise function can be written shorter, because it broadcasts anyway?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.program import ir
from minigrad.program.ir import Instruction, Shape, Size, Var
from minigrad.program.simplify.identities import is_full
from minigrad.program.simplify.shapes import axes_of, broadcast, dtype_of_call, is_number, is_plain, shape_of
from minigrad.program.simplify.sweep import Sweep, instruction_like

_FILLED: dict[Any, float] = {np.zeros: 0.0, np.ones: 1.0, np.zeros_like: 0.0, np.ones_like: 1.0}
_OPERATORS: dict[Any, str] = {np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/"}
REDUCTIONS = (np.sum, np.mean, np.max, np.min, np.prod, np.var, np.std)


def lean(sweep: Sweep, call: Instruction) -> Instruction | None:
    """Numbers for arrays that are filled with them, and arrays without axes of size one that broadcasting adds."""
    if len(call.args) < 2:
        return None
    args = list(call.args)
    for position, part in enumerate(args):
        if type(part) is not Var and not isinstance(part, (np.ndarray, np.generic)):
            continue
        shorter = _shorter(sweep, call, part)
        if shorter is not None and _fits(call, [*args[:position], shorter, *args[position + 1 :]]):
            args[position] = shorter
            continue
        reduced = _without_axes_kept(sweep, call, position)
        if reduced is not None:
            args[position] = reduced
    if all(new is old for new, old in zip(args, call.args, strict=True)):
        return None
    return instruction_like(call, call.function, *args)


def _shorter(sweep: Sweep, call: Instruction, part: Any) -> Any:
    """What may stand in the place of an argument if the shape of the result stays; None where there is nothing."""
    if type(part) is not Var:
        return _one_number(part)
    made = sweep.maker(part)
    if made is None:
        return None
    number = number_of_sizes(made)
    if number is not None:
        return number
    number = filled_with(made)
    if number is not None:
        fits = call.function is np.where or part.dtype == call.out.dtype or _is_exact(number, part.dtype)
        return number if fits else None
    function, inner = made.function, made.args[0] if made.args else None
    if function in (np.broadcast_to, np.reshape, ir.item, np.expand_dims) and type(inner) is Var:
        if inner.shape is None or part.shape is None:
            return None
        if function is np.broadcast_to:
            return inner
        if function is ir.item and not only_adds_axes(made.args[1]):
            return None
        return inner if _is_led_by_ones(part.shape, inner.shape) else None
    return None


def _fits(call: Instruction, args: Sequence[Any]) -> bool:
    """Whether a call gives the same shape and dtype with other arguments."""
    if broadcast([shape_of(each) for each in args]) != call.out.shape:
        return False
    return dtype_of_call(call.function, args) == call.out.dtype


def _without_axes_kept(sweep: Sweep, call: Instruction, position: int) -> Var | None:
    """A reduction without the axes of size one that it keeps, if these are the first and broadcasting adds them."""
    part = call.args[position]
    made = sweep.maker(part, *REDUCTIONS)
    if made is None or made.kwargs.get("keepdims") is not True or len(made.args) != 1:
        return None
    axes = axes_of(made.kwargs.get("axis"), len(part.shape))
    if axes is None or axes != tuple(range(len(axes))) or not sweep.is_elementwise_alone(part):
        return None
    shape = part.shape[len(axes) :]
    others = [shape_of(each) for place, each in enumerate(call.args) if place != position]
    if broadcast([shape, *others]) != call.out.shape:
        return None
    kwargs = {name: value for name, value in made.kwargs.items() if name not in ("axis", "keepdims")}
    if shape:
        kwargs["axis"] = axes[0] if len(axes) == 1 else axes
    return sweep.call(made.function, *made.args, out_shape=shape, out_dtype=part.dtype, **kwargs)


def number_of_sizes(made: Instruction) -> Any:
    """The number that a call computes from sizes alone, as in ``1.0 / x.size``."""
    operator = _OPERATORS.get(made.function)
    if operator is None or made.out.shape != () or made.kwargs or made.out.dtype not in (np.float64, np.int64):
        return None
    if not all(is_plain(part) for part in made.args):
        return None
    if operator == "*" and 1.0 in made.args:
        return made.args[1 - made.args.index(1.0)]
    found = Size(operator, made.args)
    return found if any(type(part) is Size for part in made.args) else found.value({})


def filled_with(made: Instruction) -> Any:
    """The number, or the value of no axes, that fills the array that a call makes; None if it does not fill one."""
    if made.function in _FILLED:
        number: Any = _FILLED[made.function]
    elif made.function in (np.full, np.full_like) and len(made.args) == 2:
        number = made.args[1]
    else:
        return None
    dtype = made.out.dtype
    if dtype is None:
        return None
    if type(number) is Var:
        return number if number.shape == () and number.dtype == dtype else None
    if isinstance(number, np.ndarray) and number.ndim == 0:
        number = number.item()
    if not is_number(number):
        return None
    if isinstance(number, np.generic):
        number = number.item()
    if dtype.kind == "f" and type(number) in (int, bool):
        number = float(number)
    if dtype.kind in "iu" and type(number) is float:
        number = int(number) if number.is_integer() else None
    return None if dtype.kind == "b" else number


def _is_exact(number: Any, dtype: Any) -> bool:
    """Whether a number is the same in a dtype."""
    return type(number) in (int, float) and (math.isnan(number) or dtype.type(number).item() == number)


def _one_number(array: Any) -> Any:
    """The number of an array of one element; None for others."""
    if array.size != 1 or array.dtype.kind not in "fi":
        return None
    return array.item()


def repeated(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``np.broadcast_to(x[None], shape)`` becomes ``np.broadcast_to(x, shape)``."""
    part = call.args[0]
    made = sweep.maker(part, np.reshape, np.expand_dims, ir.item)
    if made is None or type(made.args[0]) is not Var or made.args[0].shape is None:
        return None
    if made.function is ir.item and not only_adds_axes(made.args[1]):
        return None
    if not _is_led_by_ones(part.shape, made.args[0].shape):
        return None
    return instruction_like(call, np.broadcast_to, made.args[0], *call.args[1:], **call.kwargs)


def only_adds_axes(index: Any) -> bool:
    """Whether an index chooses everything."""
    parts = index if type(index) is tuple else (index,)
    return all(part is None or part is ... or is_full(part) for part in parts)


def _is_led_by_ones(shape: Shape, inner: Shape) -> bool:
    added = len(shape) - len(inner)
    return added >= 0 and shape[added:] == inner and all(type(size) is not Size and size == 1 for size in shape[:added])
