"""Operations that reduce a prediction and a target to one number, with gradients derived for the whole."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import Sample, reals
from minigrad.engine.table import Table
from minigrad.engine.values import plain
from minigrad.ops.nn.softmax import softmax
from minigrad.ops.reductions.sums import divided

table = Table(__name__)

# Logarithms of probabilities are taken of nothing smaller, so that a certain and wrong prediction costs 27.6, not
# infinity.
_SMALLEST_PROBABILITY = 1e-12


def _mean(x: Any) -> Any:
    # A sum divided by the count takes a third of the time, but sums of float16 overflow.
    return np.mean(x) if x.dtype == np.float16 else np.add.reduce(x, axis=None) / x.size


@table.primitive(
    lambda g, out, x, y: divided(2.0 * g, x.size) * (x - y),
    lambda g, out, x, y: divided(2.0 * g, x.size) * (y - x),
    reads=("x y", "x y"),
    examples=[(reals(2, 3), reals(2, 3)), (reals(), reals())],
    public=False,
)
def mean_squared_difference(x: Any, y: Any) -> Any:
    """The mean of (x - y)^2 over all elements of two arrays of one shape, which is not checked."""
    difference = np.subtract(x, y)
    if difference.dtype.char not in "fd":
        return _mean(difference * difference)
    flat = difference.ravel()
    return np.dot(flat, flat) / flat.size


def _bounded(x: Any) -> Any:
    """x, or the smallest probability where x is less, with the derivative of x."""
    values = plain(x)
    return x + np.maximum(_smallest(values.dtype) - values, 0.0)


@functools.cache
def _smallest(dtype: np.dtype[Any]) -> float:
    return max(_SMALLEST_PROBABILITY, float(np.finfo(dtype).tiny))


_PROBABILITIES = Sample((2, 3), 0.1, 0.9)


@table.primitive(
    lambda g, out, x, y: divided(g, x.size) * ((1.0 - y) / _bounded(1.0 - x) - y / _bounded(x)),
    lambda g, out, x, y: divided(g, x.size) * (np.log(_bounded(1.0 - x)) - np.log(_bounded(x))),
    reads=("x y", "x"),
    examples=[(_PROBABILITIES, _PROBABILITIES), (Sample((), 0.1, 0.9), Sample((), 0.1, 0.9))],
    public=False,
)
def binary_cross_entropy(x: Any, y: Any) -> Any:
    """The mean of -y log x - (1 - y) log(1 - x) over all elements of two arrays of one shape, which is not checked.

    Logarithms are taken of at least 1e-12, with the derivative of the logarithm there.
    """
    least = _smallest(x.dtype)
    return _mean(-y * np.log(np.maximum(x, least)) - (1.0 - y) * np.log(np.maximum(1.0 - x, least)))


@table.primitive(
    lambda g, out, x, labels: divided(g, len(x)) * (softmax(x) - _one_hot(labels, x)),
    reads=("x",),
    examples=[(reals(3, 4), {"labels": np.array([0, 3, 3])}), (reals(1, 2), {"labels": np.array([1])})],
    public=False,
)
def label_cross_entropy(x: Any, labels: Any) -> Any:
    """The mean over samples of -log softmax(x)[label], for logits of shape (N, K) and labels of shape (N,).

    That every label is an integer from 0 to K - 1 is not checked.
    """
    shifted = x - np.maximum.reduce(x, axis=1, keepdims=True)
    sums = np.add.reduce(np.exp(shifted), axis=1)
    return _mean(np.log(sums) - shifted[np.arange(len(x)), labels])


def _one_hot(labels: Any, x: Any) -> Any:
    """Zeros in the shape and dtype of x, with a 1 in every row at its label."""
    rows = np.zeros(x.shape, x.dtype)
    rows[np.arange(len(rows)), labels] = 1.0
    return rows


if not TYPE_CHECKING:
    __all__ = table.names
