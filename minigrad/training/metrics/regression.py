"""How far are predicted numbers from the right ones?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.training.metrics.metric import Metric, Statistics, check_alike
from minigrad.training.metrics.numbers import numbers

Array = NDArray[np.float64]


def mae(prediction: Any, target: Any) -> float:
    """Mean absolute error: the mean of |prediction - target| over all elements, computed in float64.

    Args:
        prediction, target: of one shape, any. A prediction of NaN gives NaN.

    Raises:
        ValueError: for two different shapes, empty ones, or targets that hold NaN.
        TypeError: for what holds no real numbers.

    Examples:
        >>> mg.metrics.mae(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
        1.0
    """
    guess, truth = _alike(prediction, target, "mae")
    return float(np.mean(np.abs(guess - truth)))


class RMSE(Metric):
    """Root mean squared error: the square root of the mean of (prediction - target)^2 over all elements.

    It is recorded as ``rmse``. The root is taken once, of the mean over all samples.

    Predictions and targets have one shape, any. A prediction of NaN gives NaN.

    Raises:
        ValueError, TypeError: as `mae`.

    Examples:
        >>> mg.metrics.RMSE()(np.array([1.0, 2.0]), np.array([4.0, 6.0]))
        3.5355339059327378
    """

    def __init__(self) -> None:
        super().__init__("rmse")

    def statistics(self, prediction: Any, target: Any) -> Statistics:
        """The sum of the squares, and the number of elements."""
        guess, truth = _alike(prediction, target, "RMSE")
        return {"squares": np.asarray(np.sum((guess - truth) ** 2)), "elements": np.array(truth.size)}

    def value(self, statistics: Statistics) -> float:
        """The root of the mean."""
        return float(np.sqrt(statistics["squares"] / statistics["elements"]))


class R2(Metric):
    """The coefficient of determination: 1 - sum (y - prediction)^2 / sum (y - mean y)^2.

    1 is a perfect prediction; 0 is as good as the mean of all targets. For targets of several columns it is the mean of
    the columns' values. Targets that are all equal have none: it is NaN then. It is recorded as ``r2``.

    Predictions and targets have one shape, (N,) or (N, D). A prediction of NaN gives NaN.

    Raises:
        ValueError, TypeError: as `mae`, and for single numbers.

    The spread of the targets over all batches is put together from those of the batches as by Chan, Golub and LeVeque
    (1983), "Algorithms for Computing the Sample Variance", which is exact also where the mean is large.

    Examples:
        >>> mg.metrics.R2()(np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0]))
        0.5
    """

    def __init__(self) -> None:
        super().__init__("r2")

    def statistics(self, prediction: Any, target: Any) -> Statistics:
        """The number of samples; for each column the sum of squared errors, the mean, and the squares around it."""
        guess, truth = _alike(prediction, target, "R2")
        if not truth.ndim:
            raise ValueError("R2: samples lie along the first axis; prediction and target have shape ()")
        guess, truth = guess.reshape(len(guess), -1), truth.reshape(len(truth), -1)
        mean = truth.mean(axis=0)
        return {
            "samples": np.array(len(truth)),
            "errors": np.sum((truth - guess) ** 2, axis=0),
            "mean": mean,
            "spread": np.sum((truth - mean) ** 2, axis=0),
        }

    def combined(self, first: Statistics, second: Statistics) -> Statistics:
        """Those of all samples: n = n1 + n2, mean = mean1 + d n2 / n, spread = spread1 + spread2 + d^2 n1 n2 / n."""
        check_alike("R2", first, second)
        samples = first["samples"] + second["samples"]
        difference = second["mean"] - first["mean"]
        share = second["samples"] / samples
        return {
            "samples": np.asarray(samples),
            "errors": first["errors"] + second["errors"],
            "mean": first["mean"] + difference * share,
            "spread": first["spread"] + second["spread"] + difference**2 * (first["samples"] * share),
        }

    def value(self, statistics: Statistics) -> float:
        """The mean over the columns."""
        errors, spread, mean = statistics["errors"], statistics["spread"], statistics["mean"]
        # Equal targets have a mean that may be rounded, and a spread of such roundings.
        rounding = statistics["samples"] * (8.0 * np.finfo(np.float64).eps * mean) ** 2
        varies = spread > rounding
        return float(np.mean(np.where(varies, 1.0 - errors / np.where(varies, spread, 1.0), np.nan)))


def _alike(prediction: Any, target: Any, name: str) -> tuple[Array, Array]:
    """Both in float64, in which differences of small integers are right, too."""
    guess, truth = numbers(prediction, target, name)
    if guess.shape != truth.shape:
        raise ValueError(
            f"{name}: the prediction has shape {guess.shape}, the target {truth.shape}; they must be the same"
        )
    guess, truth = guess.astype(np.float64), truth.astype(np.float64)
    if np.isnan(truth).any():
        raise ValueError(f"{name}: the target holds NaN (shape {truth.shape})")
    return guess, truth
