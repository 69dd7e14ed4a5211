"""How far are numbers from those that they should be?"""

from __future__ import annotations

import math
from typing import Any, Literal, overload

import numpy as np

from minigrad.engine.annotations import Array, Numbers
from minigrad.engine.tensor import Tensor
from minigrad.losses.checks import alike, number, without_nan
from minigrad.losses.weighting import Reduction, Weighting, Weights
from minigrad.ops import huber as huber_of
from minigrad.ops import square
from minigrad.ops.nn.losses import mean_squared_difference


@overload
def mse(
    prediction: Tensor, target: Tensor | Numbers, *, reduction: Reduction = "mean", weights: Weights = None
) -> Tensor: ...
@overload
def mse(prediction: Numbers, target: Tensor, *, reduction: Reduction = "mean", weights: Weights = None) -> Tensor: ...
@overload
def mse(
    prediction: Numbers, target: Numbers, *, reduction: Literal["mean", "sum"] = "mean", weights: Weights = None
) -> np.floating[Any]: ...
@overload
def mse(prediction: Numbers, target: Numbers, *, reduction: Literal["none"], weights: Weights = None) -> Array: ...


def mse(prediction: Any, target: Any, *, reduction: Any = "mean", weights: Any = None) -> Any:
    """Mean squared error: the mean of (prediction - target)^2 over all elements.

    With weights w it is sum(w (prediction - target)^2) / sum(w).

    Args:
        prediction, target: of one shape, any.
        reduction: "mean"; "sum" for sum(w l) of the elements' losses l; "none" for w l itself, in the shape of the
            prediction.
        weights: one for each element, or one for each sample: of the prediction's shape, or of its first axes. They are
            finite, not negative and not all 0. Where a weight is 0, nothing is computed: the target may be NaN there.

    Raises:
        ValueError: for two different shapes, empty ones, targets that hold NaN, or weights that do not fit.
        TypeError: for what holds no real numbers, or weights that require a gradient.

    Examples:
        >>> losses.mse(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
        np.float64(2.0)
        >>> losses.mse(np.array([1.0, 2.0]), np.array([1.0, np.nan]), weights=[1, 0])
        np.float64(0.0)
    """
    prediction, target = alike(prediction, target, "mse")
    if weights is None and reduction == "mean":
        return without_nan(mean_squared_difference(prediction, target), target, "mse")
    return _of_errors("mse", prediction, target, square, reduction, weights)


@overload
def mae(
    prediction: Tensor, target: Tensor | Numbers, *, reduction: Reduction = "mean", weights: Weights = None
) -> Tensor: ...
@overload
def mae(prediction: Numbers, target: Tensor, *, reduction: Reduction = "mean", weights: Weights = None) -> Tensor: ...
@overload
def mae(
    prediction: Numbers, target: Numbers, *, reduction: Literal["mean", "sum"] = "mean", weights: Weights = None
) -> np.floating[Any]: ...
@overload
def mae(prediction: Numbers, target: Numbers, *, reduction: Literal["none"], weights: Weights = None) -> Array: ...


def mae(prediction: Any, target: Any, *, reduction: Any = "mean", weights: Any = None) -> Any:
    """Mean absolute error: the mean of |prediction - target| over all elements.

    The derivative where both are equal is 0.

    Args:
        prediction, target: of one shape, any.
        reduction, weights: as for `mse`.

    Raises:
        ValueError: for two different shapes, empty ones, targets that hold NaN, or weights that do not fit.
        TypeError: for what holds no real numbers, or weights that require a gradient.

    Examples:
        >>> losses.mae(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
        np.float64(1.0)
    """
    prediction, target = alike(prediction, target, "mae")
    return _of_errors("mae", prediction, target, np.abs, reduction, weights)


@overload
def huber(
    prediction: Tensor,
    target: Tensor | Numbers,
    *,
    delta: float = 1.0,
    reduction: Reduction = "mean",
    weights: Weights = None,
) -> Tensor: ...
@overload
def huber(
    prediction: Numbers, target: Tensor, *, delta: float = 1.0, reduction: Reduction = "mean", weights: Weights = None
) -> Tensor: ...
@overload
def huber(
    prediction: Numbers,
    target: Numbers,
    *,
    delta: float = 1.0,
    reduction: Literal["mean", "sum"] = "mean",
    weights: Weights = None,
) -> np.floating[Any]: ...
@overload
def huber(
    prediction: Numbers, target: Numbers, *, delta: float = 1.0, reduction: Literal["none"], weights: Weights = None
) -> Array: ...


def huber(prediction: Any, target: Any, *, delta: float = 1.0, reduction: Any = "mean", weights: Any = None) -> Any:
    """Huber's loss, squared for small errors and absolute for large ones, so that outliers count for less.

    For an error e = prediction - target it is e^2 / 2 where |e| <= delta, and delta (|e| - delta / 2) beyond.

    Huber (1964), "Robust estimation of a location parameter", Annals of Mathematical Statistics 35(1), section 4.

    Args:
        prediction, target: of one shape, any.
        delta: where the one form passes into the other, in the unit of the target.
        reduction, weights: as for `mse`.

    Raises:
        ValueError: for two different shapes, empty ones, targets that hold NaN, a delta that is not positive and
            finite, or weights that do not fit.
        TypeError: for what holds no real numbers, or weights that require a gradient.

    Examples:
        >>> losses.huber(np.array([1.0, 2.0]), np.array([1.5, 12.0]), reduction="none")
        array([0.125, 9.5  ])
    """
    prediction, target = alike(prediction, target, "huber")
    delta = number(delta, "huber", "delta")
    if not 0 < delta < math.inf:
        raise ValueError(f"huber: delta is positive and finite, not {delta}")
    return _of_errors("huber", prediction, target, lambda error: huber_of(delta, error), reduction, weights)


def _of_errors(loss: str, prediction: Any, target: Any, term: Any, reduction: str, weights: Any) -> Any:
    """The loss that a function of prediction - target makes."""
    weighting = Weighting(loss, reduction, weights, prediction.shape)
    prediction, target = weighting.kept(prediction, 0.0), weighting.kept(target, 0.0)
    return without_nan(weighting.reduced(term(prediction - target)), target, loss)
