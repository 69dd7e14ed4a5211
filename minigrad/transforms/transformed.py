"""What do the transforms return that can be called, and pickled where the function can?"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from types import MethodType
from typing import Any

import numpy as np

from minigrad.engine.pytrees import leaves, matched, replaced
from minigrad.engine.stand_ins import StandIn
from minigrad.engine.tensor import Tensor
from minigrad.transforms.trace import Trace, pull_back, seed_like

Function = Callable[..., Any]
Argnums = int | Sequence[int]

_USES = {"vjp": "mg.vjp(f, x)", "jvp": "mg.jvp(f, x, tangent)", "hvp": "mg.hvp(f, x, vector)"}


def check_function(name: str, f: Any) -> None:
    """Refuse what is no function, such as the result of one."""
    if not callable(f):
        raise TypeError(
            f"{name} takes a function, not a {type(f).__name__}: write {_USES.get(name, f'mg.{name}(f)(x)')}"
        )


class Transformed:
    """A derivative of a function, as a function under the name of the original.

    Args:
        compute: gives the derivative, as ``compute(transform, f, argnums, args, kwargs)``.
        transform: the name of the transform, for error messages.
        f: the function.
        argnums: the position of the argument to differentiate by, or several.
        what: what is computed.
    """

    __wrapped__: Function

    def __init__(self, compute: Function, transform: str, f: Function, argnums: Argnums, what: str) -> None:
        check_function(transform, f)
        _check_positions(transform, argnums)
        self.__name__ = what
        functools.update_wrapper(self, f, assigned=("__module__", "__name__", "__qualname__"), updated=())
        self.__doc__ = f"The {what} of {getattr(f, '__name__', 'a function')}."
        self._compute, self._transform, self._argnums = compute, transform, argnums

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The derivative at these arguments."""
        return self._compute(self._transform, self.__wrapped__, self._argnums, args, kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        # A method, where it is an attribute of a class.
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        return f"mg.{self._transform}({self.__wrapped__!r}, argnums={self._argnums!r})"


def _check_positions(transform: str, argnums: Any) -> None:
    """Refuse argnums that are not integers, such as an argument given too early."""
    chosen = argnums if isinstance(argnums, (list, tuple, range)) else [argnums]
    if not all(isinstance(position, (int, np.integer)) and not isinstance(position, bool) for position in chosen):
        raise TypeError(
            f"{transform}: argnums holds integers, not {argnums!r}; the arguments follow: mg.{transform}(f)(x)"
        )


class Pullback:
    """The product of a vector and the Jacobian of a function at some arguments, for any vector.

    Pickled it is the function and its arguments: where it is loaded, the function is called again.
    """

    def __init__(self, f: Function, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        self._function, self._kwargs = f, kwargs
        self.trace = Trace("vjp", f, args, kwargs, range(len(args)))

    def __call__(self, seed: Any) -> tuple[Any, ...]:
        """One gradient for each argument, for a seed of the structure and shapes of the result."""
        trace = self.trace
        seeds = self._seeds(seed)
        recorded = trace.records(seeds)
        try:
            found = pull_back(trace.outputs, seeds, trace.variables, recorded)
        except RuntimeError as error:
            error.add_note("call a pullback inside the function that a transform around it differentiates")
            raise
        return tuple(trace.answers(found, recorded))

    def _seeds(self, seed: Any) -> list[Any]:
        """One seed for each output, in its shape and dtype."""
        trace = self.trace
        try:
            flat = matched(seed, trace.output)
        except ValueError as error:
            raise ValueError(f"vjp: the seed and what the function returned differ in structure: {error}") from None
        return [
            seed_like(each, out, f"vjp: the seed{path}")
            for each, out, path in zip(flat, trace.outputs, trace.paths, strict=True)
        ]

    def __reduce__(self) -> tuple[Any, ...]:
        trace = self.trace
        # The caller may have written to the arrays since; the variables hold what they were.
        values = iter([_as_given(v, o) for v, o in zip(trace.variables, trace.originals, strict=True)])
        args = [replaced(tree, values) for tree in trace.inputs]
        return _loaded, (self._function, args, self._kwargs, [_array(out) for out in trace.outputs])


def _array(value: Any) -> Any:
    return value._array if isinstance(value, Tensor) else value


def _as_given(variable: Tensor, original: Any) -> Any:
    """The value of a variable, as what it was given as."""
    if isinstance(original, Tensor):
        return Tensor(variable._array, original.requires_grad)
    return variable._array if isinstance(original, (np.ndarray, np.generic, StandIn)) else float(variable._array)


def _loaded(f: Function, args: Sequence[Any], kwargs: dict[str, Any], outputs: Sequence[Any]) -> Pullback:
    """A pullback as it was when it was pickled.

    Raises:
        ValueError: where the function gives something else now, because it draws random numbers, for example.
    """
    pullback = Pullback(f, args, kwargs)
    found = [_array(out) for _, out in leaves(pullback.trace.output)]
    if not (
        len(found) == len(outputs)
        and all(
            np.shape(now) == np.shape(then)
            and np.allclose(now, then, rtol=1e-4, atol=1e-4 * np.max(np.abs(then), initial=0.0), equal_nan=True)
            for now, then in zip(found, outputs, strict=True)
        )
    ):
        raise ValueError("vjp: called again to load its pullback, the function gave another result than before")
    return pullback
