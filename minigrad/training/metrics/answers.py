"""Which class does a prediction name, and which is the right one?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.training.metrics.numbers import numbers

Array = NDArray[Any]


def classes_of(prediction: Any, target: Any, name: str, threshold: float = 0.5) -> tuple[Array, Array, int]:
    """The class of each prediction, the right class, and how many classes there are.

    Args:
        prediction: scores or probabilities of shape (N, K) or (N, ..., K), of which the largest counts; or numbers of
            shape (N,) or (N, 1), which mean class 1 from the threshold on, and class 0 below it.
        target: labels of shape (N,) or (N, ...), or one-hot rows of the shape of the scores; 0 or 1 in the shape of the
            numbers.
        name: of the metric, for messages.
        threshold: where it lies between 0 and 1, the predictions of one column are probabilities.

    Raises:
        ValueError: for shapes that do not belong together, no samples, NaN, labels out of range, one-hot rows without
            a single largest element, predictions of one column that are no probabilities, or another threshold than
            0.5 for several columns.
        TypeError: for labels that are not integers.
    """
    scores, truth = checked(prediction, target, name)
    if scores.shape == truth.shape and (scores.ndim == 1 or scores.shape[1:] == (1,)):
        if 0.0 < threshold < 1.0:
            has_threshold = name not in ("accuracy", "confusion_matrix")
            hint = "for logits write threshold=0.0" if has_threshold else "of logits take mg.sigmoid(logits)"
            what = "predictions of one column are probabilities and"
            _check_unit(name, what, scores, f"; {hint}")
        _check_unit(name, "targets", truth, "")
        return (scores >= threshold).ravel().astype(np.int64), (truth >= 0.5).ravel().astype(np.int64), 2
    if threshold != 0.5:
        raise ValueError(
            f"{name}: the threshold of {threshold} is for predictions of one column, and these have shape "
            f"{scores.shape}; give prediction[:, 1] of two classes, or leave threshold out for the largest score"
        )
    scores, labels = labels_of(scores, truth, name)
    return scores.argmax(axis=1), labels, scores.shape[1]


def checked(prediction: Any, target: Any, name: str) -> tuple[Array, Array]:
    """Both as arrays of real numbers, without NaN.

    Raises:
        ValueError: for no samples, or NaN.
        TypeError: for what are no real numbers.
    """
    scores, truth = numbers(prediction, target, name)
    for what, values in (("prediction", scores), ("target", truth)):
        if values.dtype.kind == "f" and np.isnan(values).any():
            raise ValueError(f"{name}: the {what} holds NaN (shape {values.shape})")
    return scores, truth


def labels_of(scores: Array, truth: Array, name: str) -> tuple[Array, Array]:
    """Scores of shape (N, K), and the right class of each sample, from labels or one-hot rows.

    Of scores of shape (N, ..., K), all positions count as samples.

    Raises:
        ValueError: for shapes that do not belong together, labels out of range, or rows without a largest element.
        TypeError: for labels that are not integers.
    """
    if scores.ndim > 2 and truth.shape in (scores.shape, scores.shape[:-1]):
        truth = truth.reshape(-1) if truth.ndim < scores.ndim else truth.reshape(-1, truth.shape[-1])
        scores = scores.reshape(-1, scores.shape[-1])
    # The largest of a single score says nothing.
    if scores.ndim != 2 or scores.shape[1] == 1 or truth.shape not in (scores.shape, scores.shape[:1]):
        raise ValueError(
            f"{name}: predictions of shape {scores.shape} and targets of shape {truth.shape}{_hint(scores, truth)}"
        )
    if truth.ndim == 2:
        largest = truth == truth.max(axis=1, keepdims=True)
        if (largest.sum(axis=1) != 1).any():
            row = int(np.argmax(largest.sum(axis=1) != 1))
            raise ValueError(
                f"{name}: each row of targets has one largest element; row {row} is {truth[row]} (shape {truth.shape})"
            )
        return scores, np.asarray(truth.argmax(axis=1))
    if truth.dtype.kind not in "iu":
        raise TypeError(
            f"{name}: labels are integers, not {truth.dtype}; write target.astype(int) (shape {truth.shape})"
        )
    classes = scores.shape[1]
    if truth.min() < 0 or truth.max() >= classes:
        hint = ""
        if name == "accuracy" and truth.min() < 0:
            hint = f"; where {truth.min()} stands for no label, give mg.metrics.Accuracy(ignore_index={truth.min()})"
        raise ValueError(
            f"{name}: labels go from 0 to {classes - 1} for {classes} classes; these go from {truth.min()} to "
            f"{truth.max()} (predictions of shape {scores.shape}, targets of shape {truth.shape}){hint}"
        )
    return scores, truth


def _check_unit(name: str, what: str, values: Array, hint: str) -> None:
    if values.min() < 0 or values.max() > 1:
        raise ValueError(
            f"{name}: {what} lie in [0, 1]; these go from {values.min():.6g} to {values.max():.6g}{hint} "
            f"(shape {values.shape})"
        )


def _hint(scores: Array, truth: Array) -> str:
    """What to write for shapes that are nearly right."""
    if truth.shape == (*scores.shape[:1], 1):
        return "; write target[:, 0]"
    if scores.ndim == 2 and scores.shape[1] == 1 and truth.shape == scores.shape[:1]:
        return "; write prediction[:, 0]"
    if scores.ndim > 2:
        return f"; the target has shape {scores.shape[:-1]}, or that of the prediction"
    return "; predictions of shape (N, K) go with labels of shape (N,) or one-hot rows of shape (N, K)"
