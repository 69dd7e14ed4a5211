"""How are numbers added at the places of an index in the least time?"""

from __future__ import annotations

from typing import Any

import numpy as np

# From so many elements on, repeated indices are summed in ways that take time to prepare.
_WORTH_PREPARING = 4096


def added_at(x: Any, index: Any, shape: int | tuple[int, ...]) -> Any:
    """Zeros of a shape, to which x is added at an index, as often as that repeats."""
    result = np.zeros(shape, x.dtype)
    first, *others = index if isinstance(index, tuple) else (index,)
    if result.ndim <= 1 or x.size < _WORTH_PREPARING:
        if 0 < x.ndim < np.ndim(first):
            # NumPy itself broadcasts wrongly here, and reads memory that belongs to nobody.
            x = np.broadcast_to(x, result[index].shape)
        if result.ndim == 1 and type(index) is np.ndarray and x.shape == index.shape:
            # NumPy is quick where both are of one dimension.
            x, index = x.reshape(-1), index.reshape(-1)
        np.add.at(result, index, x)
    elif not others and x.size == np.size(first) * result[0].size and x.dtype.char in "fd":
        return _summed_rows(x, np.arange(len(result))[first].reshape(-1), result.shape)
    elif result.size > 4 * x.size:
        np.add.at(result, index, x)
    else:
        # NumPy is quick where one array of integers counts the elements of one axis: five times, the memory included.
        positions = np.arange(result.size).reshape(result.shape)[index]
        np.add.at(result.reshape(-1), positions.reshape(-1), np.broadcast_to(x, positions.shape).reshape(-1))
    return result


def _summed_rows(x: Any, rows: Any, shape: Any) -> Any:
    """Zeros of a shape, to whose rows those of x are added: a product with a matrix that is sparse, and quick at it."""
    # Imported where it is needed, because few programs need it.
    from scipy import sparse

    matrix = sparse.csc_array((np.ones(rows.size, x.dtype), rows, np.arange(rows.size + 1)), (shape[0], rows.size))
    return (matrix @ x.reshape(rows.size, -1)).reshape(shape)
