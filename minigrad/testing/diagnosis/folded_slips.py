"""Did a softmax, a log-softmax or a standardisation, written out by hand, send back what a common slip would send?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from minigrad.engine.graph import Node
from minigrad.testing.checking.outcome import Finding
from minigrad.testing.diagnosis import slips
from minigrad.testing.diagnosis.advice import DERIVATIVES
from minigrad.testing.diagnosis.edges import Array, Share, node_op
from minigrad.testing.diagnosis.evidence import Evidence
from minigrad.testing.diagnosis.folded_operations import (
    ELEMENTWISE,
    LENGTH,
    LOG_SOFTMAX,
    LOG_SUM_EXP,
    NORMALISE,
    SOFTMAX,
    STANDARDISE,
    deviation,
    spread,
    standardise_terms,
)

# A slip of one operation: the rule that names it, what happened, what to write, and what is sent back.
Slip = tuple[str, str, str, Callable[..., Any]]


def _summed(array: Array, axis: Any) -> Array:
    return np.asarray(np.sum(array, axis=axis, keepdims=True))


def _over_others(x: Array, axis: tuple[int, ...]) -> tuple[int, ...]:
    """The axes that are not summed over."""
    return tuple(i for i in range(x.ndim) if i not in axis)


_SOFTMAX_FIX = DERIVATIVES["softmax"]
_LOG_SOFTMAX_FIX = DERIVATIVES["log_softmax"]
_STANDARDISE_FIX = DERIVATIVES["standardise"] + ", the means along the axis of the mean"

_LOG_SUM_EXP_FIX = DERIVATIVES["logsumexp"]
_LENGTH_FIX = "for n = norm(x): g * x / n"
_NORMALISE_FIX = "for u = x / norm(x): (g - u * sum(g * u)) / norm(x), the sum along the axis of the norm"


def _norm(x: Array, axis: Any) -> Array:
    return np.asarray(np.sqrt(_summed(x * x, axis)))


SLIPS: dict[Any, list[Slip]] = {
    SOFTMAX: [
        ("support.diagonal", "the softmax is taken element by element, with the slope p * (1 - p)", _SOFTMAX_FIX,
         lambda g, out, x, axis: g * out * (1 - out)),
        ("path.missing", "only p * g comes back through the softmax; the sum in its denominator is left out",
         _SOFTMAX_FIX, lambda g, out, x, axis: g * out),
        ("path.sign", "the sum in the softmax's derivative has the wrong sign", _SOFTMAX_FIX,
         lambda g, out, x, axis: out * (g + _summed(g * out, axis))),
        ("factor.missing", "the factor p in front of the softmax's derivative is missing", _SOFTMAX_FIX,
         lambda g, out, x, axis: g - _summed(g * out, axis)),
        ("factor.missing", "the sum in the softmax's derivative is not multiplied by p", _SOFTMAX_FIX,
         lambda g, out, x, axis: g * out - _summed(g * out, axis)),
        ("factor.missing", "the sum in the softmax's derivative is that of g alone, not of g * p", _SOFTMAX_FIX,
         lambda g, out, x, axis: out * (g - _summed(g, axis))),
        ("support.axis", "the sum in the softmax's derivative runs over the other axes", _SOFTMAX_FIX,
         lambda g, out, x, axis: out * (g - _summed(g * out, _over_others(out, axis)))),
        ("support.axis", "the sum in the softmax's derivative runs over all elements", _SOFTMAX_FIX,
         lambda g, out, x, axis: out * (g - np.sum(g * out))),
        ("scale.dimension", "the softmax's derivative has a mean where the sum belongs", _SOFTMAX_FIX,
         lambda g, out, x, axis: out * (g - np.mean(g * out, axis=axis, keepdims=True))),
    ],
    LOG_SOFTMAX: [
        ("path.missing", "g comes back unchanged through the log-softmax; its denominator is left out",
         _LOG_SOFTMAX_FIX, lambda g, out, x, axis: g),
        ("support.diagonal", "the log-softmax is taken element by element, with the slope 1 - p", _LOG_SOFTMAX_FIX,
         lambda g, out, x, axis: g * (1 - np.exp(out))),
        ("operand.replaced", "the output of the log-softmax stands where its exponential belongs", _LOG_SOFTMAX_FIX,
         lambda g, out, x, axis: g - out * _summed(g, axis)),
        ("path.sign", "the sum in the log-softmax's derivative has the wrong sign", _LOG_SOFTMAX_FIX,
         lambda g, out, x, axis: g + np.exp(out) * _summed(g, axis)),
        ("factor.missing", "the sum in the log-softmax's derivative is not multiplied by p", _LOG_SOFTMAX_FIX,
         lambda g, out, x, axis: g - _summed(g, axis)),
        ("support.axis", "the sum in the log-softmax's derivative runs over the other axes", _LOG_SOFTMAX_FIX,
         lambda g, out, x, axis: g - np.exp(out) * _summed(g, _over_others(out, axis))),
        ("factor.extra", "the derivative of a softmax comes back through the log-softmax", _LOG_SOFTMAX_FIX,
         lambda g, out, x, axis: np.exp(out) * (g - _summed(g * np.exp(out), axis))),
        ("operand.replaced", "sigmoids stand where the softmax belongs", _LOG_SOFTMAX_FIX,
         lambda g, out, x, axis: g - special.expit(x) * _summed(g, axis)),
    ],
    LOG_SUM_EXP: [
        ("factor.missing", "exp(x) is not divided by the sum of the exponentials", _LOG_SUM_EXP_FIX,
         lambda g, out, x, axis: g * np.exp(x)),
        ("factor.missing", "exp(x - max) is not divided by the sum of the exponentials", _LOG_SUM_EXP_FIX,
         lambda g, out, x, axis: g * np.exp(x - np.max(x, axis=axis, keepdims=True))),
        ("factor.missing", "1 / sum comes back, not multiplied by exp(x)", _LOG_SUM_EXP_FIX,
         lambda g, out, x, axis: g / _summed(np.exp(x), axis) + 0 * x),
        ("factor.missing", "g comes back unchanged", _LOG_SUM_EXP_FIX, lambda g, out, x, axis: g + 0 * x),
        ("operand.replaced", "the derivative is that of the maximum", _LOG_SUM_EXP_FIX,
         lambda g, out, x, axis: g * (x == np.max(x, axis=axis, keepdims=True))),
        ("support.axis", "the softmax is taken over the other axes", _LOG_SUM_EXP_FIX,
         lambda g, out, x, axis: g * special.softmax(x, axis=_over_others(x, axis))),
        ("support.axis", "the softmax is taken over all elements", _LOG_SUM_EXP_FIX,
         lambda g, out, x, axis: g * special.softmax(x)),
        ("operand.replaced", "the log-softmax stands where the softmax belongs", _LOG_SUM_EXP_FIX,
         lambda g, out, x, axis: g * special.log_softmax(x, axis=axis)),
        ("operand.replaced", "sigmoids stand where the softmax belongs", _LOG_SUM_EXP_FIX,
         lambda g, out, x, axis: g * special.expit(x)),
        ("factor.extra", "the slope of a softmax, p * (1 - p), comes back", _LOG_SUM_EXP_FIX,
         lambda g, out, x, axis: g * special.softmax(x, axis=axis) * (1 - special.softmax(x, axis=axis))),
        ("operand.replaced", "exp(x) is divided by the logarithm of the sum, not by the sum", _LOG_SUM_EXP_FIX,
         lambda g, out, x, axis: g * np.exp(x) / special.logsumexp(x, axis=axis, keepdims=True)),
        ("operand.replaced", "x stands where exp(x) belongs", _LOG_SUM_EXP_FIX,
         lambda g, out, x, axis: g * x / _summed(np.exp(x), axis)),
    ],
    LENGTH: [
        ("factor.missing", "x is not divided by the norm", _LENGTH_FIX, lambda g, out, x, axis: g * x),
        ("factor.missing", "the root is forgotten: 2 * x comes back", _LENGTH_FIX, lambda g, out, x, axis: 2 * g * x),
        ("factor.missing", "g comes back unchanged", _LENGTH_FIX, lambda g, out, x, axis: g + 0 * x),
        ("factor.missing", "1 / norm comes back, not multiplied by x", _LENGTH_FIX,
         lambda g, out, x, axis: g / _norm(x, axis) + 0 * x),
        ("factor.extra", "x is divided by the square of the norm", _LENGTH_FIX,
         lambda g, out, x, axis: g * x / _norm(x, axis) ** 2),
        ("operand.replaced", "x is multiplied by the norm, not divided by it", _LENGTH_FIX,
         lambda g, out, x, axis: g * x * _norm(x, axis)),
        ("operand.replaced", "the derivative is that of a sum of absolute values", _LENGTH_FIX,
         lambda g, out, x, axis: g * np.sign(x)),
        ("support.axis", "the norm is that over the other axes", _LENGTH_FIX,
         lambda g, out, x, axis: g * x / _norm(x, _over_others(x, axis))),
        ("support.axis", "the norm is that over all elements", _LENGTH_FIX,
         lambda g, out, x, axis: g * x / _norm(x, None)),
    ],
    NORMALISE: [
        ("path.missing", "the norm is taken for a constant: only g / norm comes back", _NORMALISE_FIX,
         lambda g, out, x, axis: g / _norm(x, axis)),
        ("operand.replaced", "in the projection x stands where x / norm belongs", _NORMALISE_FIX,
         lambda g, out, x, axis: (g - x * _summed(g * x, axis)) / _norm(x, axis)),
        ("operand.replaced", "in the sum of the projection x stands where x / norm belongs", _NORMALISE_FIX,
         lambda g, out, x, axis: (g - out * _summed(g * x, axis)) / _norm(x, axis)),
        ("operand.replaced", "in front of the sum x stands where x / norm belongs", _NORMALISE_FIX,
         lambda g, out, x, axis: (g - x * _summed(g * out, axis)) / _norm(x, axis)),
        ("factor.missing", "the projection is not divided by the norm", _NORMALISE_FIX,
         lambda g, out, x, axis: g - out * _summed(g * out, axis)),
        ("factor.extra", "the projection is divided by the square of the norm", _NORMALISE_FIX,
         lambda g, out, x, axis: (g - out * _summed(g * out, axis)) / _norm(x, axis) ** 2),
        ("operand.replaced", "the projection is multiplied by the norm, not divided by it", _NORMALISE_FIX,
         lambda g, out, x, axis: (g - out * _summed(g * out, axis)) * _norm(x, axis)),
        ("path.sign", "the projection is added, not subtracted", _NORMALISE_FIX,
         lambda g, out, x, axis: (g + out * _summed(g * out, axis)) / _norm(x, axis)),
        ("support.diagonal", "the sum in the projection is left out", _NORMALISE_FIX,
         lambda g, out, x, axis: (g - out * (g * out)) / _norm(x, axis)),
        ("support.axis", "the sum in the projection runs over the other axes", _NORMALISE_FIX,
         lambda g, out, x, axis: (g - out * _summed(g * out, _over_others(x, axis))) / _norm(x, axis)),
        ("support.axis", "the sum in the projection runs over all elements", _NORMALISE_FIX,
         lambda g, out, x, axis: (g - out * np.sum(g * out)) / _norm(x, axis)),
        ("factor.missing", "the sum in the projection is not multiplied by x / norm", _NORMALISE_FIX,
         lambda g, out, x, axis: (g - _summed(g * out, axis)) / _norm(x, axis)),
        ("factor.missing", "the sum in the projection is that of g alone", _NORMALISE_FIX,
         lambda g, out, x, axis: (g - out * _summed(g, axis)) / _norm(x, axis)),
    ],
    STANDARDISE: [
        ("path.missing", "the mean and the deviation are taken for constants: only g / std comes back",
         _STANDARDISE_FIX, lambda direct, mean, spread, x, std: direct),
        ("path.missing", "what comes back through the mean is left out", _STANDARDISE_FIX,
         lambda direct, mean, spread, x, std: direct + spread),
        ("path.missing", "what comes back through the deviation is left out", _STANDARDISE_FIX,
         lambda direct, mean, spread, x, std: direct + mean),
        ("factor.missing", "the standardised gradient is not divided by the standard deviation", _STANDARDISE_FIX,
         lambda direct, mean, spread, x, std: (direct + mean + spread) * std),
        ("factor.missing", "the standardised gradient is multiplied by the standard deviation", _STANDARDISE_FIX,
         lambda direct, mean, spread, x, std: (direct + mean + spread) * std * std),
        ("factor.extra", "the standardised gradient is divided by the standard deviation twice", _STANDARDISE_FIX,
         lambda direct, mean, spread, x, std: (direct + mean + spread) / std),
        ("path.sign", "what comes back through the mean has the wrong sign", _STANDARDISE_FIX,
         lambda direct, mean, spread, x, std: direct - mean + spread),
        ("path.sign", "what comes back through the deviation has the wrong sign", _STANDARDISE_FIX,
         lambda direct, mean, spread, x, std: direct + mean - spread),
        ("operand.replaced", "in what comes back through the deviation, x stands where the standardised x belongs",
         _STANDARDISE_FIX, lambda direct, mean, spread, x, std: direct + mean + spread * x),
    ],
}  # fmt: skip


def whole_mistake(e: Evidence) -> Finding | None:
    """A function that the user wrote out in several steps sent back what a common slip would send."""
    if e.tape is None or e.actual.shape != e.truth.shape:
        return None
    groups = [g for g in e.tape.groups(e.tape.edges_towards(e.position)) if node_op(g[0][0]) in SLIPS]
    candidates = [(slip, group) for group in groups for slip in SLIPS[node_op(group[0][0])]]
    for (rule, text, fix, sent), group in e.tape.affordable(candidates):
        if e.fits(dict.fromkeys(group, _share(sent))):
            place = e.tape.places(group)
            return e.finding(rule, f"going back through {place}, {text}", fix, place)
    return slips.local_mistake(e, ELEMENTWISE)


def _share(sent: Callable[..., Any]) -> Share:
    def share(node: Node, position: int, g: Array) -> Array:
        out, (x,) = node.out, node.args
        if node_op(node) in (LOG_SUM_EXP, LENGTH):
            return np.asarray(sent(spread(g, **node.params), out, x, axis=node.params["axis"]))
        if node_op(node) is not STANDARDISE:
            return np.asarray(sent(g, out, x, **node.params))
        terms = standardise_terms(g, out, x, **node.params)
        return np.asarray(sent(*terms, x, deviation(x, **node.params)))

    return share
