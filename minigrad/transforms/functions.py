"""What are the derivatives of this function, as functions?

Each transform takes a function written with operators, NumPy's functions, or minigrad's, and calls it on Tensors. The
arguments may be arrays, numbers, Tensors, or nested lists, tuples, dicts and dataclasses of these, and results come
back in kind. A dataclass is put together without its ``__init__``; ``field(metadata={"static": True})`` keeps a field,
such as a name, out of the derivatives, and results have it unchanged.
The transforms nest to any order, because what they compute inside another is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, cast, overload

import numpy as np

from minigrad.engine.pytrees import replaced
from minigrad.transforms.jacobians import Forward, jacobians
from minigrad.transforms.signatures import Arguments, Gradient, Hessian, Tree, ValueAndGradient
from minigrad.transforms.trace import Trace, in_kind, one_like, pull_back
from minigrad.transforms.transformed import Argnums, Function, Pullback, Transformed, check_function


@overload
def grad(f: Function, argnums: Literal[0] = 0) -> Gradient: ...
@overload
def grad(f: Function, argnums: Argnums) -> Function: ...


def grad(f: Function, argnums: Argnums = 0) -> Function:
    """The gradient of a function with one number as its result, as a function of the same arguments.

    `minigrad.gradients` is for Tensors that were computed already, and `minigrad.gradient` differences samples.

    Args:
        f: gives a floating-point array, Tensor or number of size 1. It is called with Tensors in the places of arrays
            and floats, also of those in lists: a function of an array wants ``np.array([1.0, 2.0])``, not a list.
        argnums: the position of the argument to differentiate by, or several.

    Returns:
        A function of the same arguments. Its result has the structure, shapes and dtypes of the argument (a tuple of
        such for several `argnums`): arrays for arrays, floats for floats, Tensors for Tensors; 0 where the result does
        not depend on it. Other arguments, and keyword arguments, are passed on as they are. Where `f` uses
        variables of transforms around it, or Tensors that require a gradient, such as parameters, the result is made
        of Tensors that depend on them; inside `no_grad`, of arrays and floats.

    Raises:
        TypeError: when called, for integers to be differentiated by, and results that are not one floating-point array.
        ValueError: when called, for results of another size, and positions without an argument.

    Examples:
        >>> mg.grad(np.tanh)(0.0)
        1.0
        >>> slope = mg.grad(lambda p, x: np.sum(p["w"] * x) + p["b"])
        >>> slope({"w": np.array([1.0, 2.0]), "b": 0.5}, np.array([3.0, 4.0]))
        {'w': array([3., 4.]), 'b': 1.0}
        >>> mg.grad(mg.grad(mg.grad(np.sin)))(0.0)
        -1.0
    """
    return Transformed(_gradient, "grad", f, argnums, "gradient")


@overload
def value_and_grad(f: Function, argnums: Literal[0] = 0) -> ValueAndGradient: ...
@overload
def value_and_grad(f: Function, argnums: Argnums) -> Function: ...


def value_and_grad(f: Function, argnums: Argnums = 0) -> Function:
    """The value and the gradient of a function in one call, as a tuple; takes and raises what `grad` does.

    Examples:
        >>> mg.value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
        (np.float64(5.0), array([2., 4.]))
    """
    return Transformed(_value_and_gradient, "value_and_grad", f, argnums, "value and gradient")


def _value_and_gradient(name: str, f: Function, argnums: Argnums, args: Sequence[Any], kwargs: Any) -> tuple[Any, Any]:
    trace = Trace(name, f, args, kwargs, _positions(name, argnums, args))
    if len(trace.outputs) != 1 or trace.outputs[0] is not trace.output:
        kind = type(trace.output).__name__
        raise TypeError(
            f"{name}: the function returned a {kind}, not one number; mg.vjp and mg.jacobian take several outputs"
        )
    (out,) = trace.outputs
    if np.size(out) != 1:
        raise ValueError(
            f"{name}: the function returned shape {np.shape(out)}, and only one number has a gradient; sum it, or "
            "use mg.jacobian or mg.vjp"
        )
    found = pull_back([out], [one_like(out)], trace.variables, trace.recorded, keep_graph=trace.recorded)
    return trace.delivered(out), _by(argnums, trace.answers(found, trace.recorded))


def _gradient(name: str, f: Function, argnums: Argnums, args: Sequence[Any], kwargs: Any) -> Any:
    return _value_and_gradient(name, f, argnums, args, kwargs)[1]


def vjp(f: Function, /, *args: *Arguments, **kwargs: Any) -> tuple[Any, Callable[[Any], tuple[*Arguments]]]:
    """The value of a function, and its pullback: the product of a vector and the Jacobian, for any vector.

    Args:
        f: gives arrays, Tensors or numbers, one or a list, tuple, dict or dataclass of them.
        args: all to be differentiated by.
        kwargs: passed on.

    Returns:
        ``(out, pullback)``. ``pullback(seed)``, for a seed in the structure and shapes of `out`, gives a tuple with one
        gradient for each argument, in kind. It can be called again.

    Raises:
        TypeError: for integers to be differentiated by, and results that are not floating-point.
        ValueError: from the pullback, for a seed of another structure or shape.

    Examples:
        >>> out, pullback = mg.vjp(lambda x, y: x * y, np.array([1.0, 2.0]), 3.0)
        >>> pullback(np.array([1.0, 10.0]))
        (array([ 3., 30.]), 21.0)
    """
    check_function("vjp", f)
    pullback = Pullback(f, args, kwargs)
    return pullback.trace.result(), pullback


def jvp(f: Function, args: Any, tangents: Any, /, **kwargs: Any) -> tuple[Any, Any]:
    """The value of a function, and its derivative along tangents: the product of the Jacobian and a vector.

    The pass back is linear in its seed u, so that the derivative by u of <tangent, vjp(u)> is the product wanted
    (J. Townsend, 2017). It costs about three passes back, for every operation that has rules at all.

    Args:
        f: as for `vjp`.
        args: a tuple of arguments, all to be differentiated by; or one that is not a tuple.
        tangents: of the same structure and shapes.
        kwargs: passed on.

    Returns:
        ``(out, tangent_out)``, of the same structure, shapes and dtypes.

    Raises:
        TypeError, ValueError: as `vjp`; ValueError also for tangents of another structure or shape.

    Examples:
        >>> mg.jvp(np.sin, 0.0, 2.0)
        (np.float64(0.0), np.float64(2.0))
    """
    check_function("jvp", f)
    args, tangents = _as_tuples("jvp", "tangents", args, tangents)
    trace = Trace("jvp", f, args, kwargs, range(len(args)))
    vectors = trace.tangents(tangents, "the tangent")
    recorded = trace.records(vectors)
    pushed = Forward(trace, recorded)(vectors)
    found = [in_kind(t, trace.delivered(out), recorded) for t, out in zip(pushed, trace.outputs, strict=True)]
    return trace.result(), replaced(trace.output, found)


def jacobian(f: Function, argnums: Argnums = 0) -> Function:
    """The derivatives of every element of the result by every element of an argument.

    One pass back for each element of the result, or one pass forward for each of the arguments where those are far
    fewer. Nothing larger than the result is built. For SciPy's curve_fit of a ``model(x, a, b)`` it is
    ``jac=lambda x, *p: np.stack(mg.jacobian(model, (1, 2))(x, *p), axis=1)``, with floats in ``p0``.

    Args:
        f: gives arrays, Tensors or numbers, one or a list, tuple, dict or dataclass of them.
        argnums: as for `grad`.

    Returns:
        A function of the same arguments. Its result has the structure of what `f` returns with, in the place of each
        value, the structure of the argument (a tuple of such for several `argnums`), with arrays of the shape of the
        value followed by that of the argument.

    Raises:
        TypeError, ValueError: when called, as `vjp`; ValueError also for positions without an argument.

    Examples:
        >>> mg.jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
        array([[2., 0.],
               [0., 4.]])
    """
    return Transformed(_rows, "jacobian", f, argnums, "Jacobian")


def _rows(name: str, f: Function, argnums: Argnums, args: Sequence[Any], kwargs: Any) -> Any:
    trace = Trace(name, f, args, kwargs, _positions(name, argnums, args))
    found = []
    for blocks in jacobians(trace):
        remaining = iter(blocks)
        found.append(_by(argnums, [replaced(tree, remaining) for tree in trace.inputs]))
    return replaced(trace.output, found)


@overload
def hessian(f: Function, argnums: Literal[0] = 0) -> Hessian: ...
@overload
def hessian(f: Function, argnums: Argnums) -> Function: ...


def hessian(f: Function, argnums: Argnums = 0) -> Function:
    """The second derivatives of a function with one number as its result: the Jacobian of its gradient.

    Takes and raises what `grad` does. The result has the structure of the argument, with that structure again in the
    place of each value, and arrays of the shapes of both.

    Examples:
        >>> mg.hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 2.0]))
        array([[4., 6.],
               [6., 0.]])
    """
    return Transformed(_second, "hessian", f, argnums, "Hessian")


def _second(name: str, f: Function, argnums: Argnums, args: Sequence[Any], kwargs: Any) -> Any:
    def slope(*given: Any, **more: Any) -> Any:
        return _gradient(name, f, argnums, given, more)

    return _rows(name, slope, argnums, args, kwargs)


def hvp(f: Function, args: Tree, vectors: Any, /, **kwargs: Any) -> Tree:
    """The product of the Hessian of a function and a vector, for a few times the cost of a gradient.

    SciPy's optimisers take it as ``hessp=lambda x, v: mg.hvp(f, x, v)``.

    Args:
        f: gives a floating-point array, Tensor or number of size 1.
        args: a tuple of arguments, all to be differentiated by; or one that is not a tuple.
        vectors: of the same structure and shapes.
        kwargs: passed on.

    Returns:
        A tuple for a tuple, one tree for one, with the structure, shapes and dtypes of the arguments.

    Raises:
        TypeError, ValueError: as `grad`; ValueError also for vectors of another structure or shape.

    Examples:
        >>> mg.hvp(lambda x: np.sum(x**3), np.array([1.0, 2.0]), np.array([1.0, 1.0]))
        array([ 6., 12.])
    """
    check_function("hvp", f)
    several = isinstance(args, tuple) and not hasattr(args, "_fields")
    given, vectors = _as_tuples("hvp", "vectors", args, vectors)
    every = range(len(given))
    trace = Trace("hvp", lambda *each: _gradient("hvp", f, every, each, kwargs), given, {}, every)
    seeds = trace.tangents(vectors, "the vector")
    recorded = trace.records(seeds)
    found = trace.answers(pull_back(trace.outputs, seeds, trace.variables, recorded, keep_graph=recorded), recorded)
    return cast("Tree", tuple(found) if several else found[0])


def _positions(name: str, argnums: Argnums, args: Sequence[Any]) -> list[int]:
    """The positions of the arguments to differentiate by, counted from the first.

    Raises:
        ValueError: where there is no such argument.
    """
    chosen = [argnums] if isinstance(argnums, (int, np.integer)) else list(argnums)
    if any(not -len(args) <= position < len(args) for position in chosen):
        raise ValueError(
            f"{name}: argnums={argnums!r}, and the function was called with {len(args)} positional arguments"
        )
    found = [int(position) % len(args) for position in chosen]
    if len(set(found)) != len(found):
        raise ValueError(f"{name}: argnums={argnums!r} names an argument twice")
    return found


def _by(argnums: Argnums, answers: list[Any]) -> Any:
    """One answer for one position, a tuple for several."""
    return answers[0] if isinstance(argnums, (int, np.integer)) else tuple(answers)


def _as_tuples(name: str, what: str, args: Any, vectors: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Arguments and what belongs to them as tuples of one length."""
    if not isinstance(args, tuple) or hasattr(args, "_fields"):
        return (args,), (vectors,)
    if not isinstance(vectors, tuple) or len(vectors) != len(args):
        given = f"{len(vectors)}" if isinstance(vectors, tuple) else f"a {type(vectors).__name__}"
        raise ValueError(f"{name}: {what} of {len(args)} arguments are a tuple of {len(args)}, not {given}")
    return args, vectors
