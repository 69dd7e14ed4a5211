"""How often is a prediction right?"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.engine.apply import plain


def accuracy(prediction: Any, target: Any) -> float:
    """The share of samples that are classified correctly.

    Args:
        prediction: scores or probabilities of shape (N, K), of which the largest counts; or probabilities of shape
            (N,) or (N, 1), which mean yes from 0.5 on.
        target: labels of shape (N,) or one-hot rows of shape (N, K); 0 or 1 in the shape of the probabilities.

    Raises:
        ValueError: for shapes that do not belong together, or no samples.

    Example:
        >>> mg.accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
        0.5
    """
    scores, truth = np.asarray(plain(prediction)), np.asarray(plain(target))
    if not scores.size:
        raise ValueError(f"accuracy: there are no samples (shape {scores.shape})")
    if scores.shape == truth.shape and (scores.ndim == 1 or scores.shape[1:] == (1,)):
        return float(np.mean((scores >= 0.5) == (truth >= 0.5)))
    if scores.ndim == 2 and truth.shape == scores.shape:
        truth = truth.argmax(axis=1)
    # The largest of a single score says nothing.
    if scores.ndim != 2 or scores.shape[1] == 1 or truth.shape != scores.shape[:1]:
        raise ValueError(f"accuracy: predictions of shape {scores.shape} and targets of shape {truth.shape}")
    return float(np.mean(scores.argmax(axis=1) == truth))
