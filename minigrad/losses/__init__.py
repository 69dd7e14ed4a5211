"""How wrong is a prediction?

Each loss takes ``(prediction, target)``, Tensors or plain arrays, and gives one number, or one for each element or
sample. A target takes the dtype of the prediction. Shapes are never broadcast against each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad.engine.names import missing
from minigrad.losses.balancing import class_weights as class_weights
from minigrad.losses.binary import bce as bce
from minigrad.losses.binary import bce_with_logits as bce_with_logits
from minigrad.losses.binary import hinge as hinge
from minigrad.losses.categorical import cross_entropy as cross_entropy
from minigrad.losses.categorical import nll as nll
from minigrad.losses.divergence import kl as kl
from minigrad.losses.likelihoods import gaussian_nll as gaussian_nll
from minigrad.losses.likelihoods import poisson_nll as poisson_nll
from minigrad.losses.regression import huber as huber
from minigrad.losses.regression import mae as mae
from minigrad.losses.regression import mse as mse

__all__ = [
    "bce",
    "bce_with_logits",
    "class_weights",
    "cross_entropy",
    "gaussian_nll",
    "hinge",
    "huber",
    "kl",
    "mae",
    "mse",
    "nll",
    "poisson_nll",
]

_CROSS_ENTROPY = "losses.cross_entropy, which takes logits and labels (or one-hot rows)"
_ELSEWHERE = {
    **dict.fromkeys(["mseloss", "meansquarederror", "squarederror", "l2loss"], "losses.mse"),
    **dict.fromkeys(["l1loss", "meanabsoluteerror", "absoluteerror"], "losses.mae"),
    "huberloss": "losses.huber",
    "smoothl1loss": "losses.huber; divide it by delta for a beta other than 1",
    **dict.fromkeys(["bceloss", "binarycrossentropy", "logloss"], "losses.bce, or losses.bce_with_logits for logits"),
    **dict.fromkeys(
        ["bcewithlogitsloss", "binarycrossentropywithlogits", "sigmoidbinarycrossentropy", "sigmoidcrossentropy"],
        "losses.bce_with_logits",
    ),
    **dict.fromkeys(
        [
            *("crossentropyloss", "categoricalcrossentropy", "sparsecategoricalcrossentropy", "softmaxcrossentropy"),
            "softmaxcrossentropywithintegerlabels",
        ],
        _CROSS_ENTROPY,
    ),
    **dict.fromkeys(["nllloss", "negativeloglikelihood"], "losses.nll, or losses.cross_entropy for logits"),
    **dict.fromkeys(
        ["kldivloss", "kldiv", "kldivergence"], "losses.kl, which takes log-probabilities and averages over samples"
    ),
    "hingeloss": "losses.hinge, whose targets are -1 and 1",
    "gaussiannllloss": "losses.gaussian_nll, which takes the logarithm of the variance",
    **dict.fromkeys(["poissonnllloss", "poisson"], "losses.poisson_nll, which takes the logarithm of the rate"),
    **dict.fromkeys(["computeclassweight", "classweight", "posweight"], "losses.class_weights(labels)"),
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        raise missing("losses", name, __all__, _ELSEWHERE)


def __dir__() -> list[str]:
    return __all__
