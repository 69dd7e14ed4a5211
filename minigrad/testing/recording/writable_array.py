"""How does an array behave that can be written to like any other, while all that happens to it is recorded?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from minigrad.engine.apply import apply
from minigrad.engine.graph import Primitive
from minigrad.engine.tensor import Tensor
from minigrad.ops.manipulation.indexing import scatter_add
from minigrad.testing.recording.log import Log

# Functions whose results are constants, and attributes of arrays of that kind.
CONSTANT = {np.flatnonzero, np.argwhere, np.unique, np.searchsorted}
CONSTANT_METHODS = {"argmax", "argmin", "argsort", "nonzero", "any", "all"}
LIKE: dict[Callable[..., Any], Callable[..., Any]] = {
    np.zeros_like: np.zeros_like,
    np.empty_like: np.zeros_like,
    np.ones_like: np.ones_like,
    np.full_like: np.full_like,
}
VIEWS = {
    *(np.reshape, np.transpose, np.swapaxes, np.moveaxis, np.squeeze, np.expand_dims, np.ravel),
    *(np.atleast_1d, np.atleast_2d),
}
VIEW_METHODS = {"reshape", "transpose", "swapaxes", "squeeze", "ravel"}
REDUCED: dict[Any, Callable[..., Any]] = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min}


def _copied_to(target: Written, values: Any, casting: str = "", where: Any = True) -> None:
    target[...] = values if where is True else np.where(where, values, target)


def _masked(target: Written, mask: Any, values: Any) -> None:
    target[mask] = values if not np.ndim(values) else values[mask]


def _diagonal(target: Written, value: Any, wrap: bool = False) -> None:
    target[np.diag_indices(min(target.shape), target.ndim)] = value


WRITERS: dict[Any, Callable[..., None]] = {
    np.copyto: _copied_to,
    np.putmask: _masked,
    np.place: _masked,
    np.fill_diagonal: _diagonal,
}


class Written(NDArrayOperatorsMixin):
    """A Tensor behind a face like that of an array, assignment included.

    A part of it that NumPy would give as a view writes through to the whole.

    Args:
        tensor: what it is now.
        log: where its places in the code are noted.
        whole: what it is a view of, if it is one.
        read: takes the view, of a Tensor or an array.
    """

    def __init__(
        self, tensor: Any, log: Log, whole: Written | None = None, read: Callable[[Any], Any] | None = None
    ) -> None:
        self._tensor = tensor if isinstance(tensor, Tensor) else Tensor(tensor)
        self._log, self._whole, self._read = log, whole, read
        self._seen = None if whole is None else whole.tensor

    @property
    def tensor(self) -> Tensor:
        """What it is now."""
        if self._whole is not None and self._read is not None:
            whole = self._whole.tensor
            if whole is not self._seen:
                self._tensor, self._seen = self._read(whole), whole
                self._log.note(self._tensor)
        return self._tensor

    @property
    def _places(self) -> Any:
        """An array of the same shape, in the memory of which each place has its number."""
        if self._whole is not None and self._read is not None:
            return self._read(self._whole._places)
        return np.arange(self._tensor.size).reshape(self._tensor.shape)

    def _wrapped(self, result: Any) -> Any:
        if isinstance(result, Tensor):
            self._log.note(result)
            return Written(result, self._log) if result.dtype.kind == "f" else result.data
        if isinstance(result, (list, tuple)):
            return type(result)(self._wrapped(item) for item in result)
        return result

    def _viewed(self, read: Callable[[Any], Any]) -> Any:
        """The same elements in another shape or order: a view where NumPy gives one."""
        tensor, places = read(self.tensor), self._places
        self._log.note(tensor)
        if np.may_share_memory(places, read(places)):
            return Written(tensor, self._log, self, read)
        return Written(tensor, self._log)

    def _become(self, value: Any) -> Written:
        if self._whole is not None:
            self._whole[np.unravel_index(self._numbers(), self._whole.shape)] = value
        else:
            tensor = np.broadcast_to(recorded(value), self.shape)
            self._tensor = tensor if isinstance(tensor, Tensor) else Tensor(np.array(tensor, dtype=float))
            self._log.note(self._tensor)
        return self

    def _numbers(self) -> Any:
        """Where the elements of a view are in the whole."""
        assert self._whole is not None
        assert self._read is not None
        return self._read(np.arange(self._whole.size).reshape(self._whole.shape))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "at" and ufunc in (np.add, np.subtract):
            target, index, values = inputs
            added = np.broadcast_to(recorded(values), plain(target)[plain(index)].shape)
            target._become(ufunc(target.tensor, scatter_add(added, plain(index), target.shape)))
            return None
        if method == "reduce" and ufunc in REDUCED:
            return REDUCED[ufunc](inputs[0], **{"axis": 0, **kwargs})
        if method == "outer":
            first, second = inputs
            return ufunc(np.reshape(first, (*np.shape(first), *[1] * np.ndim(second))), second)
        (out,) = kwargs.pop("out", (None,))
        if method != "__call__" or kwargs or not isinstance(out, (Written, type(None))):
            raise TypeError(f"{ufunc.__name__} is not recorded in this form")
        result = self._wrapped(ufunc(*[recorded(value) for value in inputs]))
        return result if out is None else out._become(result)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Any:
        if function in CONSTANT:
            return function(*plain(args), **plain(kwargs))
        if function in LIKE:
            made = LIKE[function](*plain(args), **plain(kwargs))
            return Written(made, self._log) if made.dtype.kind == "f" else made
        if function is np.copy:
            return Written(args[0].tensor, self._log)
        if function in WRITERS and isinstance(args[0], Written):
            return WRITERS[function](*args, **kwargs)
        if function in VIEWS and isinstance(args[0], Written):
            return args[0]._viewed(lambda array: function(array, *args[1:], **kwargs))
        out = kwargs.pop("out", None)
        result = self._wrapped(function(*recorded(args), **recorded(kwargs)))
        return result if out is None else out._become(result)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in CONSTANT_METHODS:
            return getattr(self.tensor.data, name)
        if name == "T":
            return self._viewed(lambda array: array.T)
        value = getattr(self.tensor, name)
        if not callable(value):
            return self._wrapped(value)
        if name in VIEW_METHODS:
            return lambda *args, **kwargs: self._viewed(lambda array: getattr(array, name)(*args, **kwargs))
        return lambda *args, **kwargs: self._wrapped(value(*recorded(args), **recorded(kwargs)))

    @property
    def strides(self) -> tuple[int, ...]:
        """Those of an array in one piece."""
        return np.empty(self.shape).strides

    @property
    def flat(self) -> Any:
        """All elements in a row, to be written to."""
        return self.reshape(-1)

    def copy(self, order: str = "C") -> Written:
        """The same values, to be written to on their own."""
        return Written(self.tensor, self._log)

    __copy__ = copy

    def __deepcopy__(self, memo: Any) -> Written:
        return self.copy()

    def fill(self, value: Any) -> None:
        """The same value everywhere."""
        self._become(value)

    def flatten(self) -> Any:
        """All elements in a row."""
        return self._wrapped(self.tensor.reshape(-1))

    def item(self, *index: Any) -> Any:
        """A single number, which knows how it was made."""
        return (self[index] if index else self).reshape(()).copy()

    def tolist(self) -> Any:
        """Such numbers in lists."""
        return [part.tolist() for part in self] if self.ndim else self.item()

    def __float__(self) -> float:
        return float(self._known())

    def __int__(self) -> int:
        return int(self.tensor.data)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self._known(), dtype=dtype)

    def numpy(self) -> Any:
        """No array has this."""
        raise AttributeError("an array has no attribute numpy")

    def _known(self) -> Any:
        """The values, where nothing is lost with them."""
        if self.tensor._node is not None:
            raise TypeError("a plain array would lose how it was computed")
        return self.tensor.data

    def __repr__(self) -> str:
        return repr(self.tensor.data)

    def __format__(self, form: str) -> str:
        return format(self.tensor.data[()], form)

    def __getitem__(self, index: Any) -> Any:
        index = plain(index)
        parts = index if isinstance(index, tuple) else (index,)
        basic = all(part is None or part is Ellipsis or isinstance(part, (int, np.integer, slice)) for part in parts)
        part = self.tensor[index]
        self._log.note(part)
        return Written(part, self._log, self, lambda array: array[index]) if basic else Written(part, self._log)

    def __setitem__(self, index: Any, value: Any) -> None:
        index, before = plain(index), self.tensor
        value = np.broadcast_to(recorded(value), before.data[index].shape)
        self._become(apply(ASSIGN, [before, value], {"index": index}))

    def __len__(self) -> int:
        return len(self.tensor.data)

    def __iter__(self) -> Iterator[Any]:
        return (self[number] for number in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self.tensor.data)


def recorded(value: Any) -> Any:
    """The same with Tensors in the place of what is written to."""
    return _mapped(value, lambda written: written.tensor)


def plain(value: Any) -> Any:
    """The same with arrays in the place of what is written to."""
    return _mapped(value, lambda written: written.tensor.data)


def _mapped(value: Any, change: Callable[[Written], Any]) -> Any:
    if isinstance(value, Written):
        return change(value)
    if isinstance(value, (list, tuple)):
        return type(value)(_mapped(item, change) for item in value)
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in value.items()}
    return value


def _assigned(before: Any, value: Any, *, index: Any) -> Any:
    after = np.array(before)
    after[index] = value
    return after


ASSIGN = Primitive(
    "assign",
    _assigned,
    [
        lambda g, out, before, value, index: _assigned(g, 0.0, index=index),
        lambda g, out, before, value, index: g[index],
    ],
    broadcasts=False,
)
