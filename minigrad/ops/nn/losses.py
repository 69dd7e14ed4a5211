"""Operations that reduce a prediction and a target to one number, with gradients derived for the whole."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.examples import Sample, reals
from minigrad.engine.stand_ins import counted, with_kernel
from minigrad.engine.table import Table
from minigrad.ops.manipulation.indexing import placed_at
from minigrad.ops.nn.softmax import softmax
from minigrad.ops.reductions.sums import divided

table = Table(__name__)

# Logarithms of probabilities are taken of nothing smaller, so that a certain and wrong prediction costs 27.6, not
# infinity.
_SMALLEST_PROBABILITY = 1e-12


def _fast_mean(x: Any) -> Any:
    # A sum divided by the count takes a third of the time, but sums of float16 overflow.
    return np.mean(x) if x.dtype == np.float16 else np.add.reduce(x, axis=None) / x.size


_mean = with_kernel(np.mean, _fast_mean)


def _fast_mean_squared_difference(x: Any, y: Any) -> Any:
    difference = np.subtract(x, y)
    if difference.dtype.char not in "fd":
        return _mean(difference * difference)
    flat = difference.ravel()
    return np.dot(flat, flat) / flat.size


@table.primitive(
    lambda g, out, x, y: divided(2.0 * g, x.size) * (x - y),
    lambda g, out, x, y: divided(2.0 * g, x.size) * (y - x),
    reads=("x y", "x y"),
    examples=[(reals(2, 3), reals(2, 3)), (reals(), reals())],
    public=False,
    kernel=_fast_mean_squared_difference,
)
def mean_squared_difference(x: Any, y: Any) -> Any:
    """The mean of (x - y)^2 over all elements of two arrays of one shape, which is not checked."""
    return np.mean((x - y) ** 2)


@functools.cache
def _smallest(dtype: np.dtype[Any]) -> float:
    return max(_SMALLEST_PROBABILITY, float(np.finfo(dtype).tiny))


_PROBABILITIES = Sample((2, 3), 0.1, 0.9)


@table.primitive(
    lambda g, out, x: g,
    reads=("",),
    examples=[_PROBABILITIES, Sample((), 0.1, 0.9), Sample((0, 3), 0.1, 0.9)],
    public=False,
)
def bounded(x: Any) -> Any:
    """x, or the smallest probability where x is less, with the derivative of x everywhere."""
    return np.maximum(x, _smallest(x.dtype))


@table.primitive(
    lambda g, out, x, y: divided(g, x.size) * ((1.0 - y) / bounded(1.0 - x) - y / bounded(x)),
    lambda g, out, x, y: divided(g, x.size) * (np.log(bounded(1.0 - x)) - np.log(bounded(x))),
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


def _fast_one_hot(labels: Any, x: Any) -> Any:
    rows = np.zeros(x.shape, x.dtype)
    rows[np.arange(len(rows)), labels] = 1.0
    return rows


# A 1 in every row of x, of shape (N, K), at its label, and 0 elsewhere.
_one_hot = with_kernel(
    lambda labels, x: placed_at(np.ones_like(labels, x.dtype), (counted(x, x.shape[0]), labels), x.shape),
    _fast_one_hot,
)


def _fast_label_cross_entropy(x: Any, labels: Any) -> Any:
    shifted = x - np.maximum.reduce(x, axis=1, keepdims=True)
    sums = np.add.reduce(np.exp(shifted), axis=1)
    return _mean(np.log(sums) - shifted[np.arange(len(x)), labels])


@table.primitive(
    lambda g, out, x, labels: divided(g, x.shape[0]) * (softmax(x) - _one_hot(labels, x)),
    None,
    reads=("x labels", ""),
    examples=[(reals(3, 4), np.array([0, 3, 3])), (reals(1, 2), np.array([1]))],
    public=False,
    kernel=_fast_label_cross_entropy,
)
def label_cross_entropy(x: Any, labels: Any) -> Any:
    """The mean over samples of -log softmax(x)[label], for logits of shape (N, K) and labels of shape (N,).

    That every label is an integer from 0 to K - 1 is not checked.
    """
    # The steps of `softmax`, so that its rule finds them again.
    shifted = x - np.max(x, axis=-1, keepdims=True)
    logarithms = shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))
    return -np.mean(logarithms[counted(x, x.shape[0]), labels])


if not TYPE_CHECKING:
    __all__ = table.names
