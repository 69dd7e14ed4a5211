"""Which functions do people write out in several steps, and what are the derivatives of each as a whole?

These are no operations of minigrad: they stand in a recorded pass for the steps that a user wrote, so that a mistake
is looked for, and told, where the user made it: in the derivative of the whole.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from minigrad.engine.graph import Primitive

Axes = tuple[int, ...]


def _softmax(x: Any, *, axis: Axes) -> Any:
    return special.softmax(x, axis=axis)


def _softmax_rule(g: Any, out: Any, x: Any, *, axis: Axes) -> Any:
    return out * (g - np.sum(g * out, axis=axis, keepdims=True))


def _log_softmax(x: Any, *, axis: Axes) -> Any:
    return special.log_softmax(x, axis=axis)


def _log_softmax_rule(g: Any, out: Any, x: Any, *, axis: Axes) -> Any:
    return g - np.exp(out) * np.sum(g, axis=axis, keepdims=True)


def deviation(x: Any, axis: Axes, epsilon: float, inside: bool) -> Any:
    """What a standardisation divides by: sqrt(variance + epsilon), or sqrt(variance) + epsilon."""
    variance = np.var(x, axis=axis, keepdims=True)
    return np.sqrt(variance + epsilon) if inside else np.sqrt(variance) + epsilon


def _standardise(x: Any, *, axis: Axes, epsilon: float, inside: bool) -> Any:
    return (x - np.mean(x, axis=axis, keepdims=True)) / deviation(x, axis, epsilon, inside)


def standardise_terms(g: Any, out: Any, x: Any, *, axis: Axes, epsilon: float, inside: bool) -> tuple[Any, Any, Any]:
    """What comes back directly, through the mean, and through the deviation; their sum is the derivative."""
    spread = deviation(x, axis, epsilon, inside)
    # sqrt(v + epsilon) has the slope 1 / (2 sqrt(v + epsilon)), and sqrt(v) + epsilon the slope 1 / (2 sqrt(v)).
    slope = spread if inside else spread - epsilon
    through_mean = -np.mean(g, axis=axis, keepdims=True) / spread
    return g / spread, through_mean, -out * np.mean(g * out, axis=axis, keepdims=True) / slope


def _standardise_rule(g: Any, out: Any, x: Any, **params: Any) -> Any:
    return sum(standardise_terms(g, out, x, **params))


def _log_sum_exp(x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return special.logsumexp(x, axis=axis, keepdims=keepdims)


def spread(g: Any, axis: Axes, keepdims: bool) -> Any:
    """What arrives at a function along axes, so that it broadcasts against the argument."""
    return g if keepdims else np.expand_dims(g, axis)


def _log_sum_exp_rule(g: Any, out: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return spread(g, axis, keepdims) * special.softmax(x, axis=axis)


def _length(x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))


def _length_rule(g: Any, out: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return spread(g / out, axis, keepdims) * x


def _normalise(x: Any, *, axis: Axes) -> Any:
    return x / _length(x, axis=axis, keepdims=True)


def _normalise_rule(g: Any, out: Any, x: Any, *, axis: Axes) -> Any:
    return (g - out * np.sum(g * out, axis=axis, keepdims=True)) / _length(x, axis=axis, keepdims=True)


LOG_SUM_EXP = Primitive("logsumexp", _log_sum_exp, [_log_sum_exp_rule], broadcasts=False)
LENGTH = Primitive("norm", _length, [_length_rule], broadcasts=False)
NORMALISE = Primitive("normalise", _normalise, [_normalise_rule], broadcasts=False)
MULTIPLY = Primitive("multiply", np.multiply, [lambda g, out, x, y: g * y, lambda g, out, x, y: g * x], broadcasts=True)
SIGMOID = Primitive("sigmoid", special.expit, [lambda g, out, x: g * out * (1.0 - out)], broadcasts=False)
TANH = Primitive("tanh", np.tanh, [lambda g, out, x: g * (1.0 - out * out)], broadcasts=False)
SOFTPLUS = Primitive(
    "softplus", lambda x: np.logaddexp(0.0, x), [lambda g, out, x: g * special.expit(x)], broadcasts=False
)
SOFTMAX = Primitive("softmax", _softmax, [_softmax_rule], broadcasts=False)
LOG_SOFTMAX = Primitive("log_softmax", _log_softmax, [_log_softmax_rule], broadcasts=False)
STANDARDISE = Primitive("standardise", _standardise, [_standardise_rule], broadcasts=False)
# Functions of one element alone, and functions along axes.
ELEMENTWISE = (SIGMOID, TANH, SOFTPLUS)
ALONG_AXES = (SOFTMAX, LOG_SOFTMAX, NORMALISE)
# Functions along axes that make one number of several.
REDUCING = (LOG_SUM_EXP, LENGTH)
