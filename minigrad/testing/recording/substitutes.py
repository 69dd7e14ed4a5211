"""Which functions stand in for those that know no Tensors, while a function is recorded?

They are made of single operations, even where minigrad has one for all, because mistakes are made in single steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from scipy import special

from minigrad import ops
from minigrad.engine.tensor import Tensor
from minigrad.testing.recording.writable_array import Written, recorded

# The largest product of several arrays that is added up over some of their axes.
LARGEST = 2_000_000


def on_tensors(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of Tensors, to be called with what is written to."""

    def call(*args: Any, **kwargs: Any) -> Any:
        log = next((each._log for each in [*args, *kwargs.values()] if isinstance(each, Written)), None)
        result = function(*recorded(args), **recorded(kwargs))
        if log is None or not isinstance(result, Tensor):
            return result
        log.note(result)
        return Written(result, log)

    return call


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    largest = np.max(x.data, axis=axis, keepdims=True)
    total = np.log(np.sum(np.exp(x - largest), axis=axis, keepdims=keepdims))
    return total + (largest if keepdims else np.squeeze(largest, axis))


def _einsum(subscripts: str, *operands: Any, optimize: Any = False) -> Any:
    """A product in which every letter is an axis, added up over the letters that the result has not."""
    if not isinstance(subscripts, str) or "." in subscripts:
        raise TypeError("einsum is not recorded in this form")
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    if any(len(set(names)) < len(names) for names in inputs.split(",")):
        raise TypeError("einsum is not recorded with a letter twice in one operand")
    letters = sorted(set(inputs) - {","})
    kept = output if arrow else "".join(letter for letter in letters if inputs.count(letter) == 1)
    order = kept + "".join(letter for letter in letters if letter not in kept)
    factors = []
    for names, operand in zip(inputs.split(","), operands, strict=True):
        axes = sorted(range(len(names)), key=lambda axis: order.index(names[axis]))
        sizes = dict(zip(names, np.shape(operand), strict=True))
        factors.append(np.reshape(np.transpose(operand, axes), [sizes.get(letter, 1) for letter in order]))
    if math.prod(np.broadcast_shapes(*map(np.shape, factors))) > LARGEST:
        raise ValueError("the product is too large to be recorded")
    product = factors[0]
    for factor in factors[1:]:
        product = product * factor
    return np.sum(product, axis=tuple(range(len(kept), len(order)))) if len(order) > len(kept) else product


def _tensordot(x: Any, y: Any, axes: Any = 2) -> Any:
    if isinstance(axes, int):
        axes = (range(np.ndim(x) - axes, np.ndim(x)), range(axes))
    of_x, of_y = ([each] if isinstance(each, int) else list(each) for each in axes)
    first = "abcdefghijkl"[: np.ndim(x)]
    second = list("ABCDEFGHIJKL"[: np.ndim(y)])
    for i, j in zip(of_x, of_y, strict=True):
        second[j] = first[i]
    kept = [name for name in first if name not in second] + [name for name in second if name not in first]
    return _einsum(f"{first},{''.join(second)}->{''.join(kept)}", x, y)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if ord not in (None, 2) or (axis is None and ord is not None and np.ndim(x) > 1):
        raise TypeError("this norm is not recorded")
    return np.sqrt(np.sum(np.square(x), axis=axis, keepdims=keepdims))


def _outer(x: Any, y: Any) -> Any:
    return np.reshape(x, (-1, 1)) * np.reshape(y, (1, -1))


def _moved(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that only moves elements: it is told their places, and the elements are fetched from there."""

    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        places = function(np.arange(x.size).reshape(x.shape), *args, **kwargs)
        return np.reshape(x, -1)[places]

    return call


def names_of(modules: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """The functions of these names, as far as they exist."""
    return [getattr(module, name) for module in modules for name in names if hasattr(module, name)]


def stand_in(function: Any) -> Callable[..., Any] | None:
    """What stands in for a function, if anything does."""
    found = FUNCTIONS.get(function)
    if found is None and str(getattr(function, "__module__", "")).startswith("scipy.signal"):
        # By name, because importing scipy.signal takes most of a second.
        return PLANES.get(function.__name__)
    return found


MATHS = ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "log1p", "expm1", "log2", "log10")
MOVERS = ("roll", "rot90", "tile", "repeat", "take", "fliplr", "flipud", "diagonal", "delete", "rollaxis")
# Functions that make an array out of nothing, and out of what they are given.
MADE = {np.zeros, np.empty, np.ones, np.full}
JOINED = {np.array, np.asarray, np.ascontiguousarray}
FUNCTIONS: dict[Any, Callable[..., Any]] = {
    special.logsumexp: on_tensors(_logsumexp),
    special.softmax: on_tensors(lambda x, axis=None: np.exp(x - _logsumexp(x, axis, True))),
    special.log_softmax: on_tensors(lambda x, axis=None: x - _logsumexp(x, axis, True)),
    np.einsum: on_tensors(_einsum),
    np.tensordot: on_tensors(_tensordot),
    np.outer: on_tensors(_outer),
    np.linalg.norm: on_tensors(_norm),
    **{move: on_tensors(_moved(move)) for move in [as_strided, sliding_window_view, *names_of([np], MOVERS)]},
    **{getattr(math, name): getattr(np, name) for name in MATHS},
    math.erf: special.erf,
}
PLANES: dict[str, Callable[..., Any]] = {
    "correlate2d": on_tensors(lambda x, y, mode="full": ops.correlate2d(x, y, mode)),
    "convolve2d": on_tensors(lambda x, y, mode="full": ops.convolve2d(x, y, mode)),
}
