"""Which operators and methods of `numpy.ndarray` does a Tensor have?

Each calls the NumPy function of the same meaning; the registry knows the operation that stands for it.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np

from minigrad.engine.aliasing import in_place
from minigrad.engine.cooperation import SIMPLE, is_verdict, knows_better
from minigrad.engine.elsewhere import written_here
from minigrad.engine.registry import operations, overrides

Axes = int | tuple[int, ...] | None


def _operator(function: Callable[..., Any], name: str) -> Callable[[Any, Any], Any]:
    reflected = f"__r{name}__"

    def method(self: Any, other: Any) -> Any:
        kind = type(other)
        if kind in SIMPLE or not knows_better(other, reflected):
            return overrides[function](self, other)
        return NotImplemented

    return method


def _reflected(function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        if type(other) in SIMPLE or not knows_better(other):
            return overrides[function](other, self)
        return NotImplemented

    return method


def _both(function: Callable[..., Any], name: str) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    return _operator(function, name), _reflected(function)


def _comparison(compare: Callable[[Any, Any], Any], function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """The method of an operator whose results are truth values: what NumPy's arrays answer."""

    def method(self: Any, other: Any) -> Any:
        if isinstance(other, ArrayLike):
            return compare(self._array, other._array)
        if isinstance(other, (list, tuple)):
            return overrides[function](self, other)  # which may hold Tensors
        result = compare(self._array, other)
        # An object that goes on computing, such as a symbol, needs the Tensor itself.
        return result if type(other) in SIMPLE or is_verdict(result) else NotImplemented

    return method


# Methods that change an array or look into its memory, and what to do instead.
_WRITING = {
    "flat": "tensor.ravel() has the same elements",
    "fill": "np.full_like(tensor, value) is a new one",
    "itemset": "mg.set_at(tensor, index, value) is a new one",
    "partition": "np.partition(tensor, kth) is a new one",
    "put": "mg.set_at(tensor, index, values) is a new one",
    "resize": "np.resize(tensor, shape) is a new one",
    "sort": "np.sort(tensor) is a new one",
}


@functools.cache
def _constant_methods() -> frozenset[str]:
    """Methods of arrays that give plain arrays, such as argmax, or that NumPy has under another name, such as round."""
    names = [name for name in dir(np.ndarray) if not name.startswith("_") and callable(getattr(np, name, None))]
    return frozenset(name for name in names if getattr(np, name) in overrides)


class ArrayLike:
    """The operators and methods that users of `numpy.ndarray` type without thinking."""

    __slots__ = ()

    # `Table.elementwise` puts something faster in the place of the first five, which then asks these.
    __add__, __radd__ = _both(np.add, "add")
    __sub__, __rsub__ = _both(np.subtract, "sub")
    __mul__, __rmul__ = _both(np.multiply, "mul")
    __truediv__, __rtruediv__ = _both(np.divide, "truediv")
    __mod__, __rmod__ = _both(np.remainder, "mod")
    __matmul__, __rmatmul__ = _both(np.matmul, "matmul")
    __floordiv__, __rfloordiv__ = _both(np.floor_divide, "floordiv")
    __divmod__, __rdivmod__ = _both(np.divmod, "divmod")
    __iadd__, __isub__ = in_place(operator.add, "+"), in_place(operator.sub, "-")
    __imul__, __itruediv__ = in_place(operator.mul, "*"), in_place(operator.truediv, "/")
    __ipow__, __imod__ = in_place(operator.pow, "**"), in_place(operator.mod, "%")
    __imatmul__, __ifloordiv__ = in_place(operator.matmul, "@"), in_place(operator.floordiv, "//")
    __and__, __rand__ = _both(np.bitwise_and, "and")
    __or__, __ror__ = _both(np.bitwise_or, "or")
    __xor__, __rxor__ = _both(np.bitwise_xor, "xor")
    __lshift__, __rlshift__ = _both(np.left_shift, "lshift")
    __rshift__, __rrshift__ = _both(np.right_shift, "rshift")
    __lt__, __le__ = _comparison(operator.lt, np.less), _comparison(operator.le, np.less_equal)
    __gt__, __ge__ = _comparison(operator.gt, np.greater), _comparison(operator.ge, np.greater_equal)
    # Elementwise, as NumPy's.
    __eq__, __ne__ = _comparison(operator.eq, np.equal), _comparison(operator.ne, np.not_equal)
    # Elementwise equality leaves identity as the only meaning of a hash.
    __hash__ = object.__hash__

    _array: Any

    def __init_subclass__(cls) -> None:
        SIMPLE.add(cls)

    def __pow__(self, other: Any, modulo: Any = None) -> Any:
        if modulo is not None:
            raise TypeError("pow() of a Tensor takes no third argument: write x**y % z")
        if type(other) in SIMPLE or not knows_better(other, "__rpow__"):
            return overrides[np.power](self, other)
        return NotImplemented

    __rpow__ = _reflected(np.power)

    def __invert__(self) -> Any:
        return overrides[np.invert](self)

    def __contains__(self, value: Any) -> bool:
        return bool(np.any(self == value))

    def __neg__(self) -> Any:
        return overrides[np.negative](self)

    def __pos__(self) -> Any:
        return overrides[np.positive](self)

    def __abs__(self) -> Any:
        return overrides[np.absolute](self)

    def __getitem__(self, index: Any) -> Any:
        return operations["getitem"].function(self, index)

    def __setitem__(self, index: object, value: object) -> None:
        raise TypeError(
            "a Tensor cannot be written to, because the graph may hold its old values; make a new one: for x[i] = y "
            "write x = mg.set_at(x, i, y), and for x[i] += y write x = mg.add_at(x, i, y), where i may be a mask. The "
            "data of a leaf can be written to between two passes: x.data[i] = y"
        )

    def __iter__(self) -> Iterator[Any]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d Tensor")
        return (self[position] for position in range(len(self)))

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len() of a 0-d Tensor")
        return int(self.shape[0])

    def __getattr__(self, name: str) -> Any:
        """Operations on an array are methods too: ``x.tanh()``. And an array that is away comes back."""
        if name == "_array":
            self._array = array = self._away.brought_back()
            del self._away
            return array
        if name in _WRITING:
            raise AttributeError(
                f"a Tensor has no {name}, through which arrays are written to; {_WRITING[name]}", name=name, obj=self
            )
        operation = operations.get(name)
        if operation is not None and operation.is_method:
            return operation.function.__get__(self)
        if name not in _constant_methods():
            known = operation is not None and operation.builtin and operation.public
            advice = written_here(name) or (f"; it is a function, mg.{name}" if known else "")
            raise AttributeError(f"a Tensor has no attribute {name!r}{advice}", name=name, obj=self)
        return functools.partial(overrides[getattr(np, name)], self)

    def __dir__(self) -> list[str]:
        methods = {name for name, operation in operations.items() if operation.is_method}
        found = {*super().__dir__(), *methods, *_constant_methods()} - _WRITING.keys()
        return sorted(name for name in found if not name.startswith("_") or name.startswith("__"))

    # In the order of the parameters of NumPy's methods.

    def sum(self, axis: Axes = None, dtype: Any = None, out: None = None, keepdims: bool = False, **more: Any) -> Any:
        """Sum over the given axes; see `minigrad.sum`."""
        return np.sum(self, axis, dtype, out, keepdims, **more)

    def prod(self, axis: Axes = None, dtype: Any = None, out: None = None, keepdims: bool = False, **more: Any) -> Any:
        """Product over the given axes; see `minigrad.prod`."""
        return np.prod(self, axis, dtype, out, keepdims, **more)

    def mean(self, axis: Axes = None, dtype: Any = None, out: None = None, keepdims: bool = False, **more: Any) -> Any:
        """Arithmetic mean over the given axes; see `minigrad.mean`."""
        return np.mean(self, axis, dtype, out, keepdims, **more)

    def var(self, axis: Axes = None, dtype: Any = None, out: None = None, ddof: float = 0, **more: Any) -> Any:
        """Variance over the given axes; see `minigrad.var`."""
        return np.var(self, axis, dtype, out, ddof, **more)

    def std(self, axis: Axes = None, dtype: Any = None, out: None = None, ddof: float = 0, **more: Any) -> Any:
        """Standard deviation over the given axes; see `minigrad.std`."""
        return np.std(self, axis, dtype, out, ddof, **more)

    def max(self, axis: Axes = None, out: None = None, keepdims: bool = False, **more: Any) -> Any:
        """Maximum over the given axes; see `minigrad.max`."""
        return np.max(self, axis, out, keepdims, **more)

    def min(self, axis: Axes = None, out: None = None, keepdims: bool = False, **more: Any) -> Any:
        """Minimum over the given axes; see `minigrad.min`."""
        return np.min(self, axis, out, keepdims, **more)

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        """The same elements in another shape, given as one tuple or as several integers; one may be -1."""
        return operations["reshape"].function(self, shape[0] if len(shape) == 1 else shape, order)

    def ravel(self, order: str = "C") -> Any:
        """The same elements in one dimension."""
        return self.reshape(-1, order=order)

    def copy(self, order: Literal["K", "A", "C", "F"] = "C") -> Any:
        """The same elements in memory of their own."""
        # A copy of NumPy's scalar is one, and ``np.copy`` of it is a 0-d array.
        return np.copy(self, order) if type(self._array) is np.ndarray else np.positive(self)

    def conj(self) -> Any:
        """The Tensor itself, which holds real numbers."""
        return self

    conjugate = conj

    def flatten(self, order: str = "C") -> Any:
        """A copy of the elements in one dimension."""
        return np.copy(self.reshape(-1, order=order))

    def transpose(self, *axes: Any) -> Any:
        """Axes permuted, reversed by default; given as one tuple or as several integers."""
        order = None if not axes else axes[0] if len(axes) == 1 else axes
        return operations["transpose"].function(self, order)

    def compress(self, condition: Any, axis: int | None = None) -> Any:
        """The slices along an axis where a condition is true; see `minigrad.compress`."""
        return operations["compress"].function(condition, self, axis=axis)

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each dimension."""
        return self._array.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._array.size  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the elements."""
        return self._array.dtype  # type: ignore[no-any-return]

    @property
    def real(self) -> Any:
        """The Tensor itself, which holds real numbers."""
        return self

    @property
    def imag(self) -> Any:
        """Zeros in a plain array, because a Tensor holds real numbers."""
        return np.zeros(self.shape, self.dtype)

    @property
    def itemsize(self) -> int:
        """The size of an element, in bytes."""
        return int(self.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        """The size of all elements, in bytes."""
        return int(self.size) * self.itemsize

    @property
    def mT(self) -> Any:  # noqa: N802  # NumPy's name
        """The last two axes exchanged."""
        return operations["swapaxes"].function(self, -1, -2)

    @property
    def T(self) -> Any:  # noqa: N802  # NumPy's name
        """Axes reversed."""
        return self.transpose()
