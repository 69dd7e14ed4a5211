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
from minigrad.testing.recording.writable_array import Written, plain, recorded

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
    if not isinstance(subscripts, str):
        raise TypeError("einsum is not recorded in this form")
    inputs, arrow, output = _without_dots(subscripts.replace(" ", ""), operands).partition("->")
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


def _without_dots(subscripts: str, operands: Sequence[Any]) -> str:
    """The same with letters in the place of dots, which stand for the axes that are not named."""
    if "..." not in subscripts:
        return subscripts
    inputs, arrow, output = subscripts.partition("->")
    named = [each.replace("...", "") for each in inputs.split(",")]
    counts = [np.ndim(x) - len(names) for x, names in zip(operands, named, strict=True)]
    letters = "ZYXWVUTSRQ"[: max(counts)]
    parts = inputs.split(",")
    filled = [part.replace("...", letters[len(letters) - count :]) for part, count in zip(parts, counts, strict=True)]
    if not arrow:
        every = "".join(named)
        output = "..." + "".join(sorted(name for name in set(every) if every.count(name) == 1))
    return ",".join(filled) + "->" + output.replace("...", letters)


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


def vectorized(function: Callable[..., Any], *_: Any, **__: Any) -> Callable[..., Any]:
    """A function of numbers, called for each element."""

    def call(*args: Any) -> Any:
        shape = np.broadcast_shapes(*map(np.shape, args))
        flat = [np.reshape(np.broadcast_to(arg, shape), -1) for arg in args]
        results = [function(*elements) for elements in zip(*flat, strict=True)]
        return np.reshape(_stacked(results), shape)

    return call


def _apply_along_axis(function: Callable[..., Any], axis: int, x: Any, *args: Any, **kwargs: Any) -> Any:
    rows = np.moveaxis(x, axis, -1)
    shape = rows.shape[:-1]
    results = [function(row, *args, **kwargs) for row in np.reshape(rows, (-1, rows.shape[-1]))]
    whole = np.reshape(_stacked(results), (*shape, *np.shape(results[0])))
    return np.moveaxis(whole, -1, axis) if np.ndim(results[0]) else whole


def _stacked(results: Sequence[Any]) -> Any:
    log = next((each._log for each in results if isinstance(each, Written)), None)
    if log is None:
        return np.array(results)
    tensor = ops.stack([recorded(each) if isinstance(each, Written) else np.asarray(each, float) for each in results])
    log.note(tensor)
    return Written(tensor, log)


class _Joiner:
    """np.r_ and np.c_, for arrays."""

    def __init__(self, original: Any, axis: int) -> None:
        self._original, self._axis = original, axis

    def __getitem__(self, parts: Any) -> Any:
        parts = parts if isinstance(parts, tuple) else (parts,)
        if not any(isinstance(part, Written) for part in parts):
            return self._original[parts]
        if self._axis:
            parts = [np.reshape(part, (-1, 1)) if np.ndim(part) < 2 else part for part in parts]
        return np.concatenate([np.atleast_1d(part) for part in parts], axis=self._axis)


def names_of(modules: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """The functions of these names, as far as they exist."""
    return [getattr(module, name) for module in modules for name in names if hasattr(module, name)]


def stand_in(function: Any) -> Any:
    """What stands in for a function, if anything does."""
    found = FUNCTIONS.get(function, JOINERS.get(function))
    if found is None and str(getattr(function, "__module__", "")).startswith("scipy.signal"):
        # By name, because importing scipy.signal takes most of a second.
        return PLANES.get(function.__name__)
    return found


MATHS = ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "log1p", "expm1", "log2", "log10", "fabs")
MOVERS = ("roll", "rot90", "tile", "repeat", "take", "fliplr", "flipud", "diagonal", "delete", "rollaxis")
# Functions that make an array out of what they are given.
JOINED = {np.array, np.asarray, np.ascontiguousarray, np.asanyarray}
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
    math.pow: np.power,
    math.atan: np.arctan,
    np.vectorize: vectorized,
    np.apply_along_axis: _apply_along_axis,
    np.ndenumerate: lambda x: ((index, x[index]) for index in np.ndindex(x.shape)),
    np.nditer: lambda x, flags=(), **_: np.nditer(plain(x), flags=flags),
}
# These are no functions; their brackets are.
JOINERS: dict[Any, Any] = {np.c_: _Joiner(np.c_, 1), np.r_: _Joiner(np.r_, 0)}
PLANES: dict[str, Callable[..., Any]] = {
    "correlate2d": on_tensors(lambda x, y, mode="full": ops.correlate2d(x, y, mode)),
    "convolve2d": on_tensors(lambda x, y, mode="full": ops.convolve2d(x, y, mode)),
}
