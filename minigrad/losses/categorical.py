"""How wrong is a prediction of one of several classes?"""

from __future__ import annotations

import math
from typing import Any, Literal, overload

import numpy as np

from minigrad.engine.annotations import Array, Numbers
from minigrad.engine.tensor import Tensor
from minigrad.losses.checks import warn_of_probabilities
from minigrad.losses.classes import belonging, check_log_probabilities, in_range
from minigrad.losses.of_classes import loss_of_classes
from minigrad.losses.weighting import Reduction, Weights
from minigrad.ops import log_softmax, reshape
from minigrad.ops.nn.losses import label_cross_entropy


@overload
def cross_entropy(
    logits: Tensor,
    target: Tensor | Numbers,
    *,
    reduction: Reduction = "mean",
    weights: Weights = None,
    class_weights: Weights = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> Tensor: ...
@overload
def cross_entropy(
    logits: Numbers,
    target: Tensor,
    *,
    reduction: Reduction = "mean",
    weights: Weights = None,
    class_weights: Weights = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> Tensor: ...
@overload
def cross_entropy(
    logits: Numbers,
    target: Numbers,
    *,
    reduction: Literal["mean", "sum"] = "mean",
    weights: Weights = None,
    class_weights: Weights = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> np.floating[Any]: ...
@overload
def cross_entropy(
    logits: Numbers,
    target: Numbers,
    *,
    reduction: Literal["none"],
    weights: Weights = None,
    class_weights: Weights = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> Array: ...


def cross_entropy(
    logits: Any,
    target: Any,
    *,
    reduction: Any = "mean",
    weights: Any = None,
    class_weights: Any = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> Any:
    """Cross-entropy of softmax(logits): the mean over samples of l = -sum(t log softmax(z)).

    A label y stands for the row t that is 1 at y and 0 elsewhere. With weights w of the samples and c of the classes,
    the loss of a sample is l = -sum(c s log softmax(z)), and the mean is sum(w l) / sum(w sum(c t)), where
    s = (1 - e) t + e / K for a label smoothing of e. So a class that weighs twice as much counts like twice as many
    samples.

    Bishop (2006), "Pattern recognition and machine learning", equation 4.108. Label smoothing: Szegedy et al. (2016),
    "Rethinking the Inception architecture for computer vision", arXiv:1512.00567, section 7.

    Args:
        logits: real numbers z of shape (N, K), or (N, ..., K) for several places in each sample. The classes lie along
            the last axis.
        target: labels, integers from 0 to K - 1 of shape (N, ...); or one-hot rows or probabilities t of shape
            (N, ..., K).
        reduction: "mean"; "sum" for sum(w l); "none" for w l itself, of shape (N, ...).
        weights: one for each label or row, or one for each sample: of shape (N, ...), or its first axes. They are
            finite, not negative and not all 0. Where a weight is 0, nothing is computed: logits and target may be
            anything there.
        class_weights: one for each class, of shape (K,), such as those of `class_weights`; finite and not negative.
        ignore_index: a label that does not count, as if it had weight 0.
        label_smoothing: the share e of each row that is given to all classes equally; from 0 to less than 1.

    Raises:
        ValueError: for shapes that do not belong together, no samples, labels out of range, rows that are not
            probabilities, weights that do not fit, or where no sample counts.
        TypeError: for labels that are not integers, what holds no real numbers, or weights that require a gradient.

    Logits that come out of a softmax are told by a UserWarning: it would be applied twice.

    Examples:
        >>> print(f"{losses.cross_entropy(np.array([[0.0, 0.0]]), [1]):.6f}")
        0.693147
        >>> logits = np.array([[2.0, 0.0], [0.0, 1.0], [3.0, 3.0]])
        >>> losses.cross_entropy(logits, [0, 1, -1], ignore_index=-1, reduction="none")
        array([0.12692801, 0.31326169, 0.        ])
    """
    warn_of_probabilities(logits, "cross_entropy", "softmax", "losses.nll(mg.log(probabilities), target)")
    logits, target, has_labels = belonging(logits, target, "cross_entropy", "logits")
    is_plain = weights is None and class_weights is None and ignore_index is None and label_smoothing == 0.0
    if is_plain and has_labels and reduction == "mean":
        labels = in_range(target, logits.shape[-1], "cross_entropy")
        if logits.ndim > 2:
            logits, labels = reshape(logits, (-1, logits.shape[-1])), labels.reshape(-1)
        return label_cross_entropy(logits, labels)
    return loss_of_classes(
        "cross_entropy",
        log_softmax,
        logits,
        target,
        has_labels,
        instead=0.0,
        reduction=reduction,
        weights=weights,
        class_weights=class_weights,
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
    )


@overload
def nll(
    log_probabilities: Tensor,
    target: Tensor | Numbers,
    *,
    reduction: Reduction = "mean",
    weights: Weights = None,
    class_weights: Weights = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> Tensor: ...
@overload
def nll(
    log_probabilities: Numbers,
    target: Tensor,
    *,
    reduction: Reduction = "mean",
    weights: Weights = None,
    class_weights: Weights = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> Tensor: ...
@overload
def nll(
    log_probabilities: Numbers,
    target: Numbers,
    *,
    reduction: Literal["mean", "sum"] = "mean",
    weights: Weights = None,
    class_weights: Weights = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> np.floating[Any]: ...
@overload
def nll(
    log_probabilities: Numbers,
    target: Numbers,
    *,
    reduction: Literal["none"],
    weights: Weights = None,
    class_weights: Weights = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> Array: ...


def nll(
    log_probabilities: Any,
    target: Any,
    *,
    reduction: Any = "mean",
    weights: Any = None,
    class_weights: Any = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> Any:
    """Negative log-likelihood of the right classes: the mean over samples of -sum(t log p).

    It is `cross_entropy` for a model that gives logarithms of probabilities, such as one that ends in
    `minigrad.nn.LogSoftmax`: ``nll(mg.log_softmax(logits), target)`` is ``cross_entropy(logits, target)``.

    Args:
        log_probabilities: log p, of shape (N, K) or (N, ..., K): the exponentials of each row sum to 1.
        target, reduction, weights, class_weights, ignore_index, label_smoothing: as for `cross_entropy`.

    Raises:
        ValueError: as for `cross_entropy`, and for predictions that are no log-probabilities, such as logits or
            probabilities.
        TypeError: as for `cross_entropy`.

    Examples:
        >>> print(f"{losses.nll(np.log([[0.25, 0.75]]), [1]):.6f}")
        0.287682
    """
    log_probabilities, target, has_labels = belonging(log_probabilities, target, "nll", "log_probabilities")
    return loss_of_classes(
        "nll",
        lambda rows: check_log_probabilities(rows, "nll"),
        log_probabilities,
        target,
        has_labels,
        instead=-math.log(log_probabilities.shape[-1]),
        reduction=reduction,
        weights=weights,
        class_weights=class_weights,
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
    )
