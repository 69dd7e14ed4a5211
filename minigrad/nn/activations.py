"""Activations as layers, for use in Sequential."""

from __future__ import annotations

import numpy as np

from minigrad import ops
from minigrad.nn.stateless import Stateless, Values


class Tanh(Stateless):
    """tanh(x)."""

    def forward(self, x: Values) -> Values:
        """tanh(x)."""
        return ops.tanh(x)


class Sigmoid(Stateless):
    """1 / (1 + exp(-x))."""

    def forward(self, x: Values) -> Values:
        """sigmoid(x)."""
        return ops.sigmoid(x)


class ReLU(Stateless):
    """max(x, 0)."""

    def forward(self, x: Values) -> Values:
        """relu(x)."""
        return ops.relu(x)


class LeakyReLU(Stateless):
    """x where it is positive, slope * x elsewhere.

    Raises:
        TypeError: for a slope that is not a number.
    """

    def __init__(self, slope: float = 0.01) -> None:
        if not isinstance(slope, (int, float, np.number)):
            raise TypeError(f"LeakyReLU: a slope is a number such as 0.01, not {slope!r}")
        self.slope = slope

    def forward(self, x: Values) -> Values:
        """leaky_relu(x, slope)."""
        return ops.leaky_relu(x, slope=self.slope)

    def __repr__(self) -> str:
        return f"LeakyReLU({self.slope})"


class GELU(Stateless):
    """x * P(Z <= x) for a standard normal Z."""

    def forward(self, x: Values) -> Values:
        """gelu(x)."""
        return ops.gelu(x)


class Softplus(Stateless):
    """log(1 + exp(x))."""

    def forward(self, x: Values) -> Values:
        """softplus(x)."""
        return ops.softplus(x)


class Softmax(Stateless):
    """exp(x) / sum(exp(x)) along an axis. For training, give logits to losses.cross_entropy instead."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Values) -> Values:
        """softmax(x, axis)."""
        return ops.softmax(x, axis=self.axis)

    def __repr__(self) -> str:
        return "Softmax()" if self.axis == -1 else f"Softmax(axis={self.axis})"


class LogSoftmax(Stateless):
    """log(softmax(x)) along an axis."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Values) -> Values:
        """log_softmax(x, axis)."""
        return ops.log_softmax(x, axis=self.axis)

    def __repr__(self) -> str:
        return "LogSoftmax()" if self.axis == -1 else f"LogSoftmax(axis={self.axis})"
