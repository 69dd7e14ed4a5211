"""What is read as the gradient of a weight and is none: weight decay, and the momentum of earlier passes?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.testing.subjects.attributes import Array, is_float
from minigrad.testing.subjects.gradient_sources import Source
from minigrad.testing.subjects.layer_parameters import Parameter
from minigrad.testing.subjects.layer_passes import RATE
from minigrad.testing.subjects.layer_probes import Probe, Prober, near

# What the numbers are called that say how much.
_DECAY = re.compile(r"decay|reg|l2|lambda|lamb?$|penalty|^wd$", re.IGNORECASE)


@dataclass(frozen=True)
class Rest:
    """What is read as the gradient of a weight where the upstream gradient is 0.

    Attributes:
        decay: which share of the weight itself.
        left: what is left from earlier passes.
        remark: what the reader should know.
    """

    decay: float
    left: Array
    remark: str

    def at(self, weight: Array) -> Array:
        """All of it, for some value of the weight."""
        return np.asarray(self.decay * weight + self.left)


def rests(
    prober: Prober, one: Probe, parameters: Sequence[Parameter], sources: Mapping[str, Source]
) -> dict[str, Rest]:
    """By name, what is no part of the gradient; what is neither of the two stays, to be found wrong."""
    here = _read(prober.without_gradient(), parameters, sources)
    if not any(gradient.any() for gradient in here.values()):
        return {}
    half = prober.without_gradient(RATE / 2).changes
    starts = [parameter.start for parameter in parameters]
    rng = np.random.default_rng(2)
    moved = [np.asarray(s * rng.uniform(0.5, 1.5, s.shape) + 0.01).astype(s.dtype) for s in starts]
    try:
        for parameter, value in zip(parameters, moved, strict=True):
            parameter.start = value
        there = _read(prober.without_gradient(), parameters, sources)
    finally:
        for parameter, value in zip(parameters, starts, strict=True):
            parameter.start = value
    found = {}
    for parameter, other in zip(parameters, moved, strict=True):
        name = parameter.name
        if name not in here or name not in there or not here[name].any():
            continue
        is_update = sources[name].kind == "update"
        kept = _kept(one, parameter) if is_update else {}
        rest = _rest(parameter, other, (here[name], there[name]), kept)
        if rest is not None and (is_update or _is_said(one, rest[0])):
            is_with_rate = not is_update or near(half.get(name, 0.0), RATE * here[name] / 2, 1e-6)
            found[name] = _told(name, *rest, is_update, is_with_rate)
    return found


def _read(probe: Probe, parameters: Sequence[Parameter], sources: Mapping[str, Source]) -> dict[str, Array]:
    """What the passes gave as the gradients of parameters, after everything was put back."""
    found: dict[str, Any] = {}
    for parameter in parameters:
        name, source = parameter.name, sources[parameter.name]
        if source.kind == "update":
            found[name] = probe.changes[name] / RATE if name in probe.changes else np.zeros(parameter.start.shape)
        elif source.kind == "stored" and source.place is not None and source.place.path in probe.end:
            found[name] = probe.end[source.place.path].content - (0.0 if source.before is None else source.before)
        elif source.kind in ("returned", "optimiser"):
            found[name] = (probe.traces.returned if source.kind == "returned" else probe.traces.recorded).get(
                source.key
            )
    return {
        name: np.asarray(gradient)
        for name, gradient in found.items()
        if is_float(gradient) and np.isfinite(gradient).all()
    }


def _is_said(one: Probe, decay: float) -> bool:
    """Whether the layer has a number, called like a weight decay, that is this one, or half or twice of it."""
    numbers = [float(s.value) for path, s in one.start.items() if np.ndim(s.value) == 0 and _DECAY.search(path)]
    return decay > 0 and any(np.isclose(decay, factor * n, 1e-6, 0.0) for n in numbers for factor in (0.5, 1.0, 2.0))


def _kept(one: Probe, parameter: Parameter) -> Mapping[str, Array]:
    """What may be a velocity: arrays of the weight's shape that were not 0, and that the backward pass changes."""
    own = {place.path for place in parameter.places}
    return {
        path: seen.content
        for path, seen in one.start.items()
        if path not in own and seen.content.shape == parameter.start.shape and seen.content.any()
        if seen.is_like(one.middle.get(path)) and not seen.is_like(one.end.get(path))
    }


def _rest(
    parameter: Parameter, moved: Array, gradients: tuple[Array, Array], kept: Mapping[str, Array]
) -> tuple[float, Array, list[str]] | None:
    """The share of the weight, what is left of velocities, and their names; None where there is more than these."""
    weights = parameter.start, moved
    if any(gradient.shape != weight.shape for gradient, weight in zip(gradients, weights, strict=True)):
        return None
    columns = [weights, *[(content, content) for content in kept.values()]]
    table = np.stack([np.concatenate([np.ravel(each) for each in pair]) for pair in columns], axis=1)
    wanted = np.concatenate([np.ravel(gradient) for gradient in gradients])
    shares = np.linalg.lstsq(table, wanted, rcond=None)[0]
    shares[np.abs(shares) * RATE < 1e-9] = 0.0
    # So much is lost where a weight is subtracted from itself.
    blur = 1e2 * float(np.finfo(parameter.start.dtype).eps) * float(np.max(np.abs(table[:, 0]))) / RATE
    # Decay of the wrong sign is a mistake.
    if np.max(np.abs(table @ shares - wanted)) > blur + 1e-9 * np.max(np.abs(wanted)) or not 0 <= shares[0] < 1:
        return None
    left: Array = np.zeros(parameter.start.shape)
    for share, content in zip(shares[1:], kept.values(), strict=True):
        left = left + share * content
    names = [path for share, path in zip(shares[1:], kept, strict=True) if share]
    return float(shares[0]), left, names


def _told(name: str, decay: float, left: Array, names: Sequence[str], is_update: bool, is_with_rate: bool) -> Rest:
    if not is_update:
        return Rest(decay, left, f"the gradient of {name} holds {decay:.3g} * {name}, its weight decay: left out")
    told = [f"shrinks {name} by {decay if is_with_rate else decay * RATE:.3g} * {name}"] if decay else []
    told += [f"goes on with {', '.join(names)} of earlier passes"] if names else []
    return Rest(decay, left, f"the update also {' and '.join(told)}: left out, as it is no part of the gradient")
