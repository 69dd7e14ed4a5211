"""What is the derivative of this function along a line, and how well is that known, from its values alone?

Central differences at three distances, extrapolated twice (L. F. Richardson, 1911), are exact to sixth order. The bar
is what the last extrapolation changed, plus what rounding can do. A kink shows in the difference between the slopes to
both sides: that of a smooth function shrinks with the distance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

# Steps relative to the scale of the argument, each tried where the one before did not resolve the derivative.
STEPS = {8: (2e-2, 2e-4, 3e-6), 4: (1e-1, 2e-2, 4e-3), 2: (2e-1, 1e-1, 5e-2)}
# Tried where rounding is all that blurs the derivative: of a term that is small beside others, say.
WIDE_STEPS = (2.0, 200.0, 2e4)
# Not in simple proportions: to steps h, h/2 and h/4 a wave of the length h/4 looks like a straight line.
DISTANCES = (1.0, 0.45, 0.22)


def _weights(powers: Sequence[int], distances: Sequence[float] = DISTANCES) -> list[float]:
    """Weights of values at some distances h that give the constant term of a polynomial with these powers of h."""
    found: list[float] = np.linalg.inv(np.array(distances)[:, None] ** powers)[0].tolist()
    return [0.0] * (len(DISTANCES) - len(distances)) + found


# D in d(h) = D + a h^2 + b h^4, from all three distances, and in d(h) = D + a h^2 from the smaller two.
SIXTH_ORDER, FOURTH_ORDER = _weights([0, 2, 4]), _weights([0, 2], DISTANCES[1:])
# K in j(h) = K + a h + b h^3, a jump between the slopes to both sides, and in j(h) = K + a h.
JUMP, ROUGH_JUMP = _weights([0, 1, 3]), _weights([0, 1], DISTANCES[1:])


@dataclass
class Slope:
    """A directional derivative, the bar of its error, and where there is a kink, the slopes between which it lies.

    Attributes:
        value: the derivative; that in the middle at a kink; NaN where the function is nowhere finite.
        error: the estimated error of `value`.
        low, high: the one-sided derivatives in order, at a kink only.
        sharp: whether the kink is exactly at the point, so that `low` and `high` are exact too.
        flat: whether no evaluation changed the function at all.
        rough: whether the function is not smooth between the points of evaluation.
        plain: the error if the function is smooth between the points of evaluation.
    """

    value: float
    error: float
    low: float = math.nan
    high: float = math.nan
    sharp: bool = False
    flat: bool = False
    rough: bool = False
    plain: float = math.inf

    @property
    def kinked(self) -> bool:
        """Whether the slopes to both sides differ."""
        return self.low == self.low

    def per(self, unit: float) -> Slope:
        """The same for an argument measured in other units."""
        low, high = sorted((self.low / unit, self.high / unit)) if self.kinked else (math.nan, math.nan)
        return Slope(self.value / unit, self.error / abs(unit), low, high, self.sharp, self.flat, self.rough)


def slope(
    line: Callable[[float], Vector],
    center: Vector,
    upstream: Vector,
    noise: Vector,
    position: float = 1.0,
    itemsize: int = 8,
) -> Slope:
    """The derivative of ``upstream @ line(t)`` at t = 0.

    Args:
        line: the values of a function along a line, scaled so that t = 1 is a change as large as the argument.
        center: ``line(0.0)``.
        upstream: weights of the values.
        noise: the standard deviation of the rounding error of each weighted value.
        position: how large the argument is in units of t; it is rounded as well.
        itemsize: of the dtype in which the function computes, in bytes.
    """
    found: list[Slope] = []
    last: Slope | None = None
    steps = STEPS[itemsize]
    tiny = float(np.finfo(f"f{itemsize}").eps) * position
    extra = 0
    while extra < len(steps) + 4:
        # Below the last step there is nothing but rounding, unless the function does not exist at a larger one.
        if extra >= len(steps) and found:
            break
        step = steps[extra] if extra < len(steps) else steps[-1] * 1e-1 ** (extra - len(steps) + 1)
        extra += 1
        last = slope_at(line, center, upstream, noise, step, tiny)
        if last is None:
            continue
        found.append(last)
        if last.flat or (not last.kinked and last.error <= 1e-9 * abs(last.value)):
            return last
    if not found:
        return Slope(math.nan, math.inf)
    if found[-1].kinked:
        widths = [each.high - each.low for each in found if each.kinked]
        # At a kink the slopes to both sides differ by the same at every distance; near a pole by more and more.
        return found[-1] if max(widths) <= 10 * min(widths) else Slope(found[-1].value, 100 * max(widths))
    # Over large steps fast oscillations may agree by accident, but not with what small steps say.
    finest = found[-1]
    if finest.rough:
        return finest
    agreeing = [
        each for each in found if not each.kinked and abs(each.value - finest.value) <= 20 * finest.error + each.error
    ]
    best = min(agreeing, key=lambda each: each.error)
    if len(found) == len(steps) and not any(each.kinked or each.rough for each in found):
        # At a minimum or a maximum the slopes to both sides differ at every step, and their middle stays the same.
        first, second = sorted(found, key=lambda each: each.plain)[:2]
        apart = max(first.plain, abs(first.value - second.value))
        if apart < best.error:
            best = Slope(first.value, apart, plain=apart)
    # Where even the largest step saw one smooth function, a still larger one may see it better.
    for step in WIDE_STEPS if extra == len(steps) == len(found) and not (found[0].kinked or found[0].rough) else ():
        wide = slope_at(line, center, upstream, noise, step, tiny)
        if wide is None or wide.kinked or wide.rough or not wide.error < best.error:
            break
        if abs(wide.value - best.value) > best.error:
            break
        best = wide
    return best


def slope_at(
    line: Callable[[float], Vector], center: Vector, upstream: Vector, noise: Vector, step: float, tiny: float
) -> Slope | None:
    """What six evaluations at distances up to `step` tell; None where the function is not finite there."""
    distances = [step * distance for distance in DISTANCES]
    rights, lefts, moved = [], [], np.zeros(center.shape, dtype=bool)
    for distance in distances:
        ahead = line(distance) - center
        behind = center - line(-distance)
        # Infinities of both signs, outside of the domain of a function, give NaN, which is what is wanted.
        with np.errstate(invalid="ignore"):
            rights.append(float(upstream @ ahead) / distance)
            lefts.append(float(upstream @ behind) / distance)
        if distance == step:
            moved = (ahead != 0.0) | (behind != 0.0)
    slopes = [(right + left) / 2 for right, left in zip(rights, lefts, strict=True)]
    jumps = [right - left for right, left in zip(rights, lefts, strict=True)]
    value = _combined(SIXTH_ORDER, slopes)
    if not math.isfinite(value):
        return None
    flat = not moved.any()
    rounding = (_norm(noise[moved]) + tiny * abs(value)) / distances[-1]
    # What did not even move is not rounded in another way each time; over the largest distance it may hide a slope.
    hidden = _norm(noise[~moved]) / step
    error = abs(value - _combined(FOURTH_ORDER, slopes)) + 4 * rounding + hidden
    steepest = max(map(abs, rights + lefts))
    jump = _combined(JUMP, jumps)
    uncertain = 10 * (abs(jump - _combined(ROUGH_JUMP, jumps)) + 4 * rounding) + 1e-7 * steepest
    if abs(jump) > uncertain:
        half = abs(jump) / 2
        if error < 1e-4 * half:
            half = max(half, _spread(line, center, upstream, distances, exact=True))
            return Slope(value, error, value - half, value + half, True, flat)
        half = _spread(line, center, upstream, distances, exact=False)
        low, high = (near(slopes[-1] + sign * half, *rights, *lefts) for near, sign in ((min, -1), (max, 1)))
        return Slope(value, error, low, high, False, flat)
    # Slopes to both sides that do not close in step by step do not belong to one smooth function.
    pairs = zip(jumps, jumps[1:], DISTANCES, DISTANCES[1:], strict=False)
    rough = max(abs(j - h / k * i) for j, i, h, k in pairs) > 1e-3 * steepest + 40 * rounding
    plain = error
    if error > 1e-4 * abs(value) or rough:
        # Perhaps there is a kink between the points of evaluation; then extrapolation means nothing.
        error = max(error, max(rights + lefts) - min(rights + lefts))
    return Slope(value, error, flat=flat, rough=rough, plain=plain)


def _combined(weights: Sequence[float], values: Sequence[Any]) -> Any:
    return sum(weight * value for weight, value in zip(weights, values, strict=True))


def _norm(values: Vector) -> float:
    return math.sqrt(float(values @ values))


def _spread(
    line: Callable[[float], Vector], center: Vector, upstream: Vector, distances: Sequence[float], exact: bool
) -> float:
    """Half the distance between the one-sided slopes at a kink, added up over all results.

    Of several kinks each may have any slope in its own interval. In the sum of the results jumps of opposite signs
    would cancel.

    Args:
        line, center, upstream: as for `slope`.
        distances: where to look.
        exact: whether the kinks are at the point, so that their jumps can be extrapolated.
    """
    jumps = [(line(distance) - 2 * center + line(-distance)) / distance for distance in distances]
    widths = _combined(JUMP, jumps) if exact else jumps[-1]
    return float(np.abs(upstream) @ np.abs(widths)) / 2


def rounding_noise(line: Callable[[float], Vector], center: Vector, upstream: Vector, itemsize: int = 8) -> Vector:
    """The standard deviation of the rounding error of each value of ``upstream * line(t)`` near 0.

    Fourth differences of nearby values hold nothing of a smooth function but its noise (R. W. Hamming, 1962). Points
    lie to one side, because a kink at 0 is none there; the quieter side counts, for one that is close.
    """
    tiny = float(np.finfo(f"f{itemsize}").eps)
    spacing = max(1e-9, 20 * tiny)
    sides = []
    for sign in (1.0, -1.0):
        # Summed up as the values come, because there may be many outputs.
        differences = [np.zeros_like(center) for _ in range(3)]
        for count in range(7):
            values = line(sign * count * spacing) if count else center
            for first, difference in enumerate(differences):
                if 0 <= count - first <= 4:
                    difference += (1.0, -4.0, 6.0, -4.0, 1.0)[count - first] * values
        squares = sum(difference * difference for difference in differences)
        # C(8, 4) = 70 is the sum of the squares of the weights of a fourth difference.
        sides.append(np.sqrt(squares / (3 * 70.0)))
    quieter = np.fmin(*sides)
    measured = np.where(np.isfinite(quieter), quieter, 0.0)
    # Half a unit in the last place of each value is there at the least.
    return np.abs(upstream) * np.maximum(measured, tiny * np.abs(center))
