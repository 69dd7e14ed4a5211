"""How many of the samples that are said to be of a class are, and how many that are of it are found?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.training.metrics.answers import classes_of
from minigrad.training.metrics.metric import Metric, Statistics

_AVERAGES = ("binary", "macro", "micro")


class _OfClasses(Metric):
    """Base of measures that count, for each class, right answers, answers and samples."""

    _short: str

    def __init__(self, average: str = "binary", *, threshold: float = 0.5) -> None:
        own = type(self).__name__
        if not isinstance(average, str) or average not in _AVERAGES:
            given = f"an array of shape {average.shape}" if hasattr(average, "shape") else repr(average)
            hint = "" if isinstance(average, str) else f"; write metrics=[mg.metrics.{own}()], and the samples later"
            raise (ValueError if isinstance(average, str) else TypeError)(
                f'{own}: average is "binary", "macro" or "micro", not {given}{hint}'
            )
        if isinstance(threshold, bool) or not isinstance(threshold, (int, float, np.integer, np.floating)):
            raise TypeError(f"{own}: threshold is a number, 0.5 for probabilities or 0.0 for logits, not {threshold!r}")
        if not math.isfinite(threshold):
            raise ValueError(f"{own}: threshold is a finite number, not {threshold}")
        super().__init__(self._short if average == "binary" else f"{self._short}_{average}")
        self.average = average
        self.threshold = float(threshold)

    def __repr__(self) -> str:
        given = [] if self.average == "binary" else [repr(self.average)]
        given += [] if self.threshold == 0.5 else [f"threshold={self.threshold}"]
        return f"{type(self).__name__}({', '.join(given)})"

    def statistics(self, prediction: Any, target: Any) -> Statistics:
        """For each class: how often it is named rightly, how often it is named, and how many samples are of it."""
        own = type(self).__name__
        predicted, truth, classes = classes_of(prediction, target, own, self.threshold)
        if self.average == "binary" and classes != 2:
            raise ValueError(
                f"{own}: there are {classes} classes (predictions of shape {np.shape(prediction)}); write "
                f'{own}("macro") for the mean over them, or "micro" for all answers together'
            )
        truth = truth.astype(np.int64)
        return {
            "right": np.bincount(truth[predicted == truth], minlength=classes),
            "answers": np.bincount(predicted, minlength=classes),
            "samples": np.bincount(truth, minlength=classes),
        }

    def value(self, statistics: Statistics) -> float:
        """The share for class 1, its mean over the classes, or that of all classes together."""
        right, answers, samples = (statistics[name] for name in ("right", "answers", "samples"))
        if self.average == "binary":
            right, answers, samples = right[1:], answers[1:], samples[1:]
        elif self.average == "macro":
            occur = (answers > 0) | (samples > 0)
            right, answers, samples = right[occur], answers[occur], samples[occur]
        else:
            right, answers, samples = right.sum(), answers.sum(), samples.sum()
        part, whole = self._part_of_whole(right, answers, samples)
        return float(np.mean(np.where(whole > 0, part / np.maximum(whole, 1), 0.0)))

    def _part_of_whole(self, right: Any, answers: Any, samples: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        raise NotImplementedError


class Precision(_OfClasses):
    """The share of the samples said to be of a class that are of it: TP / (TP + FP).

    TP, FP and FN are true positives, false positives and false negatives. Where nothing is said to be of a class, the
    share is 0. It is recorded as ``precision``, ``precision_macro`` or ``precision_micro``.

    Args:
        average: "binary" for class 1 of two classes; "macro" for the mean over the classes that occur among predictions
            or targets; "micro" for TP and FP of all classes together.
        threshold: predictions of one column mean class 1 from here on: 0.5 for probabilities, 0.0 for logits. Of
            several columns the largest counts, and threshold is left out.

    Predictions and targets are those of `accuracy`.

    Raises:
        ValueError, TypeError: for another average or threshold, for more than two classes with "binary", for a
            threshold where there are several columns, and as `accuracy`.

    Examples:
        >>> mg.metrics.Precision()(np.array([0.9, 0.8, 0.1]), np.array([1, 0, 1]))
        0.5
    """

    _short = "precision"

    def _part_of_whole(self, right: Any, answers: Any, samples: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        return right, answers


class Recall(_OfClasses):
    """The share of the samples of a class that are found: TP / (TP + FN).

    Where no sample is of a class, the share is 0. It is recorded as ``recall``, ``recall_macro`` or ``recall_micro``.

    Args:
        average, threshold: as for `Precision`.

    Raises:
        ValueError, TypeError: as `Precision`.

    Examples:
        >>> mg.metrics.Recall()(np.array([0.9, 0.8, 0.1, 0.6]), np.array([1, 0, 1, 1]))
        0.6666666666666666
    """

    _short = "recall"

    def _part_of_whole(self, right: Any, answers: Any, samples: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        return right, samples


class F1(_OfClasses):
    """The harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).

    Where a class is neither named nor there, it is 0. It is recorded as ``f1``, ``f1_macro`` or ``f1_micro``.

    Args:
        average, threshold: as for `Precision`.

    Raises:
        ValueError, TypeError: as `Precision`.

    Examples:
        >>> mg.metrics.F1("macro")(np.eye(3), np.array([0, 1, 2]))
        1.0
    """

    _short = "f1"

    def _part_of_whole(self, right: Any, answers: Any, samples: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        return 2 * right, answers + samples
