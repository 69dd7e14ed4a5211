"""How wrong is a prediction of yes or no?"""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np

from minigrad.engine.annotations import Array, Numbers
from minigrad.engine.stand_ins import StandIn, array_of
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain
from minigrad.losses.checks import alike, check_probabilities, nan_among, warn_of_probabilities
from minigrad.losses.weighting import Reduction, Weighting, Weights
from minigrad.ops import log, mean, relu, softplus
from minigrad.ops.nn.losses import binary_cross_entropy, bounded


@overload
def bce(
    prediction: Tensor, target: Tensor | Numbers, *, reduction: Reduction = "mean", weights: Weights = None
) -> Tensor: ...
@overload
def bce(prediction: Numbers, target: Tensor, *, reduction: Reduction = "mean", weights: Weights = None) -> Tensor: ...
@overload
def bce(
    prediction: Numbers, target: Numbers, *, reduction: Literal["mean", "sum"] = "mean", weights: Weights = None
) -> np.floating[Any]: ...
@overload
def bce(prediction: Numbers, target: Numbers, *, reduction: Literal["none"], weights: Weights = None) -> Array: ...


def bce(prediction: Any, target: Any, *, reduction: Any = "mean", weights: Any = None) -> Any:
    """Binary cross-entropy of probabilities: the mean of -y log p - (1 - y) log(1 - p) over all elements.

    Logarithms are taken of at least 1e-12 (6.1e-5 in float16), with the derivative of the logarithm there, so value
    and gradient are finite for predictions of exactly 0 and 1. Where the probabilities come from a sigmoid,
    `bce_with_logits` is exact.

    Bishop (2006), "Pattern recognition and machine learning", equation 4.90.

    Args:
        prediction, target: numbers p and y in [0, 1], of one shape, any.
        reduction, weights: as for `mse`: with weights w, the mean is sum(w l) / sum(w) of the elements' losses l. For
            two classes that weigh differently, write ``weights=np.where(target == 1, 5.0, 1.0)``.

    Raises:
        ValueError: for two different shapes, empty ones, numbers outside [0, 1], targets that hold NaN, or weights that
            do not fit.
        TypeError: for what holds no real numbers, or weights that require a gradient.
    """
    prediction, target = alike(prediction, target, "bce")
    if weights is None and reduction == "mean":
        _check_both(prediction, target)
        return binary_cross_entropy(prediction, target)
    weighting = Weighting("bce", reduction, weights, prediction.shape)
    prediction, target = weighting.kept(prediction, 0.5), weighting.kept(target, 0.5)
    _check_both(prediction, target)
    return weighting.reduced(-target * log(bounded(prediction)) - (1.0 - target) * log(bounded(1.0 - prediction)))


def _check_both(prediction: Any, target: Any) -> None:
    # A prediction of NaN passes: it shows in the loss, where training stops and says at which step.
    check_probabilities(prediction, "bce: predictions", "; for logits there is bce_with_logits", nan_passes=True)
    check_probabilities(target, "bce: targets", "")


@overload
def bce_with_logits(
    logits: Tensor, target: Tensor | Numbers, *, reduction: Reduction = "mean", weights: Weights = None
) -> Tensor: ...
@overload
def bce_with_logits(
    logits: Numbers, target: Tensor, *, reduction: Reduction = "mean", weights: Weights = None
) -> Tensor: ...
@overload
def bce_with_logits(
    logits: Numbers, target: Numbers, *, reduction: Literal["mean", "sum"] = "mean", weights: Weights = None
) -> np.floating[Any]: ...
@overload
def bce_with_logits(
    logits: Numbers, target: Numbers, *, reduction: Literal["none"], weights: Weights = None
) -> Array: ...


def bce_with_logits(logits: Any, target: Any, *, reduction: Any = "mean", weights: Any = None) -> Any:
    """Binary cross-entropy of logits, `bce` of sigmoid(logits), without overflow or loss of precision.

    Computed as the mean of y softplus(-z) + (1 - y) softplus(z).

    Args:
        logits: real numbers z.
        target: numbers y in [0, 1], of the same shape.
        reduction, weights: as for `bce`.

    Raises:
        ValueError: for two different shapes, empty ones, targets outside [0, 1], NaN included, or weights that do not
            fit.
        TypeError: for what holds no real numbers, or weights that require a gradient.
    """
    warn_of_probabilities(logits, "bce_with_logits", "sigmoid", "losses.bce(probabilities, target)")
    logits, target = alike(logits, target, "bce_with_logits")
    if weights is None and reduction == "mean":
        check_probabilities(target, "bce_with_logits: targets", "")
        return mean(_of_logits(logits, target))
    weighting = Weighting("bce_with_logits", reduction, weights, logits.shape)
    logits, target = weighting.kept(logits, 0.0), weighting.kept(target, 0.5)
    check_probabilities(target, "bce_with_logits: targets", "")
    return weighting.reduced(_of_logits(logits, target))


def _of_logits(logits: Any, target: Any) -> Any:
    return target * softplus(-logits) + (1.0 - target) * softplus(logits)


@overload
def hinge(
    prediction: Tensor, target: Tensor | Numbers, *, reduction: Reduction = "mean", weights: Weights = None
) -> Tensor: ...
@overload
def hinge(prediction: Numbers, target: Tensor, *, reduction: Reduction = "mean", weights: Weights = None) -> Tensor: ...
@overload
def hinge(
    prediction: Numbers, target: Numbers, *, reduction: Literal["mean", "sum"] = "mean", weights: Weights = None
) -> np.floating[Any]: ...
@overload
def hinge(prediction: Numbers, target: Numbers, *, reduction: Literal["none"], weights: Weights = None) -> Array: ...


def hinge(prediction: Any, target: Any, *, reduction: Any = "mean", weights: Any = None) -> Any:
    """Hinge loss of a support vector machine: the mean of max(0, 1 - y z) over all elements.

    A prediction costs nothing that is on the right side of 0 by 1 or more. The derivative at the kink is 0.

    Cortes and Vapnik (1995), "Support-vector networks", Machine Learning 20, section 3.

    Args:
        prediction: real numbers z; their signs are the classes.
        target: -1 or 1 each, numbers y of the same shape. Of targets 0 and 1, write ``2.0 * target - 1.0``.
        reduction, weights: as for `bce`.

    Raises:
        ValueError: for two different shapes, empty ones, targets other than -1 and 1, or weights that do not fit.
        TypeError: for what holds no real numbers, or weights that require a gradient.

    Examples:
        >>> losses.hinge(np.array([0.5, 3.0]), [-1, 1])
        np.float64(0.75)
    """
    prediction, target = alike(prediction, target, "hinge")
    weighting = Weighting("hinge", reduction, weights, prediction.shape)
    prediction, target = weighting.kept(prediction, 0.0), weighting.kept(target, 1.0)
    _check_signs(target)
    return weighting.reduced(relu(1.0 - target * prediction))


def _check_signs(values: Any) -> None:
    array = array_of(plain(values))
    if isinstance(array, StandIn):
        array.looked_at(_check_signs)
        return
    if (np.abs(array) == 1).all():
        return
    if np.isnan(array).any():
        raise nan_among("hinge: targets", array)
    hint = "for labels of several classes there is cross_entropy"
    if ((array == 0) | (array == 1)).all():
        hint = "of targets 0 and 1, write 2.0 * target - 1.0"
    raise ValueError(f"hinge: targets are -1 and 1; these go from {array.min():.6g} to {array.max():.6g}; {hint}")
