"""How wrong is a prediction?

Each loss takes ``(prediction, target)``, Tensors or plain arrays, and gives a 0-d result. A target takes the dtype of
the prediction. Shapes are never broadcast against each other. As elsewhere, arrays of constants are not copied: a
target that is an array must not be written to before `backward`, which reads it again.
"""

from __future__ import annotations

from typing import Any, overload

import numpy as np

from minigrad.engine.annotations import Numbers
from minigrad.engine.apply import plain, shape_of
from minigrad.engine.tensor import Tensor
from minigrad.ops import log_softmax, mean, softplus, sum, where
from minigrad.ops.nn.losses import binary_cross_entropy, label_cross_entropy, mean_squared_difference

__all__ = ["bce", "bce_with_logits", "cross_entropy", "mse"]


def __dir__() -> list[str]:
    return __all__


@overload
def mse(prediction: Tensor, target: Tensor | Numbers) -> Tensor: ...
@overload
def mse(prediction: Numbers, target: Tensor) -> Tensor: ...
@overload
def mse(prediction: Numbers, target: Numbers) -> np.floating[Any]: ...


def mse(prediction: Any, target: Any) -> Any:
    """Mean squared error: the mean of (prediction - target)^2 over all elements.

    Args:
        prediction, target: of one shape, any.

    Raises:
        ValueError: for two different shapes, or empty ones.

    Example:
        >>> losses.mse(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
        np.float64(2.0)
    """
    prediction, target = _alike(prediction, target, "mse")
    return mean_squared_difference(prediction, target)


@overload
def bce(prediction: Tensor, target: Tensor | Numbers) -> Tensor: ...
@overload
def bce(prediction: Numbers, target: Tensor) -> Tensor: ...
@overload
def bce(prediction: Numbers, target: Numbers) -> np.floating[Any]: ...


def bce(prediction: Any, target: Any) -> Any:
    """Binary cross-entropy of probabilities: the mean of -y log p - (1 - y) log(1 - p) over all elements.

    Logarithms are taken of at least 1e-12 (6.1e-5 in float16), with the derivative of the logarithm there, so value
    and gradient are finite for predictions of exactly 0 and 1. Where the probabilities come from a sigmoid,
    `bce_with_logits` is exact.

    Args:
        prediction, target: numbers in [0, 1], of one shape, any.

    Raises:
        ValueError: for two different shapes, empty ones, or numbers outside [0, 1].
    """
    prediction, target = _alike(prediction, target, "bce")
    _check_probabilities(prediction, "bce: predictions", "; for logits there is bce_with_logits")
    _check_probabilities(target, "bce: targets", "")
    return binary_cross_entropy(prediction, target)


@overload
def bce_with_logits(logits: Tensor, target: Tensor | Numbers) -> Tensor: ...
@overload
def bce_with_logits(logits: Numbers, target: Tensor) -> Tensor: ...
@overload
def bce_with_logits(logits: Numbers, target: Numbers) -> np.floating[Any]: ...


def bce_with_logits(logits: Any, target: Any) -> Any:
    """Binary cross-entropy of logits, `bce` of sigmoid(logits), without overflow or loss of precision.

    Computed as the mean of y softplus(-z) + (1 - y) softplus(z).

    Args:
        logits: real numbers z.
        target: numbers y in [0, 1], of the same shape.

    Raises:
        ValueError: for two different shapes, empty ones, or targets outside [0, 1].
    """
    logits, target = _alike(logits, target, "bce_with_logits")
    _check_probabilities(target, "bce_with_logits: targets", "")
    return mean(target * softplus(-logits) + (1.0 - target) * softplus(logits))


@overload
def cross_entropy(logits: Tensor, target: Tensor | Numbers) -> Tensor: ...
@overload
def cross_entropy(logits: Numbers, target: Tensor) -> Tensor: ...
@overload
def cross_entropy(logits: Numbers, target: Numbers) -> np.floating[Any]: ...


def cross_entropy(logits: Any, target: Any) -> Any:
    """Cross-entropy of softmax(logits): the mean over samples of -sum(t log softmax(z)).

    Args:
        logits: real numbers z of shape (N, K).
        target: labels, integers from 0 to K - 1 of shape (N,); or one-hot rows or probabilities t of shape (N, K).

    Raises:
        ValueError: for shapes that do not belong together, no samples, labels out of range, or rows that are not
            probabilities.
        TypeError: for labels that are not integers.

    Example:
        >>> print(f"{losses.cross_entropy(np.array([[0.0, 0.0]]), [1]):.6f}")
        0.693147
    """
    if len(shape_of(logits)) != 2:
        raise ValueError(f"cross_entropy: logits have shape (N, K), not {shape_of(logits)}")
    samples, classes = shape_of(logits)
    if not samples:
        raise ValueError("cross_entropy: there are no samples")
    if len(shape_of(target)) == 1:
        labels = plain(target)
        return label_cross_entropy(_floating(logits), labels=_checked_labels(labels, samples, classes))
    logits, target = _alike(logits, target, "cross_entropy")
    _check_distributions(plain(target))
    # A class that is ruled out, with a logit of -inf, costs nothing where the target rules it out too: 0 times its
    # logarithm would be NaN. And a mean is taken, not a sum divided by N, which float16 cannot hold for many samples.
    logarithms = log_softmax(logits)
    counted = np.logical_or(np.greater(target, 0.0), np.isfinite(logarithms))
    return -mean(sum(target * where(counted, logarithms, 0.0), axis=1))


def _checked_labels(labels: Any, samples: int, classes: int) -> Any:
    labels = np.asarray(labels)
    if labels.shape != (samples,):
        raise ValueError(
            f"cross_entropy: logits of shape {(samples, classes)} need {samples} labels, not {len(labels)}"
        )
    if labels.dtype.kind not in "iu":
        raise TypeError(f"cross_entropy: labels are integers, not {labels.dtype}")
    # A copy, which costs nothing beside the rest: labels may be written to before backward() reads them again. As an
    # unsigned number, a negative label is larger than any other.
    unsigned = labels.astype(np.uint64)
    if unsigned.max() >= classes:
        raise ValueError(
            f"cross_entropy: labels go from 0 to {classes - 1} for {classes} classes; "
            f"these go from {labels.min()} to {labels.max()}"
        )
    return unsigned.view(np.int64)


def _check_distributions(rows: Any) -> None:
    _check_probabilities(rows, "cross_entropy: targets", "")
    sums = np.sum(rows, axis=1, dtype=float)
    if not np.allclose(sums, 1.0, atol=1e-3):
        worst = int(np.argmax(np.abs(sums - 1.0)))
        raise ValueError(f"cross_entropy: each row of targets sums to 1; row {worst} sums to {sums[worst]:.6g}")


def _alike(prediction: Any, target: Any, loss: str) -> tuple[Any, Any]:
    """Prediction and target, checked to have one shape, as floating-point values."""
    shape, other = shape_of(prediction), shape_of(target)
    if shape != other:
        raise ValueError(f"{loss}: the prediction has shape {shape}, the target {other}; they must be the same")
    if 0 in shape:
        raise ValueError(f"{loss}: the mean over no elements (shape {shape}) does not exist")
    prediction = _floating(prediction)
    if not isinstance(target, Tensor):
        return prediction, np.asarray(target, dtype=prediction.dtype)
    return prediction, target if target.dtype == prediction.dtype else target.astype(prediction.dtype)


def _floating(values: Any) -> Any:
    """A Tensor or array of a floating dtype: negation and subtraction mean something else for other dtypes."""
    if not isinstance(values, Tensor):
        values = np.asarray(values)
    return values if values.dtype.kind == "f" else values.astype(float)


def _check_probabilities(values: Any, what: str, hint: str) -> None:
    # NaN passes: it shows in the loss, where training stops and says at which step.
    array = np.asarray(plain(values))
    if array.min() < 0 or array.max() > 1:
        raise ValueError(f"{what} lie in [0, 1]; these go from {array.min():.6g} to {array.max():.6g}{hint}")
