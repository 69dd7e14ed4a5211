"""Which classes and which probabilities do a prediction and a target mean?

A prediction is scores or probabilities of shape (N, K), or probabilities of the second of two classes of shape (N,) or
(N, 1), or labels of shape (N,); a target is labels of shape (N,) or one-hot rows of shape (N, K). So it is for
`minigrad.accuracy`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.engine.values import plain
from minigrad.ops import softmax

# By how much the sum of a row of probabilities may differ from 1: float16 has three digits.
_ROUNDING = 2e-3


def real_array(function: str, name: str, values: Any) -> NDArray[Any]:
    """The values as an array of real numbers without NaN, of at least one sample.

    Raises:
        TypeError, ValueError: for anything else.
    """
    array = np.asarray(plain(values))
    if array.dtype.kind not in "biuf":
        raise TypeError(f"plot.{function}: the {name} holds {array.dtype}, not real numbers")
    if array.ndim == 0 or not array.size:
        raise ValueError(f"plot.{function}: the {name} holds no samples (shape {array.shape})")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ValueError(f"plot.{function}: the {name} holds NaN")
    return array


def predicted_labels(function: str, prediction: Any) -> tuple[NDArray[Any], int | None]:
    """The class that is predicted for each sample, and how many there are, where the prediction tells."""
    values = real_array(function, "prediction", prediction)
    if values.ndim == 1 and values.dtype.kind in "iub":
        return _not_negative(function, "prediction", values), None
    if _is_one_column(values):
        return (_unit_column(function, values) >= 0.5).astype(int), 2
    if values.ndim != 2:
        raise ValueError(
            f"plot.{function}: a prediction is scores of shape (N, K) or labels of shape (N,); this one has shape "
            f"{values.shape}"
        )
    return values.argmax(axis=1), values.shape[1]


def probabilities(
    function: str,
    prediction: Any,
    instead: tuple[str, str] = ("mg.softmax(prediction, axis=1)", "mg.sigmoid(logits)"),
) -> NDArray[Any]:
    """The probability of each class for each sample, of shape (N, K).

    Rows that are probabilities are taken as they are; of other scores the softmax is taken.

    Args:
        function: of the user's, for messages.
        prediction: scores or probabilities.
        instead: what to write where scores could be taken for probabilities, and for logits of one column.

    Raises:
        ValueError: for rows between 0 and 1 that do not sum to 1, which could be meant in two ways.
    """
    values = real_array(function, "prediction", prediction)
    if values.dtype.kind != "f":
        raise ValueError(
            f"plot.{function}: a prediction is scores or probabilities, floating-point numbers of shape (N, K); this "
            f"one holds {values.dtype}, of shape {values.shape}: give what the model returns, and not its argmax"
        )
    if _is_one_column(values):
        second = _unit_column(function, values, instead[1]).astype(np.float64)
        return np.stack([1.0 - second, second], axis=1)
    if values.ndim != 2:
        raise ValueError(f"plot.{function}: a prediction has shape (N, K); this one has shape {values.shape}")
    values = values.astype(np.float64)
    if values.min() < 0.0 or values.max() > 1.0:
        if not np.isfinite(values).all():
            raise ValueError(f"plot.{function}: the prediction holds infinite scores")
        found: NDArray[Any] = softmax(values, axis=1)
        return found
    sums = values.sum(axis=1)
    if np.abs(sums - 1.0).max() > _ROUNDING:
        row = int(np.abs(sums - 1.0).argmax())
        raise ValueError(
            f"plot.{function}: all of the prediction lies between 0 and 1, but row {row} sums to {sums[row]:.4g}; of "
            f"scores give {instead[0]}"
        )
    return values


def true_labels(function: str, target: Any, samples: int, classes: int | None) -> NDArray[Any]:
    """The class of each sample.

    Args:
        function: of the user's, for messages.
        target: labels of shape (N,), one-hot rows of shape (N, K), or 0 and 1 of shape (N, 1).
        samples: N.
        classes: K, where it is known.
    """
    values = real_array(function, "target", target)
    if values.ndim == 2 and values.shape[1] > 1:
        if classes not in (None, values.shape[1]):
            raise ValueError(
                f"plot.{function}: the target has rows of {values.shape[1]} classes, and the prediction {classes}"
            )
        if ((values != 0) & (values != 1)).any() or (values.sum(axis=1) != 1).any():
            raise ValueError(f"plot.{function}: a row of a one-hot target has one 1 and zeros; give labels otherwise")
        values = values.argmax(axis=1)
    elif classes == 2 and _is_one_column(values) and np.isin(values, (0, 1)).all():
        values = values.reshape(-1).astype(int)
    if values.ndim != 1:
        hint = "; write target[:, 0]" if values.shape[1:] == (1,) else ""
        raise ValueError(f"plot.{function}: labels have shape (N,); these have shape {values.shape}{hint}")
    if values.dtype.kind not in "iub":
        raise TypeError(f"plot.{function}: labels are integers, not {values.dtype}; write target.astype(int)")
    if len(values) != samples:
        raise ValueError(f"plot.{function}: {samples} samples but {len(values)} labels")
    _not_negative(function, "target", values)
    if classes is not None and values.max() >= classes:
        raise ValueError(
            f"plot.{function}: labels go from 0 to {classes - 1} for {classes} classes; the largest is {values.max()}"
        )
    return values.astype(int)


def class_names(function: str, names: Sequence[str] | None, classes: int) -> list[str]:
    """The names that were given, or the numbers of the classes."""
    if names is None:
        return [str(label) for label in range(classes)]
    if isinstance(names, str) or not isinstance(names, (Sequence, np.ndarray)):
        raise TypeError(f"plot.{function}: names is a {type(names).__name__}; give a list with a name for each class")
    if len(names) != classes:
        raise ValueError(f"plot.{function}: there are {classes} classes, and {len(names)} names")
    return [str(name) for name in names]


def _is_one_column(values: NDArray[Any]) -> bool:
    return values.ndim == 1 or (values.ndim == 2 and values.shape[1] == 1)


def _unit_column(function: str, values: NDArray[Any], instead: str = "mg.sigmoid(logits)") -> NDArray[Any]:
    if values.min() < 0 or values.max() > 1:
        raise ValueError(
            f"plot.{function}: a prediction of one column is probabilities between 0 and 1; these go from "
            f"{values.min():.6g} to {values.max():.6g}: of logits give {instead}, and labels as integers"
        )
    return values.reshape(-1)


def _not_negative(function: str, name: str, labels: NDArray[Any]) -> NDArray[Any]:
    if labels.min() < 0:
        raise ValueError(f"plot.{function}: labels count from 0; the smallest of the {name} is {labels.min()}")
    return labels.astype(int)
