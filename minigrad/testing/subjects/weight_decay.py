"""How much of an update is there without any gradient: weight decay, and the momentum of earlier passes?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from minigrad.testing.subjects.attributes import Array
from minigrad.testing.subjects.layer_parameters import Parameter
from minigrad.testing.subjects.layer_passes import RATE
from minigrad.testing.subjects.layer_probes import Probe, Prober, near


@dataclass(frozen=True)
class Rest:
    """What an update does to a weight where the upstream gradient is 0, as part of what is read as its gradient.

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


def rests(prober: Prober, one: Probe, parameters: Sequence[Parameter]) -> dict[str, Rest]:
    """By name, what is no part of the gradient in updates; what is neither of the two stays, to be found wrong."""
    here = prober.probe([0], factor=0.0).changes
    if not here:
        return {}
    half = prober.probe([0], RATE / 2, factor=0.0).changes
    starts = [parameter.start for parameter in parameters]
    rng = np.random.default_rng(2)
    moved = [np.asarray(s * rng.uniform(0.5, 1.5, s.shape) + 0.01).astype(s.dtype) for s in starts]
    try:
        for parameter, value in zip(parameters, moved, strict=True):
            parameter.start = value
        there = prober.probe([0], factor=0.0).changes
    finally:
        for parameter, value in zip(parameters, starts, strict=True):
            parameter.start = value
    found = {}
    for parameter, other in zip(parameters, moved, strict=True):
        name = parameter.name
        if name in here and name in there and here[name].any():
            rest = _rest(parameter, other, (here[name], there[name]), _kept(one, parameter))
            if rest is not None:
                is_with_rate = near(half.get(name, 0.0), here[name] / 2, 1e-6)
                found[name] = _told(name, *rest, is_with_rate)
    return found


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
    parameter: Parameter, moved: Array, changes: tuple[Array, Array], kept: Mapping[str, Array]
) -> tuple[float, Array, list[str]] | None:
    """The share of the weight, what is left of velocities, and their names; None where there is more than these."""
    weights = parameter.start, moved
    if any(change.shape != weight.shape for change, weight in zip(changes, weights, strict=True)):
        return None
    columns = [weights, *[(content, content) for content in kept.values()]]
    table = np.stack([np.concatenate([np.ravel(each) for each in pair]) for pair in columns], axis=1)
    wanted = np.concatenate([np.ravel(change) for change in changes]) / RATE
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


def _told(name: str, decay: float, left: Array, names: Sequence[str], is_with_rate: bool) -> Rest:
    told = [f"shrinks {name} by {decay if is_with_rate else decay * RATE:.3g} * {name}"] if decay else []
    told += [f"goes on with {', '.join(names)} of earlier passes"] if names else []
    return Rest(decay, left, f"the update also {' and '.join(told)}: left out, as it is no part of the gradient")
