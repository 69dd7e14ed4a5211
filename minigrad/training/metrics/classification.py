"""How often is the right class named, and what is it taken for?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.training.metrics.answers import checked, classes_of, labels_of
from minigrad.training.metrics.metric import Metric, Statistics


def accuracy(prediction: Any, target: Any) -> float:
    """The share of samples that are classified correctly.

    Args:
        prediction: scores or probabilities of shape (N, K) or (N, ..., K), of which the largest counts; or
            probabilities of shape (N,) or (N, 1), which mean yes from 0.5 on.
        target: labels of shape (N,) or (N, ...), or one-hot rows of the shape of the scores; 0 or 1 in the shape of the
            probabilities.

    Raises:
        ValueError: for shapes that do not belong together, no samples, NaN, labels out of range, one-hot rows without
            a single largest element, or predictions of one column outside [0, 1].
        TypeError: for labels that are not integers.

    Examples:
        >>> mg.accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
        0.5
    """
    predicted, truth, _ = classes_of(prediction, target, "accuracy")
    return float(np.mean(predicted == truth))


def confusion_matrix(prediction: Any, target: Any) -> NDArray[np.int64]:
    """How many samples of each class are taken for which class.

    The element in row i and column j is the number of samples of class i that are predicted to be j. Classes that never
    occur have zeros. For a model, write ``confusion_matrix(mg.predict(model, x), y)``.

    Args:
        prediction, target: as for `accuracy`; predictions of one column mean the classes 0 and 1.

    Returns:
        Integers of shape (K, K).

    Raises:
        ValueError, TypeError: as for `accuracy`.

    Examples:
        >>> mg.metrics.confusion_matrix(np.array([0.9, 0.2, 0.7]), np.array([1, 0, 0]))
        array([[1, 1],
               [0, 1]])
    """
    predicted, truth, classes = classes_of(prediction, target, "confusion_matrix")
    counts = np.bincount(truth.astype(np.int64) * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


class Accuracy(Metric):
    """`accuracy` without the samples of one label, such as the places where sequences are filled up.

    It is recorded as ``accuracy``.

    Args:
        ignore_index: the label of samples that do not count, as of `minigrad.losses.cross_entropy`.

    Predictions are scores of shape (N, K) or (N, ..., K), targets labels of shape (N,) or (N, ...). Where no sample
    counts, it is NaN.

    Raises:
        TypeError: for a label that is not an integer; and TypeError and ValueError as `accuracy`.

    Examples:
        >>> scores, labels = np.array([[[0.9, 0.1], [0.2, 0.8], [0.0, 0.0]]]), np.array([[0, 0, -1]])
        >>> mg.metrics.Accuracy(ignore_index=-1)(scores, labels)
        0.5
    """

    def __init__(self, ignore_index: int) -> None:
        if isinstance(ignore_index, bool) or not isinstance(ignore_index, (int, np.integer)):
            raise TypeError(f"Accuracy: ignore_index is a label, such as -1, not {_shown(ignore_index)}")
        super().__init__("accuracy")
        self.ignore_index = int(ignore_index)

    def __repr__(self) -> str:
        return f"Accuracy(ignore_index={self.ignore_index})"

    def statistics(self, prediction: Any, target: Any) -> Statistics:
        """How many samples count, and how many of them are right."""
        scores, truth = checked(prediction, target, "Accuracy")
        if truth.shape != scores.shape[:-1]:
            raise ValueError(
                f"Accuracy: predictions of shape {scores.shape} go with labels of shape {scores.shape[:-1]}, not "
                f"{truth.shape}"
            )
        counts = truth != self.ignore_index
        # A label in range stands for what does not count.
        scores, labels = labels_of(scores, np.where(counts, truth, truth.dtype.type(0)), "Accuracy")
        right = (scores.argmax(axis=1) == labels) & counts.ravel()
        return {"right": np.array(np.count_nonzero(right)), "samples": np.array(np.count_nonzero(counts))}

    def value(self, statistics: Statistics) -> float:
        """The right ones as a share of those that count."""
        samples = int(statistics["samples"])
        return float(statistics["right"]) / samples if samples else float("nan")


class TopKAccuracy(Metric):
    """The share of samples whose class has one of the k largest scores, recorded as ``top_5_accuracy`` for k = 5.

    Of equal scores the earlier class counts as larger, so k = 1 gives `accuracy`.

    Args:
        k: how many classes may be named, at least 1.

    Predictions are scores of shape (N, K), targets labels of shape (N,) or one-hot rows of shape (N, K).

    Raises:
        TypeError, ValueError: for a k that is no such number, or larger than the number of classes; and as `accuracy`.

    Examples:
        >>> mg.metrics.TopKAccuracy(2)(np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]]), np.array([1, 2]))
        0.5
    """

    def __init__(self, k: int) -> None:
        if isinstance(k, bool) or not isinstance(k, (int, np.integer)):
            raise TypeError(f"TopKAccuracy: k is an integer, such as 5, not {_shown(k)}")
        if k < 1:
            raise ValueError(f"TopKAccuracy: k is at least 1, not {k}")
        super().__init__(f"top_{k}_accuracy")
        self.k = int(k)

    def __repr__(self) -> str:
        return f"TopKAccuracy({self.k})"

    def statistics(self, prediction: Any, target: Any) -> Statistics:
        """How many samples there are, and how many of them are right."""
        scores, truth = checked(prediction, target, "TopKAccuracy")
        scores, labels = labels_of(scores, truth, "TopKAccuracy")
        if self.k > scores.shape[1]:
            raise ValueError(
                f"TopKAccuracy: there are no {self.k} largest of {scores.shape[1]} scores (predictions of shape "
                f"{scores.shape})"
            )
        own = np.take_along_axis(scores, labels[:, np.newaxis].astype(np.int64), axis=1)
        earlier = np.arange(scores.shape[1]) < labels[:, np.newaxis]
        before = np.count_nonzero((scores > own) | ((scores == own) & earlier), axis=1)
        return {"right": np.array(np.count_nonzero(before < self.k)), "samples": np.array(len(labels))}

    def value(self, statistics: Statistics) -> float:
        """The right ones as a share of all."""
        return float(statistics["right"] / statistics["samples"])


def _shown(value: Any) -> str:
    return f"an array of shape {value.shape}" if hasattr(value, "shape") else repr(value)
