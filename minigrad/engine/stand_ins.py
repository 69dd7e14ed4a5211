"""What besides an array can an operation meet: a value that writes down what is done to it.

`minigrad.program` calls functions on such values. A Tensor holds one in the place of its array, operations and rules
run as they are, and NumPy's protocols tell the value which function of NumPy was called. What cannot be taken apart so
is called through `self_contained`, and taken as a whole; what is fast but writes to memory is a kernel, which is left
out, because the meaning of the operation says the same.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import DTypeLike

P = ParamSpec("P")
R = TypeVar("R")
ndarray = np.ndarray
# The recordings that are going on, in whichever thread. Without any there are no stand-ins, and nobody has to look.
ongoing: list[object] = []
# What holds no stand-in, and needs no closer look.
_ATOMS = frozenset({int, bool, float, str, type(None), type(...), ndarray})


class StandIn:
    """Base of values that stand for arrays; they have ``shape``, ``dtype``, ``ndim`` and ``size``.

    Attributes:
        takes_kernels: whether kernels are taken as a whole, so that what is written down computes exactly what arrays
            would; otherwise it is the meaning of each operation.
    """

    __slots__ = ()

    takes_kernels: bool = False

    dtype: np.dtype[Any]
    astype: Callable[[DTypeLike], Any]

    def taken_whole(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The stand-in for what a function gives, which is written down as one step."""
        raise NotImplementedError

    def looked_at(self, function: Callable[..., object], *args: Any) -> None:
        """Let a function look at the value and raise, as ``function(value, *args)``, also whenever a program runs.

        Only what is compiled does so; other programs leave the check out.
        """


@contextmanager
def going_on(recording: object) -> Iterator[None]:
    """A block inside which there are stand-ins."""
    ongoing.append(recording)
    try:
        yield
    finally:
        ongoing.remove(recording)


def is_number(value: Any) -> bool:
    """Whether a value is a number of Python's; stand-ins say that they are, and cannot be computed with as such."""
    return isinstance(value, (int, float)) and not isinstance(value, StandIn)


def array_of(value: Any) -> Any:
    """``np.asarray(value)``; stand-ins stay what they are."""
    if type(value) is ndarray:
        return value
    return value if isinstance(value, StandIn) else np.asarray(value)


def one_like(value: Any) -> Any:
    """An array of ones, or a scalar, like another one; of a stand-in it is written down as well."""
    if isinstance(value, StandIn):
        return np.ones_like(value)
    return np.ones(value.shape, value.dtype) if value.shape else value.dtype.type(1)


def counted(value: Any, stop: int) -> Any:
    """``np.arange(stop)``, where `stop` comes of the sizes of a value; of a stand-in it is written down as well."""
    return value.taken_whole(np.arange, (stop,), {}) if isinstance(value, StandIn) else np.arange(stop)


def copy_of(value: Any, dtype: DTypeLike | None = None) -> Any:
    """``np.array(value, dtype)``; stand-ins need no copy, because nobody can write to them."""
    if not isinstance(value, StandIn):
        return np.array(value, dtype)
    return value if dtype is None else value.astype(dtype)


def stand_in_among(values: Iterable[Any]) -> StandIn | None:
    """One of the stand-ins in these values, and in lists, tuples, dicts and slices among them; None without any."""
    for value in values:
        if isinstance(value, StandIn):
            return value
        if isinstance(value, (list, tuple)):
            found = stand_in_among(value)
        elif isinstance(value, dict):
            found = stand_in_among(value.values())
        elif isinstance(value, slice):
            found = stand_in_among((value.start, value.stop, value.step))
        else:
            continue
        if found is not None:
            return found
    return None


def self_contained(function: Callable[P, R]) -> Callable[P, R]:
    """Let a program take this function as one step, and print it as it stands here.

    Such a function uses nothing but its arguments, builtins, ``np``, ``special`` (`scipy.special`), ``signal``
    (`scipy.signal`) and other self-contained functions. It may branch on values and write to arrays that it makes,
    because it is run anew with each program. What it gives shares no memory with what it is given. It is for what no
    single expression of NumPy says: sorting with ties, pooling, quantiles. Given Tensors or arrays it is just called.
    """

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        recorded = stand_in_among((*args, *kwargs.values())) if ongoing else None
        if recorded is None:
            return function(*args, **kwargs)
        return recorded.taken_whole(call, args, kwargs)  # type: ignore[no-any-return]  # what stands in for an R

    call.is_self_contained = True  # type: ignore[attr-defined]  # read by `is_self_contained`
    return call


def in_one_step(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What a function of SciPy gives that makes arrays of its arguments; a program calls it by its name."""
    recorded = stand_in_among((*args, *kwargs.values())) if ongoing else None
    if recorded is None:
        return function(*args, **kwargs)
    return recorded.taken_whole(function, args, kwargs)  # type: ignore[no-any-return]  # what stands in for an R


def is_self_contained(function: Any) -> bool:
    """Whether a function was declared with `self_contained`."""
    return getattr(function, "is_self_contained", False) is True


def _may_hold_stand_ins(value: Any) -> bool:
    """Whether a closer look is worth the time: not at a pair of numbers, or a slice between numbers."""
    kind = type(value)
    if kind is slice:
        return not (type(value.start) in _ATOMS and type(value.stop) in _ATOMS and type(value.step) in _ATOMS)
    if kind is not tuple:
        return True
    for item in value:  # noqa: SIM110  # a generator takes twice the time
        if type(item) not in _ATOMS and _may_hold_stand_ins(item):
            return True
    return False


def with_kernel(
    meaning: Callable[..., Any], kernel: Callable[..., Any], gives_arrays: bool = True
) -> Callable[..., Any]:
    """What gives the result of an operation: the kernel for arrays, and the meaning for stand-ins.

    Stand-ins that take kernels are given what the kernel gives, unless that may be no array.
    """

    def compute(*arrays: Any, **params: Any) -> Any:
        if not ongoing:
            return kernel(*arrays, **params)
        found: StandIn | None = None
        for array in arrays:
            if type(array) is not ndarray and isinstance(array, StandIn):
                found = array
                break
        else:
            for value in params.values():
                if type(value) not in _ATOMS and _may_hold_stand_ins(value):
                    found = found or stand_in_among((value,))
        if found is None:
            return kernel(*arrays, **params)
        if found.takes_kernels and gives_arrays:
            return found.taken_whole(kernel, arrays, params)
        return meaning(*arrays, **params)

    compute.kernel = kernel  # type: ignore[attr-defined]  # read where programs are compiled
    return compute
