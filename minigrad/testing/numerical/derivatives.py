"""What are the derivatives of this function, from its values alone?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.blocks import no_grad
from minigrad.engine.tensor import Tensor
from minigrad.testing.numerical.reference import Point
from minigrad.testing.numerical.richardson import Slope, Vector, slope
from minigrad.testing.recording.recorder import Recorder
from minigrad.testing.subjects.base import Array, Subject, function_name
from minigrad.testing.subjects.inputs import Inputs

Method = Literal["richardson", "central", "complex"]
Line = Callable[[complex], Vector]


@dataclass(frozen=True)
class Derivative:
    """A numerical derivative.

    Attributes:
        value: an array, or a tuple of them, one for each floating-point leaf of the inputs.
        error: how well each element is known, in the same form; NaN where the method does not tell.
        evaluations: how often the function was called.
        kinks: the places with a kink, as pairs of the leaf's name and an index; `value` is in the middle there.
    """

    value: Any
    error: Any
    evaluations: int
    kinks: tuple[tuple[str, tuple[int, ...]], ...] = ()


def numerical_vjp(
    fn: Callable[..., Any], inputs: Any, grad_output: Any = None, *, method: Method = "richardson"
) -> Derivative:
    """The gradient of ``sum(grad_output * fn(*inputs))`` by every floating-point leaf.

    Args:
        fn: gives one array or number. It gets arrays; Tensors if `inputs` holds any.
        inputs: as for `gradcheck`.
        grad_output: weights in the shape of the output; 1 for an output of one element.
        method: ``"richardson"``, sixth order, with an error and kinks; ``"central"``, second order; ``"complex"``,
            exact to rounding for analytic functions that take complex arrays, and silently wrong for abs, maximum and
            conj (W. Squire and G. Trapp, 1998).

    Raises:
        ValueError: for weights of another shape, and as `gradcheck` does.
        TypeError: with ``"complex"``, for a function that drops the imaginary part.

    Examples:
        >>> testing.numerical_vjp(np.sin, np.array([0.0, 1.0]), np.ones(2)).value.round(6)
        array([1.      , 0.540302])
    """
    point = _point(fn, inputs, grad_output)
    found = []
    for position, value in enumerate(point.values):
        slopes = []
        for index in range(value.size):
            direction = _unit_vector(value, index)
            slopes.append(_along(point, position, direction, point.upstream, method))
        found.append(slopes)
    return _answer(point, [value.shape for value in point.values], found, inputs)


def numerical_jvp(fn: Callable[..., Any], inputs: Any, tangents: Any, *, method: Method = "richardson") -> Derivative:
    """The derivative of every output along a direction, ``J @ tangents``, in the shape of the output.

    Args:
        fn, inputs, method: as for `numerical_vjp`.
        tangents: one array for each floating-point leaf, in a tuple; alone for one leaf.

    Raises:
        ValueError, TypeError: as `numerical_vjp`; also for tangents of other shapes.
    """
    point = _point(fn, inputs, np.empty(0))
    parts = list(tangents) if isinstance(tangents, tuple) else [tangents]
    arrays = [np.asarray(part, dtype=np.float64) for part in parts]
    wanted = [value.shape for value in point.values]
    if [array.shape for array in arrays] != wanted:
        raise ValueError(f"tangents have the shapes of the leaves, {wanted}, not {[a.shape for a in arrays]}")
    slopes = _each_output(point, arrays, method)
    return _answer(point, [point.shape], [slopes], None, ["output"])


def numerical_jacobian(fn: Callable[..., Any], inputs: Any, *, method: Method = "richardson") -> Derivative:
    """The whole Jacobian by every floating-point leaf, each in the shape of the output followed by that of the leaf.

    Args:
        fn, inputs, method: as for `numerical_vjp`.

    Raises:
        ValueError, TypeError: as `numerical_vjp`.

    Examples:
        >>> testing.numerical_jacobian(lambda x: x[:2] * x[2], np.array([1.0, 2.0, 3.0])).value.round(6)
        array([[3., 0., 1.],
               [0., 3., 2.]])
    """
    point = _point(fn, inputs, np.empty(0))
    found, shapes = [], []
    for position, value in enumerate(point.values):
        columns = []
        for index in range(value.size):
            directions = [np.zeros(other.shape) for other in point.values]
            directions[position] = _unit_vector(value, index)
            columns.append(_each_output(point, directions, method))
        found.append([columns[i][j] for j in range(point.center.size) for i in range(value.size)])
        shapes.append(point.shape + value.shape)
    return _answer(point, shapes, found, inputs)


class _ArraySubject(Subject):
    """A function of arrays, or of Tensors where those were given, nothing claimed."""

    def __init__(self, function: Callable[..., Any], inputs: Any) -> None:
        super().__init__()
        self.function, self.inputs = function, Inputs(function, inputs)
        self.leaves, self.constants = self.inputs.leaves, self.inputs.constants
        self.name = function_name(function)
        self._wraps = _holds_tensor(inputs)

    def outputs(self, values: Sequence[Array]) -> list[Array]:
        with no_grad():
            out = self.inputs.call(self.function, [Tensor(v) if self._wraps else v for v in values])
        array = np.asarray(out.data if isinstance(out, Tensor) else out)
        if array.dtype.kind not in "fc":
            raise TypeError(f"{self.name} returned {type(out).__name__}, not an array of floating-point numbers")
        return [array]

    def claimed(self, values: Sequence[Array], upstream: Sequence[Array]) -> list[Any]:
        raise NotImplementedError

    def traced(self, tensors: Sequence[Tensor], recorder: Recorder) -> Tensor:
        raise NotImplementedError


class _ArrayPoint(Point):
    """A point that knows the shape of its output."""

    def __init__(self, subject: _ArraySubject, upstream: Any) -> None:
        (out,) = subject.outputs([leaf.value for leaf in subject.leaves])
        self.shape = out.shape
        super().__init__(subject, [np.ones(out.shape) if upstream is None else upstream], out.dtype.itemsize)


def _point(fn: Callable[..., Any], inputs: Any, grad_output: Any) -> _ArrayPoint:
    weights = (
        None
        if grad_output is None
        else np.asarray(grad_output.data if isinstance(grad_output, Tensor) else grad_output)
    )
    point = _ArrayPoint(_ArraySubject(fn, inputs), weights)
    if weights is None and point.center.size != 1:
        raise ValueError(f"grad_output may be left out for an output of one element; this one has shape {point.shape}")
    if weights is not None and weights.shape not in (point.shape, (0,)):
        raise ValueError(f"grad_output has the shape of the output, {point.shape}, not {weights.shape}")
    return point


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_tensor, value.values()))
    return any(map(_holds_tensor, value)) if isinstance(value, (list, tuple)) else isinstance(value, Tensor)


def _unit_vector(value: Array, index: int) -> Array:
    direction = np.zeros(value.shape)
    direction.reshape(-1)[index] = 1.0
    return direction


def _along(point: _ArrayPoint, position: int, direction: Array, upstream: Vector, method: Method) -> Slope:
    if method == "richardson":
        (index,) = np.flatnonzero(direction)
        (found,) = point.slopes(position, [int(index)])
        return found
    directions = [np.zeros(value.shape) for value in point.values]
    directions[position] = direction
    return _simple(_line(point, directions), upstream, _unit(point, directions), method, point)


def _each_output(point: _ArrayPoint, directions: Sequence[Array], method: Method) -> list[Slope]:
    """The slope of each output; the function is evaluated for all of them at once."""
    line, unit = _line(point, directions), _unit(point, directions)
    known: dict[complex, Vector] = {}

    def remembered(distance: complex) -> Vector:
        if distance not in known:
            known[distance] = line(distance)
        return known[distance]

    one, found = np.ones(1), []
    tiny = float(np.finfo(f"f{point.itemsize}").eps)
    for index in range(point.center.size):
        part = slice(index, index + 1)
        if method == "richardson":
            noise = tiny * np.abs(point.center[part])
            each = slope(lambda t, part=part: remembered(t * unit)[part], point.center[part], one, noise)  # type: ignore[misc]
            found.append(each.per(unit))
        else:
            found.append(_simple(lambda t, part=part: remembered(t)[part], one, unit, method, point))  # type: ignore[misc]
    return found


def _unit(point: _ArrayPoint, directions: Sequence[Array]) -> float:
    """A step along the directions that is as large as the leaves themselves."""
    sizes = [point.unit(i) / np.max(np.abs(d)) for i, d in enumerate(directions) if d.size and np.any(d)]
    return float(min(sizes, default=1.0))


def _line(point: _ArrayPoint, directions: Sequence[Array]) -> Line:
    def along(distance: complex) -> Vector:
        moved = [
            np.asarray(v + distance * d)
            if isinstance(distance, complex)
            else np.asarray(v + distance * d).astype(v.dtype)
            for v, d in zip(point.values, directions, strict=True)
        ]
        if not isinstance(distance, complex):
            return point.at(moved)
        (out,) = point.subject.outputs(moved)
        point.subject.evaluations += 1
        if out.dtype.kind != "c":
            raise TypeError(f"method='complex': {point.subject.name} dropped the imaginary part of its input")
        return np.asarray(out.imag, dtype=np.float64).reshape(-1)

    return along


def _simple(line: Line, upstream: Vector, unit: float, method: Method, point: _ArrayPoint) -> Slope:
    if method == "complex":
        # No difference is taken, so nothing cancels however small the step is.
        return Slope(float(upstream @ line(1e-20j * unit)) / (1e-20 * unit), float("nan"))
    if method != "central":
        raise ValueError(f"method is 'richardson', 'central' or 'complex', not {method!r}")
    step = float(np.finfo(f"f{point.itemsize}").eps) ** (1 / 3) * unit
    return Slope(float(upstream @ (line(step) - line(-step))) / (2 * step), float("nan"))


def _answer(
    point: _ArrayPoint,
    shapes: Sequence[tuple[int, ...]],
    found: Sequence[Sequence[Slope]],
    inputs: Any,
    names: Sequence[str] | None = None,
) -> Derivative:
    names = [leaf.name for leaf in point.subject.leaves] if names is None else names
    values: list[NDArray[Any]] = []
    errors: list[NDArray[Any]] = []
    kinks = []
    for name, shape, slopes in zip(names, shapes, found, strict=True):
        values.append(np.array([each.value for each in slopes], dtype=np.float64).reshape(shape))
        errors.append(np.array([each.error for each in slopes], dtype=np.float64).reshape(shape))
        kinks += [
            (name, tuple(int(i) for i in np.unravel_index(k, shape))) for k, each in enumerate(slopes) if each.kinked
        ]
    alone = len(values) == 1 and not isinstance(inputs, (tuple, dict))
    value, error = (values[0], errors[0]) if alone else (tuple(values), tuple(errors))
    return Derivative(value, error, point.subject.evaluations, tuple(kinks))
