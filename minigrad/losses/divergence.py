"""How far is a predicted distribution from another?"""

from __future__ import annotations

import math
from typing import Any, Literal, overload

import numpy as np

from minigrad.engine.annotations import Array, Numbers
from minigrad.engine.tensor import Tensor
from minigrad.losses.classes import all_to_the_first, belonging, check_distributions, check_log_probabilities
from minigrad.losses.weighting import Reduction, Weighting, Weights
from minigrad.ops import log, sum, where


@overload
def kl(
    log_probabilities: Tensor, target: Tensor | Numbers, *, reduction: Reduction = "mean", weights: Weights = None
) -> Tensor: ...
@overload
def kl(
    log_probabilities: Numbers, target: Tensor, *, reduction: Reduction = "mean", weights: Weights = None
) -> Tensor: ...
@overload
def kl(
    log_probabilities: Numbers, target: Numbers, *, reduction: Literal["mean", "sum"] = "mean", weights: Weights = None
) -> np.floating[Any]: ...
@overload
def kl(
    log_probabilities: Numbers, target: Numbers, *, reduction: Literal["none"], weights: Weights = None
) -> Array: ...


def kl(log_probabilities: Any, target: Any, *, reduction: Any = "mean", weights: Any = None) -> Any:
    """Kullback-Leibler divergence of a prediction p from a target t: the mean over samples of sum(t (log t - log p)).

    It is 0 where both distributions are equal, and positive elsewhere. A class with t = 0 contributes 0, and the
    derivative with respect to that t is taken without its infinite logarithm.

    Kullback and Leibler (1951), "On information and sufficiency", Annals of Mathematical Statistics 22(1).

    Args:
        log_probabilities: log p, of shape (N, K) or (N, ..., K): of a model that gives logits,
            ``mg.log_softmax(logits)``; of probabilities, ``mg.log(probabilities)``.
        target: probabilities t in the same shape; each row sums to 1.
        reduction, weights: as for `cross_entropy`: a term is that of a whole row.

    Raises:
        ValueError: for two different shapes, no samples, predictions that are no log-probabilities, rows of targets
            that are no probabilities, or weights that do not fit.
        TypeError: for what holds no real numbers, or weights that require a gradient.

    Examples:
        >>> losses.kl(np.log([[0.5, 0.5], [0.5, 0.5]]), [[0.5, 0.5], [1.0, 0.0]], reduction="none")
        array([0.        , 0.69314718])
    """
    log_probabilities, target, has_labels = belonging(log_probabilities, target, "kl", "log_probabilities")
    if has_labels:
        raise ValueError(
            f"kl: the target is a distribution for each row, of shape {log_probabilities.shape}, and not a label; for "
            "labels there is nll, or cross_entropy of logits"
        )
    weighting = Weighting("kl", reduction, weights, log_probabilities.shape[:-1], "sample")
    rows = weighting.kept(log_probabilities, -math.log(log_probabilities.shape[-1]))
    check_log_probabilities(rows, "kl")
    target = weighting.kept(target, all_to_the_first)
    check_distributions(target, "kl")
    # Of two logarithms that are almost the same the difference is exact; that of two products would not be.
    positive = np.greater(target, 0.0)
    counted = np.logical_or(positive, np.isfinite(rows))
    difference = log(where(positive, target, 1.0)) - where(counted, rows, 0.0)
    return weighting.reduced(sum(target * difference, axis=-1))
