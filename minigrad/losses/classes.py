"""Do scores of classes belong to their targets, and are these labels or distributions?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.engine.stand_ins import StandIn, array_of, counted
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain, shape_of
from minigrad.losses.checks import (
    check_constant,
    check_probabilities,
    check_real,
    check_weights,
    floating,
    in_dtype,
    number,
)

# The probabilities of a prediction sum to 1 as far as half precision can tell.
_ROUNDING = 0.01


def belonging(prediction: Any, target: Any, loss: str, side: str) -> tuple[Any, Any, bool]:
    """Scores and targets as they are computed with, and whether the targets are labels, whose range is not checked.

    Args:
        prediction: of shape (N, ..., K).
        target: labels of shape (N, ...), or distributions of shape (N, ..., K).
        loss: its name.
        side: what the loss calls the prediction.
    """
    if type(prediction) is Tensor and type(target) is np.ndarray:
        # What is most frequent, found in a fraction of the time.
        array = prediction._array
        shape = array.shape
        if len(shape) > 1 and array.size and array.dtype.kind == "f":
            if target.shape == shape[:-1] and target.dtype.kind in "iu":
                return prediction, target, True
            if target.shape == shape and target.dtype is array.dtype:
                return prediction, target, False
    check_real(prediction, loss, side)
    check_real(target, loss, "target")
    shape, given = shape_of(prediction), shape_of(target)
    if len(shape) < 2:
        hint = f"; for one sample write {side}[None]. The order is ({side}, target)" if shape else ""
        raise ValueError(f"{loss}: {side} have shape (N, K) or (N, ..., K), not {shape}{hint}")
    if given not in (shape, shape[:-1]):
        raise ValueError(_which_do_not_belong(shape, given, loss, side))
    if 0 in shape[:-1]:
        raise ValueError(f"{loss}: there are no samples, the shape is {shape}; leave empty batches out")
    if not shape[-1]:
        raise ValueError(f"{loss}: there are no classes, {side} have shape {shape}")
    prediction = floating(prediction)
    if given == shape:
        return prediction, in_dtype(target, prediction.dtype), False
    labels = array_of(plain(target))
    if labels.dtype.kind not in "iu":
        raise TypeError(f"{loss}: labels are integers, not {labels.dtype}: write target.astype(int)")
    return prediction, labels, True


def _which_do_not_belong(shape: tuple[int, ...], given: tuple[int, ...], loss: str, side: str) -> str:
    if given == (*shape[:-1], 1):
        index = "[:, 0]" if len(shape) == 2 else "[..., 0]"
        return f"{loss}: {side} of shape {shape} need labels of shape {shape[:-1]}, not {given}: write target{index}"
    if len(shape) > 2 and given == (shape[0], *shape[2:]):
        return (
            f"{loss}: {side} of shape {shape} have their classes along the second axis, if targets of shape {given} "
            f"are labels; they lie along the last one: write np.moveaxis({side}, 1, -1)"
        )
    if len(shape) == 2 and len(given) == 1:
        return f"{loss}: {side} of shape {shape} need {shape[0]} labels, not {given[0]}"
    return (
        f"{loss}: {side} of shape {shape} need labels of shape {shape[:-1]}, or rows of probabilities of shape "
        f"{shape}; the target has shape {given}"
    )


def in_range(labels: Any, classes: int, loss: str) -> Any:
    """Labels, checked to be those of as many classes."""
    if isinstance(labels, StandIn):
        labels.looked_at(in_range, classes, loss)
        return labels
    # A copy, which costs nothing beside the rest: labels may be written to before backward() reads them again. As an
    # unsigned number, a negative label is larger than any other.
    unsigned = labels.astype(np.uint64)
    if unsigned.max() >= classes:
        raise ValueError(
            f"{loss}: labels go from 0 to {classes - 1} for {classes} classes; "
            f"these go from {labels.min()} to {labels.max()}{_meant_by(labels, classes, loss)}"
        )
    return unsigned.view(np.int64)


def _meant_by(labels: Any, classes: int, loss: str) -> str:
    """What to write for labels that are out of range, where one can tell."""
    least, most = labels.min(), labels.max()
    if classes == 1:
        return "; for two classes and one column of logits write bce_with_logits(logits, target[..., None])"
    if least == 1 and most == classes:
        return "; write target - 1"
    if classes == 2 and set(np.unique(labels).tolist()) == {-1, 1}:
        return "; write (target + 1) // 2"
    if least < 0 and most < classes and (labels[labels < 0] == least).all():
        return f"; where {least} stands for no label, write {loss}(..., ignore_index={least})"
    return ""


def one_hot(labels: Any, like: Any) -> Any:
    """Rows with a 1 at each label, in the dtype and with as many classes as `like`, an array or Tensor."""
    return np.equal(np.expand_dims(labels, -1), _class_numbers(like)).astype(like.dtype)


def all_to_the_first(like: Any) -> Any:
    """A row with a 1 for the first class, in the dtype and with as many classes as `like`, an array or Tensor."""
    return np.equal(_class_numbers(like), 0).astype(like.dtype)


def _class_numbers(like: Any) -> Any:
    return counted(plain(like), like.shape[-1])


def check_distributions(rows: Any, loss: str) -> None:
    """Raise ValueError for targets that are no distributions along the last axis."""
    rows = plain(rows)
    if isinstance(rows, StandIn):
        rows.looked_at(check_distributions, loss)
        return
    sums = np.sum(rows, axis=-1, dtype=float)
    if not np.isnan(sums).any():
        check_probabilities(rows, f"{loss}: targets", "")
    if not np.allclose(sums, 1.0, atol=1e-3):
        place, worst = _farthest_from_1(sums)
        hint = ": it holds NaN" if np.isnan(worst) else ""
        raise ValueError(f"{loss}: each row of targets sums to 1; row {place} sums to {worst:.6g}{hint}")


def check_log_probabilities(predictions: Any, loss: str) -> Any:
    """The predictions, if they are logarithms of distributions along the last axis; else raise ValueError."""
    rows = plain(predictions)
    if isinstance(rows, StandIn):
        rows.looked_at(check_log_probabilities, loss)
        return predictions
    with np.errstate(over="ignore"):
        sums = np.sum(np.exp(rows, dtype=np.result_type(rows.dtype, np.float32)), axis=-1)
    # A prediction of NaN passes: it shows in the loss, where training stops and says at which step.
    if (np.abs(sums - 1.0) > _ROUNDING).any():
        place, worst = _farthest_from_1(sums)
        raise ValueError(
            f"{loss}: log_probabilities are the logarithms of rows that sum to 1; those of row {place} sum to "
            f"{worst:.6g}. Of logits, write mg.log_softmax(logits); of probabilities, mg.log(probabilities)"
        )
    return predictions


def _farthest_from_1(sums: Any) -> tuple[Any, Any]:
    """Where the sum of a row is farthest from 1, or NaN, and that sum."""
    place = np.unravel_index(int(np.argmax(np.abs(sums - 1.0))), sums.shape)
    return (int(place[0]) if len(place) == 1 else [int(each) for each in place]), sums[place]


def check_options(
    class_weights: Any, ignore_index: Any, label_smoothing: Any, classes: int, loss: str
) -> tuple[Any, float]:
    """The weights of the classes as an array, or None, and the label smoothing, if all options mean something."""
    smoothing = number(label_smoothing, loss, "label_smoothing")
    if not 0.0 <= smoothing < 1.0:
        raise ValueError(f"{loss}: label_smoothing is a share, from 0 to less than 1, not {smoothing:.6g}")
    if ignore_index is not None and (
        isinstance(ignore_index, (bool, np.bool)) or not isinstance(ignore_index, (int, np.integer))
    ):
        raise TypeError(f"{loss}: ignore_index is a label, an integer, not {ignore_index!r}")
    if class_weights is None:
        return None, smoothing
    check_constant(class_weights, loss, "class_weights=", "class_weights.detach()")
    check_real(class_weights, loss, "argument class_weights")
    if shape_of(class_weights) != (classes,):
        raise ValueError(
            f"{loss}: class_weights have shape {(classes,)}, one number for each class, not {shape_of(class_weights)}"
        )
    array = array_of(plain(class_weights)).astype(float)
    check_weights(array, f"{loss}: class_weights")
    return array, smoothing
