"""How often is a prediction right?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.values import plain


def accuracy(prediction: Any, target: Any) -> float:
    """The share of samples that are classified correctly.

    Args:
        prediction: scores or probabilities of shape (N, K), of which the largest counts; or probabilities of shape
            (N,) or (N, 1), which mean yes from 0.5 on.
        target: labels of shape (N,) or one-hot rows of shape (N, K); 0 or 1 in the shape of the probabilities.

    Raises:
        ValueError: for shapes that do not belong together, no samples, NaN, labels out of range, one-hot rows without
            a single largest element, or predictions of one column outside [0, 1].
        TypeError: for labels that are not integers.

    Examples:
        >>> mg.accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
        0.5
    """
    scores, truth = np.asarray(plain(prediction)), np.asarray(plain(target))
    if not scores.size:
        raise ValueError(f"accuracy: there are no samples (shape {scores.shape})")
    for name, values in (("prediction", scores), ("target", truth)):
        if values.dtype.kind not in "biuf":
            raise TypeError(f"accuracy: the {name} holds {values.dtype}, not real numbers")
        if values.dtype.kind == "f" and np.isnan(values).any():
            raise ValueError(f"accuracy: the {name} holds NaN")
    if scores.shape == truth.shape and (scores.ndim == 1 or scores.shape[1:] == (1,)):
        _check_unit("predictions of one column are probabilities and", scores, "; of logits take mg.sigmoid(logits)")
        _check_unit("targets", truth, "")
        return float(np.mean((scores >= 0.5) == (truth >= 0.5)))
    # The largest of a single score says nothing.
    if scores.ndim != 2 or scores.shape[1] == 1 or truth.shape not in (scores.shape, scores.shape[:1]):
        raise ValueError(
            f"accuracy: predictions of shape {scores.shape} and targets of shape {truth.shape}{_hint(scores, truth)}"
        )
    return float(np.mean(scores.argmax(axis=1) == (_labels(truth, scores.shape[1]))))


def _labels(truth: NDArray[Any], classes: int) -> NDArray[Any]:
    """The class of each sample, from labels or one-hot rows."""
    if truth.ndim == 2:
        largest = truth == truth.max(axis=1, keepdims=True)
        if (largest.sum(axis=1) != 1).any():
            row = int(np.argmax(largest.sum(axis=1) != 1))
            raise ValueError(f"accuracy: each row of targets has one largest element; row {row} is {truth[row]}")
        return np.asarray(truth.argmax(axis=1))
    if truth.dtype.kind not in "iu":
        raise TypeError(f"accuracy: labels are integers, not {truth.dtype}; write target.astype(int)")
    if truth.min() < 0 or truth.max() >= classes:
        raise ValueError(
            f"accuracy: labels go from 0 to {classes - 1} for {classes} classes; these go from {truth.min()} to "
            f"{truth.max()}"
        )
    return truth


def _check_unit(what: str, values: NDArray[Any], hint: str) -> None:
    if values.min() < 0 or values.max() > 1:
        raise ValueError(
            f"accuracy: {what} lie in [0, 1]; these go from {values.min():.6g} to {values.max():.6g}{hint}"
        )


def _hint(scores: NDArray[Any], truth: NDArray[Any]) -> str:
    """What to write for shapes that are nearly right."""
    if truth.shape == (*scores.shape[:1], 1):
        return "; write target[:, 0]"
    if scores.ndim == 2 and scores.shape[1] == 1 and truth.shape == scores.shape[:1]:
        return "; write prediction[:, 0]"
    if scores.ndim > 2:
        return f"; write prediction.reshape(-1, {scores.shape[-1]}), and the target to match"
    return "; predictions of shape (N, K) go with labels of shape (N,) or one-hot rows of shape (N, K)"
