"""(h) What does the gradient of an ordinary differential equation cost, through every step of its solver?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.gradients import gradient_ways, way_of
from benchmarks.measure import Case

TITLE = "(h) gradient of a neural ODE, 40 steps of RK4, float64"
NOTES = [
    "(h), (i) are not written for MyGrad. (h) The hand-written pass is the adjoint of the steps, with the gradients of "
    "the weights collected at its end.",
]
DIVIDES_BATCHES = False
_STEP = 0.05


def _steps(slope: Callable[[Any], Any], y: Any, steps: int) -> Any:
    """The solution of y' = slope(y) after so many steps of the classical method of Runge and Kutta."""
    for _ in range(steps):
        k1 = slope(y)
        k2 = slope(y + 0.5 * _STEP * k1)
        k3 = slope(y + 0.5 * _STEP * k2)
        k4 = slope(y + _STEP * k3)
        y = y + _STEP / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


def solved(tanh: Any, parameters: Any, y: Any, steps: int) -> Any:
    """The solution after so many steps, in anybody's tensors: y' = tanh(y @ A + b) @ C + d."""
    first, shift, second, offset = parameters

    def slope(y: Any) -> Any:
        return tanh(y @ first + shift) @ second + offset

    return _steps(slope, y, steps)


def _by_hand(parameters: Any, start: Any, steps: int) -> tuple[Any, list[Any]]:
    """The sum of squares of the solution, and its gradients."""
    first, shift, second, offset = parameters
    places: list[Any] = []
    hiddens: list[Any] = []

    def slope(y: Any) -> Any:
        hidden = np.tanh(y @ first + shift)
        places.append(y)
        hiddens.append(hidden)
        return hidden @ second + offset

    y = _steps(slope, start, steps)
    loss, g = y @ y, 2 * y
    slopes: list[Any] = []
    inner: list[Any] = []

    def back(by_slope: Any) -> Any:
        hidden = hiddens[-1 - len(slopes)]
        by_hidden = (second @ by_slope) * (1 - hidden * hidden)
        slopes.append(by_slope)
        inner.append(by_hidden)
        return first @ by_hidden

    for _ in range(steps):
        sixth = _STEP / 6 * g
        by_k4 = back(sixth)
        by_k3 = back(2 * sixth + _STEP * by_k4)
        by_k2 = back(2 * sixth + 0.5 * _STEP * by_k3)
        by_k1 = back(sixth + 0.5 * _STEP * by_k2)
        g = g + by_k1 + by_k2 + by_k3 + by_k4
    x, h = np.array(places[::-1]), np.array(hiddens[::-1])
    outer, inside = np.array(slopes), np.array(inner)
    return loss, [x.T @ inside, inside.sum(axis=0), h.T @ outer, outer.sum(axis=0)]


def cases(quick: bool) -> list[Case]:
    """One equation."""
    rng = np.random.default_rng(0)
    steps = 2 if quick else 40
    parameters = [0.5 * rng.standard_normal(shape) for shape in [(2, 16), (16,), (16, 2), (2,)]]
    start = np.array([1.0, 0.5])

    def make(numpy: Any, start: Any) -> Callable[..., Any]:
        return lambda *parameters: numpy.sum(solved(numpy.tanh, parameters, start, steps) ** 2)

    ways = gradient_ways(make, parameters, [start])
    ways["tight NumPy"] = lambda: way_of(lambda: _by_hand(parameters, start, steps))
    return [Case("ODE", ways, tolerance=1e-10)]
