"""What is the derivative of this function along a line, and how well is that known, from its values alone?

Central differences at h, h/2 and h/4, extrapolated twice (L. F. Richardson, 1911), are exact to sixth order. The bar is
what the last extrapolation changed, plus what rounding can do. A kink shows in the difference between the
slopes to both sides: that of a smooth function shrinks with h.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

# Steps relative to the scale of the argument, each tried where the one before did not resolve the derivative.
STEPS = {8: (2e-2, 2e-4, 3e-6), 4: (1e-1, 2e-2, 4e-3), 2: (2e-1, 1e-1, 5e-2)}


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
    """

    value: float
    error: float
    low: float = math.nan
    high: float = math.nan
    sharp: bool = False
    flat: bool = False
    rough: bool = False

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
    noise: float,
    position: float = 1.0,
    itemsize: int = 8,
) -> Slope:
    """The derivative of ``upstream @ line(t)`` at t = 0.

    Args:
        line: the values of a function along a line, scaled so that t = 1 is a change as large as the argument.
        center: ``line(0.0)``.
        upstream: weights of the values.
        noise: the standard deviation of the rounding error of the weighted sum.
        position: how large the argument is in units of t; it is rounded as well.
        itemsize: of the dtype in which the function computes, in bytes.
    """
    found: list[Slope] = []
    last: Slope | None = None
    steps = STEPS[itemsize]
    tiny = float(np.finfo(f"f{itemsize}").eps)
    extra = 0
    while extra < len(steps) + 4:
        # Below the last step there is nothing but rounding, unless the function does not exist at a larger one.
        if extra >= len(steps) and found:
            break
        step = steps[extra] if extra < len(steps) else steps[-1] * 1e-1 ** (extra - len(steps) + 1)
        extra += 1
        last = slope_at(line, center, upstream, noise, step, tiny * position)
        if last is None:
            continue
        found.append(last)
        if last.flat or (not last.kinked and last.error <= 1e-9 * abs(last.value)):
            return last
    if not found:
        return Slope(math.nan, math.inf)
    if found[-1].kinked:
        return found[-1]
    # Over large steps fast oscillations may agree by accident, but not with what small steps say.
    finest = found[-1]
    if finest.rough:
        return finest
    agreeing = [
        each for each in found if not each.kinked and abs(each.value - finest.value) <= 20 * finest.error + each.error
    ]
    return min(agreeing, key=lambda each: each.error)


def slope_at(
    line: Callable[[float], Vector], center: Vector, upstream: Vector, noise: float, step: float, tiny: float
) -> Slope | None:
    """What six evaluations at distances up to `step` tell; None where the function is not finite there."""
    slopes, jumps, sides = [], [], []
    flat = True
    for distance in (step, step / 2, step / 4):
        ahead, behind = line(distance), line(-distance)
        flat = flat and bool((ahead == center).all() and (behind == center).all())
        right = float(upstream @ (ahead - center)) / distance
        left = float(upstream @ (center - behind)) / distance
        slopes.append(float(upstream @ (ahead - behind)) / (2 * distance))
        jumps.append(right - left)
        sides += [right, left]
    first, second, third = slopes
    fourth_order = (4 * third - second) / 3
    value = (16 * fourth_order - (4 * second - first) / 3) / 15
    if not math.isfinite(value):
        return None
    rounding = (noise + tiny * abs(value)) / (step / 4)
    error = abs(value - fourth_order) + 4 * rounding
    # The jump K of j(h) = K + a h + b h^3, by the same extrapolation.
    coarse, fine = 2 * jumps[1] - jumps[0], 2 * jumps[2] - jumps[1]
    jump = (8 * fine - coarse) / 7
    uncertain = 10 * (abs(jump - fine) + 4 * rounding) + 1e-7 * max(map(abs, sides))
    if abs(jump) > uncertain:
        half = abs(jump) / 2
        if error < 1e-4 * half:
            return Slope(value, error, value - half, value + half, True, flat)
        return Slope(value, error, min(sides), max(sides), False, flat)
    # Slopes to both sides that do not close in step by step do not belong to one smooth function.
    bent = max(abs(jumps[0] - 2 * jumps[1]), abs(jumps[1] - 2 * jumps[2]))
    rough = bent > 1e-3 * max(map(abs, sides)) + 40 * rounding
    if error > 1e-4 * abs(value) or rough:
        # Perhaps there is a kink between the points of evaluation; then extrapolation means nothing.
        error = max(error, max(sides) - min(sides))
    return Slope(value, error, flat=flat, rough=rough)


def rounding_noise(line: Callable[[float], Vector], center: Vector, upstream: Vector, itemsize: int = 8) -> float:
    """The standard deviation of the rounding error of ``upstream @ line(t)`` near 0.

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
    measured = float(np.linalg.norm(upstream * np.where(np.isfinite(quieter), quieter, 0.0)))
    # Half a unit in the last place of each value is there at the least.
    return max(measured, tiny * float(np.linalg.norm(upstream * center)))
