"""How wrong is a prediction?

Each loss takes ``(prediction, target)``, Tensors or plain arrays, and gives a 0-d result. A target takes the dtype of
the prediction. Shapes are never broadcast against each other.
"""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from minigrad.engine.annotations import Numbers
from minigrad.engine.names import missing
from minigrad.engine.stand_ins import StandIn, array_of
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain, shape_of
from minigrad.ops import log_softmax, mean, softplus, sum, where
from minigrad.ops.nn.losses import binary_cross_entropy as _binary_cross_entropy
from minigrad.ops.nn.losses import label_cross_entropy as _label_cross_entropy
from minigrad.ops.nn.losses import mean_squared_difference as _mean_squared_difference

__all__ = ["bce", "bce_with_logits", "cross_entropy", "mse"]

_CROSS_ENTROPY = "losses.cross_entropy, which takes logits and labels (or one-hot rows)"
_ELSEWHERE = {
    **dict.fromkeys(["mseloss", "meansquarederror", "squarederror", "l2loss"], "losses.mse"),
    **dict.fromkeys(["bceloss", "binarycrossentropy", "logloss"], "losses.bce, or losses.bce_with_logits for logits"),
    **dict.fromkeys(
        ["bcewithlogitsloss", "binarycrossentropywithlogits", "sigmoidbinarycrossentropy", "sigmoidcrossentropy"],
        "losses.bce_with_logits",
    ),
    **dict.fromkeys(
        [
            *("crossentropyloss", "categoricalcrossentropy", "sparsecategoricalcrossentropy", "softmaxcrossentropy"),
            "softmaxcrossentropywithintegerlabels",
        ],
        _CROSS_ENTROPY,
    ),
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        raise missing("losses", name, __all__, _ELSEWHERE)


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
        ValueError: for two different shapes, empty ones, or targets that hold NaN.
        TypeError: for what holds no real numbers.

    Examples:
        >>> losses.mse(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
        np.float64(2.0)
    """
    prediction, target = _alike(prediction, target, "mse")
    return _without_nan(_mean_squared_difference(prediction, target), target, "mse")


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
        ValueError: for two different shapes, empty ones, numbers outside [0, 1], or targets that hold NaN.
        TypeError: for what holds no real numbers.
    """
    prediction, target = _alike(prediction, target, "bce")
    # A prediction of NaN passes: it shows in the loss, where training stops and says at which step.
    _check_probabilities(prediction, "bce: predictions", "; for logits there is bce_with_logits", nan_passes=True)
    _check_probabilities(target, "bce: targets", "")
    return _binary_cross_entropy(prediction, target)


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
        ValueError: for two different shapes, empty ones, or targets outside [0, 1], NaN included.
        TypeError: for what holds no real numbers.
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
        TypeError: for labels that are not integers, or what holds no real numbers.

    Examples:
        >>> print(f"{losses.cross_entropy(np.array([[0.0, 0.0]]), [1]):.6f}")
        0.693147
    """
    _check_real(logits, "cross_entropy", "logits")
    _check_real(target, "cross_entropy", "target")
    shape, given = shape_of(logits), shape_of(target)
    if len(shape) != 2:
        hint = ""
        if len(shape) == 1:
            hint = "; for one sample write logits[None]. The order is (logits, target)"
        elif len(shape) > 2:
            hint = f"; write logits.reshape(-1, {shape[-1]}), and " + (
                "target.reshape(-1)" if given == shape[:-1] else f"target.reshape(-1, {shape[-1]})"
            )
        raise ValueError(f"cross_entropy: logits have shape (N, K), not {shape}{hint}")
    if given == (shape[0], 1) != shape:
        raise ValueError(
            f"cross_entropy: logits of shape {shape} need labels of shape {shape[:1]}, not {given}: write target[:, 0]"
        )
    samples, classes = shape_of(logits)
    if not samples:
        raise ValueError("cross_entropy: there are no samples")
    if len(shape_of(target)) == 1:
        labels = plain(target)
        return _label_cross_entropy(_floating(logits), _checked_labels(labels, samples, classes))
    logits, target = _alike(logits, target, "cross_entropy")
    _check_distributions(plain(target))
    # A class that is ruled out, with a logit of -inf, costs nothing where the target rules it out too: 0 times its
    # logarithm would be NaN. And a mean is taken, not a sum divided by N, which float16 cannot hold for many samples.
    logarithms = log_softmax(logits)
    counted = np.logical_or(np.greater(target, 0.0), np.isfinite(logarithms))
    return -mean(sum(target * where(counted, logarithms, 0.0), axis=1))


def _checked_labels(labels: Any, samples: int, classes: int) -> Any:
    labels = array_of(labels)
    if labels.shape != (samples,):
        raise ValueError(
            f"cross_entropy: logits of shape {(samples, classes)} need {samples} labels, not {len(labels)}"
        )
    if labels.dtype.kind not in "iu":
        raise TypeError(f"cross_entropy: labels are integers, not {labels.dtype}: write target.astype(int)")
    if isinstance(labels, StandIn):
        labels.looked_at(_in_range, classes)
        return labels
    return _in_range(labels, classes)


def _in_range(labels: Any, classes: int) -> Any:
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
    if isinstance(rows, StandIn):
        rows.looked_at(_check_distributions)
        return
    sums = np.sum(rows, axis=1, dtype=float)
    if not np.isnan(sums).any():
        _check_probabilities(rows, "cross_entropy: targets", "")
    if not np.allclose(sums, 1.0, atol=1e-3):
        worst = int(np.argmax(np.abs(sums - 1.0)))
        hint = ": it holds NaN" if np.isnan(rows[worst]).any() else ""
        raise ValueError(f"cross_entropy: each row of targets sums to 1; row {worst} sums to {sums[worst]:.6g}{hint}")


def _alike(prediction: Any, target: Any, loss: str) -> tuple[Any, Any]:
    """Prediction and target, checked to have one shape, as floating-point values."""
    if type(prediction) is Tensor and type(target) is np.ndarray:
        # What is most frequent, found in a fraction of the time.
        array, dtype = prediction._array, target.dtype
        if array.dtype is dtype and dtype.kind == "f" and array.shape == target.shape and target.size:
            return prediction, target
    _check_real(prediction, loss, "prediction")
    _check_real(target, loss, "target")
    shape, other = shape_of(prediction), shape_of(target)
    if shape != other:
        raise ValueError(f"{loss}: the prediction has shape {shape}, the target {other}; they must be the same")
    if 0 in shape:
        raise ValueError(f"{loss}: the mean over no elements (shape {shape}) does not exist")
    prediction = _floating(prediction)
    if not isinstance(target, Tensor):
        target = array_of(target)
    return prediction, target if target.dtype == prediction.dtype else target.astype(prediction.dtype)


def _floating(values: Any) -> Any:
    """A Tensor or array of a floating dtype: negation and subtraction mean something else for other dtypes."""
    if not isinstance(values, Tensor):
        values = array_of(values)
    return values if values.dtype.kind == "f" else values.astype(float)


def _check_real(values: Any, loss: str, side: str) -> None:
    """Raise TypeError for anything but real numbers."""
    array = values._array if type(values) is Tensor else values
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError(f"{loss}: the {side} is a masked array, and its mask would be lost; leave masked elements out")
    if isinstance(array, (np.ndarray, np.generic, StandIn)) and array.dtype.kind in "biuf":
        return
    try:
        kind = np.asarray(plain(values)).dtype.kind
    except ValueError:  # rows of different lengths
        kind = "O"
    if kind not in "biuf":
        raise TypeError(f"{loss}: the {side} is {reprlib.repr(values)}; it has to be an array of real numbers")


def _check_probabilities(values: Any, what: str, hint: str, nan_passes: bool = False) -> None:
    array = array_of(plain(values))
    if isinstance(array, StandIn):
        array.looked_at(_check_probabilities, what, hint, nan_passes)
        return
    least, most = array.min(), array.max()
    if least >= 0 and most <= 1:
        return
    if np.isnan(least):
        if not nan_passes:
            raise _nan(what, array)
        return
    raise ValueError(f"{what} lie in [0, 1]; these go from {least:.6g} to {most:.6g}{hint}")


def _without_nan(loss: Any, target: Any, name: str) -> Any:
    """The loss, unless it is NaN because the target is; the target is looked at in that case only."""
    value = loss._array if type(loss) is Tensor else plain(loss)
    if isinstance(value, StandIn):
        value.looked_at(_without_nan, target, name)
        return loss
    # Only NaN differs from itself; asked of one number, this takes a tenth of the time of np.isnan.
    if value != value and np.isnan(array := plain(target)).any():
        raise _nan(f"{name}: targets", array)
    return loss


def _nan(what: str, array: Any) -> ValueError:
    first = tuple(np.argwhere(np.isnan(array))[0].tolist())
    return ValueError(f"{what} hold NaN, first at {list(first)}; leave out samples without a target")
