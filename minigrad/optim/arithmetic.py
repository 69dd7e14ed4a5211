"""How is a multiple of one array added to another?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import daxpy, saxpy

from minigrad.kernels.threads import BLAS_HAS_ONE_THREAD

_ADD_MULTIPLE = {"f": saxpy, "d": daxpy}
# SciPy has an OpenBLAS of its own, whose threads and those of NumPy's wait busily for each other: with two processors,
# a product of matrices between two long sums took 20 times as long as alone. It divides nothing that is shorter than
# this, and nothing if told so.
_MOST = 2**31 - 1 if BLAS_HAS_ONE_THREAD else 10_000


def add_multiple(total: NDArray[Any], factor: float, array: NDArray[Any], scratch: NDArray[Any]) -> None:
    """``total += factor * array``, in one pass over the arrays where they allow it.

    Args:
        total: written to.
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
        np.multiply(array, factor, out=scratch)
        np.add(total, scratch, out=total, casting="same_kind")
        return
    source, target, size = array.ravel(), total.ravel(), total.size
    for start in range(0, size, _MOST):
        add(source, target, min(_MOST, size - start), factor, start, 1, start)
