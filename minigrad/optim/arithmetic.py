"""How is a multiple of one array added to another?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import daxpy, saxpy

_ADD_MULTIPLE = {"f": saxpy, "d": daxpy}
# BLAS counts elements in 32 bits.
_MOST = 2**31 - 1


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
        or array.dtype != total.dtype
        or not (total.flags.c_contiguous and array.flags.c_contiguous)
        or not 0 < total.size <= _MOST
    ):
        np.multiply(array, factor, out=scratch)
        np.add(total, scratch, out=total, casting="same_kind")
    else:
        add(array.ravel(), total.ravel(), total.size, factor)
