"""What does a loss of classes compute, where samples and classes may count differently?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain
from minigrad.losses.classes import all_to_the_first, check_distributions, check_options, in_range, one_hot
from minigrad.losses.weighting import Weighting
from minigrad.ops import astype, sum, take_along_axis, where


def loss_of_classes(
    loss: str,
    logarithms_of: Callable[[Any], Any],
    prediction: Any,
    target: Any,
    has_labels: bool,
    *,
    instead: float,
    reduction: str,
    weights: Any,
    class_weights: Any,
    ignore_index: Any,
    label_smoothing: Any,
) -> Any:
    """A loss of the logarithms of probabilities.

    Args:
        loss: its name.
        logarithms_of: makes them of the prediction.
        prediction, target, has_labels: as `belonging` gives them.
        instead: stands in the place of a prediction that does not count.
        reduction, weights, class_weights, ignore_index, label_smoothing: as for `cross_entropy`.
    """
    classes = prediction.shape[-1]
    of_classes, smoothing = check_options(class_weights, ignore_index, label_smoothing, classes, loss)
    if ignore_index is not None and not has_labels:
        raise ValueError(
            f"{loss}: ignore_index= is a label, but the target has rows of probabilities; give those that do not count "
            "weights= of 0"
        )
    ignored = None if ignore_index is None else np.equal(target, ignore_index)
    weighting = Weighting(loss, reduction, weights, prediction.shape[:-1], "sample", ignored)
    rows = logarithms_of(weighting.kept(prediction, instead))
    if of_classes is not None:
        # Weights of rare classes are too large for half precision, or those of others too small.
        of_classes = of_classes.astype(np.result_type(prediction.dtype, np.float32))
    if has_labels:
        target = in_range(weighting.kept(target, 0), classes, loss)
        # Labels that stand in for an array look nothing up in an array, and do in a Tensor.
        counts = None if of_classes is None else plain(Tensor(of_classes)[target])
        if smoothing == 0.0:
            right = take_along_axis(rows, np.expand_dims(target, -1), -1)[..., 0]
            terms = -right if counts is None else -counts * where(np.greater(counts, 0.0), right, 0.0)
            return _reduced(weighting, terms, counts, prediction)
        target = one_hot(target, prediction)
    else:
        target = weighting.kept(target, all_to_the_first)
        check_distributions(target, loss)
        counts = None if of_classes is None else sum(target * of_classes, axis=-1)
    if smoothing != 0.0:
        target = (1.0 - smoothing) * target + smoothing / classes
    terms = -_expected(target if of_classes is None else target * of_classes, rows)
    return _reduced(weighting, terms, counts, prediction)


def _reduced(weighting: Weighting, terms: Any, counts: Any, prediction: Any) -> Any:
    """What the terms are together, in the dtype of the prediction."""
    found = weighting.reduced(terms, counts)
    return found if found.dtype == prediction.dtype else astype(found, prediction.dtype)


def _expected(shares: Any, logarithms: Any) -> Any:
    """The sum of shares times logarithms over the last axis."""
    # A class that is ruled out, with a logit of -inf, costs nothing where the target rules it out too: 0 times its
    # logarithm would be NaN.
    counted = np.logical_or(np.greater(shares, 0.0), np.isfinite(logarithms))
    return sum(shares * where(counted, logarithms, 0.0), axis=-1)
