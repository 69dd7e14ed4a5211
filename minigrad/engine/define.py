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
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec

from minigrad.engine.apply import apply
from minigrad.engine.graph import Primitive, Rule
from minigrad.engine.registry import Operation, register

P = ParamSpec("P")


def primitive(
    *rules: Rule | None,
    overrides: Sequence[Callable[..., Any]] = (),
    examples: Sequence[Any] = (),
    reads: Sequence[str] | None = None,
    overwriting: Rule | None = None,
    variadic: bool = False,
    broadcasts: bool = False,
    name: str | None = None,
    kernel: Callable[..., Any] | None = None,
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
        overwriting: for an operation on one array, its rule once more, but written into `g` and returning that; used
            where nobody else knows that array.
        variadic: the first parameter is a sequence of arrays; the only rule is called as
            ``rule(position, g, out, *arrays, **params)``.
        broadcasts: the arguments are broadcast against each other, so rules may return the shape of the result.
        name: that of the function by default.
        kernel: a function of the same arguments that gives the same result in less time, for arrays only; it may
            write to memory that it makes. The function itself says what the operation means.

    Raises:
        TypeError: for a function with fewer parameters than rules, `reads` that are not one for each rule, or
            `overwriting` where there is not one array.
        ValueError: for the name of an operation of minigrad's own, or a NumPy function that already belongs to another
            operation.

    Examples:
        >>> @mg.primitive(lambda g, out, x: g * 3.0 * x * x)
        ... def cube(x):
        ...     return x * x * x
        >>> x = mg.Tensor(2.0, requires_grad=True)
        >>> cube(x).backward()
        >>> x.grad
        Tensor(12.)
    """
    return declaration(
        *rules,
        overrides=overrides,
        examples=examples,
        reads=reads,
        overwriting=overwriting,
        variadic=variadic,
        broadcasts=broadcasts,
        name=name,
        kernel=kernel,
        builtin=False,
    )


def declaration(
    *rules: Rule | None,
    overrides: Sequence[Callable[..., Any]] = (),
    examples: Sequence[Any] = (),
    reads: Sequence[str] | None = None,
    overwriting: Rule | None = None,
    variadic: bool = False,
    broadcasts: bool = False,
    name: str | None = None,
    kernel: Callable[..., Any] | None = None,
    builtin: bool,
    public: bool = True,
    elementwise: bool = False,
) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """What `primitive` does, and whether the operation is minigrad's own, for users, and of each element by itself."""

    def declare(forward: Callable[P, Any]) -> Callable[P, Any]:
        signature = inspect.signature(forward)
        names = list(signature.parameters)
        arrays = len(rules)
        if not arrays or arrays > len(names) or (variadic and (arrays != 1 or rules[0] is None)):
            raise TypeError(f"{forward.__name__}{signature} cannot have {arrays} rules")
        if overwriting is not None and (arrays != 1 or variadic):
            raise TypeError(f"{forward.__name__}{signature}: overwriting= is for operations on one array")
        array_names = names[:arrays]
        defaults = {key: signature.parameters[key].default for key in names[arrays:]}
        required = {key for key, value in defaults.items() if value is inspect.Parameter.empty}
        kinds = {key: signature.parameters[key].kind for key in defaults}
        positional = [key for key, kind in kinds.items() if kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
        meaning, fast = forward, kernel
        if variadic:
            meaning = _of_sequence(forward)
            fast = None if kernel is None else _of_sequence(kernel)
        positions = positions_read(reads, arrays, [] if variadic else array_names, forward.__name__)
        op = Primitive(name or forward.__name__, meaning, rules, broadcasts, positions, variadic=variadic, kernel=fast)
        op.overwriting = overwriting

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

        register(Operation(op.name, call, op, overrides, examples, builtin, public, elementwise))
        return call

    return declare


def _of_sequence(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of a sequence of arrays as one of any number of arrays."""
    return lambda *items, **params: function(items, **params)


def positions_read(
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
