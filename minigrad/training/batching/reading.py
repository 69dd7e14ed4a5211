"""How are some rows read of an array that lies in memory, in a mapped file, or in a file of another format?"""

from __future__ import annotations

import mmap
import reprlib
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.tensor import Tensor

# Of those that hold their numbers in memory: NumPy takes them as they are. Rows with labels are not chosen by position.
_IN_MEMORY = ("__array_interface__", "__dlpack__", "iloc")
# Bytes of a file that is in memory anyway after a few reads, because the system reads far ahead.
_SMALL = 2**26
# Windows has no such advice.
_WILL_NEED: int | None = getattr(mmap, "MADV_WILLNEED", None)


def is_stored(x: Any) -> bool:
    """Whether this is like an array but not in memory, such as a data set of h5py or an array of zarr."""
    return (
        not isinstance(x, (np.ndarray, np.generic, Tensor))
        and isinstance(getattr(x, "shape", None), tuple)
        and isinstance(getattr(x, "dtype", None), np.dtype)
        and hasattr(x, "__getitem__")
        and not any(hasattr(x, name) for name in _IN_MEMORY)
    )


def rows(x: Any, index: slice | NDArray[Any]) -> Any:
    """The rows of an array that a slice or an array of their numbers chooses, in that order; nothing else is read.

    Raises:
        TypeError: for what is like an array, and gives something else for these rows.
    """
    if is_stored(x):
        return _stored_rows(x, index)
    if isinstance(x, np.ndarray) and isinstance(index, np.ndarray):
        _announce(x, index)
    return x[index]


def _stored_rows(x: Any, index: slice | NDArray[Any]) -> NDArray[Any]:
    # h5py takes increasing numbers without repetition only, and all formats read a range faster than a list.
    chosen: slice | NDArray[Any]
    places: slice | NDArray[Any]
    if isinstance(index, slice):
        chosen, places, count = index, slice(None), len(range(*index.indices(x.shape[0])))
    else:
        chosen, places = np.unique(index, return_inverse=True)
        count, first, last = len(chosen), int(chosen[0]), int(chosen[-1])
        if last - first == count - 1:
            chosen = slice(first, last + 1)
    what = f"a {type(x).__module__.partition('.')[0]}.{type(x).__name__}"
    hint = "give an object that gives an array for the numbers of rows, or np.asarray(x)"
    try:
        found = x[chosen]
    except (TypeError, IndexError, ValueError) as error:
        raise TypeError(f"rows {_shown(chosen)} of {what} cannot be read ({error}); {hint}") from error
    array = np.asarray(found)
    if array.shape != (count, *x.shape[1:]) or array.dtype != x.dtype:
        raise TypeError(
            f"{what} of shape {x.shape} and {x.dtype} gave, for the {count} rows {_shown(chosen)}, a "
            f"{type(found).__name__} of shape {array.shape} and {array.dtype}; {hint}"
        )
    refuse_masked(found, what)
    return np.asarray(array[places])


def refuse_masked(x: Any, what: str) -> None:
    """Raise ValueError for a masked array in which something is masked, and would be taken for a number."""
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise ValueError(
            f"{what} is a masked array with missing numbers; write x.filled(0.0), and give the mask beside"
        )


def _announce(x: NDArray[Any], index: NDArray[Any]) -> None:
    """Tell the system which rows of a mapped file will be read.

    It then fetches them all at once. Otherwise it waits for one after the other, and reads far beyond each of them, as
    for a file that is read from its beginning to its end.
    """
    mapping = _mapping_below(x) if x.nbytes >= _SMALL else None
    if mapping is None or _WILL_NEED is None or not x[:1].flags.c_contiguous:
        return
    origin = np.frombuffer(mapping, np.uint8, 1).ctypes.data
    begins = np.sort(x.ctypes.data - origin + index.astype(np.int64) * x.strides[0])
    ends = begins + x[:1].nbytes
    begins -= begins % mmap.PAGESIZE
    # Rows on the same page, or on neighbouring ones, are announced together.
    gaps = np.flatnonzero(begins[1:] > ends[:-1])
    # It is advice: where a system cannot take it, the rows are read all the same.
    with suppress(OSError):
        for begin, end in zip(begins[[0, *gaps + 1]].tolist(), ends[[*gaps, -1]].tolist(), strict=True):
            mapping.madvise(_WILL_NEED, begin, end - begin)


def _mapping_below(x: Any) -> mmap.mmap | None:
    while isinstance(x, (np.ndarray, memoryview)):
        x = x.base if isinstance(x, np.ndarray) else x.obj
    return x if isinstance(x, mmap.mmap) else None


def _shown(chosen: slice | NDArray[Any]) -> str:
    return f"{chosen.start}:{chosen.stop}" if isinstance(chosen, slice) else reprlib.repr(chosen.tolist())
