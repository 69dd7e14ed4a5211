"""What do the names of parameters say about what is meant: a target, a cache, the data, a running statistic?"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.testing.subjects.gradient_names import words_in

_TARGETS = words_in(
    """
    y t d yt ys ts target targets label labels ytrue true truth desired expected gt actual groundtruth truey
    truevalue truevalues tgt lab labs onehot yonehot correct teacher goal goals wanted reference observed ytrain
    ybatch truelabel truelabels targetvalue targetvalues targety yreal real answer answers classes yhot yenc
    """
)
_DATA = words_in(
    """
    x xs data input inputs feature features image images img imgs batch xtrain xbatch samples sample observations
    design xdata inp inps phi designmatrix tokens
    """
)
_CACHES = words_in(
    """
    cache caches ctx context saved memory mem tape residuals intermediates cached history stored store kept memo
    fwd forwardcache layercache linearcache activationcache tmp aux info savedtensors
    """
)
_OUTPUTS = words_in(
    """
    out output outputs outs y a s p result res probs prob activation activations activated ypred yhat pred
    prediction fx sigmoidoutput softmaxoutput tanhoutput fwdout o value sig sigma sigmoid softmax tanh sm h
    """
)
_PARAMETERS = words_in(
    """
    weight weights bias biases theta thetas gamma beta kernel kernels coef coefs coefficient coefficients intercept
    param params parameter parameters embedding embeddings filters
    """
)
# W, W1, Wxh, w_out, b, b2, bh, U, V
_PARAMETER = re.compile(r"W\w*|w\d*|w[a-z]{1,2}\d*|w_\w+|b\d*|b[a-z]\d*|b_\w+|[UVB]\d*")
_RUNNING = re.compile(r"(running|moving|ema|avg|pop|population|global|rolling)_?(mean|var|std|variance|avg|average)\w*")


def _plain(name: str) -> str:
    """A name without what does not matter in it: the path to it, underscores, capitals."""
    return re.split(r"[.\]]", name)[-1].replace("_", "").lower()


def is_target(name: str) -> bool:
    """Whether a value of this name is what a prediction is compared with."""
    plain = _plain(name).rstrip("0123456789")
    return plain in _TARGETS or plain.endswith(("true", "target", "targets", "label", "labels", "onehot"))


def is_data(name: str) -> bool:
    """Whether a value of this name is data that a model is fitted to."""
    return _plain(name).rstrip("0123456789") in _DATA


def is_parameter(name: str) -> bool:
    """Whether a value of this name is a parameter of a model, such as weights and biases."""
    last = re.split(r"[.\]]", name)[-1].strip("_")
    return bool(_PARAMETER.fullmatch(last)) or _plain(name).rstrip("0123456789") in _PARAMETERS


def is_cache(name: str) -> bool:
    """Whether a parameter of this name is what the forward pass kept for the backward pass."""
    return _plain(name) in _CACHES or _plain(name).endswith("cache")


def is_output(name: str) -> bool:
    """Whether a parameter of this name is what the forward pass gave."""
    return _plain(name) in _OUTPUTS or _plain(name).startswith("out")


def is_running(name: str) -> bool:
    """Whether a value of this name is a statistic that is carried from batch to batch."""
    return bool(_RUNNING.search(name.lower()))


@dataclass(frozen=True)
class Parameters:
    """The parameters of a function.

    Attributes:
        names: of those that may be given by position.
        required: how many of them have no default.
        unlimited: whether there may be any number of further ones.
        keywords: the names of those that must be given by name.
        any_keyword: whether anything more may be given by name.
        text: the signature as it is written.
    """

    names: tuple[str, ...] = ()
    required: int = 0
    unlimited: bool = False
    keywords: tuple[str, ...] = ()
    any_keyword: bool = False
    text: str = ""

    @classmethod
    def of(cls, function: Callable[..., Any]) -> Parameters:
        """Those of a function; any number where it does not say."""
        if isinstance(function, np.ufunc):
            # Before NumPy 2.4 ufuncs had no signature.
            names = ("x",) if function.nin == 1 else tuple(f"x{i + 1}" for i in range(function.nin))
            return cls(names, len(names), text=f"({', '.join(names)})")
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            return cls(unlimited=True, text="(...)")
        all_of_them = signature.parameters.values()
        positional = [p for p in all_of_them if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        return cls(
            tuple(p.name for p in positional),
            sum(p.default is p.empty for p in positional),
            any(p.kind is p.VAR_POSITIONAL for p in all_of_them),
            tuple(p.name for p in all_of_them if p.kind is p.KEYWORD_ONLY and p.default is p.empty),
            any(p.kind is p.VAR_KEYWORD for p in all_of_them),
            str(signature),
        )
