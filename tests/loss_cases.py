"""Arguments of every loss, and what it means, element by element or sample by sample, in plain NumPy and SciPy."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import special, stats

from minigrad import losses

RNG = np.random.default_rng(0)
LABELS = np.array([[0, 2], [2, 1], [3, 0]])


def reals(*shape):
    return RNG.normal(size=shape)


def rows(*shape):
    """Distributions along the last axis."""
    return special.softmax(reals(*shape), axis=-1)


@dataclass
class Case:
    """One loss.

    Attributes:
        loss: the loss.
        prediction, target: arguments; the first axes of the target are those of the terms.
        terms: the loss of each element or sample, of prediction and target.
        safe: whether the prediction may be moved by a step and still be one.
        wrong: targets that are refused where they count.
        more: further arguments that are a part of the prediction.
        options: further arguments.
    """

    loss: Any
    prediction: Any
    target: Any
    terms: Any
    wrong: float = np.nan
    safe: bool = True
    more: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)

    @property
    def shape(self):
        """That of the terms."""
        return self.terms(self.prediction, self.target).shape

    @property
    def name(self):
        return self.loss.__name__ + ("_rows" if self.loss in CLASSES and self.target.dtype.kind == "f" else "")

    def __call__(self, prediction, target, **words):
        return self.loss(prediction, target, **self.more, **self.options, **words)


CLASSES = (losses.cross_entropy, losses.nll)


def picked(logarithms, labels):
    return np.take_along_axis(logarithms, labels[..., None], -1)[..., 0]


LOG_VARIANCE = reals(3, 2)
CASES = [
    Case(losses.mse, reals(3, 2), reals(3, 2), lambda p, y: (p - y) ** 2),
    Case(losses.mae, reals(3, 2), reals(3, 2), lambda p, y: np.abs(p - y)),
    Case(
        losses.huber,
        2 * reals(3, 2),
        reals(3, 2),
        lambda p, y: np.where(np.abs(p - y) <= 0.75, (p - y) ** 2 / 2, 0.75 * (np.abs(p - y) - 0.375)),
        options={"delta": 0.75},
    ),
    Case(
        losses.bce,
        RNG.uniform(0.1, 0.9, (3, 2)),
        RNG.uniform(size=(3, 2)),
        lambda p, y: -y * np.log(p) - (1 - y) * np.log(1 - p),
    ),
    Case(
        losses.bce_with_logits,
        reals(3, 2),
        RNG.uniform(size=(3, 2)),
        lambda z, y: -y * special.log_expit(z) - (1 - y) * special.log_expit(-z),
    ),
    Case(losses.hinge, reals(3, 2), np.array([[1.0, -1], [-1, 1], [1, 1]]), lambda z, y: np.maximum(0, 1 - y * z)),
    Case(losses.cross_entropy, reals(3, 2, 4), LABELS, lambda z, y: -picked(special.log_softmax(z, -1), y), wrong=9),
    Case(losses.cross_entropy, reals(3, 2, 4), rows(3, 2, 4), lambda z, t: -np.sum(t * special.log_softmax(z, -1), -1)),
    Case(losses.nll, np.log(rows(3, 2, 4)), LABELS, lambda p, y: -picked(p, y), wrong=-1, safe=False),
    Case(losses.nll, np.log(rows(3, 2, 4)), rows(3, 2, 4), lambda p, t: -np.sum(t * p, -1), safe=False),
    Case(
        losses.kl,
        np.log(rows(3, 2, 4)),
        rows(3, 2, 4),
        lambda p, t: np.sum(special.rel_entr(t, np.exp(p)), -1),
        safe=False,
    ),
    Case(
        losses.gaussian_nll,
        reals(3, 2),
        reals(3, 2),
        lambda m, y: -stats.norm.logpdf(y, m, np.exp(LOG_VARIANCE / 2)),
        more={"log_variance": LOG_VARIANCE},
    ),
    Case(
        losses.poisson_nll,
        reals(3, 2),
        RNG.poisson(3.0, (3, 2)).astype(float),
        lambda z, y: -stats.poisson.logpmf(y, np.exp(z)),
        wrong=-1.0,
    ),
]
IDS = [case.name for case in CASES]
OF_CLASSES = [case for case in CASES if case.loss in CLASSES]
