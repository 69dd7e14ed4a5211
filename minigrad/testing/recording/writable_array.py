"""How does an array behave that can be written to like any other, while all that happens to it is recorded?"""

from __future__ import annotations

import bisect
import sys
from collections.abc import Callable, Iterator, Sequence
from types import CodeType
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from minigrad.engine.apply import apply
from minigrad.engine.graph import Node, Primitive
from minigrad.engine.tensor import Tensor
from minigrad.ops.manipulation.indexing import scatter_add

# In the globals of functions that are recorded, so that their frames are known.
MARK = "__recorded_by_minigrad__"
Site = tuple[CodeType, int, int]

# Functions whose results are constants, and attributes of arrays of that kind.
CONSTANT = {np.flatnonzero, np.argwhere, np.unique, np.searchsorted}
CONSTANT_METHODS = {"argmax", "argmin", "argsort", "nonzero", "any", "all"}
LIKE: dict[Callable[..., Any], Callable[..., Any]] = {
    np.zeros_like: np.zeros_like,
    np.empty_like: np.zeros_like,
    np.ones_like: np.ones_like,
    np.full_like: np.full_like,
}


# An assignment keeps the whole array as it was before; a long loop would keep too many of them.
LARGEST = 100_000_000


class Log:
    """Where in the code each result was computed."""

    def __init__(self) -> None:
        self._orders: list[int] = []
        self._sites: list[Site | None] = []
        self._bytes = 0

    def note(self, tensor: Tensor) -> None:
        """Everything recorded since the last note comes from where the recorded code is now.

        Raises:
            RuntimeError: where the results take too much memory.
        """
        if tensor._node is None:
            return
        self._bytes += 1000 + tensor.nbytes
        if self._bytes > LARGEST:
            raise RuntimeError("this is too much to be recorded")
        frame = sys._getframe(1)
        while frame is not None and MARK not in frame.f_globals:
            frame = frame.f_back  # type: ignore[assignment]
        site = None if frame is None else (frame.f_code, frame.f_lasti, frame.f_lineno)
        if not self._orders or tensor._node.order > self._orders[-1]:
            self._orders.append(tensor._node.order)
            self._sites.append(site)

    def site(self, node: Node) -> Site | None:
        """The code, the instruction and the line that made a result; None where that is not known."""
        place = bisect.bisect_left(self._orders, node.order)
        return self._sites[place] if place < len(self._sites) else None


class Written(NDArrayOperatorsMixin):
    """A Tensor behind a face like that of an array, assignment included.

    A part of it that NumPy would give as a view writes through to the whole.
    """

    def __init__(self, tensor: Any, log: Log, whole: Written | None = None, index: Any = None) -> None:
        self._tensor = tensor if isinstance(tensor, Tensor) else Tensor(tensor)
        self._log, self._whole, self._index = log, whole, index

    @property
    def tensor(self) -> Tensor:
        """What it is now."""
        if self._whole is not None:
            self._tensor = self._whole.tensor[self._index]
            self._log.note(self._tensor)
        return self._tensor

    def _wrapped(self, result: Any) -> Any:
        if isinstance(result, Tensor):
            self._log.note(result)
            return Written(result, self._log) if result.dtype.kind == "f" else result.data
        if isinstance(result, (list, tuple)):
            return type(result)(self._wrapped(item) for item in result)
        return result

    def _become(self, value: Any) -> Written:
        if self._whole is not None:
            self._whole[self._index] = value
        else:
            tensor = np.broadcast_to(recorded(value), self.shape)
            self._tensor = tensor if isinstance(tensor, Tensor) else Tensor(np.array(tensor, dtype=float))
            self._log.note(self._tensor)
        return self

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if ufunc is np.add and method == "at":
            target, index, values = inputs
            added = np.broadcast_to(recorded(values), plain(target)[plain(index)].shape)
            target._become(target.tensor + scatter_add(added, plain(index), target.shape))
            return None
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
        out = kwargs.pop("out", None)
        result = self._wrapped(function(*recorded(args), **recorded(kwargs)))
        return result if out is None else out._become(result)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in CONSTANT_METHODS:
            return getattr(self.tensor.data, name)
        value = getattr(self.tensor, name)
        if not callable(value):
            return self._wrapped(value)
        return lambda *args, **kwargs: self._wrapped(value(*recorded(args), **recorded(kwargs)))

    @property
    def strides(self) -> tuple[int, ...]:
        """Those of an array in one piece."""
        return np.empty(self.shape).strides

    def copy(self) -> Written:
        """The same values, to be written to on their own."""
        return Written(self.tensor, self._log)

    def fill(self, value: Any) -> None:
        """The same value everywhere."""
        self._become(value)

    def flatten(self) -> Any:
        """All elements in a row."""
        return self._wrapped(self.tensor.reshape(-1))

    ravel = flatten

    def item(self) -> Any:
        """A number would lose how it was made."""
        raise TypeError("a single number is not recorded")

    tolist = numpy = __array__ = __float__ = item

    def __getitem__(self, index: Any) -> Any:
        index = plain(index)
        parts = index if isinstance(index, tuple) else (index,)
        basic = all(part is None or part is Ellipsis or isinstance(part, (int, np.integer, slice)) for part in parts)
        part = self.tensor[index]
        self._log.note(part)
        return Written(part, self._log, self, index) if basic else Written(part, self._log)

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
