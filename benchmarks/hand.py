"""What would somebody write by hand, in NumPy alone?"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def reference(module: str) -> Any:
    """A module of the networks with hand-derived gradients that the test suite compares with."""
    tests = str(Path(__file__).parents[1] / "tests")
    if tests not in sys.path:
        sys.path.append(tests)
    return importlib.import_module(f"reference.{module}")


def tight_step(parameters: Sequence[Array], moves: Sequence[Array], x: Array, y: Array, rate: float) -> Any:
    """One step of the reference perceptron for one sample, in place; the loss.

    Args:
        parameters: of tanh(tanh(x @ first + shift) @ second + offset).
        moves: memory of the shapes of the two weights.
        x, y: a row each.
        rate: the learning rate.
    """
    first, shift, second, offset = parameters
    hidden = x @ first
    hidden += shift
    np.tanh(hidden, out=hidden)
    error = hidden @ second
    error += offset
    output = np.tanh(error, out=error).copy()
    error -= y
    loss = np.dot(error[0], error[0]) / error.size
    output *= output
    np.subtract(1.0, output, out=output)
    error *= output
    error *= 2.0 * rate / error.size
    back = error @ second.T
    # Products of a column and a row, which are faster so than as products of matrices.
    second -= np.multiply(hidden.T, error, out=moves[1])
    offset -= error[0]
    hidden *= hidden
    np.subtract(1.0, hidden, out=hidden)
    back *= hidden
    first -= np.multiply(x.T, back, out=moves[0])
    shift -= back[0]
    return loss


class Adam:
    """Adam, in place: Kingma, Ba 2015, arXiv:1412.6980, algorithm 1."""

    def __init__(self, parameters: Sequence[Array], lr: float = 1e-3) -> None:
        self.parameters, self.lr, self.steps = parameters, lr, 0
        self.means = [np.zeros_like(parameter) for parameter in parameters]
        self.squares = [np.zeros_like(parameter) for parameter in parameters]

    def step(self, gradients: Sequence[Array]) -> None:
        """Update the parameters."""
        self.steps += 1
        first, second = 1.0 - 0.9**self.steps, 1.0 - 0.999**self.steps
        for parameter, mean, square, gradient in zip(self.parameters, self.means, self.squares, gradients, strict=True):
            mean *= 0.9
            mean += 0.1 * gradient
            square *= 0.999
            square += 0.001 * (gradient * gradient)
            parameter -= (self.lr / first) * mean / (np.sqrt(square / second) + 1e-8)


def perceptron_gradients(parameters: Sequence[Array], x: Array, labels: Array) -> tuple[Any, list[Array]]:
    """Cross-entropy and gradients of a perceptron with relu, for weights and biases in turns."""
    weights, biases = parameters[::2], parameters[1::2]
    inputs = [x]
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        inputs.append(np.maximum(inputs[-1] @ weight + bias, 0.0))
    logits = inputs[-1] @ weights[-1] + biases[-1]
    shifted = logits - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    sums = powers.sum(axis=1, keepdims=True)
    rows = np.arange(len(x))
    loss = np.mean(np.log(sums[:, 0]) - shifted[rows, labels])
    g = powers / sums
    g[rows, labels] -= 1.0
    g /= len(x)
    gradients: list[Array] = []
    for layer in reversed(range(len(weights))):
        gradients[:0] = [inputs[layer].T @ g, g.sum(axis=0)]
        if layer:
            g = (g @ weights[layer].T) * (inputs[layer] > 0)
    return loss, gradients
