"""How are arrays changed by several calls, none of which can be missing afterwards?"""

from __future__ import annotations

import threading
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context
from itertools import starmap
from operator import call
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import daxpy, saxpy

from minigrad.engine.callers import level_of_user
from minigrad.engine.tensor import Tensor
from minigrad.kernels.threads import BLAS_HAS_ONE_THREAD

# What NumPy says of each setting of `np.errstate`.
_KINDS = {"divide": "divide by zero", "over": "overflow", "under": "underflow", "invalid": "invalid value"}

# A function, what it is given, and last the array that it writes to.
Move = tuple[Any, ...]

_ADD_MULTIPLE = {"f": saxpy, "d": daxpy}
# SciPy has an OpenBLAS of its own, whose threads and those of NumPy's wait busily for each other: with two processors,
# a product of matrices between two long sums took 20 times as long as alone. It divides nothing that is shorter than
# this, and nothing if told so.
_MOST = 2**31 - 1 if BLAS_HAS_ONE_THREAD else 10_000


def in_one_go(*moves: Move) -> None:
    """Make all calls, in order: ``(np.add, x, y, out)`` is ``np.add(x, y, out)``.

    This is one call of C, in the middle of which Python does not look for Ctrl-C: a parameter and what is remembered
    of it have changed together, or not at all. Inside `telling_afterwards`, no overflow comes in between either.
    """
    if len(moves) == 1:
        # What is one call already.
        move = moves[0]
        move[0](*move[1:])
    else:
        deque(starmap(call, moves), maxlen=0)


def adding(total: NDArray[Any], factor: float, array: NDArray[Any], scratch: NDArray[Any]) -> list[Move]:
    """The calls that do ``total += factor * array``, in one pass over the arrays where they allow it.

    That pass is one of BLAS, which tells nobody of overflows and the like.

    Args:
        total: is written to.
        factor: by what `array` is multiplied.
        array: of the same shape.
        scratch: an array of that shape and of the dtype to compute in, which is written to; it may be `array`.
    """
    add = _ADD_MULTIPLE.get(total.dtype.char)
    if (
        add is None
        or array.dtype is not total.dtype
        or not (total.flags.carray and array.flags.c_contiguous)
        or not total.size
    ):
        return [(np.multiply, array, factor, scratch), (np.add, total, scratch, total)]
    source, target, size = array.ravel(), total.ravel(), total.size
    if size <= _MOST:
        return [(add, source, target, size, factor)]
    return [(add, source, target, min(_MOST, size - start), factor, start, 1, start) for start in range(0, size, _MOST)]


def scratch_for(parameters: Sequence[Tensor]) -> list[NDArray[Any]]:
    """An array for intermediate results in the shape of each parameter; those of one dtype share their memory.

    Fresh large temporaries would be handed back to the system and faulted in again at each step.
    """
    # The squares of float16 gradients underflow below 2e-4, so their arithmetic is done in float32.
    dtypes = [np.result_type(parameter.dtype, np.float32) for parameter in parameters]
    sizes: dict[np.dtype[Any], int] = {}
    for parameter, dtype in zip(parameters, dtypes, strict=True):
        sizes[dtype] = max(parameter.size, sizes.get(dtype, 0))
    memory = {dtype: np.empty(size, dtype) for dtype, size in sizes.items()}
    return [
        memory[dtype][: parameter.size].reshape(parameter.shape)
        for parameter, dtype in zip(parameters, dtypes, strict=True)
    ]


def in_dtype(values: Any, dtype: np.dtype[Any]) -> Any:
    """The values, in another dtype if they have not that one: also where they stand in for an array."""
    return values if values.dtype == dtype else values.astype(dtype)


class _Prepared(threading.local):
    """A context for each thread in which NumPy tells a dict of overflows and the like, and that dict.

    Making one takes as long as a small step. NumPy calls a method of a dict, which is no code in Python, so that nobody
    looks for Ctrl-C there.
    """

    def __init__(self) -> None:
        self.found: dict[str, int] = {}
        self.context = Context()
        self.context.run(np.errstate(all="call", call=self.found.setdefault).__enter__)


_prepared = _Prepared()


def telling_afterwards(what: str, update: Callable[..., None], *args: Any) -> None:
    """Call ``update(*args)`` to its end, and then tell of overflows and the like in it as `np.errstate` asks for.

    An error or a warning in the middle would leave the work half done. What BLAS computes is not told.

    Args:
        what: is called, for messages.
        update: a function of `args`.
        args: are passed on.

    Raises:
        FloatingPointError: where `np.errstate` says "raise"; the update has ended then.
    """
    found = untold(update, *args)
    if found:
        tell(what, found)


def untold(update: Callable[..., None], *args: Any) -> list[str]:
    """Call ``update(*args)`` to its end, and give what NumPy would tell of it, such as "overflow".

    The settings belong to a context of their own, and go with it wherever Ctrl-C comes. Of the caller's context,
    nothing holds in it.
    """
    found = _prepared.found
    found.clear()
    _prepared.context.copy().run(update, *args)
    return list(found)


def tell(what: str, found: Sequence[str]) -> None:
    """Tell of overflows and the like as `np.errstate` asks for.

    Raises:
        FloatingPointError: where it says "raise".
    """
    wanted: dict[str, Any] = {_KINDS[kind]: how for kind, how in np.geterr().items()}
    for kind in found:
        told = f"{kind} encountered in {what}"
        if wanted[kind] == "raise":
            raise FloatingPointError(f"{told}, which was done to its end")
        if wanted[kind] != "ignore":
            warnings.warn(told, RuntimeWarning, stacklevel=level_of_user())
