"""How are arrays changed by several calls, none of which can be missing afterwards?"""

from __future__ import annotations

from collections import deque
from itertools import starmap
from operator import call
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import daxpy, saxpy

from minigrad.kernels.threads import BLAS_HAS_ONE_THREAD

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
    of it have changed together, or not at all.
    """
    if len(moves) == 1:
        # What is one call already.
        move = moves[0]
        move[0](*move[1:])
    else:
        deque(starmap(call, moves), maxlen=0)


def adding(total: NDArray[Any], factor: float, array: NDArray[Any], scratch: NDArray[Any]) -> list[Move]:
    """The calls that do ``total += factor * array``, in one pass over the arrays where they allow it.

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
