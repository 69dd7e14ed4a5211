"""How do minigrad's own operations declare themselves?

A file of operations makes one table, and declares through it:

    table = Table(__name__)

    tanh = table.elementwise(np.tanh, lambda g, out, x: g * (1.0 - out * out), reads=("out",), ...)

Nothing else has to list what it declares.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

import numpy as np

from minigrad.engine import registry
from minigrad.engine.apply import of_one, of_two
from minigrad.engine.define import declaration, positions_read
from minigrad.engine.graph import Primitive, Rule
from minigrad.engine.operators import ArrayLike
from minigrad.engine.registry import Operation, numpy_name, operations, register
from minigrad.engine.values import plain

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])

# Elementwise operations in which Python's operators give the same as the ufuncs, to the last bit.
_OPERATORS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.divide: operator.truediv,
    np.negative: operator.neg,
    np.absolute: operator.abs,
}
# Those that are the methods of Tensors themselves, which saves a call in what is most frequent.
_METHODS: dict[np.ufunc, str] = {
    np.add: "__add__",
    np.subtract: "__sub__",
    np.multiply: "__mul__",
    np.divide: "__truediv__",
    np.remainder: "__mod__",
}


class Table:
    """What one file declares.

    Attributes:
        module: the ``__name__`` of the file, under which its operations are pickled.
    """

    def __init__(self, module: str) -> None:
        self.module = module

    @property
    def names(self) -> list[str]:
        """The public operations that were declared so far, for the ``__all__`` of the file."""
        return [name for name, each in operations.items() if each.public and each.function.__module__ == self.module]

    def primitive(self, *rules: Rule | None, **words: Any) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
        """An operation with rules of its own.

        It takes the words of `minigrad.primitive`, and two more: ``public=False`` for a helper, which exists so that
        other operations and rules can be written, and is imported from its file by those who need it; and
        ``elementwise=True`` for an operation on each element by itself, which is checked on arrays of all shapes.
        """
        return declaration(*rules, builtin=True, **words)

    def composite(self, overrides: Sequence[Callable[..., Any]] = (), examples: Sequence[Any] = ()) -> Callable[[F], F]:
        """An operation that needs no rules, because it is made of operations that have them."""

        def declare(function: F) -> F:
            call = _named_in_errors(function, f"mg.{function.__name__}")
            register(Operation(function.__name__, call, None, overrides, examples, builtin=True))
            return call

        return declare

    def elementwise(
        self,
        ufunc: np.ufunc,
        *rules: Rule,
        reads: Sequence[str],
        examples: Sequence[Any],
        doc: str,
        name: str | None = None,
        meaning: Callable[..., Any] | None = None,
        kernel: Callable[..., Any] | None = None,
        also: Sequence[np.ufunc] = (),
    ) -> Callable[..., Any]:
        """The operation of a NumPy or SciPy ufunc of x, or x and y.

        `doc` says what it computes, `reads` as elsewhere; `meaning` is in its place where the ufunc itself does not
        say it all, `kernel` does the same in less time, `also` are other ufuncs for the same function.
        """
        if meaning is None:
            meaning = ufunc if "e" in "".join(ufunc.types) else half_by_single(ufunc)
        name = name or ufunc.__name__
        positions = positions_read(reads, len(rules), ["x", "y"], name)
        op = Primitive(name, meaning, rules, ufunc.nin > 1, positions, _OPERATORS.get(ufunc), kernel=kernel)
        call: Callable[..., Any] = of_one(op) if ufunc.nin == 1 else of_two(op)
        call.__name__ = call.__qualname__ = name
        call.__module__ = self.module
        call.__doc__ = (
            f"{doc}\n\nDifferentiable form of ``{numpy_name(ufunc)}``: elementwise, with broadcasting and NumPy's "
            "dtypes."
        )
        register(Operation(name, call, op, [ufunc, *also], examples, builtin=True, elementwise=True))
        if ufunc in _METHODS:
            # The method of before is asked about operands that need a closer look.
            method = _METHODS[ufunc]
            setattr(ArrayLike, method, of_two(op, getattr(ArrayLike, method)))
        return call


def half_by_single(ufunc: np.ufunc) -> Callable[..., Any]:
    """A ufunc of one or two arguments that has no loop for float16, and would turn it into float64."""

    def of_one(x: Any) -> Any:
        half = getattr(x, "dtype", None) == np.float16
        return ufunc(x.astype(np.float32)).astype(np.float16) if half else ufunc(x)

    def of_two(x: Any, y: Any) -> Any:
        if np.float16 not in (getattr(x, "dtype", None), getattr(y, "dtype", None)):
            return ufunc(x, y)
        dtype = np.result_type(x, y)
        if dtype != np.float16:
            return ufunc(x, y)
        return ufunc(*[each.astype(np.float32) if hasattr(each, "dtype") else each for each in (x, y)]).astype(dtype)

    return of_one if ufunc.nin == 1 else of_two


def those_of_numpy(*names: str) -> list[Any]:
    """The NumPy functions of these names, of which older versions lack some."""
    return [getattr(np, name) for name in names if hasattr(np, name)]


def constant(*functions: Callable[..., Any]) -> None:
    """Let NumPy functions whose derivative is zero or does not exist be called on Tensors; they return plain arrays."""
    for function in functions:
        registry.overrides[function] = _on_arrays(function)


def _on_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*plain(args), **(plain(kwargs) if kwargs else kwargs))
        except Exception as error:
            _note(error, numpy_name(function))
            raise

    return call


def _named_in_errors(function: F, name: str) -> F:
    """The function, whose errors say that they come from it, where they only tell of a part of it."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            _note(error, name)
            raise

    return call  # type: ignore[return-value]  # of the same signature


def _note(error: Exception, name: str) -> None:
    if name.rpartition(".")[2] not in str(error):
        error.add_note(f"while computing {name}")
