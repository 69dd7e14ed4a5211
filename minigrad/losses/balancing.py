"""How much should each class weigh, where some are rarer than others?"""

from __future__ import annotations

import numpy as np

from minigrad.engine.annotations import Array, Numbers
from minigrad.engine.stand_ins import StandIn, array_of
from minigrad.engine.tensor import Tensor
from minigrad.engine.values import plain
from minigrad.losses.checks import check_real


def class_weights(labels: Tensor | Numbers, classes: int | None = None) -> Array:
    """Weights with which every class counts for as much as any other: N / (K n_k) for the class k.

    Of N labels, n_k are k; there are K classes. These are the "balanced" weights of scikit-learn. They are for
    ``class_weights=`` of `cross_entropy` and `nll`. For other losses, ``weights=class_weights[labels]``.

    King and Zeng (2001), "Logistic regression in rare events data", Political Analysis 9(2), section 4.

    Args:
        labels: integers from 0 to K - 1, of any shape: those of all data, not those of a batch; no one-hot rows.
        classes: how many classes there are, K; by default the largest label plus 1.

    Returns:
        An array of float64, of shape (K,).

    Raises:
        ValueError: for no labels, labels out of range, one-hot rows, or a class without any label, whose weight would
            be infinite.
        TypeError: for labels that are not integers, or a number of classes that is none.

    Examples:
        >>> losses.class_weights([0, 0, 0, 1])
        array([0.66666667, 2.        ])
    """
    check_real(labels, "class_weights", "argument labels")
    array = array_of(plain(labels))
    if isinstance(array, StandIn):
        raise TypeError(
            "class_weights: the labels are an input of a function that is recorded; compute the weights of all data "
            "before, and give them to the function"
        )
    if not array.size:
        raise ValueError("class_weights: there are no labels")
    if array.dtype.kind not in "iu":
        raise TypeError(f"class_weights: labels are integers, not {array.dtype}: write labels.astype(int)")
    if _are_one_hot(array):
        raise ValueError(
            f"class_weights: the labels of shape {array.shape} are one-hot rows; write labels.argmax(axis=-1). Where "
            "they are labels nevertheless, write labels.ravel()"
        )
    if array.min() < 0:
        raise ValueError(
            f"class_weights: labels go from 0 on; these go from {array.min()} to {array.max()}; leave out those that "
            "do not count, labels[labels >= 0]"
        )
    if classes is None:
        classes = int(array.max()) + 1
    if isinstance(classes, (bool, np.bool)) or not isinstance(classes, (int, np.integer)):
        raise TypeError(f"class_weights: classes is a whole number, how many there are, not {classes!r}")
    if array.max() >= classes:
        raise ValueError(
            f"class_weights: labels go from 0 to {classes - 1} for {classes} classes; these go from {array.min()} to "
            f"{array.max()}"
        )
    counts = np.bincount(array.ravel().astype(np.int64), minlength=classes)
    if not counts.all():
        raise ValueError(
            f"class_weights: no label is {int(np.argmin(counts))}, so that the weight of that class would be infinite; "
            "give weights of your own, an array of one number for each class"
        )
    weights: Array = array.size / (classes * counts)
    return weights


def _are_one_hot(array: Array) -> bool:
    """Whether each row has several elements, of which one is 1 and all others are 0."""
    if array.ndim < 2 or array.shape[-1] < 2:
        return False
    return bool(((array == 0) | (array == 1)).all() and (array.sum(axis=-1) == 1).all())
