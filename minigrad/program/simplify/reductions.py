"""How are sums and means over axes written?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.program.ir import Instruction, Size, Var
from minigrad.program.simplify.shapes import axes_of, is_same_size, product
from minigrad.program.simplify.sweep import Sweep, instruction_like

REDUCTIONS = (np.sum, np.mean, np.max, np.min, np.prod, np.var, np.std, np.any, np.all)
_DEFAULTS: dict[str, Any] = {"axis": None, "keepdims": False, "dtype": None, "ddof": 0, "where": True}


def axes_named(sweep: Sweep, call: Instruction) -> Instruction | None:
    """Axes are counted as people do, and arguments that change nothing are left out."""
    kwargs = {
        name: value
        for name, value in call.kwargs.items()
        if not (name in _DEFAULTS and (value is _DEFAULTS[name] or _is_equal(value, _DEFAULTS[name])))
    }
    value = call.args[0]
    if len(call.args) == 2 and "axis" not in call.kwargs:
        kwargs["axis"] = call.args[1]
    elif len(call.args) != 1:
        return None
    if type(value) is Var and value.shape is not None and "axis" in kwargs:
        axes = axes_of(kwargs["axis"], len(value.shape))
        if axes is not None:
            kwargs["axis"] = written(axes, len(value.shape))
            if kwargs["axis"] is None:
                del kwargs["axis"]
    if len(call.args) == 1 and _is_same(kwargs, call.kwargs):
        return None
    return instruction_like(call, call.function, value, **kwargs)


def written(axes: tuple[int, ...], ndim: int) -> Any:
    """The argument ``axis``: none for all axes, and -1 for the last of three or more."""
    if len(axes) == ndim and ndim:
        return None
    if len(axes) == 1:
        return -1 if axes[0] == ndim - 1 > 1 else axes[0]
    return axes


def _is_same(kwargs: dict[str, Any], others: dict[str, Any]) -> bool:
    if kwargs.keys() != others.keys():
        return False
    return all(value is others[name] or _is_equal(value, others[name]) for name, value in kwargs.items())


def _is_equal(value: Any, other: Any) -> bool:
    return type(value) is type(other) and type(value) in (int, bool, tuple) and bool(value == other)


def over_no_axes(sweep: Sweep, call: Instruction) -> Var | None:
    """The sum of one number."""
    value = call.args[0]
    is_one = type(value) is Var and value.shape == () and value.dtype == call.out.dtype
    return value if is_one and set(call.kwargs) <= {"axis"} else None


def sum_of_a_sum(sweep: Sweep, call: Instruction) -> Instruction | None:
    """A sum over axes of a sum over others becomes one over all of them."""
    inner = sweep.own(call.args[0], np.sum)
    if inner is None or len(call.args) != 1 or len(inner.args) != 1:
        return None
    if set(call.kwargs) - {"axis"} or set(inner.kwargs) - {"axis"}:
        return None
    value = inner.args[0]
    if type(value) is not Var or value.shape is None or value.dtype != call.out.dtype:
        return None
    ndim = len(value.shape)
    first = axes_of(inner.kwargs.get("axis"), ndim)
    if first is None:
        return None
    left = [axis for axis in range(ndim) if axis not in first]
    second = axes_of(call.kwargs.get("axis"), len(left))
    if second is None:
        return None
    axis = written(tuple(sorted((*first, *[left[each] for each in second]))), ndim)
    return instruction_like(call, np.sum, value, **({} if axis is None else {"axis": axis}))


def about_a_known_mean(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``np.var(x, axis=0)`` becomes ``np.var(x, axis=0, mean=mean)`` where that was computed before."""
    value = call.args[0]
    if len(call.args) != 1 or set(call.kwargs) - {"axis", "keepdims", "ddof"} or type(value) is not Var:
        return None
    # The mean of halves is computed in float32, and handed on as halves.
    if value.shape is None or value.dtype not in (np.float32, np.float64):
        return None
    axes = axes_of(call.kwargs.get("axis"), len(value.shape))
    if axes is None:
        return None
    named = {key: axis for key, axis in call.kwargs.items() if key == "axis"}
    mean = sweep.known(np.mean, value, **named, keepdims=True)
    if mean is None and axes == tuple(range(len(axes))):
        # Broadcasting adds the first axes.
        mean = sweep.known(np.mean, value, **named)
    if mean is None:
        return None
    sweep.use(mean)
    return instruction_like(call, call.function, value, **call.kwargs, mean=mean)


def sum_of_zeros(sweep: Sweep, call: Instruction) -> Instruction | None:
    """A sum of zeros is zeros."""
    inner = sweep.maker(call.args[0])
    if inner is None or inner.function not in (np.zeros, np.zeros_like) or "initial" in call.kwargs:
        return None
    return instruction_like(call, np.zeros, call.out.shape, dtype=call.out.dtype)


def mean_of_a_quotient(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``np.sum(x, axis=0) / x.shape[0]`` becomes ``np.mean(x, axis=0)``; also a number or a value in between."""
    above, count = call.args
    if not _is_count(count):
        return None
    found = _mean(sweep, above, count)
    if found is not None:
        return instruction_like(call, np.mean, found.args[0], **found.kwargs)
    quotient = sweep.own(above, np.divide)
    inner = None if quotient is None else _mean(sweep, quotient.args[0], count)
    if quotient is not None and inner is not None:
        return instruction_like(call, np.divide, _called(sweep, inner), quotient.args[1])
    negative = sweep.own(above, np.negative)
    if negative is not None and call.out.shape is not None:
        # The sign goes out, where the rules of signs look for it.
        value = sweep.call(np.divide, negative.args[0], count, out_shape=call.out.shape, out_dtype=call.out.dtype)
        return instruction_like(call, np.negative, value)
    return None


def mean_of_a_product(sweep: Sweep, call: Instruction) -> Instruction | None:
    """``1.0 / x.shape[0] * np.sum(x, axis=0)`` becomes ``np.mean(x, axis=0)``."""
    share, value = call.args
    if type(share) is not Size or share.operator != "/" or type(share.parts[0]) is Size:
        return None
    if not _is_count(share.parts[1]):
        return None
    found = _mean(sweep, value, share.parts[1])
    if found is None:
        return None
    if share.parts[0] == 1.0:
        return instruction_like(call, np.mean, found.args[0], **found.kwargs)
    return instruction_like(call, np.multiply, share.parts[0], _called(sweep, found))


def _is_count(part: Any) -> bool:
    return type(part) in (int, float, Size)


def _called(sweep: Sweep, mean: Instruction) -> Var:
    assert mean.out.shape is not None
    return sweep.call(np.mean, mean.args[0], out_shape=mean.out.shape, out_dtype=mean.out.dtype, **mean.kwargs)


def _mean(sweep: Sweep, total: Any, count: Any) -> Instruction | None:
    """The mean that a sum over so many elements is when it is divided by their number."""
    made = sweep.own(total, np.sum)
    if made is None or set(made.kwargs) - {"axis", "keepdims"} or len(made.args) != 1:
        return None
    value = made.args[0]
    if type(value) is not Var or value.shape is None or value.dtype != made.out.dtype:
        return None
    # The mean of halves is computed in float32, the sum is not.
    if value.dtype not in (np.float32, np.float64):
        return None
    axes = axes_of(made.kwargs.get("axis"), len(value.shape))
    if axes is None or not is_same_size(product([value.shape[axis] for axis in axes]), count):
        return None
    return instruction_like(made, np.mean, value, **made.kwargs)
