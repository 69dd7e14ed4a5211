"""How is an operation declared?

One declaration holds everything about an operation: its name, forward computation, derivative rules, docstring, the
NumPy functions it stands for, and the example inputs on which its derivatives are checked.

Rules are written with operators, NumPy functions that are registered themselves, ``.shape`` and ``.ndim``, and the
project's own operations, and nothing else; their constants are Python numbers, because a NumPy float64 scalar would
turn float32 into float64. Then the same rule serves arrays and, for higher derivatives, Tensors.
"""

from __future__ import annotations

import functools
import inspect
import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

import numpy as np

from minigrad.engine import registry
from minigrad.engine.apply import apply, of_one, of_two, plain
from minigrad.engine.graph import Primitive, Rule
from minigrad.engine.registry import Operation, numpy_name, operations, register

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


def primitive(
    *rules: Rule | None,
    overrides: Sequence[Callable[..., Any]] = (),
    examples: Sequence[Any] = (),
    reads: Sequence[str] | None = None,
    in_place: Rule | None = None,
    variadic: bool = False,
    broadcasts: bool = False,
    name: str | None = None,
) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Make an operation of a function of arrays.

    The first parameters of the function, one for each rule, are its arrays; all others are parameters that are not
    differentiated. A rule is called as ``rule(g, out, *arrays, **params)`` and returns the gradient with respect to
    its array, given the gradient `g` of the result `out`.

    Args:
        rules: one for each array argument, in order; None for an argument without a derivative.
        overrides: the NumPy functions that become this operation when they are called on a Tensor.
        examples: inputs on which the test suite checks the rules, as `minigrad.engine.examples` describes.
        reads: for each rule, the arrays whose values it takes, by name and separated by spaces, "out" among them; of
            the others it may use ``.shape``, ``.ndim``, ``.size`` and ``.dtype``, and a graph does not keep their
            values: reading them gives NaN. By default everything is kept.
        in_place: for an operation on one array, its rule once more, but written into `g` and returning that; used
            where nobody else knows that array.
        variadic: the first parameter is a sequence of arrays; the only rule is called as
            ``rule(position, g, out, *arrays, **params)``.
        broadcasts: the arguments are broadcast against each other, so rules may return the shape of the result.
        name: that of the function by default.

    Raises:
        TypeError: for a function with fewer parameters than rules, `reads` that are not one for each rule, or
            `in_place` where there is not one array.
        ValueError: for a name or a NumPy function that already belongs to another operation.

    Example:
        >>> @mg.primitive(lambda g, out, x: g * 3.0 * x * x)
        ... def cube(x):
        ...     return x * x * x
        >>> x = mg.Tensor(2.0, requires_grad=True)
        >>> cube(x).backward()
        >>> x.grad
        Tensor(12.)
    """

    def declare(forward: Callable[P, Any]) -> Callable[P, Any]:
        signature = inspect.signature(forward)
        names = list(signature.parameters)
        arrays = len(rules)
        if not arrays or arrays > len(names) or (variadic and (arrays != 1 or rules[0] is None)):
            raise TypeError(f"{forward.__name__}{signature} cannot have {arrays} rules")
        if in_place is not None and (arrays != 1 or variadic):
            raise TypeError(f"{forward.__name__}{signature}: in_place= is for operations on one array")
        array_names = names[:arrays]
        defaults = {key: signature.parameters[key].default for key in names[arrays:]}
        required = {key for key, value in defaults.items() if value is inspect.Parameter.empty}
        kinds = {key: signature.parameters[key].kind for key in defaults}
        positional = [key for key, kind in kinds.items() if kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
        inner = (lambda *items, **params: forward(items, **params)) if variadic else forward
        positions = _positions(reads, arrays, [] if variadic else array_names, forward.__name__)
        op = Primitive(name or forward.__name__, inner, rules, broadcasts, positions, variadic=variadic)
        op.overwriting = in_place

        @functools.wraps(forward)
        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            # Matching arguments with parameters takes as long as a product of small matrices, so it is left out where
            # they fit.
            if not kwargs and not required and len(args) == arrays:
                return apply(op, args[0] if variadic else args, defaults)  # type: ignore[arg-type]
            further = dict(zip(positional, args[arrays:], strict=False))
            params = defaults | further | kwargs
            args_fit = len(args) == arrays + len(further)
            if (
                not args_fit
                or len(params) != len(defaults)
                or further.keys() & kwargs.keys()
                or required - (further.keys() | kwargs.keys())
            ):
                bound = signature.bind(*args, **kwargs)
                bound.apply_defaults()
                params = {key: bound.arguments[key] for key in defaults}
                args = tuple(bound.arguments[key] for key in array_names)  # type: ignore[assignment]
            return apply(op, args[0] if variadic else args[:arrays], params)  # type: ignore[arg-type]

        register(Operation(op.name, call, op, overrides, examples, _is_builtin(forward)))
        return call

    return declare


def _positions(
    reads: Sequence[str] | None, rules: int, arrays: Sequence[str], operation: str
) -> Sequence[frozenset[int]] | None:
    """What each rule reads by position, -1 for the result."""
    if reads is None:
        return None
    if isinstance(reads, str) or len(reads) != rules:
        raise TypeError(f"{operation} has {rules} rules, so reads= holds as many strings, not {reads!r}")
    known = {"out": -1} | {name: position for position, name in enumerate(arrays)}
    for name in " ".join(reads).split():
        if name not in known:
            raise TypeError(f"{operation}: reads= names {name!r}, which is none of {', '.join(known)}")
    return tuple(frozenset(known[name] for name in names.split()) for names in reads)


def _is_builtin(function: Callable[..., Any]) -> bool:
    return (function.__module__ or "").startswith("minigrad.")


def composite(overrides: Sequence[Callable[..., Any]] = (), examples: Sequence[Any] = ()) -> Callable[[F], F]:
    """Register a function that needs no rules, because it is made of operations that have them."""

    def declare(function: F) -> F:
        register(Operation(function.__name__, function, None, overrides, examples, _is_builtin(function)))
        return function

    return declare


def elementwise(
    ufunc: np.ufunc,
    *rules: Rule,
    reads: Sequence[str],
    examples: Sequence[Any],
    doc: str,
    name: str | None = None,
    forward: Callable[..., Any] | None = None,
    also: Sequence[np.ufunc] = (),
) -> Callable[..., Any]:
    """The operation of a NumPy or SciPy ufunc of x, or x and y.

    `doc` says what it computes, `reads` as elsewhere; `forward` does the same in less time, `also` are other ufuncs
    for the same function.
    """
    text = (
        f"{doc}\n\nDifferentiable form of ``{numpy_name(ufunc)}``: elementwise, with broadcasting and NumPy's dtypes."
    )

    if forward is None:
        forward = ufunc if "e" in "".join(ufunc.types) else half_by_single(ufunc)
    name = name or ufunc.__name__
    positions = _positions(reads, len(rules), ["x", "y"], name)
    op = Primitive(name, forward, rules, ufunc.nin > 1, positions, _OPERATORS.get(ufunc))
    call: Callable[..., Any] = of_one(op) if ufunc.nin == 1 else of_two(op)
    call.__name__ = call.__qualname__ = name
    call.__doc__ = text
    # The module that assigns the result, so that it can be pickled by reference; what namedtuple does, too.
    call.__module__ = sys._getframe(1).f_globals["__name__"]
    register(Operation(name, call, op, [ufunc, *also], examples, builtin=True))
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


def declared_in(module: str) -> list[str]:
    """The names of the operations that a module declares, for its ``__all__``: nothing else has to list them."""
    return [name for name, operation in operations.items() if operation.function.__module__ == module]


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
        return function(*plain(args), **(plain(kwargs) if kwargs else kwargs))

    return call
