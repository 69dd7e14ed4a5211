"""Where is a function of a tree of arrays smallest?"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.advice import LostGradientError
from minigrad.engine.blocks import no_grad
from minigrad.engine.graph import active_traces, depends_on_a_variable
from minigrad.engine.pytrees import leaves, mapped, matched
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain
from minigrad.transforms.functions import hvp, value_and_grad
from minigrad.transforms.raveling import ravel_pytree

Tree = TypeVar("Tree")

# The methods of SciPy that use gradients, by their names in lower case; and which of them can do more.
_METHODS = {
    each.lower(): each
    for each in (
        *("L-BFGS-B", "BFGS", "CG", "TNC", "SLSQP"),
        *("Newton-CG", "trust-ncg", "trust-krylov", "trust-constr"),
    )
}
_WITH_PRODUCTS = ("Newton-CG", "trust-ncg", "trust-krylov", "trust-constr")
_WITH_BOUNDS = ("L-BFGS-B", "TNC", "SLSQP", "trust-constr")

_LOST = (
    "depends on what mg.grad, or a transform like it, differentiates by, and what is found would not: no derivative "
    "flows back through the search"
)


@dataclass(frozen=True)
class Minimum(Generic[Tree]):
    """What `minimize` has found.

    Attributes:
        x: where the function is smallest, as the tree that was given, with its dtypes.
        fun: its value there.
        success: whether the method has come to its end; where it has not, `message` says why.
        message: what SciPy says.
        iterations: of the method.
        evaluations: how often value and gradient were computed.
    """

    x: Tree
    fun: float
    success: bool
    message: str
    iterations: int
    evaluations: int


def minimize(
    f: Callable[..., Any],
    tree: Tree,
    args: Sequence[Any] = (),
    method: str = "L-BFGS-B",
    bounds: tuple[Any, Any] | None = None,
    tol: float | None = None,
    **options: Any,
) -> Minimum[Tree]:
    """The arguments for which a function is smallest near a starting point, by SciPy's `scipy.optimize.minimize`.

    Gradients are those of `minigrad.value_and_grad`; where the method uses products of the Hessian and vectors, these
    are those of `minigrad.hvp`. Everything is computed in float64, in which `f` is given its arguments as well: a
    method that compares values of a function that hardly differ goes wrong on rounded ones. The methods are those of
    Nocedal, Wright 2006, "Numerical optimization", chapters 4 to 7.

    For a model, its weights are the tree: ``optim.minimize(lambda w: loss(model.call_with(w, x), y), weights)`` with
    ``weights = {name: each.numpy() for name, each in model.named_parameters()}``.

    Args:
        f: called as ``f(tree, *args)``, with Tensors in the places of arrays and numbers; gives one floating-point
            number.
        tree: where to begin: floating-point arrays, Tensors and numbers in nested lists, tuples, dicts and dataclasses;
            or one of them. It stays as it is.
        args: what else `f` is given; constants.
        method: "L-BFGS-B", "BFGS", "CG", "TNC" or "SLSQP"; or with products of the Hessian "Newton-CG", "trust-ncg",
            "trust-krylov" or "trust-constr".
        bounds: ``(low, high)``, between which the arguments stay. Each is a number, None for no bound, or a tree like
            `tree` of numbers and arrays; with "L-BFGS-B", "TNC", "SLSQP" and "trust-constr".
        tol: when the method ends, as for SciPy; its own default where None.
        options: of the method, such as ``maxiter=100``.

    Returns:
        A `Minimum`, also where the method gave up; its `success` tells.

    Raises:
        FloatingPointError: where `f` or its gradient is not finite at a point that the method tries.
        ValueError: where `f` does not depend on the tree, for another method, bounds that it does not know, that
            contradict each other, or that do not hold at the beginning; and as `minigrad.grad`.
        TypeError: for leaves that are no floating-point numbers, `args` that are no tuple, and options that the method
            does not have; and inside a transform, where `f` or the tree depends on its argument, because nothing flows
            back through the search.
        Exception: whatever `f` raises.

    Examples:
        >>> def valley(p):
        ...     return (1.0 - p["x"]) ** 2 + 100.0 * (p["y"] - p["x"] ** 2) ** 2
        >>> found = optim.minimize(valley, {"x": -1.2, "y": 1.0})
        >>> round(found.x["x"], 4), round(found.x["y"], 4), found.success
        (1.0, 1.0, True)
    """
    chosen = _METHODS.get(str(method).lower())
    if chosen is None:
        raise ValueError(
            f"minimize: there is no method {method!r} that uses gradients; write one of {', '.join(_METHODS.values())}"
        )
    _check_options(args, options)
    for path, leaf in leaves(tree):
        if isinstance(leaf, Tensor) and depends_on_a_variable(leaf._node):
            raise LostGradientError(f"minimize: {path or 'the tree'} {_LOST}; begin at x.detach()")
    try:
        back = ravel_pytree(tree)[1]
    except TypeError as error:
        raise TypeError(str(error).replace("ravel_pytree", "minimize", 1)) from None
    # Not one array of the caller's, which `f` might write to.
    start, unravel = ravel_pytree(mapped(tree, _in_float64))
    if not start.size:
        raise ValueError("minimize: the tree holds no numbers")
    objective = _Objective(f, tuple(args), unravel, tree)
    # It takes a quarter of a second to import.
    from scipy import optimize

    settings: dict[str, Any] = {}
    if chosen in _WITH_PRODUCTS:
        settings["hessp"] = objective.product
    if bounds is not None:
        if chosen not in _WITH_BOUNDS:
            raise ValueError(f"minimize: {chosen} knows no bounds; write one of {', '.join(_WITH_BOUNDS)}")
        settings["bounds"] = optimize.Bounds(*_flat_bounds(bounds, tree, start))
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Unknown solver options", optimize.OptimizeWarning)
        try:
            found = optimize.minimize(
                objective.value_and_gradient, start, jac=True, method=chosen, tol=tol, options=options, **settings
            )
        except optimize.OptimizeWarning as error:
            raise TypeError(
                f"minimize: {chosen} does not have all of these options: {error}; scipy.optimize.show_options("
                f'"minimize", "{chosen}") lists them'
            ) from None
    return Minimum(
        back(found.x), float(found.fun), bool(found.success), str(found.message), int(found.nit), objective.evaluations
    )


class _Objective:
    """The function as SciPy calls it."""

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], unravel: Callable[[Any], Any], tree: Any) -> None:
        self._f, self._args, self._unravel, self._tree = f, args, unravel, tree
        self.evaluations = 0
        # The transforms around this call.
        self._around = frozenset(active_traces)

    def _called(self, flat: Any) -> Any:
        return self._f(self._unravel(flat), *self._args)

    def _looked_at(self, flat: Any) -> Any:
        value = self._called(flat)
        is_number = isinstance(value, (Tensor, np.ndarray, np.generic, float, int)) and np.size(value) == 1
        if is_number and not (isinstance(value, Tensor) and depends_on_a_variable(value._node)):
            raise ValueError(
                f"minimize: what f returns does not depend on the tree, but is the constant {value!r:.60}; compute it "
                "from the argument of f, without .numpy() and .detach(); a model with other weights is "
                "model.call_with(weights, x)"
            )
        if isinstance(value, Tensor) and value._node is not None and self._around & value._node.depends:
            raise LostGradientError(f"minimize: f {_LOST}; use x.detach() in f where a constant is meant")
        return value

    def value_and_gradient(self, flat: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        """Both at one point."""
        function = self._called if self.evaluations else self._looked_at
        self.evaluations += 1
        # Without a graph of Tensors that require a gradient, such as the parameters of a model around the function.
        with no_grad():
            found, gradient = value_and_grad(function)(flat)
        value = float(np.asarray(found).item())
        if not (math.isfinite(value) and np.isfinite(gradient).all()):
            raise FloatingPointError(f"minimize: {self._not_finite(flat, value, gradient)}")
        return value, np.asarray(gradient, np.float64)

    def product(self, flat: NDArray[Any], vector: NDArray[Any]) -> NDArray[Any]:
        """Of the Hessian and a vector."""
        with no_grad():
            found = np.asarray(hvp(self._called, flat, vector), np.float64)
        if not np.isfinite(found).all():
            raise FloatingPointError(
                f"minimize: the second derivatives of f are not finite after {self.evaluations} evaluations; methods "
                'without them are "L-BFGS-B" and "BFGS"'
            )
        return found

    def _not_finite(self, flat: NDArray[Any], value: float, gradient: NDArray[Any]) -> str:
        """What is not, and where."""
        largest = float(np.abs(flat).max())
        where = f"at evaluation {self.evaluations}, where the largest absolute value in the tree is {largest:.6g}"
        advice = "begin elsewhere, give bounds, or write f so that it is finite there"
        if not math.isfinite(value):
            return f"f gives {value} {where}; {advice}"
        slopes = leaves(self._unravel(gradient))
        paths = [path or "the tree" for path, slope in slopes if not np.isfinite(slope).all()]
        return f"f gives {value:.6g} {where}, but its gradient by {', '.join(paths)} is not finite; {advice}"


def _check_options(args: Any, options: dict[str, Any]) -> None:
    """Raise TypeError for what SciPy takes elsewhere, or what is computed here."""
    if not isinstance(args, (tuple, list)):
        raise TypeError(
            f"minimize: args is a tuple of what else f is given, such as args=(x, y), not a {type(args).__name__}"
        )
    if "options" in options:
        raise TypeError("minimize: write the options of the method themselves, such as maxiter=100, and not options=")
    for name in ("jac", "hess", "hessp"):
        if name in options:
            raise TypeError(f"minimize: {name} is no option; derivatives of f are computed here, leave it out")
    for name in ("callback", "constraints"):
        if name in options:
            raise TypeError(
                f"minimize: {name} is no option; call scipy.optimize.minimize for it, with jac=True and "
                "mg.value_and_grad(lambda flat: f(unravel(flat))), where flat, unravel = mg.ravel_pytree(tree)"
            )


def _in_float64(leaf: Any) -> Any:
    return float(leaf) if isinstance(leaf, float) else np.array(plain(leaf), np.float64)


def _flat_bounds(bounds: Any, tree: Any, start: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The smallest and the largest values as vectors."""
    if not isinstance(bounds, (tuple, list)) or len(bounds) != 2:
        raise ValueError(
            "minimize: bounds is a pair (low, high), each a number, None or a tree of them, such as (0.0, None); not "
            f"{bounds!r:.100}"
        )
    places = [(path, np.shape(leaf)) for path, leaf in leaves(tree)]
    low, high = (
        _flat_bound(name, bound, tree, places, otherwise)
        for name, bound, otherwise in (("low", bounds[0], -math.inf), ("high", bounds[1], math.inf))
    )
    begin = 0
    for path, shape in places:
        part = slice(begin, begin + int(np.prod(shape)))
        begin = part.stop
        named = f"minimize: bounds of {path}" if path else "minimize: bounds"
        if (low[part] > high[part]).any():
            raise ValueError(f"{named}: low is above high")
        if (start[part] < low[part]).any() or (start[part] > high[part]).any():
            raise ValueError(
                f"{named} do not hold where it is to begin; begin between them, such as np.clip(x, low, high)"
            )
    return low, high


def _flat_bound(
    name: str, bound: Any, tree: Any, places: Sequence[tuple[str, tuple[int, ...]]], otherwise: float
) -> NDArray[Any]:
    is_for_all = bound is None or (np.ndim(plain(bound)) == 0 and not isinstance(bound, (dict, list, tuple)))
    try:
        values = [bound] * len(places) if is_for_all else matched(bound, tree)
    except ValueError as error:
        raise ValueError(f"minimize: {name} of bounds has another structure than the tree; {error}") from None
    parts = []
    for value, (path, shape) in zip(values, places, strict=True):
        try:
            array = np.broadcast_to(np.asarray(otherwise if value is None else plain(value), np.float64), shape)
        except (TypeError, ValueError) as error:
            raise ValueError(f"minimize: {name} of bounds{path} does not fit the shape {shape}: {error}") from None
        if np.isnan(array).any():
            raise ValueError(f"minimize: {name} of bounds{path} is NaN")
        parts.append(array.ravel())
    return np.concatenate(parts)
