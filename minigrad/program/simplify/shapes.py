"""Which shape and dtype has what a call gives, where sizes are not numbers yet?"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from minigrad.program.ir import Instruction, Shape, Size, Var

Number = (int, float, complex, np.generic)


def is_number(part: Any) -> bool:
    """Whether it is one number, be it computed from sizes."""
    return isinstance(part, Number) or type(part) is Size


def is_plain(part: Any) -> bool:
    """Whether it is a number of Python's own, or one that is computed from sizes, which takes any dtype."""
    return type(part) in (int, float) or type(part) is Size


def shape_of(part: Any) -> Shape | None:
    """The shape of an argument."""
    return part.shape if type(part) is Var else np.shape(part) if isinstance(part, np.ndarray) else ()


def broadcast(shapes: Iterable[Shape | None]) -> Shape | None:
    """The shape that arrays of these shapes have together; None where that depends on sizes."""
    found: list[int | Size] = []
    for shape in shapes:
        if shape is None:
            return None
        if len(shape) > len(found):
            found = [*[1] * (len(shape) - len(found)), *found]
        for axis in range(1, len(shape) + 1):
            size = shape[-axis]
            if found[-axis] == size or _is_one(size):
                continue
            if not _is_one(found[-axis]):
                return None
            found[-axis] = size
    return tuple(found)


def _is_one(size: int | Size) -> bool:
    return type(size) is not Size and size == 1


def is_elementwise(instruction: Instruction) -> bool:
    """Whether an element of the result depends on the elements at that place alone."""
    function = instruction.function
    if instruction.kwargs:
        return False
    if isinstance(function, np.ufunc):
        return function.signature is None and function.nout == 1
    return function is np.where and len(instruction.args) == 3


def dtype_of_call(function: Callable[..., Any], args: Sequence[Any]) -> np.dtype[Any] | None:
    """The dtype that an elementwise function gives for these arguments; None where that is not known."""
    if function is np.where:
        return _joined(tuple([_kind_of(part) for part in args[1:]]))
    assert isinstance(function, np.ufunc)
    return _resolved(function, tuple([_kind_of(part) for part in args]))


def _kind_of(part: Any) -> Any:
    """A dtype, or the type of Python's numbers, which take that of the others."""
    if type(part) is Size:
        return float if is_fraction(part) else int
    if type(part) in (int, float, complex):
        return type(part)
    return np.dtype(bool) if isinstance(part, bool) else part.dtype


def is_fraction(size: Size) -> bool:
    """Whether a number that is computed from sizes is a float."""
    if size.operator in ("/", "sqrt"):
        return True
    return any(is_fraction(part) if type(part) is Size else type(part) is float for part in size.parts)


@functools.lru_cache(maxsize=4096)
def _resolved(ufunc: np.ufunc, kinds: tuple[Any, ...]) -> np.dtype[Any] | None:
    if not any(isinstance(kind, np.dtype) for kind in kinds):
        return None
    try:
        found: np.dtype[Any] = ufunc.resolve_dtypes((*kinds, None))[-1]
    except TypeError:
        return None
    return found


@functools.lru_cache(maxsize=4096)
def _joined(kinds: tuple[Any, ...]) -> np.dtype[Any] | None:
    if not any(isinstance(kind, np.dtype) for kind in kinds):
        return None
    return np.result_type(*[kind if isinstance(kind, np.dtype) else kind(0) for kind in kinds])


def polynomial(size: Any) -> dict[Any, Any]:
    """A size as a sum of products, each with its number: what is equal for sizes that are always the same."""
    if type(size) is not Size:
        return {frozenset(): size} if size else {}
    if size.operator not in ("+", "-", "*"):
        return {frozenset([(size, 1)]): 1}
    first, second = polynomial(size.parts[0]), polynomial(size.parts[1])
    found: dict[Any, Any] = {}
    if size.operator == "*":
        for left, number in first.items():
            for right, other in second.items():
                powers = Counter(dict(left))
                powers.update(dict(right))
                key = frozenset(powers.items())
                found[key] = found.get(key, 0) + number * other
    else:
        sign = 1 if size.operator == "+" else -1
        found = {key: first.get(key, 0) + sign * second.get(key, 0) for key in {**first, **second}}
    return {key: number for key, number in found.items() if number}


def product(sizes: Iterable[int | Size]) -> Any:
    """The product of sizes."""
    found: Any = 1
    for size in sizes:
        found = size if _is_one(found) else found if _is_one(size) else Size("*", (found, size))
    return found


def is_same_size(size: Any, other: Any) -> bool:
    """Whether two sizes are always the same."""
    return bool(size == other) or polynomial(size) == polynomial(other)


def has_own_axis(var: Var) -> bool:
    """Whether the size of one of its axes is known by this value alone."""
    for size in var.shape or ():
        if type(size) is Size:
            dims = size.parts if size.operator == "dim" else size.dims()
            for dim in dims:
                if dim.var is var:
                    return True
    return False


def axes_of(axis: Any, ndim: int) -> tuple[int, ...] | None:
    """The axes that an argument ``axis`` names, counted from the first, in order; None where they are not numbers."""
    if axis is None:
        return tuple(range(ndim))
    chosen = axis if isinstance(axis, (tuple, list)) else (axis,)
    if not all(isinstance(each, (int, np.integer)) and -ndim <= each < ndim for each in chosen):
        return None
    return tuple(sorted(int(each) % ndim for each in chosen))


def without(shape: Shape, axes: Sequence[int]) -> Shape:
    """A shape without some of its axes."""
    return tuple([size for axis, size in enumerate(shape) if axis not in axes])
