"""A recorded value: stands for an array, and writes down every function of NumPy that it is given to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minigrad.engine.numpy_dispatch import OVER_AXES
from minigrad.engine.registry import numpy_name
from minigrad.engine.stand_ins import StandIn
from minigrad.engine.tensor import Tensor
from minigrad.program import ir
from minigrad.program.array_methods import CHANGED, install, out_of
from minigrad.program.errors import ProgramError

# What tells of shapes and dtypes alone.
_STRUCTURE = {
    np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj, np.common_type,
    np.array_repr, np.array_str, np.array2string,
}  # fmt: skip
# What tells Python of memory or values, which are others when the program runs; and what to write.
_FROZEN = {
    np.may_share_memory: "decide outside of the function, and pass True or False as an argument",
    np.shares_memory: "decide outside of the function, and pass True or False as an argument",
    np.min_scalar_type: "write x.dtype, or decide outside of the function",
}
_WRITING = {np.put_along_axis, np.copyto, np.put, np.place, np.putmask, np.fill_diagonal}


class Recorded(StandIn):
    """What stands for an array while a function is recorded.

    Attributes:
        recorder: the `Recorder` that writes the calls down; it imports this module.
        value: the array, or NumPy's scalar, at the inputs that the function is recorded with.
        variable: the value of the program that this is.
        kind: what the function itself would be given, where it is another type than that of `value`; else None.
    """

    __slots__ = ("__weakref__", "kind", "recorder", "value", "variable")

    __array_priority__ = 1000.0

    def __init__(self, recorder: Any, value: Any, variable: ir.Var) -> None:
        self.recorder, self.value, self.variable = recorder, value, variable
        self.kind: type | None = None

    @property  # type: ignore[misc]  # nobody sets it
    def __class__(self) -> Any:
        """What `isinstance` is told: the type that the function itself would meet. ``type(x)`` stays `Recorded`."""
        return self.kind or type(self.value)

    @property
    def takes_kernels(self) -> bool:  # type: ignore[override]  # it never changes
        """As the recorder says."""
        return bool(self.recorder.takes_kernels)

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes, at the inputs of the recording."""
        return np.shape(self.value)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return np.ndim(self.value)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.size(self.value))

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]  # it never changes
        """Of the elements."""
        found: np.dtype[Any] = self.value.dtype
        return found

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.dtype.itemsize * self.size

    @property
    def T(self) -> Any:  # noqa: N802  # NumPy's name
        """The axes in reverse order."""
        return self._emit(np.transpose, self)

    @property
    def mT(self) -> Any:  # noqa: N802  # NumPy's name
        """The last two axes exchanged."""
        return self._emit(np.swapaxes, self, -1, -2)

    @property
    def real(self) -> Any:
        """The real part."""
        return self._emit(np.real, self)

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return self._emit(np.imag, self)

    def _emit(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return self.recorder.emit(function, args, kwargs)

    def taken_whole(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a self-contained function gives, as one step."""
        return self.recorder.emit(function, args, kwargs)

    def looked_at(self, function: Callable[..., object], *args: Any) -> None:
        """Let a function look at the value and raise, now and whenever the program runs."""
        self.recorder.check(function, (self, *args))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(isinstance(part, Tensor) for part in inputs):
            return NotImplemented
        self.recorder.check_going_on()
        outs = kwargs.pop("out", None)
        if outs is not None and any(out is not None for out in outs):
            raise self.recorder.refusal(
                f"np.{ufunc.__name__} with out= writes into an array, which a program does not: leave out= out, and "
                "give the result a name"
            )
        if method == "__call__":
            return self.recorder.emit(ufunc, inputs, kwargs)
        if method == "at":
            raise self.recorder.refusal(f"np.{ufunc.__name__}.at changes an array in place; {CHANGED}")
        # Of logaddexp, which has no function of NumPy's own, the method itself is written down.
        if (ufunc, method) in OVER_AXES and ufunc is not np.logaddexp:
            given = {"axis": 0, **kwargs}
            for name, default in (("keepdims", False), ("dtype", None), ("where", True)):
                if name in given and given[name] is default:
                    del given[name]
            function = OVER_AXES[ufunc, method]
            return self.recorder.emit(function, inputs, given)
        return self.recorder.emit(getattr(ufunc, method), inputs, kwargs)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if any(issubclass(kind, Tensor) for kind in types):
            return NotImplemented
        self.recorder.check_going_on()
        if function in _WRITING or out_of(function, args, kwargs) is not None:
            raise self.recorder.refusal(
                f"{numpy_name(function)} writes into an array, which a program does not; {CHANGED}"
            )
        if function in _FROZEN:
            raise self.recorder.refusal(
                f"{numpy_name(function)} of a value that the program computes would freeze the answer; "
                f"{_FROZEN[function]}"
            )
        if function in _STRUCTURE:
            return function(*self.recorder.concrete(args), **self.recorder.concrete(kwargs))
        return self.recorder.emit(function, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        self.recorder.check_going_on()
        raise self.recorder.refusal(
            "an array is made of a value that the program computes, which would freeze it; give the value itself to "
            "functions of NumPy (np.stack([x, y]) joins values, x.astype(dtype) converts them), and write "
            "mg.Tensor(table)[labels] to look up values in an array that is made inside"
        )

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        return iter([self[position] for position in range(len(self.value))])

    def __contains__(self, wanted: Any) -> bool:
        return bool(np.any(self == wanted))

    def __getitem__(self, index: Any) -> Any:
        return self._emit(ir.item, self, index)

    def __setitem__(self, index: Any, values: Any) -> None:
        raise self.recorder.refusal(
            "x[index] = values changes a value in place, which a program does not; write x = mg.set_at(x, index, "
            "values)"
        )

    def __neg__(self) -> Any:
        return self._emit(np.negative, self)

    def __pos__(self) -> Any:
        return self._emit(np.positive, self)

    def __abs__(self) -> Any:
        return self._emit(np.absolute, self)

    def __invert__(self) -> Any:
        return self._emit(np.invert, self)

    def __hash__(self) -> int:
        if isinstance(self, np.ndarray):
            raise TypeError("unhashable type: 'numpy.ndarray'")
        self.recorder.check_going_on()
        raise self.recorder.refusal(
            "a number that the program computes is looked up in a set or a dict, which would freeze it; write x == 2.0 "
            "for x in {2.0}, and np.where(condition, x, y) or an array with an index for a dict"
        )

    def __bool__(self) -> bool:
        return bool(self.recorder.branch(self, bool))

    def __int__(self) -> int:
        return self._whole("int(x)")

    def __index__(self) -> int:
        return self._whole("a Python integer")

    def _whole(self, what: str) -> int:
        if self.dtype.kind not in "biu":
            raise self._frozen(what)
        return int(self.recorder.branch(self, int))

    def __float__(self) -> float:
        raise self._frozen("float(x)")

    def __complex__(self) -> complex:
        raise self._frozen("complex(x)")

    def item(self, *index: Any) -> Any:
        """A Python number, which of floats would be frozen."""
        value = self.value.item(*index)
        if isinstance(value, float):
            raise self._frozen("x.item()")
        return self.recorder.branch(self if not index else self[index], type(value))

    def tolist(self) -> Any:
        """Refused: lists of numbers would be frozen."""
        raise self._frozen("x.tolist()")

    def _frozen(self, what: str) -> ProgramError:
        self.recorder.check_going_on()
        error: ProgramError = self.recorder.refusal(
            f"{what} of a value that the program computes would freeze the number; leave it a 0-d array, or return it "
            "and convert it outside; write np.sqrt(x) for math.sqrt(x), np.where(condition, x, y) for a branch"
        )
        return error

    def __repr__(self) -> str:
        return f"Recorded({self.value!r})"

    def __format__(self, specification: str) -> str:
        return format(self.value, specification)

    def __getattr__(self, name: str) -> Any:
        if hasattr(np.ndarray, name) and not name.startswith("__"):
            raise self.recorder.refusal(
                f".{name} of a value that a program computes: it has no memory of its own; use functions that give "
                "new arrays"
            )
        raise AttributeError(f"an array has no attribute {name!r}")

    # Methods of arrays, as the functions of NumPy that they are.

    def astype(
        self, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True
    ) -> Any:
        """The values in another dtype."""
        if not np.can_cast(self.dtype, dtype, casting):  # type: ignore[arg-type]  # one of NumPy's words
            raise TypeError(f"cannot cast from {self.dtype} to {np.dtype(dtype)} by the rule {casting!r}")
        found = self._emit(ir.astype, self, np.dtype(dtype))
        return found if order == "K" else found.copy(order)

    def reshape(self, *shape: Any, order: str = "C", copy: bool | None = None) -> Any:
        """The values in another shape."""
        target = shape[0] if len(shape) == 1 else shape
        return self._emit(np.reshape, self, target, **({} if order == "C" else {"order": order}))

    def transpose(self, *axes: Any) -> Any:
        """Axes in another order."""
        if not axes or axes == (None,):
            return self._emit(np.transpose, self)
        return self._emit(np.transpose, self, axes[0] if len(axes) == 1 else axes)

    def flatten(self, order: str = "C") -> Any:
        """The values in one dimension."""
        return self._emit(np.ravel, self, **({} if order == "C" else {"order": order}))

    def copy(self, order: str = "C") -> Any:
        """The values again."""
        if self.ndim == 0:
            # The function would make a 0-d array of NumPy's scalar.
            return self
        # The method and the function choose another order, in which a sum adds up; with one axis there is but one.
        words = {} if order == "K" or self.ndim < 2 else {"order": order}
        return self._emit(np.copy, self, **words)

    def __copy__(self) -> Any:
        return self.copy("K")

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy("K")

    def conj(self) -> Any:
        """The complex conjugate; the function of NumPy would make numbers of truth values."""
        return self if self.dtype.kind == "b" else self._emit(np.conjugate, self)

    conjugate = conj


install(Recorded)
